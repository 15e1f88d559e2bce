//! Modules called `core`, `std` and `vela`.

mod core {}
mod std {}
mod vela {}
mod tokio {}

#[::vela::test]
async fn only_absolute_paths_are_used() {
    let _inner = inner::receive().await;
}

#[allow(clippy::module_inception)]
mod inner {
    use ::vela::{go, select, vela};

    #[allow(dead_code)]
    mod core {}
    #[allow(dead_code)]
    mod std {}

    pub(super) async fn receive() -> Option<u32> {
        let (tx, rx) = ::vela::channel::<u32>(1);
        let task = go!(clone(tx) { tx <- 1 else { return }; });
        vela! {
            (<-task).ok()?;
            for n in <-rx {
                assert_eq!(n, 1);
                break;
            }
        }
        select! {
            tx <- 5, if true => {}
            closed => {}
        }
        select! { n = <-rx => n, else => None }
    }
}
