//! Both kinds of runtime, and a guard against tests that hang.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Builder;

/// Far beyond what any test takes: only a lost wake-up reaches it.
const HUNG: Duration = Duration::from_secs(40);

#[track_caller]
fn run<F: Future>(mut builder: Builder, body: F) -> F::Output {
    let runtime = builder.enable_all().build().expect("a runtime");
    let output = runtime.block_on(async { tokio::time::timeout(HUNG, body).await });
    runtime.shutdown_background();
    output.expect("the test hangs: a wake-up was lost")
}

#[track_caller]
pub(crate) fn on_current_thread<F: Future>(body: F) -> F::Output {
    run(Builder::new_current_thread(), body)
}

#[track_caller]
pub(crate) fn on_multi_thread<F: Future>(body: F) -> F::Output {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(3);
    run(builder, body)
}

/// Makes of each async function a test on either kind of runtime.
macro_rules! on_both_runtimes {
    ($($(#[$attribute:meta])* async fn $name:ident() $body:block)+) => {
        $(
            $(#[$attribute])*
            mod $name {
                use super::*;

                async fn body() $body

                #[test]
                fn on_current_thread() {
                    $crate::channel::runtimes::on_current_thread(body());
                }

                #[test]
                fn on_multi_thread() {
                    $crate::channel::runtimes::on_multi_thread(body());
                }
            }
        )+
    };
}
pub(crate) use on_both_runtimes;

/// What the word "any capacity" means here.
pub(crate) const CAPACITIES: [usize; 5] = [0, 1, 2, 5, usize::MAX];
