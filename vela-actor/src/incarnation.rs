//! One run of an actor: its steps, its guard, its report.

use std::any::Any;
use std::error::Error;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use vela_core::__private::seam;
use vela_core::task::{Task, TaskBuilder};

use crate::actor::Actor;
use crate::cell::{AnyCell, Cell, Core};
use crate::chain::{self, Here};
use crate::context::ActorContext;
use crate::events::EventKind;
use crate::exit::{Exit, Failure, FailureKind, Phase};
use crate::identity::Identity;
use crate::inbox::Inbox;
use crate::panics::contained;
use crate::signals::{FAIL, KILL, OVERDUE, STOP};
use crate::tree::ActorState;

/// Starts one: from `actor`, or from the factory of the cell.
pub(crate) fn start<A: Actor>(cell: Arc<Cell<A>>, actor: Option<A>) {
    cell.core.set_state(ActorState::Starting);
    cell.core.count_start();
    let who = seam::simulated().then(|| cell.core.who.clone());
    let life = live(Arc::clone(&cell), actor);
    let run = Incarnation { run: Some(Run { life, here: Some(Here::new(cell)) }) };
    // The task is detached: its end is told by the report.
    drop(match who {
        Some(who) => spawn_to_be_seen(run, &who),
        None => TaskBuilder::new().spawn(run),
    });
}

/// Under a simulation: with what its reports say. Elsewhere a name is not worth its memory.
#[track_caller]
fn spawn_to_be_seen(run: impl Future<Output = ()> + Send + 'static, who: &Identity) -> Task<()> {
    let site = seam::actor_spawned_at(who.id().get()).unwrap_or_else(Location::caller);
    let task = TaskBuilder::new().name(who.path().to_owned()).spawn_at(run, site);
    seam::actor_runs_in(who.id().get(), task.subject());
    task
}

/// All of it but the guard.
///
/// Each actor has one of these: the actor itself is in it once, and what is over is not held beside what follows.
#[allow(clippy::manual_async_fn, reason = "an `async fn` holds its parameters twice")]
fn live<A: Actor>(cell: Arc<Cell<A>>, mut actor: Option<A>) -> impl Future<Output = Exit> + Send {
    async move {
        if actor.is_none() {
            match cell.make() {
                Ok(made) => actor = Some(made),
                Err(payload) => return failed(&cell.core, Phase::Starting, panic_of(payload)),
            }
        }
        let mut cx = ActorContext::new(Arc::clone(&cell));
        if let Err(exit) = begin(&cell, there(&mut actor), &mut cx).await {
            return gone(&cell.core, actor, exit);
        }
        let exit = {
            let mut inbox = Inbox::new(Arc::clone(&cell));
            step::<Running, _, _>(&cell, there(&mut actor).run(&mut inbox, &mut cx)).await
        };
        let exit = end(&cell, there(&mut actor), &mut cx, exit, true).await;
        gone(&cell.core, actor, exit)
    }
}

/// There since it was made, until it is dropped at the end.
fn there<A: Actor>(actor: &mut Option<A>) -> &mut A {
    actor.as_mut().unwrap_or_else(|| unreachable!("it was given or made"))
}

/// Until it handles messages.
///
/// # Errors
///
/// It ended before: how.
#[allow(clippy::manual_async_fn, reason = "an `async fn` holds its parameters twice")]
fn begin<A: Actor>(
    cell: &Cell<A>,
    state: &mut A,
    cx: &mut ActorContext<A>,
) -> impl Future<Output = Result<(), Exit>> + Send {
    async move {
        if let Some(failure) = cell.take_last_failure() {
            let exit = step::<Starting, _, _>(cell, state.restarting(&failure, cx)).await;
            if !exit.is_normal() {
                return Err(end(cell, state, cx, exit, false).await);
            }
        }
        let exit = step::<Starting, _, _>(cell, state.started(cx)).await;
        if !exit.is_normal() {
            return Err(end(cell, state, cx, exit, true).await);
        }
        cell.core.set_state(ActorState::Running);
        if !cell.core.signals.has(STOP) {
            publish(cell, || EventKind::Started);
        }
        if let Some(parent) = &cell.core.parent {
            parent.started();
        }
        chain::end();
        Ok(())
    }
}

