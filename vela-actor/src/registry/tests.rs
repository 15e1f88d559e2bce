//! Names, alone.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use vela::sim::{Faults, Simulation};
use vela_core::time::{ms, sleep, timeout};

use super::*;
use crate::cell::{AnyCell, Cell};
use crate::context::ActorContext;
use crate::exit::Exit;
use crate::mailbox::MailboxSpec;

/// Who has names; it never runs.
struct Owner;

impl Actor for Owner {
    type Message = ();
    type Error = std::convert::Infallible;

    async fn handle(&mut self, (): (), _: &mut ActorContext<Self>) -> Result<(), Self::Error> {
        Ok(())
    }
}

fn owner(path: &str) -> Address<Owner> {
    let who = Identity::new(path.into());
    let mailbox = MailboxSpec::default().open(&who).unwrap();
    Address::new(Cell::new(who, mailbox, None, None, None))
}

#[test]
fn similar_names_are_named() {
    let (registry, o) = (Registry::new(), owner("o"));
    for name in ["orders", "orders.eu", "Order", "prices", "x"] {
        registry.register(name, (), &o).unwrap();
    }
    let text = |name: &str| registry.lookup::<()>(name).unwrap_err().to_string();
    assert_eq!(text("ordesr"), "no `ordesr` is registered; did you mean `Order` or `orders`?");
    assert_eq!(text("order"), "no `order` is registered; did you mean `Order` or `orders`?");
    assert_eq!(text("clients"), "no `clients` is registered");
    assert_eq!(text(&"o".repeat(10_000)).len(), 10_000 + "no `` is registered".len());
    registry.register("prides", (), &o).unwrap();
    registry.register("pricey", (), &o).unwrap();
    registry.register("pricer", (), &o).unwrap();
    assert_eq!(text("price"), "no `price` is registered; did you mean `pricer`, `prices` or `pricey`?");
}

#[test]
fn similar_names_are_looked_for_when_the_error_is_shown() {
    let (registry, o) = (Registry::new(), owner("o"));
    let error = registry.lookup::<()>("clock").unwrap_err();
    for name in ["clok", "clock"] {
        registry.register(name, (), &o).unwrap();
    }
    assert_eq!(error.to_string(), "no `clock` is registered; did you mean `clok`?");
    assert!(registry.get::<()>("clok").is_some() && registry.get::<u8>("clok").is_none());
    drop((registry, o));
    assert_eq!(error.to_string(), "no `clock` is registered");
}

