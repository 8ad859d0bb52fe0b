//! What holds of every price that begins at a quantity, whoever asks it.

use crate::engine::input::Value;
use crate::engine::write::Change;

/// Refuses a quantity below one, and a row without a price.
pub fn check(change: &mut Change<'_>) {
    if change.changes("quantity") && change.int("quantity").is_some_and(|q| q < 1_000_000) {
        change.wrong("quantity", "The least value here is 1.");
    }
    // The contract lets a request say null or nothing, and then refuses it.
    if change.new.get("price") == Some(&Value::Null) || change.creates() && change.int("price").is_none() {
        change.wrong("price", "This field may not be blank.");
    }
}
