//! `?` in a task, with `-> T`.

use vela::prelude::*;

#[vela::test]
async fn errors_of_two_types_come_out() -> vela::Result<()> {
    let (tx, rx) = vela::channel::<u32>(0);
    drop(rx);
    let parsed = go!(-> vela::Result<u32> { Ok("5".parse::<u32>()? + "6".parse::<u32>()?) });
    let failed = go!(clone(tx) -> vela::Result<()> {
        let n = "7".parse::<u32>()?;
        (tx <- n)?;
        Ok(())
    });
    let none = go!(-> Option<u32> { Some(None::<u32>? + 1) });
    vela! {
        assert_eq!((<-parsed)??, 11);
        assert!((<-failed)?.is_err());
        assert_eq!((<-none)?, None);
    }
    Ok(())
}
