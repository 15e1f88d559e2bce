//! Sends whose outcome nobody looks at.

pub async fn errors() {
    let (tx, rx) = vela::channel::<u8>(8); //? disallowed_methods: has no name and no monitor
    tx.try_send(1); //~ unused_must_use: this `Result` may be an `Err` variant
    tx.send(2); //~ unused_must_use: futures do nothing unless they are awaited
    let _ = tx.send(3); //~ let_underscore_future: non-binding `let` on a future
    let _ = tx.send(4).await; //~ let_underscore_must_use: non-binding `let` on an expression
    tx.send(5).await.unwrap(); //~ unwrap_used: used `unwrap()`
    tx.send(6).await.expect("the receiver is there"); //~ expect_used: used `expect()`
    tx.try_send(7).ok(); //~ unused_result_ok: ignoring a result with `.ok()`
    let full = tx.try_send(8).map_err(|_| "full"); //~ map_err_ignore: discards the original error
    drop((rx, full));
}
