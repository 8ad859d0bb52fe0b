//! What must hold of a stock item, and what follows when one is created, changed or deleted.

use super::action::MOST;
use super::item::{ITEM, STATES};
use super::track::{Deltas, Event, note};
use crate::common::generate;
use crate::common::{setting, status};
use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply};
use crate::engine::input::{self, Input, Mode, Value};
use crate::engine::moment;
use crate::engine::read::{self, Shape};
use crate::engine::write::{Change, insert};
use crate::error::{Error, Problem, Problems, Result, WHOLE, invalid, invalid_bare};
use crate::part::part::Part;
use crate::part::pricing;
use crate::part::serial;

/// One piece, in millionths.
pub const ONE: i64 = 1_000_000;

/// POST to `/api/stock/`: always answers a list, one item for each serial number.
pub fn create(tx: &Tx<'_>, call: &Call) -> Result<Reply> {
    if call.content.is_no_object() {
        return invalid(WHOLE, "An object is expected here, not a list.");
    }
    // These two are answered with a bare text, before anything else is looked at.
    if call.content.raw("quantity").is_none_or(|v| v.is_null()) {
        return invalid_bare("quantity", "A quantity is needed.");
    }
    let part = call.content.raw("part").and_then(|v| v.as_i64().or_else(|| v.as_str()?.trim().parse().ok()));
    if !matches!(part.map(|id| Part::load(tx, id)).transpose()?, Some(Some(_))) {
        return invalid_bare("part", "A part that exists is needed.");
    }
    if let Some(given) = call.content.raw("supplier_part").filter(|v| !v.is_null() && *v != "") {
        let id = given.as_i64().or_else(|| given.as_str()?.trim().parse().ok());
        if db::one::<i64>(tx, "SELECT 1 FROM supplier_part WHERE id = ?1", [id])?.is_none() {
            return invalid_bare("supplier_part", "There is no such supplier part.");
        }
    }
    let mut new = input::read(tx, ITEM.fields, &call.content, Mode::Create)?;
    let part = Part::load(tx, new.int("part").unwrap_or_default())?.ok_or_else(|| Error::no_such("part"))?;
    in_packs(tx, &mut new)?;
    if new.int("location").is_none()
        && let Some(place) = part.default_location
    {
        new.set("location", Value::Int(place));
    }
    if new.get("expiry_date").is_none_or(|v| *v == Value::Null) && part.default_expiry > 0 {
        let day = moment::days_after(&moment::day(tx.now), part.default_expiry);
        new.set("expiry_date", day.map_or(Value::Null, Value::Text));
    }
    if !new.sent("batch") {
        let code = generate::batch_code(tx, tx.now, &new)?;
        new.set("batch", Value::Text(code.chars().take(100).collect()));
    }
    // A serial number of its own comes by `serial_numbers` alone.
    new.set("serial", Value::Null);
    let serials = serials_of(tx, &part, &new)?;
    let mut keys = Vec::new();
    match &serials {
        None => keys.push(insert(tx, call, &ITEM, new)?),
        Some(serials) => {
            for serial in serials {
                let mut one = new.clone();
                one.set("serial", Value::Text(serial.clone()));
                one.set("quantity", Value::Int(ONE));
                keys.push(insert(tx, call, &ITEM, one)?);
            }
        }
    }
    let shape = if serials.is_some() { Shape::Changed } else { Shape::Created };
    read::shown_each(call, tx, &ITEM, shape, &keys, 201)
}

