//! What holds of every price that begins at a quantity, whoever asks it.

use crate::engine::write::Change;

/// Refuses a quantity below one.
pub fn check(change: &mut Change<'_>) {
    if change.changes("quantity") && change.int("quantity").is_some_and(|q| q < 1_000_000) {
        change.wrong("quantity", "The least value here is 1.");
    }
}
