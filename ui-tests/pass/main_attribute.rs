//! `#[vela::main]` on functions that are not `main`.

use vela::prelude::*;

#[vela::main(flavor = "current_thread")]
async fn compute() -> Result<u32, std::num::ParseIntError> {
    let text = "5";
    let n = text.parse::<u32>()?;
    if n > 5 {
        return Ok(0);
    }
    Ok(n)
}

#[vela::main(worker_threads = 2, flavor = "multi_thread", crate = "vela")]
pub(crate) async fn spawn_one() -> u32 {
    let task = go!(std::future::ready(7));
    vela! { (<-task).unwrap_or(0) }
}

#[test]
fn they_are_plain_functions() {
    assert_eq!(compute(), Ok(5));
    assert_eq!(spawn_one(), 7);
}
