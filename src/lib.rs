//! Go-style concurrency for Rust on Tokio.

pub use vela_core::*;

pub mod prelude;

/// What the macros' expansions name. Not a public interface.
#[doc(hidden)]
pub mod __private {
    pub use vela_core::__private::*;
    #[cfg(feature = "macros")]
    pub use vela_macros::{go, select, vela};
}

#[cfg(feature = "macros")]
pub use vela_macros::{main, test};

/// Starts a task.
#[cfg(feature = "macros")]
#[macro_export]
macro_rules! go {
    ($($tokens:tt)*) => { $crate::__private::go! { [$crate] $($tokens)* } };
}

/// Waits for one of several operations.
#[cfg(feature = "macros")]
#[macro_export]
macro_rules! select {
    ($($tokens:tt)*) => { $crate::__private::select! { [$crate] $($tokens)* } };
}

/// Statements, an expression or items with the operator `<-`.
#[cfg(feature = "macros")]
#[macro_export]
macro_rules! vela {
    ($($tokens:tt)*) => { $crate::__private::vela! { [$crate] $($tokens)* } };
}