#[test]
fn a_name_is_given_up_only_by_whose_it_is() {
    let registry = Registry::new();
    let [seven, eight, nine] = ["seven", "eight", "nine"].map(owner);
    registry.register("a", 1_u8, &seven).unwrap();
    let taken = registry.clone().register("a", 2_u16, &eight).unwrap_err();
    assert_eq!(taken, RegisterError::NameTaken { name: "a".into(), by: "seven".into(), registered: "u8" });
    registry.register("a", 3_u16, &seven).unwrap();
    assert_eq!(registry.lookup::<u16>("a"), Ok(3));
    registry.register("a", 1_u8, &seven).unwrap();
    assert!(!registry.unregister("a", &eight) && !registry.unregister("b", &seven));
    assert_eq!(registry.lookup::<u8>("a"), Ok(1));
    assert!(registry.unregister("a", &seven) && !registry.unregister("a", &seven));
    registry.register("a", 2_u16, &eight).unwrap();
    assert_eq!(registry.lookup::<u16>("a"), Ok(2));
    assert_eq!(format!("{registry:?}"), r#"{"a": "u16"}"#);
    registry.register("b", 1_u8, &eight).unwrap();
    registry.register("c", 1_u8, &nine).unwrap();
    registry.unregister_all(eight.id());
    registry.unregister_all(eight.id());
    assert_eq!(registry.names(), ["c".into()]);
    registry.register("a", 1_u8, &nine).unwrap();
    registry.clear();
    assert!(registry.names().is_empty());
}

#[test]
fn the_names_of_one_that_has_ended_are_given_up_in_all_registries_and_it_gets_no_more() {
    let (first, second, o) = (Registry::new(), Registry::new(), owner("o"));
    for name in ["a", "b"] {
        first.register(name, (), &o).unwrap();
        second.register(name, (), &o).unwrap();
    }
    o.cell().terminate(Exit::Normal);
    assert!(first.names().is_empty() && second.names().is_empty());
    let ended = first.register("a", (), &o).unwrap_err();
    assert_eq!(ended, RegisterError::Ended { name: "a".into(), actor: "o".into() });
    assert!(first.names().is_empty());
}

/// R1, on threads: whichever comes first, no name is left.
#[test]
fn a_name_that_is_registered_at_the_moment_of_the_end_does_not_stay() {
    for round in 0..500 {
        let (registry, o) = (Registry::new(), owner("o"));
        let barrier = std::sync::Barrier::new(2);
        let refused = std::thread::scope(|scope| {
            let registers = scope.spawn(|| {
                barrier.wait();
                registry.register("a", (), &o).is_err()
            });
            barrier.wait();
            o.cell().terminate(Exit::Normal);
            registers.join().unwrap()
        });
        assert!(registry.names().is_empty(), "round {round}, refused: {refused}");
    }
}

/// Uses the registry when it is cloned and dropped.
struct Curious(Registry, Arc<AtomicUsize>);

impl Clone for Curious {
    fn clone(&self) -> Self {
        self.1.fetch_add(self.0.names().len(), Ordering::SeqCst);
        Self(self.0.clone(), Arc::clone(&self.1))
    }
}

impl Drop for Curious {
    fn drop(&mut self) {
        self.1.fetch_add(100 * self.0.names().len().max(1), Ordering::SeqCst);
    }
}

#[test]
fn values_are_cloned_and_dropped_under_no_lock() {
    let registry = Registry::new();
    let looked = Arc::new(AtomicUsize::new(0));
    let curious = || Curious(registry.clone(), Arc::clone(&looked));
    let (one, two) = (owner("one"), owner("two"));
    registry.register("a", curious(), &one).unwrap();
    registry.register("a", curious(), &two).unwrap_err();
    drop(registry.lookup::<Curious>("a").unwrap());
    registry.lookup::<u8>("a").unwrap_err();
    registry.unregister("a", &one);
    assert_eq!(looked.load(Ordering::SeqCst), 301);
}

#[test]
fn waiting_goes_on_until_the_name_and_the_type_are_there() {
    let faults = Faults::none().spurious();
    let passed = Simulation::new().faults(faults).check(async || {
        let (registry, o) = (Registry::new(), owner("o"));
        let other = registry.clone();
        let waits = vela_core::task::spawn(async move {
            let both = (other.wait_for::<u32>("a").await, other.wait_for::<u32>("b").await);
            (both, other.names().len())
        });
        registry.register("a", "no number", &o).unwrap();
        sleep(ms(1)).await;
        assert!(!waits.is_finished());
        registry.unregister("a", &o);
        registry.register("b", 2_u32, &o).unwrap();
        registry.register("a", 1_u32, &o).unwrap();
        assert_eq!(waits.await.unwrap(), ((1, 2), 2));
        assert!(timeout(ms(1), registry.wait_for::<u32>("c")).await.is_err());
    });
    passed.unwrap();
}

#[test]
fn a_registration_between_two_polls_is_seen() {
    let (registry, o) = (Registry::new(), owner("o"));
    let mut waits = Box::pin(registry.wait_for::<u8>("a"));
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(waits.as_mut().poll(cx).is_pending());
    registry.register("b", 1_u8, &o).unwrap();
    assert!(waits.as_mut().poll(cx).is_pending());
    registry.register("a", 2_u8, &o).unwrap();
    assert_eq!(waits.as_mut().poll(cx), Poll::Ready(2));
}
