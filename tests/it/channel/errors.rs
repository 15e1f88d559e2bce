//! Each error gives the value back, needs no `T: Debug`, and is an `Error`.

use std::error::Error;

use vela::{
    BuildError, Channel, Overflow, RecvTimeoutError, ReserveError, SendError, SendErrorKind, SendTimeoutError,
    TryRecvError, TryReserveError, TrySendError, channel,
};

use super::by_hand::at_once;

/// Neither `Debug` nor `Clone` nor anything else.
struct Opaque(u32);

fn boxed(error: impl Error + Send + Sync + 'static) -> (String, String) {
    let error: Box<dyn Error + Send + Sync> = Box::new(error);
    assert!(error.source().is_none());
    (error.to_string(), format!("{error:?}"))
}

fn full() -> (vela::Sender<Opaque>, vela::Receiver<Opaque>) {
    let (tx, rx) = channel(1);
    assert!(tx.try_send(Opaque(0)).is_ok());
    (tx, rx)
}

#[test]
fn send_error() {
    let (tx, rx) = full();
    drop(rx);
    let Err(error) = at_once(tx.send(Opaque(1))) else { panic!("sent") };
    assert_eq!(error.kind(), SendErrorKind::Closed);
    assert_eq!(error.into_inner().0, 1);
    let Err(error) = at_once(tx.send(Opaque(2))) else { panic!("sent") };
    let (display, debug) = boxed(error);
    assert_eq!(display, "sending on a closed channel");
    assert!(debug.contains("SendError") && debug.contains("Closed"), "{debug}");

    let (tx, _rx) = Channel::bounded(1).overflow(Overflow::Reject).build().unwrap();
    assert!(tx.try_send(Opaque(0)).is_ok());
    let Err(error) = at_once(tx.send(Opaque(3))) else { panic!("sent") };
    assert_eq!(error.kind(), SendErrorKind::Full);
    let (display, debug) = boxed(error);
    assert_eq!(display, "sending on a full channel");
    assert!(debug.contains("Full"), "{debug}");
}

#[test]
fn try_send_error() {
    let (tx, rx) = full();
    let Err(error) = tx.try_send(Opaque(1)) else { panic!("sent") };
    assert!(matches!(&error, TrySendError::Full(value) if value.0 == 1) && !error.is_closed());
    assert_eq!(error.into_inner().0, 1);
    let Err(error) = tx.try_send(Opaque(1)) else { panic!("sent") };
    let (display, debug) = boxed(error);
    assert_eq!(display, "sending on a full channel");
    assert!(debug.contains("Full"), "{debug}");
    drop(rx);
    let Err(error) = tx.try_send(Opaque(2)) else { panic!("sent") };
    assert!(matches!(&error, TrySendError::Closed(value) if value.0 == 2) && error.is_closed());
    let error = SendError::from(error);
    assert_eq!((error.kind(), error.into_inner().0), (SendErrorKind::Closed, 2));
    let (display, debug) = boxed(TrySendError::Closed(Opaque(0)));
    assert_eq!(display, "sending on a closed channel");
    assert!(debug.contains("Closed"), "{debug}");
}

#[tokio::test(start_paused = true)]
async fn send_timeout_error() {
    let (tx, rx) = full();
    let Err(error) = tx.send_timeout(Opaque(1), vela::time::ms(5)).await else { panic!("sent") };
    assert!(matches!(&error, SendTimeoutError::Timeout(value) if value.0 == 1) && !error.is_closed());
    let (display, debug) = boxed(error);
    assert!(display.contains("timed out"), "{display}");
    assert!(debug.contains("Timeout"), "{debug}");
    drop(rx);
    let Err(error) = tx.send_timeout(Opaque(2), vela::time::ms(5)).await else { panic!("sent") };
    assert!(matches!(&error, SendTimeoutError::Closed(value) if value.0 == 2) && error.is_closed());
    let error = SendError::from(error);
    assert_eq!((error.kind(), error.into_inner().0), (SendErrorKind::Closed, 2));
    let error = SendError::from(SendTimeoutError::Timeout(Opaque(3)));
    assert_eq!((error.kind(), error.into_inner().0), (SendErrorKind::TimedOut, 3));
    assert!(boxed(SendTimeoutError::Closed(Opaque(0))).0.contains("closed"));
}

#[tokio::test(start_paused = true)]
async fn receive_errors() {
    let (tx, rx) = channel::<Opaque>(0);
    assert!(matches!(rx.try_recv(), Err(TryRecvError::Empty)));
    assert!(matches!(rx.recv_timeout(vela::time::ms(5)).await, Err(RecvTimeoutError::Timeout)));
    drop(tx);
    assert!(matches!(rx.try_recv(), Err(TryRecvError::Closed)));
    assert!(matches!(rx.recv_timeout(vela::time::ms(5)).await, Err(RecvTimeoutError::Closed)));
    assert!(boxed(TryRecvError::Empty).0.contains("empty"));
    assert!(boxed(TryRecvError::Closed).0.contains("closed"));
    assert!(boxed(RecvTimeoutError::Timeout).0.contains("timed out"));
    assert!(boxed(RecvTimeoutError::Closed).0.contains("closed"));
}

#[test]
fn reserve_errors() {
    let (tx, rx) = full();
    assert_eq!(tx.try_reserve().err(), Some(TryReserveError::Full));
    drop(rx);
    assert_eq!(tx.try_reserve().err(), Some(TryReserveError::Closed));
    assert_eq!(at_once(tx.reserve()).err(), Some(ReserveError));
    assert!(boxed(TryReserveError::Full).0.contains("room"));
    assert!(boxed(TryReserveError::Closed).0.contains("closed"));
    assert!(boxed(ReserveError).0.contains("closed"));
}

#[test]
fn build_errors_say_what_to_do() {
    let (display, _) = boxed(BuildError::PolicyOnUnbounded);
    assert!(display.contains("unbounded") && display.contains("bounded(n)"), "{display}");
    let (display, _) = boxed(BuildError::DropAtRendezvous);
    assert!(display.contains("capacity 0") && display.contains("at least 1"), "{display}");
}
