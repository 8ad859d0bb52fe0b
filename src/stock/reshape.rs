//! `/api/stock/{merge,change_status}/` and `/api/stock/{id}/{serialize,convert}/`: what an item is, rather than how much and where.

use super::action::{Item, refuse, within};
use super::item::{ITEM, STATES};
use super::location::LOCATION;
use super::owner;
use super::rules::{ONE, delete};
use super::track::{Deltas, Event, note};
use crate::common::status;
use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply};
use crate::engine::describe::*;
use crate::engine::input::{Input, Value};
use crate::engine::read::{self, Shape};
use crate::error::{Error, Problem, Problems, Result, WHOLE, invalid};
use crate::identity::{Right, Role};
use crate::part::part::{PART, Part};
use crate::part::pricing;
use crate::part::serial;

/// Joins several items to the first of them.
pub static MERGE: Action = Action {
    path: "merge",
    schema: "StockMerge",
    input: &[
        list("items", MERGED).required(),
        to("location", &LOCATION).required().only(&[("structural", false)]).request().says("Location", "Where the one item lies then"),
        prose("notes", 0).blank().request().says("Notes", "What to write down"),
        flag("allow_mismatched_suppliers").request().says("Allow mismatched suppliers", "The items may come from different suppliers"),
        flag("allow_mismatched_status").request().says("Allow mismatched status", "The items may be in different states"),
    ],
    run: |tx, _, given| merge(tx, given).map(|()| None),
    ..Action::BASE
};

static MERGED: &[Field] = &[to("item", &ITEM).required().request().says("Stock item", "Which item")];

/// Changes the state of several items.
pub static CHANGE_STATUS: Action = Action {
    path: "change_status",
    schema: "StockChangeStatus",
    input: &[
        keys("items", &ITEM).required().says("Items", "Which items"),
        choice("status", Choices::By(|conn| status::choices(conn, STATES)))
            .fill(Fill::Int(10))
            .request()
            .says("Status", "Their state then"),
        prose("note", 0).blank().request().says("Note", "What to write down"),
    ],
    run: |tx, _, given| change_status(tx, given).map(|()| None),
    ..Action::BASE
};

/// Gives serial numbers to a part of an item.
pub static SERIALIZE: Action = Action {
    path: "{id}/serialize",
    schema: "SerializeStockItem",
    input: &[
        between("quantity", 0, i64::MAX).required().request().says("Quantity", "How many get a serial number"),
        text("serial_numbers", 0).required().request().says("Serial numbers", "Their serial numbers"),
        to("destination", &LOCATION).required().only(&[("structural", false)]).request().says("Location", "Where they lie then"),
        prose("notes", 0).blank().request().says("Notes", "What to write down"),
    ],
    needs: &[(Role::STOCK, Right::Change)],
    answers: Answers::Rows(&ITEM),
    run: |tx, call, given| serialize(tx, call, given).map(Some),
};

/// Makes an item one of another variant.
pub static CONVERT: Action = Action {
    path: "{id}/convert",
    schema: "ConvertStockItem",
    input: &[to("part", &PART).required().request().says("Part", "Which variant it is then")],
    needs: &[(Role::STOCK, Right::Change)],
    run: |tx, call, given| convert(tx, call, given).map(|()| None),
    ..Action::BASE
};

