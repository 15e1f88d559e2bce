//! “Who may know whom”, as data. Whoever adds a crate, a module of vela-core or a file with unsafe code adds it here.

/// Each crate and which of our crates it may depend on. What lies under tests/, examples/, benches/, models/ and ui-tests/
/// may know them all; dependencies for tests are free.
pub(super) const CRATES: &[(&str, &[&str])] = &[
    ("vela", &["vela-macros", "vela-core", "vela-pool", "vela-actor", "vela-broker", "vela-sim", "vela-console"]),
    ("vela-macros", &[]),
    ("vela-core", &[]),
    ("vela-pool", &["vela-core"]),
    ("vela-actor", &["vela-core"]),
    ("vela-broker", &["vela-core"]),
    ("vela-sim", &["vela-core"]),
    ("vela-console", &["vela-core", "vela-actor"]),
    ("xtask", &[]),
];

/// Directories whose crates may know every other.
pub(super) const FREE_DIRS: &[&str] = &["tests", "examples", "benches", "ui-tests", "models"];

/// The modules of vela-core, low to high. One may import from its own level and from those below; within a level, as
/// everywhere, no cycle. A module inside another may have a level of its own: the dynamic select takes whatever has the
/// traits of `ops`, which know the engine's `Case`.
pub(super) const MODULES: &[&[&str]] = &[
    &["backoff", "error", "lock", "monitor", "overflow", "rt"],
    &["settings"],
    &["config"],
    &["waitlist"],
    &["select"],
    &["ops"],
    &["select::dynamic"],
    &["broadcast", "chan", "oneshot", "sync", "time", "watch"],
    &["bus", "signal"],
    &["context"],
    &["task"],
    &["flow"],
];

/// The files that may hold unsafe code, and what for. Clippy sees to the SAFETY comments in them.
pub(super) const UNSAFE_FILES: &[(&str, &str)] = &[
    ("benches/src/counting.rs", "a counting allocator"),
    ("tests/alloc.rs", "a counting allocator"),
    ("vela-core/src/chan/berth.rs", "a pinned node of a channel's list"),
    ("vela-core/src/chan/buffer.rs", "a ring whose places are written and read without a check"),
    ("vela-core/src/chan/case.rs", "enrols and removes a pinned node"),
    ("vela-core/src/chan/quick.rs", "short sections under the raw lock; moves values into and out of waiting nodes"),
    ("vela-core/src/chan/recv.rs", "passes on the contract of `Operation::complete`"),
    ("vela-core/src/chan/send.rs", "passes on the contract of `Operation::complete`"),
    ("vela-core/src/chan/state.rs", "data behind the raw lock; moves values into and out of waiting nodes"),
    ("vela-core/src/chan/set.rs", "sets the waker of a claim that it holds"),
    ("vela-core/src/context/ambient.rs", "points to what the running task carries, on the stack of its poll"),
    ("vela-core/src/lock.rs", "unlocks a raw lock"),
    ("vela-core/src/ops.rs", "passes on the contract of `Case`"),
    ("vela-core/src/rt/exec/handle.rs", "the output and the waker slot that belong to a join handle"),
    ("vela-core/src/rt/exec/loom_tests.rs", "cells whose uses loom checks"),
    ("vela-core/src/rt/exec/mod.rs", "starts a task"),
    ("vela-core/src/rt/exec/queue.rs", "an intrusive queue"),
    ("vela-core/src/rt/exec/runner.rs", "polls the tasks that it takes out of its queue"),
    ("vela-core/src/rt/exec/share.rs", "a counted reference that is handed out in blocks"),
    ("vela-core/src/rt/exec/shutdown.rs", "ends the tasks of a runner"),
    ("vela-core/src/rt/exec/slot.rs", "a queue behind a lock, an intrusive list"),
    ("vela-core/src/rt/exec/task.rs", "a future and its output in one counted allocation"),
    ("vela-core/src/rt/exec/waker.rs", "wakers of tasks"),
    ("vela-core/src/select/case.rs", "declares `Case`, whose implementors promise that their nodes leave the lists"),
    ("vela-core/src/select/dynamic.rs", "pins the arms of a select made at run time"),
    ("vela-core/src/select/engine.rs", "pins the arms of a select"),
    ("vela-core/src/select/locks.rs", "holds several raw locks"),
    ("vela-core/src/select/mapped.rs", "passes on the contract of `Case`"),
    ("vela-core/src/select/one.rs", "pins a single case"),
    ("vela-core/src/select/slot.rs", "pins the case of an arm"),
    ("vela-core/src/waitlist/claim.rs", "reaches a waiter's claim word from its nodes"),
    ("vela-core/src/waitlist/loom_tests.rs", "plays counterpart and owner of a claim"),
    ("vela-core/src/waitlist/mod.rs", "the intrusive list"),
];

/// Names that say nothing about what is inside.
pub(super) const EMPTY_NAMES: &[&str] =
    &["common", "helper", "helpers", "misc", "miscellaneous", "util", "utilities", "utils"];
