//! Panics of tasks are never silent: each is counted and reported once, where it happens, whether or not somebody joins the task.

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::context::ambient::Name;
use crate::rt;

static COUNT: AtomicU64 = AtomicU64::new(0);

/// How many of Vela's tasks have panicked since the process began.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// # vela::block_on(async {
/// let before = vela::task::panic_count();
/// let task = vela::task::spawn(async { panic!("no more disk") });
/// assert!(task.await.is_err());
/// assert!(vela::task::panic_count() > before);
/// # });
/// ```
#[must_use]
pub fn panic_count() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

pub(super) use crate::rt::panic_text as message;

/// Counts and reports the panic of a task, in whose poll this is called; ends the process if that was asked for.
pub(super) fn report(payload: &(dyn Any + Send), name: Option<&Name>, site: &'static Location<'static>) {
    // Relaxed: a counter on its own.
    COUNT.fetch_add(1, Ordering::Relaxed);
    let message = message(payload);
    if rt::panicked(&message) {
        // A simulation tells of it if nobody else does.
        return;
    }
    let report = Report { name, site, message: &message };
    #[cfg(feature = "tracing")]
    if tracing::dispatcher::has_been_set() {
        let name = name.map(Name::as_str);
        tracing::error!(target: "vela::task", { name, spawned_at = %site }, "{report}");
        return end_if_asked();
    }
    rt::say(format_args!("vela: {report}"));
    end_if_asked();
}

fn end_if_asked() {
    if rt::aborts_on_panic() {
        std::process::abort();
    }
}

struct Report<'a> {
    name: Option<&'a Name>,
    site: &'static Location<'static>,
    message: &'a str,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("task ")?;
        if let Some(id) = rt::current_id() {
            write!(f, "{id} ")?;
        }
        if let Some(name) = self.name {
            write!(f, "\"{}\" ", name.as_str())?;
        }
        write!(f, "spawned at {} panicked: {}", self.site, self.message)
    }
}
