//! Patterns that always fit.

use vela::prelude::*;

#[derive(Clone)]
struct Point {
    x: u32,
    y: (u32, u32),
}

struct Wrap(u32);

#[vela::test]
async fn irrefutable_patterns() -> vela::Result<()> {
    let (tx, rx) = vela::channel::<Point>(9);
    let (wraps, wrapped) = vela::channel::<Wrap>(1);
    let task = go!(std::future::ready(4));
    for _ in 0..5 {
        tx.send(Point { x: 1, y: (2, 3) }).await?;
    }
    let mut sum = 0;
    select! { Some(Point { x, y: (mut y, _), .. }) = <-rx => { y += x; sum += y } closed => {} }
    select! { Option::Some(ref point @ Point { .. }) = <-rx => sum += point.x, closed => {} }
    select! { Some(_) = <-rx => sum += 10, closed => {} }
    select! { mut all = <-rx => sum += all.take().map_or(0, |p| p.x) }
    wraps.send(Wrap(100)).await?;
    select! { Some(Wrap(n)) = <-wrapped => sum += n, closed => {} }
    select! { Ok(n) | Err(TaskErrorNumber(n)) = async { task.join().await.map_err(|_| TaskErrorNumber(0)) } => sum += n }
    select! { <-rx => sum += 1000 }
    select! { [a, .., b] = async { [1, 2, 3] } => sum += a + b }
    assert_eq!(sum, 3 + 1 + 10 + 1 + 100 + 4 + 1000 + 4);
    Ok(())
}

struct TaskErrorNumber(u32);
