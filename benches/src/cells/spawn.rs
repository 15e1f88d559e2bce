//! The time to start a task and to join it.

use std::time::Instant;

use crate::go::Go;
use crate::harness::{Cell, Flavor, Scale, Unit, on_runtime, on_runtime_as};

const TASKS: usize = 1_000_000;

pub(super) fn add(cells: &mut Vec<Cell>, go: &Go) {
    for flavor in [Flavor::Multi, Flavor::Current] {
        let mut all = Cell::new("Tasks", format!("spawn all, join all {}", flavor.name()), Unit::Nanoseconds);
        all.add("vela", move |scale: Scale| {
            let n = scale.of(TASKS);
            let time = on_runtime_as(true, flavor, scale, async move {
                let mut tasks = Vec::with_capacity(n);
                let start = Instant::now();
                tasks.extend((0..n).map(|i| vela::go!({ i })));
                for task in tasks {
                    std::hint::black_box(task.await.is_ok());
                }
                start.elapsed()
            })?;
            Ok(Unit::Nanoseconds.of(n, time))
        });
        all.add("tokio", move |scale: Scale| {
            let n = scale.of(TASKS);
            let time = on_runtime(flavor, scale, async move {
                let mut tasks = Vec::with_capacity(n);
                let start = Instant::now();
                tasks.extend((0..n).map(|i| tokio::spawn(async move { i })));
                for task in tasks {
                    std::hint::black_box(task.await.is_ok());
                }
                start.elapsed()
            })?;
            Ok(Unit::Nanoseconds.of(n, time))
        });
        go.add(&mut all, TASKS, move |n| format!("spawnall {} {n}", flavor.name()));
        cells.push(all);

        let mut each = Cell::new("Tasks", format!("spawn and join, one by one {}", flavor.name()), Unit::Nanoseconds);
        each.add("vela", move |scale: Scale| {
            let n = scale.of(TASKS);
            let time = on_runtime_as(true, flavor, scale, async move {
                let start = Instant::now();
                for i in 0..n {
                    std::hint::black_box(vela::go!({ i }).await.is_ok());
                }
                start.elapsed()
            })?;
            Ok(Unit::Nanoseconds.of(n, time))
        });
        each.add("tokio", move |scale: Scale| {
            let n = scale.of(TASKS);
            let time = on_runtime(flavor, scale, async move {
                let start = Instant::now();
                for i in 0..n {
                    std::hint::black_box(tokio::spawn(async move { i }).await.is_ok());
                }
                start.elapsed()
            })?;
            Ok(Unit::Nanoseconds.of(n, time))
        });
        go.add(&mut each, TASKS, move |n| format!("spawnone {} {n}", flavor.name()));
        cells.push(each);
    }
}
