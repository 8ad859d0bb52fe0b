//! What holds of the lines of all kinds of orders, and of their extra lines.

use super::kind::Kind;
use crate::db;
use crate::engine::write::Change;
use crate::error::{Result, WHOLE, invalid};

/// What is said of a line whose order is complete.
const LOCKED: &str = "The order is complete; its lines stay as they are.";

/// Before a line is written: its order is not locked, nor the one that it comes from.
///
/// # Errors
/// The database cannot be asked.
pub fn check(change: &mut Change<'_>, kind: &'static Kind) -> Result<()> {
    let orders = [change.int("order"), change.was_int("order")];
    for order in orders.into_iter().flatten() {
        if kind.locked(change.tx, order)? {
            change.wrong(WHOLE, LOCKED);
            return Ok(());
        }
    }
    Ok(())
}

/// A line is about some quantity.
pub fn check_quantity(change: &mut Change<'_>) {
    if change.changes("quantity") && change.int("quantity").is_some_and(|quantity| quantity <= 0) {
        change.wrong("quantity", "The quantity must be above zero.");
    }
}

/// After a line was written: the order was changed, too.
///
/// # Errors
/// The database cannot be written.
pub fn saved(change: &mut Change<'_>, kind: &'static Kind) -> Result<()> {
    for order in [change.int("order"), change.was_int("order")].into_iter().flatten() {
        kind.touch(change.tx, order)?;
    }
    Ok(())
}

/// Deletes a line.
///
/// # Errors
/// 400 if its order is locked.
pub fn remove(change: &mut Change<'_>, kind: &'static Kind) -> Result<()> {
    let order = change.was_int("order").unwrap_or_default();
    if kind.locked(change.tx, order)? {
        return invalid(WHOLE, LOCKED);
    }
    db::run(change.tx, &format!("DELETE FROM \"{}\" WHERE id = ?1", change.resource.table), [change.key()])?;
    kind.touch(change.tx, order)
}
