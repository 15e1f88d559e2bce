//! One run of an actor: its steps, its guard, its report.

use std::any::Any;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use vela_core::__private::seam;
use vela_core::task::TaskBuilder;

use crate::actor::Actor;
use crate::cell::{AnyCell, Cell};
use crate::chain::{self, Here};
use crate::context::ActorContext;
use crate::events::EventKind;
use crate::exit::{Exit, Failure, FailureKind, Phase};
use crate::inbox::Inbox;
use crate::panics::contained;
use crate::signals::{FAIL, KILL, OVERDUE};
use crate::tree::ActorState;

/// Starts one: from `actor`, or from the factory of the cell.
pub(crate) fn start<A: Actor>(cell: Arc<Cell<A>>, actor: Option<A>) {
    cell.core.set_state(ActorState::Starting);
    cell.core.count_start();
    let here = Here::new(cell.core.who.clone());
    let run = Incarnation { life: Some(live(Arc::clone(&cell), actor)), here: Some(here), cell: Some(cell) };
    let mut task = TaskBuilder::new();
    if seam::simulated() {
        // For its reports. Elsewhere a name is not worth its memory.
        task = task.name(run.cell.as_ref().map_or_else(String::new, |cell| cell.core.who.path().to_string()));
    }
    // The task is detached: its end is told by the report.
    drop(task.spawn(run));
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
                Err(payload) => return failed(&cell, Phase::Starting, panic_of(&*payload)),
            }
        }
        let Some(state) = &mut actor else { unreachable!("it was given or made") };
        let mut cx = ActorContext::new(Arc::clone(&cell));
        let mut began = false;
        let mut exit = 'run: {
            if let Some(failure) = cell.take_last_failure() {
                let exit = step::<Starting, _, _>(&cell, state.restarting(&failure, &mut cx)).await;
                if !exit.is_normal() {
                    break 'run exit;
                }
            }
            began = true;
            {
                let exit = step::<Starting, _, _>(&cell, state.started(&mut cx)).await;
                if !exit.is_normal() {
                    break 'run exit;
                }
            }
            cell.core.set_state(ActorState::Running);
            publish(&*cell, || EventKind::Started);
            if let Some(parent) = &cell.core.parent {
                parent.started();
            }
            chain::end();
            let mut inbox = Inbox::new(Arc::clone(&cell));
            step::<Running, _, _>(&cell, state.run(&mut inbox, &mut cx)).await
        };
        cell.core.set_state(ActorState::Stopping);
        chain::begin(None);
        cx.stop_children().await;
        if exit.is_normal()
            && let Some(reason) = cell.core.take_reason()
        {
            // It came when `run` was just over.
            exit = failed(&cell, Phase::Stopping, reason);
        }
        if began {
            let stopped = step::<Stopping, _, _>(&cell, state.stopped(&exit, &mut cx)).await;
            if exit.is_normal() {
                exit = stopped;
            }
        }
        // Foreign drops, with a guard of their own: what is thrown in one does not hide why the actor ended.
        let state = actor.take();
        for dropped in [catch_unwind(AssertUnwindSafe(|| drop(state))), catch_unwind(AssertUnwindSafe(|| drop(cx)))] {
            if let Err(payload) = dropped
                && exit.is_normal()
            {
                exit = failed(&cell, Phase::Stopping, panic_of(&*payload));
            }
        }
        exit
    }
}

fn failed<A: Actor>(cell: &Cell<A>, phase: Phase, kind: FailureKind) -> Exit {
    Exit::Failed(Failure::new(cell.core.who.clone(), phase, kind))
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
    struct Step<'a, D: During, F, A: Actor> {
        // `None` once it is over: its drop is guarded, too.
        #[pin]
        method: Option<F>,
        cell: &'a Cell<A>,
        during: PhantomData<D>,
    }
}

fn step<D: During, A: Actor, F>(cell: &Cell<A>, method: F) -> Step<'_, D, F, A>
where
    F: Future<Output = Result<(), A::Error>>,
{
    Step { method: Some(method), cell, during: PhantomData }
}

