//! `Option`, `Some`, `Ok`, `Result`, `Clone`, `Send` of the user's own.

#![allow(dead_code)]

enum Option {
    None,
    Some,
}

struct Result;
struct Ok;
struct Err;
struct Pin;
struct Future;
trait Clone {}
trait Send {}
trait Receive {}

const fn pin() {}
const fn one() {}
const fn spawn() {}
const fn drop() {}

#[vela::test]
async fn shadowed_preludes_do_no_harm() {
    let _ = (Option::None, Option::Some, Result, Err, Pin, Future);
    pin();
    one();
    spawn();
    drop();
    let (tx, rx) = vela::channel::<u32>(4);
    let task = vela::go!(name("a") clone(tx) {
        tx <- 1 else { return };
        tx <- 2 else { return };
    });
    vela::vela! {
        let sent = tx <- 3;
        assert!(sent.is_ok() && (<-task).is_ok());
        let mut sum = 0;
        core::mem::drop(tx);
        for n in <-rx {
            sum += n;
        }
        assert_eq!(sum, 6);
    }
    let mut lent = 1;
    let (tx, _rx) = vela::channel::<u32>(1);
    vela::select! {
        tx <- mut lent, if lent > 0 => {}
        _ = <-rx, if lent > 5 => {}
        Ok = async { Ok }, if lent > 6 => {}
        closed => {}
        else => lent += 1,
    }
    assert_eq!(lent, 1);
}
