//! Which run queue the tasks of the process are put into.

use std::sync::atomic::{AtomicU8, Ordering};

/// What runs the tasks that are started from now on: Vela's own run queue inside Tokio's workers, or Tokio's.
///
/// It is a choice for the process: by `#[vela::main(run_queue = "tokio")]`, by [`RuntimeOptions`](crate::RuntimeOptions), by
/// [`use_for_new_tasks`](Self::use_for_new_tasks), or, above all of these, by the environment variable `VELA_RUN_QUEUE`, which is
/// `vela` or `tokio` and is read once. Tasks that have been started stay where they are, and can talk to and join each other in any
/// case.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::task::RunQueue;
///
/// RunQueue::Tokio.use_for_new_tasks();
/// # if std::env::var_os("VELA_RUN_QUEUE").is_none() {
/// assert_eq!(RunQueue::current(), RunQueue::Tokio);
/// # }
/// # RunQueue::Vela.use_for_new_tasks();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RunQueue {
    /// Vela's own.
    #[default]
    Vela,
    /// Each task is one of Tokio's, as by `tokio::spawn`: with an id of Tokio's, and visible to `tokio-console` and the
    /// runtime's metrics.
    Tokio,
}

/// 0: nothing was chosen yet, and the environment was not read.
static CHOSEN: AtomicU8 = AtomicU8::new(0);
const VELA: u8 = 1;
const TOKIO: u8 = 2;

impl RunQueue {
    /// Uses it for the tasks that are started from now on, unless the environment says otherwise.
    pub fn use_for_new_tasks(self) {
        from_environment().unwrap_or(self).choose();
    }

    /// The one for tasks that are started now.
    #[inline]
    #[must_use]
    pub fn current() -> Self {
        // Relaxed: a flag on its own.
        match CHOSEN.load(Ordering::Relaxed) {
            VELA => Self::Vela,
            TOKIO => Self::Tokio,
            _ => Self::first(),
        }
    }

    #[cold]
    fn first() -> Self {
        let chosen = from_environment().unwrap_or_default();
        let number = chosen.number();
        // Somebody may have chosen meanwhile.
        let _ = CHOSEN.compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed);
        Self::current()
    }

    fn choose(self) {
        CHOSEN.store(self.number(), Ordering::Relaxed);
    }

    fn number(self) -> u8 {
        match self {
            Self::Vela => VELA,
            Self::Tokio => TOKIO,
        }
    }
}

/// What `VELA_RUN_QUEUE` says, when the process first asks. A wrong value is reported, and counts as none.
fn from_environment() -> Option<RunQueue> {
    static SAID: std::sync::OnceLock<Option<RunQueue>> = std::sync::OnceLock::new();
    *SAID.get_or_init(|| {
        let value = std::env::var_os("VELA_RUN_QUEUE")?;
        match value.to_str() {
            Some("vela") => Some(RunQueue::Vela),
            Some("tokio") => Some(RunQueue::Tokio),
            _ => {
                super::say(format_args!("vela: VELA_RUN_QUEUE is `vela` or `tokio`, not {value:?}: it is ignored"));
                None
            }
        }
    })
}
