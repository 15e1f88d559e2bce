//! Ends that do not keep a channel open.

use std::fmt;
use std::sync::{Arc, Weak};

use super::state::Chan;
use super::{Receiver, Sender};

macro_rules! weak_end {
    ($weak:ident, $end:ident, $count:ident, $word:literal) => {
        #[doc = concat!("A ", $word, " that does not keep the channel open.")]
        pub struct $weak<T> {
            chan: Weak<Chan<T>>,
        }

        impl<T> $weak<T> {
            pub(super) fn new(chan: &Arc<Chan<T>>) -> Self {
                Self { chan: Arc::downgrade(chan) }
            }

            #[doc = concat!("A ", $word, " of the channel, if there is one left.")]
            #[must_use]
            pub fn upgrade(&self) -> Option<$end<T>> {
                let chan = self.chan.upgrade()?;
                chan.$count.add_to_some().then(|| $end::from_counted(chan))
            }
        }

        impl<T> Clone for $weak<T> {
            fn clone(&self) -> Self {
                Self { chan: Weak::clone(&self.chan) }
            }
        }

        impl<T> fmt::Debug for $weak<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($weak)).finish_non_exhaustive()
            }
        }
    };
}

weak_end!(WeakSender, Sender, senders, "sender");
weak_end!(WeakReceiver, Receiver, receivers, "receiver");
