//! `/api/stock/{assign,return}/` and `/api/stock/{id}/{install,uninstall}/`: who has an item, or what it is built into.

use super::action::{Item, LINES, NOTES, refuse, split, within};
use super::item::ITEM;
use super::location::LOCATION;
use super::rules::{ONE, delete};
use super::track::{Deltas, Event, note};
use crate::common::setting;
use crate::company::company::COMPANY;
use crate::db::{self, Tx};
use crate::engine::call::Call;
use crate::engine::describe::*;
use crate::engine::input::Input;
use crate::error::{Error, Problems, Result, WHOLE, invalid};
use crate::identity::{Right, Role};

/// Gives items to a customer, without an order.
pub static ASSIGN: Action = Action {
    path: "assign",
    schema: "StockAssignment",
    input: &[
        list("items", ASSIGNED).required(),
        to("customer", &COMPANY).required().only(&[("is_customer", true)]).request().says("Customer", "Who gets them"),
        NOTES,
    ],
    run: |tx, _, given| assign(tx, given).map(|()| None),
    ..Action::BASE
};

static ASSIGNED: &[Field] = &[to("item", &ITEM).required().request().says("Stock Item", "Which item")];

/// Takes items back: from customers, from what they were built into or used up by.
pub static RETURN: Action = Action {
    path: "return",
    schema: "StockReturn",
    input: &[
        LINES,
        NOTES,
        to("location", &LOCATION).required().only(&[("structural", false)]).request().says("Location", "Where they lie then"),
        flag("merge").fill(Fill::Flag(false)).request().says("Merge", "Join them to the items they were split from, where those lie there"),
    ],
    run: |tx, _, given| take_back(tx, given).map(|()| None),
    ..Action::BASE
};

/// Builds an item into this one.
pub static INSTALL: Action = Action {
    path: "{id}/install",
    schema: "InstallStockItem",
    input: &[
        to("stock_item", &ITEM).required().request().says("Stock Item", "What is built in"),
        between("quantity", 1, i64::MAX).fill(Fill::Int(1)).request().says("Quantity to Install", "How many of it"),
        prose("note", 0).blank().request().says("Note", "What to write down"),
    ],
    needs: &[(Role::STOCK, Right::Change)],
    run: |tx, call, given| install(tx, call, given).map(|()| None),
    ..Action::BASE
};

/// Takes this item out of what it is built into.
pub static UNINSTALL: Action = Action {
    path: "{id}/uninstall",
    schema: "UninstallStockItem",
    input: &[
        to("location", &LOCATION).required().only(&[("structural", false)]).request().says("Location", "Where it lies then"),
        prose("note", 0).blank().request().says("Notes", "What to write down"),
    ],
    needs: &[(Role::STOCK, Right::Change)],
    run: |tx, call, given| uninstall(tx, call, given).map(|()| None),
    ..Action::BASE
};

/// How much of an item is set aside for builds, sales orders and transfers that are under way, in millionths.
///
/// # Errors
/// The database cannot be asked.
pub fn set_aside(tx: &Tx<'_>, item: i64) -> Result<i64> {
    let sql = "SELECT (SELECT coalesce(sum(quantity), 0) FROM build_item WHERE stock_item = ?1) \
               + (SELECT coalesce(sum(quantity), 0) FROM sales_order_allocation WHERE item = ?1) \
               + (SELECT coalesce(sum(a.quantity), 0) FROM transfer_order_allocation a JOIN transfer_order_line l ON l.id = a.line \
                  JOIN transfer_order o ON o.id = l.\"order\" AND o.status IN (10, 20, 25) WHERE a.item = ?1)";
    Ok(db::one(tx, sql, [item])?.unwrap_or(0))
}

/// The customer as tracking entries name it.
///
/// # Errors
/// The database cannot be asked.
pub fn customer_deltas(tx: &Tx<'_>, customer: i64) -> Result<Deltas> {
    let name: String = db::one(tx, "SELECT name FROM company WHERE id = ?1", [customer])?.unwrap_or_default();
    Ok(Deltas::new().with("customer", customer).with("customer_name", name))
}

