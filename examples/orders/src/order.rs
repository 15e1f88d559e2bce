//! An order, and what becomes of it.

use serde::{Deserialize, Serialize};

/// The longest id that is taken, in bytes.
const LONGEST_ID: usize = 64;

/// What a client wants. The id is the client's: an order that is sent once more with the same id is the same order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Names the order, whenever it is sent.
    pub id: String,
    /// What is ordered.
    pub item: String,
    /// How many of it.
    pub quantity: u32,
}

impl Order {
    /// Reads an order from JSON.
    ///
    /// # Errors
    ///
    /// A line for the client: it has sent no order at all, so there is nothing that could be stored under an id.
    pub fn from_json(json: &[u8]) -> Result<Self, String> {
        let order: Self = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        if order.id.is_empty() || order.id.len() > LONGEST_ID {
            return Err(format!("the id must have 1 to {LONGEST_ID} bytes"));
        }
        Ok(order)
    }

    /// Whether the order makes sense.
    ///
    /// # Errors
    ///
    /// The reason why not. Such an order has an id, so it is kept: as a dead letter that somebody can look at.
    pub fn check(&self) -> Result<(), String> {
        match self.quantity {
            0 => Err("nothing is ordered".to_owned()),
            1..=10_000 => Ok(()),
            n => Err(format!("{n} pieces are no order but a slip")),
        }
    }
}

/// What has become of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is valid, and this is what it costs, in cents.
    Priced(u64),
    /// It is a dead letter, for this reason.
    Rejected(String),
}
