//! What must hold of a line of a bill of materials, and what follows when one is created, changed or deleted.

use super::tree;
use super::validate;
use crate::common::{setting, unit};
use crate::db::{self, Tx};
use crate::engine::input::Value;
use crate::engine::write::Change;
use crate::error::{Result, WHOLE, invalid};
use crate::stock::rules::ONE;

/// Quantities have five places; in millionths.
const STEP: i64 = 10;
/// The most that is lost, in millionths of a percent.
const ALL_LOST: i64 = 100 * ONE;

/// Before a line is written.
pub fn check(change: &mut Change<'_>) -> Result<()> {
    let (Some(part), Some(sub_part)) = (change.int("part"), change.int("sub_part")) else { return Ok(()) };
    if let Some(was) = change.was_int("part") {
        must_be_open(change.tx, was, change.was_int("inherited") == Some(1))?;
    }
    must_be_open(change.tx, part, change.flag("inherited"))?;
    if change.int("attrition").unwrap_or(0) > ALL_LOST {
        change.wrong("attrition", "More than everything cannot get lost.");
    }
    amount(change, sub_part)?;
    if (change.changes("part") || change.changes("sub_part")) && tree::closes_a_loop(change.tx, part, sub_part)? {
        change.wrong("sub_part", "The assembly would be a part of itself.");
    }
    Ok(())
}

/// Refuses to touch the bill of materials of a locked part; where a line is passed on, of a locked variant too.
///
/// # Errors
/// 400 if it is locked.
pub fn must_be_open(tx: &Tx<'_>, part: i64, inherited: bool) -> Result<()> {
    if !setting::is_on(tx, "PART_ENABLE_LOCKING")? {
        return Ok(());
    }
    for assembly in tree::assemblies(tx, part, inherited)? {
        if db::one::<i64>(tx, "SELECT locked FROM part WHERE id = ?1", [assembly])? == Some(1) {
            return invalid(WHOLE, "The assembly is locked: its bill of materials stays as it is.");
        }
    }
    Ok(())
}

/// The amount as it was written, and the quantity that it means in the units of the part; either may be given.
fn amount(change: &mut Change<'_>, sub_part: i64) -> Result<()> {
    let written = change.new.sent("raw_amount");
    let mut field = "raw_amount";
    if change.new.sent("quantity") && !written {
        field = "quantity";
        let raw = change.call.content.raw("quantity").map(|raw| raw.as_str().map_or_else(|| raw.to_string(), |text| text.trim().into()));
        let raw = raw.filter(|raw| !raw.is_empty() && raw.chars().count() <= 25).unwrap_or_default();
        change.set("raw_amount", Value::Text(raw));
    } else if change.creates() && !written {
        change.set("raw_amount", Value::Text("1.0".into()));
    }
    let exact = if written {
        let units: String = db::one(change.tx, "SELECT units FROM part WHERE id = ?1", [sub_part])?.unwrap_or_default();
        match unit::number_in(change.tx, &change.text("raw_amount"), &units)?.map(|number| number.millionths()) {
            Ok(Some(millionths)) => millionths,
            Ok(None) => {
                change.wrong("raw_amount", "This is too much.");
                return Ok(());
            }
            Err(why) => {
                change.wrong("raw_amount", why);
                return Ok(());
            }
        }
    } else {
        change.int("quantity").unwrap_or(ONE)
    };
    let quantity = exact.saturating_add(STEP / 2).div_euclid(STEP) * STEP;
    if written || change.new.sent("quantity") || change.creates() {
        change.set("quantity", Value::Int(quantity));
    }
    let zero = quantity == 0 && setting::is_on(change.tx, "PART_BOM_ALLOW_ZERO_QUANTITY")?;
    if quantity <= 0 && !zero {
        change.wrong("raw_amount", "The quantity must be above zero.");
    } else if quantity > crate::stock::action::MOST {
        change.wrong("raw_amount", "This is more than a line can ask for.");
    }
    let tracked = db::one::<i64>(change.tx, "SELECT trackable FROM part WHERE id = ?1", [sub_part])? == Some(1);
    if tracked && quantity % ONE != 0 {
        change.wrong(field, "The quantity of a trackable part is a whole number.");
    }
    Ok(())
}

/// After a line was written: the assembly is as trackable as what it holds, its validation is looked at again, and open builds ask for what
/// the line now says.
pub fn saved(change: &mut Change<'_>) -> Result<()> {
    let (tx, line) = (change.tx, change.key());
    let (Some(part), Some(sub_part)) = (change.int("part"), change.int("sub_part")) else { return Ok(()) };
    if db::one::<i64>(tx, "SELECT trackable FROM part WHERE id = ?1", [sub_part])? == Some(1) {
        tree::must_be_trackable(tx, part)?;
    }
    if let Some(was) = change.was_int("part") {
        validate::look_again(tx, was, change.was_int("inherited") == Some(1))?;
    }
    validate::look_again(tx, part, change.flag("inherited"))?;
    crate::part::pricing::changed(tx, part)?;
    crate::build::line::follow(tx, line)
}

/// Deletes a line; open builds no longer ask for it.
pub fn remove(change: &mut Change<'_>) -> Result<()> {
    let part = change.was_int("part").unwrap_or_default();
    let inherited = change.was_int("inherited") == Some(1);
    must_be_open(change.tx, part, inherited)?;
    delete(change.tx, change.key(), part, inherited)
}

/// Deletes a line without asking.
///
/// # Errors
/// The database cannot be written.
pub fn delete(tx: &Tx<'_>, line: i64, part: i64, inherited: bool) -> Result<()> {
    db::run(tx, "DELETE FROM bom_item WHERE id = ?1", [line])?;
    crate::part::pricing::changed(tx, part)?;
    validate::look_again(tx, part, inherited)
}
