//! Who watches a part, and what they are told.

use super::category::TREE as CATEGORIES;
use super::derived::IS_LOW;
use super::part::TREE;
use crate::common::notification::{self, Notice};
use crate::db::{self, Tx};
use crate::error::Result;
use crate::identity::Role;

/// Users who subscribed to the part, to a template above it, to its category or to one above that.
///
/// # Errors
/// The database cannot be asked.
pub fn subscribers(tx: &Tx<'_>, part: i64) -> Result<Vec<i64>> {
    let parts = TREE.keys_above().replace('?', "?1");
    let categories = CATEGORIES.keys_above().replace('?', "(SELECT category FROM part WHERE id = ?1)");
    db::column(
        tx,
        &format!(
            "SELECT user FROM part_star WHERE part IN ({parts}) UNION SELECT user FROM part_category_star WHERE category IN ({categories})"
        ),
        [part],
    )
}

/// After stock of a part became less: if there is now less than the least quantity to keep, of it or of a template above it, its
/// subscribers are told.
///
/// # Errors
/// The database cannot be written.
pub fn stock_fell(tx: &Tx<'_>, part: i64) -> Result<()> {
    let low = format!("SELECT t.id FROM part t WHERE t.id IN ({}) AND {IS_LOW}", TREE.keys_above());
    for part in db::column::<i64>(tx, &low, [part])? {
        let users = subscribers(tx, part)?;
        if users.is_empty() {
            continue;
        }
        let name: String = db::one(tx, "SELECT name FROM part WHERE id = ?1", [part])?.unwrap_or_default();
        let notice = Notice {
            category: "part.notify_low_stock",
            name: "Stock is low",
            message: &format!("There is less of {name} in stock than its minimum."),
            target: ("part", part),
            role: Some(Role::PART),
        };
        notification::send(tx, &notice, &users)?;
    }
    Ok(())
}