fn assign(tx: &Tx<'_>, given: &Input) -> Result<()> {
    let keys: Vec<i64> = given.list("items").iter().filter_map(|line| line.int("item")).collect();
    if keys.is_empty() {
        return invalid(WHOLE, "Name the items.");
    }
    let (mut items, mut problems) = (Vec::new(), Vec::new());
    for key in keys {
        let item = Item::load(tx, key)?;
        let mut problem = Problems::default();
        let salable: Option<i64> = db::one(tx, "SELECT salable FROM part WHERE id = ?1", [item.part])?;
        if !in_stock(tx, key)? {
            problem.add("item", "This item is not in stock.");
        } else if salable != Some(1) {
            problem.add("item", "This part is not for sale.");
        } else if set_aside(tx, key)? > 0 {
            problem.add("item", "This item is set aside for a build or an order.");
        }
        problems.push(problem);
        items.push(item);
    }
    refuse(problems)?;
    let customer = given.int("customer").unwrap_or_default();
    for item in items {
        db::run(
            tx,
            "UPDATE stock_item SET customer = ?2, location = NULL, updated = ?3, delete_on_deplete = delete_on_deplete AND coalesce(serial, '') = '' WHERE id = ?1",
            (item.id, customer, tx.now),
        )?;
        let deltas = Deltas::new().amount("quantity", item.quantity).and(customer_deltas(tx, customer)?);
        note(tx, item.id, item.part, Event::Assigned, &deltas, given.text("notes"))?;
    }
    Ok(())
}

fn in_stock(tx: &Tx<'_>, item: i64) -> Result<bool> {
    Ok(db::one::<i64>(tx, "SELECT in_stock FROM stock_item WHERE id = ?1", [item])? == Some(1))
}

fn take_back(tx: &Tx<'_>, given: &Input) -> Result<()> {
    let lines = given.list("items");
    if lines.is_empty() {
        return invalid(WHOLE, "Name the items.");
    }
    let mut problems = Vec::new();
    for line in lines {
        let mut problem = Problems::default();
        if in_stock(tx, line.int("pk").unwrap_or_default())? {
            problem.add("pk", "This item is in stock.");
        }
        if line.int("quantity").unwrap_or(0) < 0 {
            problem.add("quantity", "The quantity cannot be below zero.");
        }
        problems.push(problem);
    }
    refuse(problems)?;
    let place = given.int("location").unwrap_or_default();
    for line in lines {
        let item = Item::load(tx, line.int("pk").unwrap_or_default())?;
        let quantity = line.int("quantity").unwrap_or(0);
        let back = bring_back(tx, item, line, quantity, place, given.text("notes"))?;
        if given.flag("merge") {
            join_parent(tx, back, place, given.text("notes"))?;
        }
    }
    Ok(())
}

/// Puts an item, or a part of it, back on a shelf; gives the key of what lies there.
///
/// # Errors
/// The database cannot be written.
pub fn bring_back(tx: &Tx<'_>, item: Item, line: &Input, quantity: i64, place: i64, notes: &str) -> Result<i64> {
    let part = quantity > 0 && quantity < item.quantity && !item.serialized;
    let key = if part { split(tx, item, line, quantity, Some(place), notes)? } else { item.id };
    let item = Item::load(tx, key)?;
    let customer: Option<i64> = db::one::<Option<i64>>(tx, "SELECT customer FROM stock_item WHERE id = ?1", [key])?.flatten();
    db::run(tx, "DELETE FROM sales_order_allocation WHERE item = ?1", [key])?;
    db::run(tx, "DELETE FROM build_item WHERE stock_item = ?1", [key])?;
    db::run(
        tx,
        "UPDATE stock_item SET customer = NULL, consumed_by = NULL, belongs_to = NULL, sales_order = NULL, location = ?2, updated = ?3 WHERE id = ?1",
        [key, place, tx.now],
    )?;
    let mut deltas = Deltas::new().amount("quantity", item.quantity).with("location", place);
    if let Some(customer) = customer {
        deltas = deltas.and(customer_deltas(tx, customer)?);
    }
    note(tx, key, item.part, Event::Returned, &deltas, notes)?;
    Ok(key)
}

/// Joins an item to the one it was split from, if that lies at the same place and nothing tells them apart.
fn join_parent(tx: &Tx<'_>, key: i64, place: i64, notes: &str) -> Result<()> {
    let sql = "SELECT p.id FROM stock_item s JOIN stock_item p ON p.id = s.parent WHERE s.id = ?1 AND p.in_stock = 1 AND p.location = ?2 \
               AND p.part = s.part AND coalesce(s.serial, '') = '' AND coalesce(p.serial, '') = '' AND p.status = s.status \
               AND p.status_custom_key IS s.status_custom_key AND p.supplier_part IS s.supplier_part AND coalesce(p.batch, '') = coalesce(s.batch, '')";
    let Some(parent) = db::one(tx, sql, [key, place])? else { return Ok(()) };
    let (item, mut parent) = (Item::load(tx, key)?, Item::load(tx, parent)?);
    let sum = within(parent.quantity, item.quantity)?;
    parent.set_quantity(tx, sum)?;
    delete(tx, item.id)?;
    note(tx, parent.id, parent.part, Event::Merged, &Deltas::new().with("location", place).amount("quantity", sum), notes)
}

