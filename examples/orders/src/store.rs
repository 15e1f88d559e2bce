//! Where orders end up.

use crate::order::{Order, Outcome};

/// An order, with what has become of it.
pub type Row = (Order, Outcome);

/// Something that keeps orders. SQLite in the service; in tests under the simulator, which has no files, a `Vec`.
pub trait Store: Send + 'static {
    /// Stores all rows or none. A row whose id is there already changes nothing, so a row may be saved again.
    ///
    /// # Errors
    ///
    /// None of them is stored.
    fn save(&mut self, rows: Vec<Row>) -> impl Future<Output = vela::Result<()>> + Send;
}