/// A supplier part with packs: the quantity counts packs, the price is that of a pack; the request must say that it knows.
fn in_packs(tx: &Tx<'_>, new: &mut Input) -> Result<()> {
    let Some(supplier_part) = new.int("supplier_part") else { return Ok(()) };
    let pack: i64 = db::one(tx, "SELECT pack_quantity_native FROM supplier_part WHERE id = ?1", [supplier_part])?.unwrap_or(ONE);
    if pack == ONE {
        return Ok(());
    }
    if !new.sent("use_pack_size") {
        return invalid_bare("use_pack_size", "The supplier part comes in packs; say whether the quantity counts packs.");
    }
    if new.flag("use_pack_size") {
        let times = |a: i64, b: i64| i64::try_from(i128::from(a) * i128::from(b) / i128::from(ONE)).ok();
        let Some(quantity) = times(new.int("quantity").unwrap_or(0), pack).filter(|quantity| *quantity <= MOST) else {
            return invalid("quantity", "This is more than an item can hold.");
        };
        new.set("quantity", Value::Int(quantity));
        if let Some(price) = new.int("purchase_price")
            && pack > 0
        {
            let each = i128::from(price) * i128::from(ONE) / i128::from(pack);
            new.set("purchase_price", Value::Int(i64::try_from(each).unwrap_or(0)));
        }
    }
    Ok(())
}

fn serials_of(tx: &Tx<'_>, part: &Part, new: &Input) -> Result<Option<Vec<String>>> {
    let text = new.text("serial_numbers");
    if text.is_empty() {
        return Ok(None);
    }
    if !part.trackable {
        return invalid("serial_numbers", "Items of this part have no serial numbers.");
    }
    let latest = serial::latest(tx, part.id)?;
    let serials = serial::parse(text, new.int("quantity").unwrap_or(0) / ONE, latest.as_deref()).map_err(|texts| {
        let mut problems = Problems::default();
        problems.put("quantity", Problem::Texts(texts.clone()));
        problems.put("serial_numbers", Problem::Texts(texts));
        Error::Invalid(problems)
    })?;
    let mut taken = Vec::new();
    for serial in &serials {
        if serial::taken(tx, part.id, serial, None)? {
            taken.push(serial.as_str());
        }
    }
    if taken.is_empty() {
        Ok(Some(serials))
    } else {
        invalid("serial_numbers", format!("These serial numbers are taken: {}", taken.join(", ")))
    }
}

/// Before an item is written.
pub fn check(change: &mut Change<'_>) -> Result<()> {
    let tx = change.tx;
    change.set("updated", Value::Int(tx.now));
    if change.creates() {
        change.set("creation_date", Value::Int(tx.now));
    }
    state(change)?;
    if change.changes("location")
        && let Some(place) = change.int("location")
        && db::one::<i64>(tx, "SELECT structural FROM stock_location WHERE id = ?1", [place])? == Some(1)
    {
        change.wrong("location", "Stock cannot lie at a structural place.");
    }
    let Some(part) = change.int("part").map(|id| Part::load(tx, id)).transpose()?.flatten() else {
        change.wrong("part", "A part that exists is needed.");
        return Ok(());
    };
    if part.is_virtual {
        change.wrong("part", "There is no stock of virtual parts.");
    }
    let quantity = change.int("quantity").unwrap_or(0);
    if part.trackable && quantity % ONE != 0 {
        change.wrong("quantity", "The quantity of a trackable part is a whole number.");
    }
    serial_number(change, &part, quantity)?;
    if let Some(sold) = change.int("supplier_part").filter(|_| change.changes("supplier_part") || change.changes("part"))
        && db::one::<i64>(tx, "SELECT part FROM supplier_part WHERE id = ?1", [sold])? != Some(part.id)
    {
        change.wrong("supplier_part", "This supplier part is another part.");
    }
    if change.flag("is_building") && change.int("build").is_none() {
        change.wrong("build", "An item in production belongs to a build.");
    }
    if let Some(build) = change.int("build").filter(|_| change.changes("build"))
        && db::one::<i64>(tx, "SELECT part FROM build WHERE id = ?1", [build])? != Some(part.id)
    {
        change.wrong("build", "This build makes another part.");
    }
    if change.id.is_some() && change.int("belongs_to") == change.id {
        change.wrong("belongs_to", "An item cannot be built into itself.");
    }
    Ok(())
}