fn merge(tx: &Tx<'_>, given: &Input) -> Result<()> {
    let keys: Vec<i64> = given.list("items").iter().filter_map(|line| line.int("item")).collect();
    if keys.len() < 2 {
        return invalid(WHOLE, "At least two items are needed.");
    }
    let mut items = Vec::new();
    let mut problems = Vec::new();
    for key in &keys {
        let item = Item::load(tx, *key)?;
        let mut problem = Problems::default();
        let holds: Option<i64> = db::one(
            tx,
            "SELECT 1 FROM stock_item s WHERE s.id = ?1 AND (s.is_building = 1 OR EXISTS (SELECT 1 FROM stock_item i WHERE i.belongs_to = s.id))",
            [*key],
        )?;
        if item.gone {
            problem.add("item", "This item is not in stock.");
        } else if item.serialized {
            problem.add("item", "An item with a serial number stays by itself.");
        } else if holds.is_some() {
            problem.add("item", "This item is in production, or others are built into it.");
        }
        problems.push(problem);
        items.push(item);
    }
    refuse(problems)?;
    let mut once = keys.clone();
    once.sort_unstable();
    once.dedup();
    if once.len() < keys.len() {
        return invalid(WHOLE, "An item is named twice.");
    }
    let Some((first, others)) = items.split_first() else { return Ok(()) };
    let of = |column: &str, id: i64| db::one::<i64>(tx, &format!("SELECT {column} FROM stock_item WHERE id = ?1"), [id]);
    let supplier = of("supplier_part", first.id)?;
    let mut quantity = first.quantity;
    for other in others {
        if other.part != first.part {
            return invalid(WHOLE, "The items must be of one part.");
        }
        if !given.flag("allow_mismatched_suppliers") && of("supplier_part", other.id)? != supplier {
            return invalid(WHOLE, "The items must be of one supplier part.");
        }
        if !given.flag("allow_mismatched_status") && other.status != first.status {
            return invalid(WHOLE, "The items must be in the same state.");
        }
        quantity = within(quantity, other.quantity)?;
    }
    let price = mean_price(tx, &items)?;
    for other in others {
        for (table, column) in [("build_item", "stock_item"), ("sales_order_allocation", "item"), ("transfer_order_allocation", "item")] {
            db::run(tx, &format!("UPDATE {table} SET {column} = ?1 WHERE {column} = ?2"), [first.id, other.id])?;
        }
        delete(tx, other.id)?;
    }
    let place = given.int("location");
    db::run(tx, "UPDATE stock_item SET quantity = ?2, location = ?3, updated = ?4 WHERE id = ?1", (first.id, quantity, place, tx.now))?;
    if let Some((price, currency)) = price {
        db::run(tx, "UPDATE stock_item SET purchase_price = ?2, purchase_price_currency = ?3 WHERE id = ?1", (first.id, price, currency))?;
    }
    pricing::changed(tx, first.part)?;
    let deltas = Deltas::new().maybe("location", place).amount("quantity", quantity);
    note(tx, first.id, first.part, Event::Merged, &deltas, given.get("notes").map(|_| given.text("notes")))
}

/// What one of them cost on average, over those with a price. None if no item has one, or they are in several currencies: there are no rates
/// to convert by, and the first item keeps its own.
fn mean_price(tx: &Tx<'_>, items: &[Item]) -> Result<Option<(i64, String)>> {
    let mut found: Option<(i128, i128, String)> = None;
    for item in items {
        let Some(price) = db::one::<i64>(tx, "SELECT purchase_price FROM stock_item WHERE id = ?1", [item.id])? else { continue };
        let currency: String = db::one(tx, "SELECT purchase_price_currency FROM stock_item WHERE id = ?1", [item.id])?.unwrap_or_default();
        let (sum, pieces, first) = found.unwrap_or((0, 0, currency.clone()));
        if first != currency {
            return Ok(None);
        }
        found = Some((sum + i128::from(price) * i128::from(item.quantity), pieces + i128::from(item.quantity), first));
    }
    Ok(found.filter(|f| f.1 > 0).and_then(|(sum, pieces, currency)| Some((i64::try_from(sum / pieces).ok()?, currency))))
}

fn change_status(tx: &Tx<'_>, given: &Input) -> Result<()> {
    let Some(Value::Keys(keys)) = given.get("items") else { return invalid("items", "Name the items.") };
    if keys.is_empty() {
        return invalid("items", "Name the items.");
    }
    let key = given.int("status").unwrap_or(10);
    for item in keys {
        let mut item = Item::load(tx, *item)?;
        let deltas = item.set_state(tx, key)?;
        if !deltas.is_empty() {
            note(tx, item.id, item.part, Event::Edited, &deltas, given.text("note"))?;
        }
    }
    Ok(())
}

