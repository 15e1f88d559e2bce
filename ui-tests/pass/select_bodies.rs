//! Bodies with every control flow.

use vela::prelude::*;

async fn flow(rx: Receiver<u32>, tx: Sender<u32>) -> Result<u32, std::num::ParseIntError> {
    let mut sum = 0;
    'outer: loop {
        for _ in 0..2 {
            select! {
                Some(n) = <-rx => match n {
                    0 => {}
                    1 => continue 'outer,
                    2 => break,
                    3 => break 'outer,
                    4 => return Ok(sum),
                    5 => sum += "5".parse::<u32>()?,
                    6 => sum += "six".parse::<u32>()?,
                    7 => { tx <- 70 else { return Ok(7) }; }
                    8 => sum += std::future::ready(8).await,
                    9 => if let Some(more) = <-rx { sum += more } else { return Ok(9) },
                    _ => {
                        for more in <-rx {
                            sum += more;
                        }
                    }
                },
                closed => return Ok(sum + 1000),
            }
        }
    }
    Ok(sum + 100)
}

async fn of(values: &[u32]) -> Option<u32> {
    let (tx, rx) = vela::channel(16);
    for n in values {
        tx.send(*n).await.ok()?;
    }
    drop(tx);
    let nobody = vela::channel(0).0;
    flow(rx, nobody).await.ok()
}

#[vela::test]
async fn bodies_are_plain_code() {
    assert_eq!(of(&[0, 1, 2, 5, 3]).await, Some(105));
    assert_eq!(of(&[5, 4]).await, Some(5));
    assert_eq!(of(&[6]).await, None);
    assert_eq!(of(&[7]).await, Some(7));
    assert_eq!(of(&[8]).await, Some(1008));
    assert_eq!(of(&[9, 20]).await, Some(1020));
    assert_eq!(of(&[10, 1, 2]).await, Some(1003));
}