/// `status` and `status_custom_key` are two names of one thing: the built-in state, and the state in detail.
fn state(change: &mut Change<'_>) -> Result<()> {
    let custom = change.new.int("status_custom_key").filter(|_| change.new.sent("status_custom_key"));
    let asked = custom.or_else(|| change.new.int("status").filter(|_| change.new.sent("status") || change.creates()));
    let Some(key) = asked else { return Ok(()) };
    let logical = status::logical(change.tx, STATES, key)?.unwrap_or(key);
    change.set("status", Value::Int(logical));
    change.set("status_custom_key", if logical == key { Value::Null } else { Value::Int(key) });
    Ok(())
}

fn serial_number(change: &mut Change<'_>, part: &Part, quantity: i64) -> Result<()> {
    let serial = change.text("serial").trim().to_string();
    change.set("serial_int", Value::Int(serial::number_in(&serial)));
    if serial.is_empty() {
        return Ok(());
    }
    if change.changes("serial") {
        if !change.creates() && !change.was_text("serial").is_empty() && !setting::is_on(change.tx, "STOCK_ALLOW_EDIT_SERIAL")? {
            change.wrong("serial", "The serial number of an item stays as it is.");
        }
        if serial::taken(change.tx, part.id, &serial, change.id)? {
            change.wrong("serial", "Another item has this serial number.");
        }
    }
    if quantity > ONE {
        change.wrong("quantity", "An item with a serial number is one.");
        change.wrong("serial", "Only a single item has a serial number.");
    }
    if !change.creates() {
        // A single item is kept when it is gone; the contract says so from the second write on.
        change.set("delete_on_deplete", Value::Flag(false));
    }
    Ok(())
}

/// After an item was written.
pub fn saved(change: &mut Change<'_>) -> Result<()> {
    let (item, part) = (change.key(), change.int("part").unwrap_or_default());
    if change.creates() {
        let state = if change.new.text("serial_numbers").is_empty() {
            change.int("status_custom_key").or(change.int("status")).map_or(serde_json::Value::Null, Into::into)
        } else {
            serde_json::Value::Null
        };
        let deltas = Deltas::new()
            .with("status", state)
            .maybe("location", change.int("location"))
            .amount("quantity", change.int("quantity").unwrap_or(0));
        note(change.tx, item, part, Event::Created, &deltas, "")?;
        pricing::changed(change.tx, part)?;
    } else {
        let was = change.was_int("status_custom_key").or(change.was_int("status"));
        let is = change.int("status_custom_key").or(change.int("status"));
        if was != is {
            let deltas = Deltas::new()
                .maybe("status", is)
                .maybe("status_logical", change.int("status"))
                .maybe("old_status", was)
                .maybe("old_status_logical", change.was_int("status"));
            note(change.tx, item, part, Event::Edited, &deltas, "")?;
        }
        if change.changes("purchase_price") || change.changes("part") {
            pricing::changed(change.tx, part)?;
        }
    }
    Ok(())
}

/// Deletes an item; what was split from it belongs to the item before.
pub fn remove(change: &mut Change<'_>) -> Result<()> {
    if !change.was_text("serial").is_empty() && !setting::is_on(change.tx, "STOCK_ALLOW_DELETE_SERIALIZED")? {
        return invalid(WHOLE, "Items with serial numbers are kept.");
    }
    delete(change.tx, change.key())
}

/// Deletes an item without asking.
///
/// # Errors
/// The database cannot be written.
pub fn delete(tx: &Tx<'_>, item: i64) -> Result<()> {
    let part: Option<i64> = db::one(tx, "SELECT part FROM stock_item WHERE id = ?1", [item])?;
    db::run(tx, "UPDATE stock_item SET parent = (SELECT parent FROM stock_item WHERE id = ?1) WHERE parent = ?1", [item])?;
    db::run(tx, "DELETE FROM stock_item WHERE id = ?1", [item])?;
    part.map_or(Ok(()), |part| crate::part::watch::stock_fell(tx, part))
}
