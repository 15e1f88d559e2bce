//! The error that any error becomes.

use std::error::Error as StdError;
use std::fmt;
use std::ops::Deref;

type Boxed = Box<dyn StdError + Send + Sync + 'static>;

/// A `Result` whose error is [`vela::Error`](Error) unless another is named.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// fn port(text: &str) -> vela::Result<u16> {
///     Ok(text.parse()?)
/// }
/// assert!(port("80").is_ok() && port("none").is_err());
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error: `?` turns every `std::error::Error` that is `Send + Sync` into it.
///
/// Shown with `{}` it is the error's own message; with `{:?}`, and so by a `main` that returns it, the message
/// and what caused it, one line each. Like `anyhow::Error` it is not itself a `std::error::Error` (then `?` could
/// not convert), but dereferences to one, and converts into `Box<dyn Error + Send + Sync>`.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// let error = vela::Error::from(std::fmt::Error);
/// assert!(error.is::<std::fmt::Error>());
/// assert_eq!(vela::Error::msg("no such shard").to_string(), "no such shard");
/// ```
pub struct Error(Boxed);

impl Error {
    /// An error that is only a message.
    pub fn msg(message: impl Into<String>) -> Self {
        Self(message.into().into())
    }

    /// Takes an error that is boxed already, such as an `anyhow::Error` turned into a box.
    #[must_use]
    pub fn from_boxed(error: Box<dyn StdError + Send + Sync + 'static>) -> Self {
        Self(error)
    }

    /// Whether the error is an `E`.
    #[must_use]
    pub fn is<E: StdError + 'static>(&self) -> bool {
        self.0.is::<E>()
    }

    /// The error as an `E`, if it is one.
    #[must_use]
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }

    /// The error itself as an `E`.
    ///
    /// # Errors
    ///
    /// Gives the error back if it is something else.
    pub fn downcast<E: StdError + 'static>(self) -> std::result::Result<E, Self> {
        match self.0.downcast() {
            Ok(error) => Ok(*error),
            Err(other) => Err(Self(other)),
        }
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl From<Error> for Boxed {
    fn from(error: Error) -> Self {
        error.0
    }
}

impl Deref for Error {
    type Target = dyn StdError + Send + Sync + 'static;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl AsRef<dyn StdError + Send + Sync> for Error {
    fn as_ref(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, "\n  caused by: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