fn serialize(tx: &Tx<'_>, call: &Call, given: &Input) -> Result<Reply> {
    let mut item = Item::load(tx, call.key()?)?;
    let part = Part::load(tx, item.part)?.ok_or_else(|| Error::no_such("part"))?;
    let count = given.int("quantity").unwrap_or(0);
    let set_aside = owner::set_aside(tx, item.id)?;
    if !part.trackable {
        return invalid(WHOLE, "Items of this part have no serial numbers.");
    }
    if item.serialized || item.gone {
        return invalid(WHOLE, "This item cannot be given serial numbers.");
    }
    if count < 1 || count.checked_mul(ONE).is_none_or(|wanted| wanted > item.quantity - set_aside) {
        return invalid("quantity", format!("Between 1 and {} can be given serial numbers.", (item.quantity - set_aside) / ONE));
    }
    let latest = serial::latest(tx, part.id)?;
    let serials = serial::parse(given.text("serial_numbers"), count, latest.as_deref()).map_err(|texts| {
        let mut problems = Problems::default();
        problems.put("serial_numbers", Problem::Texts(texts));
        Error::Invalid(problems)
    })?;
    let place = given.int("destination").unwrap_or_default();
    let mut keys = Vec::new();
    for number in &serials {
        if serial::taken(tx, part.id, number, None)? {
            return invalid("serial_numbers", format!("The serial number {number} is taken."));
        }
        let child = item.split_off(tx, ONE, Some(place))?;
        db::run(tx, "UPDATE stock_item SET serial = ?2, serial_int = ?3 WHERE id = ?1", (child, number, serial::number_in(number)))?;
        let deltas =
            Deltas::new().with("serial", number.as_str()).with("stockitem", item.id).with("location", place).amount("quantity", ONE);
        note(tx, child, item.part, Event::SerialAssigned, &deltas, given.text("notes"))?;
        keys.push(child);
    }
    let rest = item.quantity - count * ONE;
    if item.set_quantity(tx, rest)? {
        let deltas = Deltas::new().amount("removed", count * ONE).amount("quantity", rest);
        note(tx, item.id, item.part, Event::Serialized, &deltas, given.text("notes"))?;
    }
    read::shown_each(call, tx, &ITEM, Shape::Changed, &keys, 201)
}

fn convert(tx: &Tx<'_>, call: &Call, given: &Input) -> Result<()> {
    let item = Item::load(tx, call.key()?)?;
    let part = given.int("part").unwrap_or_default();
    if db::one::<i64>(tx, "SELECT supplier_part FROM stock_item WHERE id = ?1", [item.id])?.is_some() {
        return invalid(WHOLE, "An item with a supplier part stays what it is.");
    }
    let possible: Option<i64> = db::one(
        tx,
        "SELECT 1 FROM part p, part o WHERE o.id = ?1 AND p.id = ?2 AND p.id <> o.id AND p.active = 1 AND p.virtual = 0 \
         AND (p.id = o.variant_of OR p.variant_of = o.variant_of OR p.tree_key > o.tree_key || char(1) AND p.tree_key < o.tree_key || char(2))",
        [item.part, part],
    )?;
    if possible.is_none() {
        return invalid("part", "The item cannot become one of this part.");
    }
    db::run(tx, "UPDATE stock_item SET part = ?2, updated = ?3 WHERE id = ?1", [item.id, part, tx.now])?;
    let name: String = db::one(tx, "SELECT name FROM part WHERE id = ?1", [part])?.unwrap_or_default();
    note(tx, item.id, part, Event::Converted, &Deltas::new().with("part", part), format!("Converted to part: {name}").as_str())?;
    pricing::changed(tx, item.part)?;
    pricing::changed(tx, part)
}
