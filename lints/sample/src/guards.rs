//! What is held across an `.await`.

use std::cell::RefCell;
use std::sync::Mutex;

async fn somewhere() {}

pub async fn guards() {
    let total = Mutex::new(0);
    let Ok(guard) = total.lock() else { return }; //~ await_holding_lock: held across an await point
    somewhere().await;
    drop(guard);
    let _ = total.lock(); //~ let_underscore_lock: on a synchronization lock //~ let_underscore_must_use: non-binding `let`

    let cell = RefCell::new(0);
    let borrowed = cell.borrow_mut(); //~ await_holding_refcell_ref: held across an await point
    somewhere().await;
    drop(borrowed);

    let (tx, rx) = vela::watch::channel_named("sample.value", 0);
    let value = rx.borrow(); //~ await_holding_invalid_type: every change waits until it is dropped
    somewhere().await;
    drop((value, tx));
}
