//! Stub until merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(u8)]
pub enum ActorState {
    Starting,
    Running,
    Stopping,
    Backoff,
    Restarting,
    Stopped,
}
impl ActorState {
    pub(crate) fn from_u8(n: u8) -> Self {
        [Self::Starting, Self::Running, Self::Stopping, Self::Backoff, Self::Restarting, Self::Stopped][usize::from(n)]
    }
}
