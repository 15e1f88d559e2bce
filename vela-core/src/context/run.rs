//! Code that runs with a context as the current one.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context as Cx, Poll};

use pin_project_lite::pin_project;

use super::{Context, ambient};

impl Context {
    /// Runs `future` with this as the current context: [`Context::current`] gives it, and tasks spawned in it inherit it.
    ///
    /// The future runs on when the context is cancelled; what stops is up to it.
    ///
    /// # Cancel safety
    ///
    /// That of `future`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela_core as vela;
    /// use vela::context::Context;
    ///
    /// # vela::block_on(async {
    /// let ctx = Context::background().with_value("request 7");
    /// ctx.run(async {
    ///     let task = vela::task::spawn(async { Context::current().value::<&str>().copied() });
    ///     assert_eq!(task.await.ok().flatten(), Some("request 7"));
    /// }).await;
    /// # });
    /// ```
    pub fn run<F: IntoFuture>(&self, future: F) -> InContext<F::IntoFuture> {
        InContext { future: future.into_future(), context: Some(self.clone()) }
    }

    /// Calls `f` with this as the current context.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela_core as vela;
    /// use vela::context::Context;
    ///
    /// let ctx = Context::background().with_value(7_u32);
    /// assert_eq!(ctx.enter(|| Context::current().value::<u32>().copied()), Some(7));
    /// ```
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        let mut context = Some(self.clone());
        let _entered = Entered::new(&mut context);
        f()
    }
}

/// Swaps a context with the entered one, and back when dropped, also by a panic.
struct Entered<'a> {
    context: &'a mut Option<Context>,
}

impl<'a> Entered<'a> {
    fn new(context: &'a mut Option<Context>) -> Self {
        ambient::swap_entered(context);
        Self { context }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        ambient::swap_entered(self.context);
    }
}

pin_project! {
    /// The future of [`Context::run`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct InContext<F> {
        #[pin]
        future: F,
        context: Option<Context>,
    }
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Cx<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = Entered::new(this.context);
        this.future.poll(cx)
    }
}

impl<F> fmt::Debug for InContext<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InContext").finish_non_exhaustive()
    }
}
