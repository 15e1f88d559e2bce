//! One run of an actor: its steps, its guard, its report.

use std::any::Any;
use std::future::Future;
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
use crate::signals::{FAIL, KILL};
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
async fn live<A: Actor>(cell: Arc<Cell<A>>, actor: Option<A>) -> Exit {
    let core = &cell.core;
    let failed = |phase, kind| Exit::Failed(Failure::new(core.who.clone(), phase, kind));
    let made = match actor {
        Some(actor) => Ok(actor),
        None => cell.make(),
    };
    let mut actor = match made {
        Ok(actor) => actor,
        Err(payload) => return failed(Phase::Starting, panic_of(&*payload)),
    };
    let mut cx = ActorContext::new(Arc::clone(&cell));
    let mut exit = match cell.take_last_failure() {
        Some(failure) => step(&cell, Phase::Starting, actor.restarting(&failure, &mut cx)).await,
        None => Exit::Normal,
    };
    if exit.is_normal() {
        exit = step(&cell, Phase::Starting, actor.started(&mut cx)).await;
    }
    if exit.is_normal() {
        core.set_state(ActorState::Running);
        publish(&*cell, || EventKind::Started);
        if let Some(parent) = &core.parent {
            parent.started();
        }
        chain::end();
        let mut inbox = Inbox::new(Arc::clone(&cell));
        exit = step(&cell, Phase::Running, actor.run(&mut inbox, &mut cx)).await;
    }
    core.set_state(ActorState::Stopping);
    chain::begin(None);
    cx.stop_children().await;
    let stopped = step(&cell, Phase::Stopping, actor.stopped(&exit, &mut cx)).await;
    if exit.is_normal() {
        exit = stopped;
    }
    // Foreign drops, with a guard of their own: what is thrown in one does not hide why the actor ended.
    for dropped in [catch_unwind(AssertUnwindSafe(|| drop(actor))), catch_unwind(AssertUnwindSafe(|| drop(cx)))] {
        if let Err(payload) = dropped
            && exit.is_normal()
        {
            exit = failed(Phase::Stopping, panic_of(&*payload));
        }
    }
    exit
}

pin_project! {
    /// One of the actor's methods: its error or panic is how the actor ends. Written by hand, because an `async fn` would hold the
    /// method twice.
    struct Step<'a, F, A: Actor> {
        #[pin]
        method: F,
        phase: Phase,
        cell: &'a Cell<A>,
    }
}

fn step<A: Actor, F>(cell: &Cell<A>, phase: Phase, method: F) -> Step<'_, F, A>
where
    F: Future<Output = Result<(), A::Error>>,
{
    Step { method, phase, cell }
}

impl<A: Actor, F: Future<Output = Result<(), A::Error>>> Future for Step<'_, F, A> {
    type Output = Exit;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Exit> {
        let this = self.project();
        let core = &this.cell.core;
        let failed = |kind| Poll::Ready(Exit::Failed(Failure::new(core.who.clone(), *this.phase, kind)));
        // L1: the incarnation has registered.
        if *this.phase != Phase::Stopping
            && core.signals.has(FAIL)
            && let Some(reason) = core.take_reason()
        {
            return failed(reason);
        }
        match catch_unwind(AssertUnwindSafe(|| this.method.poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(Ok(()))) => Poll::Ready(Exit::Normal),
            Ok(Poll::Ready(Err(error))) => failed(FailureKind::Error(error.into().into())),
            Err(payload) => {
                let kind = panic_of(&*payload);
                // Its drop may panic, too.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
                failed(kind)
            }
        }
    }
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
            // Its runtime has ended.
            let mut this = this.project();
            if let Some(cell) = this.cell.take() {
                let _ = catch_unwind(AssertUnwindSafe(|| this.life.set(None)));
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
            let failed = |why| Exit::Failed(Failure::new(cell.core.who.clone(), Phase::Starting, why));
            cell.core.take_reason().map_or(Exit::Killed, failed)
        } else {
            let life = this.life.as_mut().as_pin_mut().unwrap_or_else(|| unreachable!("it has not reported"));
            let polled = chain::carry(this.here, || catch_unwind(AssertUnwindSafe(|| life.poll(cx))));
            match polled {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(exit)) => exit,
                // What the steps do not guard: a drop of the machinery's own.
                Err(payload) => Exit::Failed(Failure::panic(cell.core.who.clone(), Phase::Stopping, &*payload)),
            }
        };
        // I5: it is wholly gone before the report.
        let _ = catch_unwind(AssertUnwindSafe(|| this.life.set(None)));
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
        Exit::Failed(failure) => EventKind::Failed { failure: crate::panics::text_of(failure) },
        Exit::Killed => EventKind::Killed,
    });
    match &cell.core.parent {
        Some(parent) => {
            if let Exit::Failed(failure) = &exit {
                cell.set_last_failure(failure.clone());
            }
            parent.exited(exit);
        }
        None => {
            crate::panics::report_unsupervised(&*cell, &exit);
            cell.terminate(exit);
        }
    }
}
