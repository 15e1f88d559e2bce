//! `<-rx`: an `Option`, a task's `Result`, a timer's `()`.

use vela::prelude::*;

#[vela::test]
async fn receives_from_every_kind() -> vela::Result<()> {
    let (tx, rx) = vela::channel::<u32>(1);
    let task = go!(std::future::ready(2));
    vela! {
        tx <- 1 else { unreachable!() };
        assert_eq!(<-rx, Some(1));
        assert_eq!((<-task)?, 2);
        <-after(ms(1));
        drop(tx);
        assert!((<-rx).is_none());
    }
    Ok(())
}