fn install(tx: &Tx<'_>, call: &Call, given: &Input) -> Result<()> {
    let whole = Item::load(tx, call.key()?)?;
    let item = Item::load(tx, given.int("stock_item").unwrap_or_default())?;
    let quantity = given.int("quantity").unwrap_or(1).checked_mul(ONE).unwrap_or(i64::MAX);
    let above = "WITH RECURSIVE up (id) AS (SELECT ?1 UNION SELECT s.belongs_to FROM stock_item s JOIN up ON s.id = up.id \
                 WHERE s.belongs_to IS NOT NULL) SELECT 1 FROM up WHERE id = ?2";
    if db::one::<i64>(tx, above, [whole.id, item.id])?.is_some() {
        return invalid("stock_item", "An item cannot be built into itself.");
    }
    if !in_stock(tx, item.id)? {
        return invalid("stock_item", "This item is not in stock.");
    }
    if setting::is_on(tx, "STOCK_ENFORCE_BOM_INSTALLATION")? && !fits(tx, whole.part, item.part)? {
        return invalid("stock_item", "The bill of materials does not have this part.");
    }
    if quantity > item.quantity - set_aside(tx, item.id)? {
        return invalid("quantity", "There are not so many.");
    }
    build_in(tx, item, &whole, quantity, None, given.text("note"))
}

/// Does the bill of materials ask for the part, or let it take the place of another?
fn fits(tx: &Tx<'_>, whole: i64, part: i64) -> Result<bool> {
    let sql = format!("SELECT 1 FROM part t WHERE t.id = ?2 AND {}", crate::bom::tree::PART_FILLS.replace('?', "?1"));
    Ok(db::one::<i64>(tx, &sql, [whole, part])?.is_some())
}

/// Makes an item, or a part of it, a part of another item; for a build, if one is named.
///
/// # Errors
/// The database cannot be written.
pub fn build_in(tx: &Tx<'_>, item: Item, whole: &Item, quantity: i64, build: Option<i64>, notes: &str) -> Result<()> {
    let key = if quantity < item.quantity { split(tx, item, &Input::default(), quantity, None, notes)? } else { item.id };
    let item = Item::load(tx, key)?;
    // A single item is kept when it is gone; the contract says so from the second write on.
    let sql = "UPDATE stock_item SET belongs_to = ?2, consumed_by = ?4, location = NULL, updated = ?3, \
               delete_on_deplete = delete_on_deplete AND coalesce(serial, '') = '' WHERE id = ?1";
    db::run(tx, sql, (key, whole.id, tx.now, build))?;
    let of_part = Deltas::new().with("stockitem", whole.id).maybe("buildorder", build).amount("quantity", item.quantity);
    note(tx, key, item.part, Event::InstalledInto, &of_part, notes)?;
    let of_whole = Deltas::new().with("stockitem", key).amount("quantity", item.quantity);
    note(tx, whole.id, whole.part, Event::InstalledChild, &of_whole, notes)
}

fn uninstall(tx: &Tx<'_>, call: &Call, given: &Input) -> Result<()> {
    let item = Item::load(tx, call.key()?)?;
    let place = given.int("location").unwrap_or_default();
    let whole: Option<i64> = db::one::<Option<i64>>(tx, "SELECT belongs_to FROM stock_item WHERE id = ?1", [item.id])?.flatten();
    let Some(whole) = whole else { return Ok(()) };
    let whole = Item::load(tx, whole).map_err(|_| Error::no_such(ITEM.title))?;
    let of_whole = Deltas::new().with("stockitem", item.id).amount("quantity", item.quantity);
    note(tx, whole.id, whole.part, Event::ChildTakenOut, &of_whole, given.text("note"))?;
    db::run(tx, "UPDATE stock_item SET belongs_to = NULL, location = ?2, updated = ?3 WHERE id = ?1", [item.id, place, tx.now])?;
    let of_part = Deltas::new().with("stockitem", whole.id).amount("quantity", item.quantity).with("location", place);
    note(tx, item.id, item.part, Event::TakenOut, &of_part, given.text("note"))
}
