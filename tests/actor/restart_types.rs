//! Which ends a child comes back from: restart types by ways to end.

use vela::actor::{Address, ChildSpec, Strategy, child};

use crate::probe::{Hook, Probe, fail, hang, leave, panic};
use crate::stage::{Stage, answers, calm, tell, who};

/// How a child is brought to its end.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Normal,
    Err,
    Panic,
    Kill,
    ApiStop,
    AddressStop,
    FailingStart,
    FailingStop,
}

async fn end(way: Way, stage: &Stage, a: &Address<Probe>) {
    match way {
        Way::Normal | Way::FailingStop => {
            tell(a, leave()).await;
        }
        Way::Err => tell(a, fail("x")).await,
        Way::Panic => tell(a, panic("x")).await,
        Way::Kill => {
            tell(a, hang()).await;
            a.kill();
        }
        Way::ApiStop => stage.children().stop("a").await.unwrap(),
        Way::AddressStop => a.stop(),
        Way::FailingStart => {}
    }
    calm().await;
}

async fn play(way: Way, spec: ChildSpec, comes_back: bool) {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        let stage = Stage::new(strategy);
        let a = stage.add_with(spec.clone(), move |run, probe| match way {
            Way::FailingStart if run == 1 => probe.in_started = Hook::Err,
            Way::FailingStop if run == 1 => probe.in_stopped = Hook::Err,
            _ => {}
        });
        stage.children().settled().await;
        end(way, &stage, &a).await;
        if comes_back {
            assert!(answers(&a).await);
            assert_eq!(stage.children().list()[0].restarts, 1);
        } else {
            a.terminated().await;
            assert!(stage.children().is_empty());
        }
        let runs = if comes_back { 2 } else { 1 };
        let notes = stage.notes();
        assert_eq!(who(&notes, "started").len(), runs, "{notes:?}");
        assert_eq!(who(&notes, "dropped").len(), 1, "{notes:?}");
        stage.end().await;
        assert!(a.exit().is_some());
    }
}

macro_rules! table {
    ($($name:ident: $way:ident, $spec:ident, $comes_back:literal;)*) => {
        $(
            #[vela::test(schedules = 30)]
            async fn $name() {
                play(Way::$way, child("a").$spec(), $comes_back).await;
            }
        )*
    };
}

table! {
    a_permanent_child_comes_back_from_a_normal_end: Normal, permanent, true;
    a_permanent_child_comes_back_from_an_error: Err, permanent, true;
    a_permanent_child_comes_back_from_a_panic: Panic, permanent, true;
    a_permanent_child_comes_back_from_a_kill: Kill, permanent, true;
    a_permanent_child_comes_back_from_a_start_that_failed: FailingStart, permanent, true;
    a_permanent_child_comes_back_from_a_stop_hook_that_failed: FailingStop, permanent, true;
    a_permanent_child_that_was_stopped_by_name_is_gone: ApiStop, permanent, false;
    a_permanent_child_that_was_stopped_by_its_address_is_gone: AddressStop, permanent, false;
    a_transient_child_is_gone_after_a_normal_end: Normal, transient, false;
    a_transient_child_comes_back_from_an_error: Err, transient, true;
    a_transient_child_comes_back_from_a_panic: Panic, transient, true;
    a_transient_child_comes_back_from_a_kill: Kill, transient, true;
    a_transient_child_comes_back_from_a_start_that_failed: FailingStart, transient, true;
    a_transient_child_comes_back_from_a_stop_hook_that_failed: FailingStop, transient, true;
    a_transient_child_that_was_stopped_by_name_is_gone: ApiStop, transient, false;
    a_transient_child_that_was_stopped_by_its_address_is_gone: AddressStop, transient, false;
    a_temporary_child_is_gone_after_a_normal_end: Normal, temporary, false;
    a_temporary_child_is_gone_after_an_error: Err, temporary, false;
    a_temporary_child_is_gone_after_a_panic: Panic, temporary, false;
    a_temporary_child_is_gone_after_a_kill: Kill, temporary, false;
    a_temporary_child_is_gone_after_a_start_that_failed: FailingStart, temporary, false;
    a_temporary_child_is_gone_after_a_stop_hook_that_failed: FailingStop, temporary, false;
    a_temporary_child_that_was_stopped_by_name_is_gone: ApiStop, temporary, false;
    a_temporary_child_that_was_stopped_by_its_address_is_gone: AddressStop, temporary, false;
}
