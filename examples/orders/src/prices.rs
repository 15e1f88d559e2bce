//! Prices: stands for another service, which takes its time to answer.

use std::time::Duration;

use vela::time::sleep;

/// What items cost, by whoever knows it.
#[derive(Clone, Copy, Debug)]
pub struct Prices {
    latency: Duration,
}

impl Prices {
    /// Answers after `latency`. Vela's clock measures it, so under `#[vela::test]` it costs no time.
    #[must_use]
    pub fn with_latency(latency: Duration) -> Self {
        Self { latency }
    }

    /// The price of one piece in cents, if there is such an item.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn look_up(&self, item: &str) -> Option<u64> {
        sleep(self.latency).await;
        match item {
            "tea" => Some(350),
            "coffee" => Some(420),
            "cake" => Some(510),
            _ => None,
        }
    }
}
