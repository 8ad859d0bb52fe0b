//! What must hold of a build, and what follows when one is created, changed or deleted.

use super::build::TREE;
use super::{line, notice, state};
use crate::common::setting;
use crate::db;
use crate::engine::input::Value;
use crate::engine::moment;
use crate::engine::write::Change;
use crate::error::{Result, WHOLE, invalid};
use crate::order::reference::{self, BUILDS};
use crate::stock::rules::ONE;

/// Before a build is written.
pub fn check(change: &mut Change<'_>) -> Result<()> {
    let tx = change.tx;
    if change.creates() {
        change.set("creation_date", Value::Text(moment::day(tx.now)));
        change.set("issued_by", tx.author().into());
    }
    reference::check(change, BUILDS)?;
    TREE.check(change)?;
    // Whole assemblies are made; the contract cuts off what is too much.
    let quantity = change.int("quantity").unwrap_or(0).div_euclid(ONE) * ONE;
    if quantity < ONE {
        change.wrong("quantity", "At least one must be made.");
    }
    change.set("quantity", Value::Int(quantity));
    let (start, target) = (change.text("start_date"), change.text("target_date"));
    if !start.is_empty() && !target.is_empty() && target < start {
        change.wrong("target_date", "It cannot be done before it begins.");
    }
    if change.int("responsible").is_none() && setting::is_on(tx, "BUILDORDER_REQUIRE_RESPONSIBLE")? {
        change.wrong("responsible", "Somebody must answer for it.");
    }
    what_is_made(change)
}

/// The part: of the kind that the shop builds, and the same as long as the build stands.
fn what_is_made(change: &mut Change<'_>) -> Result<()> {
    let tx = change.tx;
    let Some(part) = change.int("part") else { return Ok(()) };
    let is = |column: &str| {
        Ok::<bool, crate::error::Error>(db::one(tx, &format!("SELECT {column} FROM part WHERE id = ?1"), [part])? == Some(1))
    };
    if change.flag("external") && change.changes("external") && !is("purchaseable")? {
        change.wrong("external", "Only what can be bought can be made outside the house.");
    }
    if !change.creates() {
        if change.changes("part") {
            change.wrong("part", "A build makes what it was ordered for.");
        }
        return Ok(());
    }
    for (setting, column, why) in [
        ("BUILDORDER_REQUIRE_ACTIVE_PART", "active", "The part is not in use."),
        ("BUILDORDER_REQUIRE_LOCKED_PART", "locked", "The part is not locked."),
        ("BUILDORDER_REQUIRE_VALID_BOM", "bom_validated", "The bill of materials of the part has not been validated."),
    ] {
        if setting::is_on(tx, setting)? && !is(column)? {
            change.wrong("part", why);
        }
    }
    if change.int("destination").is_none() {
        change.set("destination", usual_place(tx, part)?.into());
    }
    Ok(())
}

/// Where a part is normally kept: its own place, or that of the nearest category that names one.
///
/// # Errors
/// The database cannot be asked.
pub fn usual_place(conn: &rusqlite::Connection, part: i64) -> Result<Option<i64>> {
    let own: Option<i64> = db::one(conn, "SELECT default_location FROM part WHERE id = ?1", [part])?;
    if own.is_some() {
        return Ok(own);
    }
    db::one(conn, &format!("SELECT ({}) FROM part t WHERE t.id = ?1", crate::part::derived::CATEGORY_LOCATION), [part])
}

/// After a build was written: its lines follow.
pub fn saved(change: &mut Change<'_>) -> Result<()> {
    let (tx, build) = (change.tx, change.key());
    TREE.saved(change)?;
    if change.creates() {
        line::make(tx, build)?;
        notice::ordered(tx, build)
    } else {
        line::recount(tx, build)
    }
}

/// Deletes a build that was given up; what was made for it stands by itself then, or for the one above.
pub fn remove(change: &mut Change<'_>) -> Result<()> {
    let (tx, build) = (change.tx, change.key());
    if change.was_int("status") != Some(state::CANCELLED) {
        return invalid(WHOLE, "Only a build that was cancelled can be deleted.");
    }
    let children: Vec<i64> = db::column(tx, "SELECT id FROM build WHERE parent = ?1", [build])?;
    db::run(tx, "UPDATE build SET parent = (SELECT parent FROM build WHERE id = ?1) WHERE parent = ?1", [build])?;
    db::run(tx, "DELETE FROM build WHERE id = ?1", [build])?;
    for child in children {
        TREE.derive(tx, child)?;
    }
    Ok(())
}