/// After it has handled its last message; `began`: [`Actor::started`] was called.
#[allow(clippy::manual_async_fn, reason = "an `async fn` holds its parameters twice")]
fn end<A: Actor>(
    cell: &Cell<A>,
    state: &mut A,
    cx: &mut ActorContext<A>,
    mut exit: Exit,
    began: bool,
) -> impl Future<Output = Exit> + Send {
    async move {
        cell.core.set_state(ActorState::Stopping);
        chain::begin(None);
        cx.stop_children().await;
        if exit.is_normal()
            && let Some(reason) = cell.core.take_reason()
        {
            // It came when `run` was just over.
            exit = failed(&cell.core, Phase::Stopping, reason);
        }
        if began {
            let stopped = step::<Stopping, _, _>(cell, state.stopped(&exit, cx)).await;
            if exit.is_normal() {
                exit = stopped;
            }
        }
        exit
    }
}

/// Drops the actor, with a guard of its own: what is thrown there does not hide why it ended.
fn gone<A: Actor>(core: &Core, actor: Option<A>, exit: Exit) -> Exit {
    match guarded(|| drop(actor)) {
        Err(kind) if exit.is_normal() => failed(core, Phase::Stopping, kind),
        _ => exit,
    }
}

fn failed(core: &Core, phase: Phase, kind: FailureKind) -> Exit {
    Exit::Failed(Failure::new(core.who.clone(), phase, kind))
}

/// A [`Phase`] as a type: a value takes a word in each actor.
trait During {
    const PHASE: Phase;
}

enum Starting {}

impl During for Starting {
    const PHASE: Phase = Phase::Starting;
}

enum Running {}

impl During for Running {
    const PHASE: Phase = Phase::Running;
}

enum Stopping {}

impl During for Stopping {
    const PHASE: Phase = Phase::Stopping;
}

pin_project! {
    /// One of the actor's methods: its error or panic is how the actor ends. Written by hand, because an `async fn` would hold the
    /// method twice.
    struct Step<'a, D: During, F> {
        // `None` once it is over: its drop is guarded, too.
        #[pin]
        method: Option<Method<'a, F>>,
        during: PhantomData<D>,
    }
}

pin_project! {
    /// Beside each other, so that the option takes no room.
    struct Method<'a, F> {
        #[pin]
        future: F,
        core: &'a Core,
    }
}

fn step<D: During, A: Actor, F>(cell: &Cell<A>, future: F) -> Step<'_, D, F>
where
    F: Future<Output = Result<(), A::Error>>,
{
    Step { method: Some(Method { future, core: &cell.core }), during: PhantomData }
}

impl<D, F, E> Future for Step<'_, D, F>
where
    D: During,
    F: Future<Output = Result<(), E>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    type Output = Exit;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Exit> {
        let mut this = self.project();
        let Some(method) = this.method.as_mut().as_pin_mut() else { return Poll::Pending };
        let method = method.project();
        let core = *method.core;
        // L1: the incarnation has registered.
        let fails = || if core.signals.has(FAIL) { core.take_reason() } else { None };
        let reason = if D::PHASE == Phase::Running { fails() } else { None };
        let outcome = match reason {
            Some(reason) => Err(reason),
            None => guarded(|| method.future.poll(cx).map_err(|error| FailureKind::Error(error.into().into())))
                .map_or_else(Err, |polled| match polled {
                    Poll::Ready(Err(kind)) => Err(kind),
                    // After the poll: what was to start has begun to, and may be over.
                    polled if D::PHASE == Phase::Starting => fails().map_or(Ok(polled.is_ready().then_some(())), Err),
                    polled => Ok(polled.is_ready().then_some(())),
                }),
        };
        if let Ok(None) = outcome {
            return Poll::Pending;
        }
        let dropped = guarded(|| this.method.set(None));
        Poll::Ready(match outcome.and(dropped) {
            Ok(()) => Exit::Normal,
            Err(kind) => failed(core, D::PHASE, kind),
        })
    }
}