impl<D: During, A: Actor, F: Future<Output = Result<(), A::Error>>> Future for Step<'_, D, F, A> {
    type Output = Exit;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Exit> {
        let mut this = self.project();
        let core = &this.cell.core;
        // L1: the incarnation has registered.
        let fails = || if core.signals.has(FAIL) { core.take_reason() } else { None };
        let reason = if D::PHASE == Phase::Running { fails() } else { None };
        let outcome = match reason {
            Some(reason) => Err(reason),
            None => guarded(|| {
                let Some(method) = this.method.as_mut().as_pin_mut() else { return Poll::Pending };
                method.poll(cx).map_err(|error| FailureKind::Error(error.into().into()))
            })
            .map_or_else(Err, |polled| match polled {
                // After the poll: what was to start has begun to.
                Poll::Pending if D::PHASE == Phase::Starting => fails().map_or(Ok(None), Err),
                Poll::Pending => Ok(None),
                Poll::Ready(Ok(())) => Ok(Some(())),
                Poll::Ready(Err(kind)) => Err(kind),
            }),
        };
        if let Ok(None) = outcome {
            return Poll::Pending;
        }
        let dropped = guarded(|| this.method.set(None));
        Poll::Ready(match outcome.and(dropped) {
            Ok(()) => Exit::Normal,
            Err(kind) => failed(this.cell, D::PHASE, kind),
        })
    }
}

/// Does what may panic.
fn guarded<R>(work: impl FnOnce() -> R) -> Result<R, FailureKind> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let kind = panic_of(&*payload);
        // Its drop may panic, too.
        contained(|| drop(payload));
        kind
    })
}

fn panic_of(payload: &(dyn Any + Send)) -> FailureKind {
    FailureKind::Panic(vela_core::__private::panic_text(payload).into())
}

pin_project! {
    /// The task of an actor.
    struct Incarnation<F, A: Actor> {
        #[pin]
        life: Option<F>,
        here: Option<Here>,
        // `None` once it has reported.
        cell: Option<Arc<Cell<A>>>,
    }

    impl<F, A: Actor> PinnedDrop for Incarnation<F, A> {
        fn drop(this: Pin<&mut Self>) {
            // Its runtime has ended, or a simulation has cancelled it.
            let mut this = this.project();
            if let Some(cell) = this.cell.take() {
                contained(|| this.life.set(None));
                report(cell, Exit::Killed);
            }
        }
    }
}

impl<A: Actor, F: Future<Output = Exit>> Future for Incarnation<F, A> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(cell) = this.cell.as_ref() else { return Poll::Ready(()) };
        let signals = &cell.core.signals;
        signals.register_task(cx.waker());
        let exit = if signals.has(KILL) {
            if signals.has(OVERDUE) { failed(cell, Phase::Starting, FailureKind::StartTimeout) } else { Exit::Killed }
        } else {
            let life = this.life.as_mut().as_pin_mut().unwrap_or_else(|| unreachable!("it has not reported"));
            let polled = chain::carry(this.here, cx, |cx| catch_unwind(AssertUnwindSafe(|| life.poll(cx))));
            match polled {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(exit)) => exit,
                // What the steps do not guard: a drop of the machinery's own.
                Err(payload) => Exit::Failed(Failure::panic(cell.core.who.clone(), Phase::Stopping, &*payload)),
            }
        };
        // I5: it is wholly gone before the report.
        contained(|| this.life.set(None));
        if let Some(cell) = this.cell.take() {
            report(cell, exit);
        }
        Poll::Ready(())
    }
}

fn publish(cell: &dyn AnyCell, kind: impl FnOnce() -> EventKind) {
    cell.publish(kind);
}

/// Tells who supervises it, or ends it.
fn report<A: Actor>(cell: Arc<Cell<A>>, exit: Exit) {
    // Children, if there are any left, are killed, and the report waits for them: I5.
    let children = cell.clear_lanes();
    if let Some(children) = children {
        return children.kill_and_then(move || finish(cell, exit));
    }
    finish(cell, exit);
}

fn finish<A: Actor>(cell: Arc<Cell<A>>, exit: Exit) {
    publish(&*cell, || match &exit {
        Exit::Normal => EventKind::Stopped,
        Exit::Failed(failure) => EventKind::Failed { failure: failure.to_string() },
        Exit::Killed => EventKind::Killed,
    });
    match &cell.core.parent {
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
            crate::panics::report_unsupervised(&*cell, &exit);
            cell.terminate(exit);
        }
    }
}
