//! Which jobs go first.

/// The lane of a job. All jobs of a better lane go before those of a worse one; within a lane, first come, first served. So
/// low jobs may wait for ever while others keep coming: that is for work that can.
///
/// # Examples
///
/// ```
/// use vela::pool::{CpuPool, Priority};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = CpuPool::builder().threads(1).build()?;
/// let task = pool.priority(Priority::High).try_spawn(|| "first").map_err(|error| error.to_string())?;
/// assert_eq!(task.join_blocking()?, "first");
/// assert!(Priority::High < Priority::Low);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Before all others.
    High = 0,
    /// The default.
    #[default]
    Normal = 1,
    /// When there is nothing else to do.
    Low = 2,
}