/// Does what may panic.
fn guarded<R>(work: impl FnOnce() -> R) -> Result<R, FailureKind> {
    catch_unwind(AssertUnwindSafe(work)).map_err(panic_of)
}

fn panic_of(payload: Box<dyn Any + Send>) -> FailureKind {
    let kind = FailureKind::Panic(vela_core::__private::panic_text(&*payload).into());
    // Its drop may panic, too.
    contained(|| drop(payload));
    kind
}

pin_project! {
    /// The task of an actor.
    struct Incarnation<F> {
        // `None` once it has reported.
        #[pin]
        run: Option<Run<F>>,
    }

    impl<F> PinnedDrop for Incarnation<F> {
        fn drop(this: Pin<&mut Self>) {
            // Its runtime has ended, or a simulation has cancelled it.
            over(this.project().run, |_| Exit::Killed);
        }
    }
}

pin_project! {
    struct Run<F> {
        #[pin]
        life: F,
        // `None` while it is polled.
        here: Option<Here>,
    }
}

impl<F: Future<Output = Exit>> Future for Incarnation<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut run = self.project().run;
        let Some(this) = run.as_mut().as_pin_mut().map(Run::project) else { return Poll::Ready(()) };
        let Some(here) = this.here.as_ref() else { unreachable!("it is not polled") };
        let signals = &here.core().signals;
        signals.register_task(cx.waker());
        if signals.has(KILL) {
            let overdue = signals.has(OVERDUE);
            over(
                run,
                |core| {
                    if overdue { failed(core, Phase::Starting, FailureKind::StartTimeout) } else { Exit::Killed }
                },
            );
            return Poll::Ready(());
        }
        match chain::carry(this.here, cx, |cx| catch_unwind(AssertUnwindSafe(|| this.life.poll(cx)))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(exit)) => over(run, |_| exit),
            // What the steps do not guard: a drop of the machinery's own.
            Err(payload) => over(run, |core| failed(core, Phase::Stopping, panic_of(payload))),
        }
        Poll::Ready(())
    }
}

/// Ends a run, and tells how, if that was not told before.
fn over<F>(mut run: Pin<&mut Option<Run<F>>>, exit: impl FnOnce(&Core) -> Exit) {
    let Some(here) = run.as_mut().as_pin_mut().and_then(|run| run.project().here.take()) else { return };
    let cell = here.into_cell();
    // I5: it is wholly gone before the report.
    contained(|| run.set(None));
    let exit = exit(cell.core());
    report(cell, exit);
}

fn publish(cell: &dyn AnyCell, kind: impl FnOnce() -> EventKind) {
    cell.publish(kind);
}

/// Tells who supervises it, or ends it.
fn report(cell: Arc<dyn AnyCell>, exit: Exit) {
    // Children, if there are any left, are killed, and the report waits for them: I5.
    if let Some(children) = cell.clear_lanes() {
        return children.kill_and_then(move || finish(&*cell, exit));
    }
    finish(&*cell, exit);
}

fn finish(cell: &dyn AnyCell, exit: Exit) {
    cell.publish(|| match &exit {
        Exit::Normal => EventKind::Stopped,
        Exit::Failed(failure) => EventKind::Failed { failure: failure.to_string() },
        Exit::Killed => EventKind::Killed,
    });
    match &cell.core().parent {
        Some(parent) => {
            if let Exit::Failed(failure) = &exit {
                cell.set_last_failure(failure.clone());
            }
            if !parent.exited(exit) {
                // The nursery was dropped with its runtime, before this run; what was handed to it may be in the mailbox again.
                cell.drain();
            }
        }
        None => {
            crate::panics::report_unsupervised(cell, &exit);
            cell.terminate(exit);
        }
    }
}
