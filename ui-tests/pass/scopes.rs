//! Tasks in scopes and groups.

use vela::prelude::*;

#[vela::test]
async fn a_scope_waits_for_its_tasks() -> vela::Result<()> {
    let (tx, rx) = vela::channel::<u32>(0);
    let sum = scope(async |s| {
        for n in 0..4 {
            go!(in(s) clone(tx) {
                tx <- n else { return };
            });
        }
        drop(tx);
        let mut sum = 0;
        vela! {
            for n in <-rx {
                sum += n;
            }
        }
        sum
    })
    .await?;
    assert_eq!(sum, 6);
    let failed = scope(async |s| {
        go!(in(s) name("fails") -> vela::Result<()> {
            Err(vela::Error::msg("nothing to do"))?;
            Ok(())
        });
        go!(in(s) std::future::pending::<()>());
    })
    .await;
    assert!(failed.is_err());
    Ok(())
}
