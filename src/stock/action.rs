//! `/api/stock/{add,remove,count,transfer}/`: what store keepers do all day.

use rusqlite::OptionalExtension;

use super::item::{ITEM, STATES};
use super::location::LOCATION;
use super::owner;
use super::reshape;
use super::rules::delete;
use super::track::{Deltas, Event, note};
use crate::common::{setting, status};
use crate::db::{self, Tx};
use crate::engine::describe::*;
use crate::engine::input::Input;
use crate::error::{Error, Problem, Problems, Result, WHOLE, invalid};

/// The actions of `/api/stock/`.
pub static ACTIONS: &[&Action] = &[
    &Action {
        path: "add",
        schema: "StockAdd",
        input: &[LINES, NOTES],
        run: |tx, _, given| each(tx, given, |item, line| add(tx, item, line, given.text("notes"))).map(|()| None),
        ..Action::BASE
    },
    &Action {
        path: "remove",
        schema: "StockRemove",
        input: &[LINES, NOTES],
        run: |tx, _, given| each(tx, given, |item, line| remove(tx, item, line, given.text("notes"))).map(|()| None),
        ..Action::BASE
    },
    &Action {
        path: "count",
        schema: "StockCount",
        input: &[LINES, NOTES, PLACE.null().fill(Fill::Null)],
        run: |tx, _, given| {
            real_place(tx, given)?;
            each(tx, given, |item, line| count(tx, item, line, given.int("location"), given.text("notes"))).map(|()| None)
        },
        ..Action::BASE
    },
    &Action {
        path: "transfer",
        schema: "StockTransfer",
        input: &[LINES, NOTES, PLACE.required().only(&[("structural", false)])],
        run: |tx, _, given| {
            above_zero(given)?;
            let place = given.int("location").unwrap_or_default();
            each(tx, given, |item, line| transfer(tx, item, line, place, given.text("notes"))).map(|()| None)
        },
        ..Action::BASE
    },
    &reshape::MERGE,
    &reshape::CHANGE_STATUS,
    &reshape::SERIALIZE,
    &reshape::CONVERT,
    &owner::ASSIGN,
    &owner::RETURN,
    &owner::INSTALL,
    &owner::UNINSTALL,
];

/// Items with quantities.
pub static LINES: Field = list("items", LINE).required().holds("StockAdjustmentItem");
/// A remark for the history.
pub static NOTES: Field = prose("notes", 0).blank().request().says("Notes", "What to write down");
static PLACE: Field = to("location", &LOCATION).request().says("Location", "Where it lies then");
static LINE: &[Field] = &[
    to("pk", &ITEM).required().request().says("Stock item", "Which item"),
    fixed("quantity", 15, 5).required().request().says("Quantity", "How much"),
    text("batch", 100).blank().request().says("Batch Code", "The batch that it belongs to then"),
    choice("status", Choices::By(|conn| status::choices(conn, STATES)))
        .null()
        .blank()
        .fill(Fill::Null)
        .request()
        .says("Status", "Its state then"),
    text("packaging", 50).blank().request().says("Packaging", "How it is packed then"),
];

/// The columns of an item that the actions read.
pub struct Item {
    /// Primary key.
    pub id: i64,
    /// What it is.
    pub part: i64,
    /// How much of it, in millionths.
    pub quantity: i64,
    /// Where it lies.
    pub location: Option<i64>,
    /// It has a serial number.
    pub serialized: bool,
    /// Built-in state.
    pub status: i64,
    /// State in detail, where it has one.
    pub status_custom_key: Option<i64>,
    /// Goes when nothing is left.
    delete_on_deplete: bool,
    /// Sold, given away, built in or used up.
    pub gone: bool,
    /// For a sales order.
    sales_order: Option<i64>,
}

impl Item {
    /// Loads one as it is now, inside the transaction.
    ///
    /// # Errors
    /// 404 if there is none.
    pub fn load(tx: &Tx<'_>, id: i64) -> Result<Item> {
        let mut statement = tx.prepare_cached(
            "SELECT id, part, quantity, location, coalesce(serial, '') <> '', status, status_custom_key, delete_on_deplete, \
             sales_order IS NOT NULL OR belongs_to IS NOT NULL OR customer IS NOT NULL OR consumed_by IS NOT NULL, sales_order FROM stock_item WHERE id = ?1",
        )?;
        let item = statement.query_row([id], |row| {
            Ok(Item {
                id: row.get(0)?,
                part: row.get(1)?,
                quantity: row.get(2)?,
                location: row.get(3)?,
                serialized: row.get(4)?,
                status: row.get(5)?,
                status_custom_key: row.get(6)?,
                delete_on_deplete: row.get(7)?,
                gone: row.get(8)?,
                sales_order: row.get(9)?,
            })
        });
        item.optional()?.ok_or_else(|| Error::no_such(ITEM.title))
    }

    /// Sets the quantity; nothing left may mean that the item goes. Says whether it is still there.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn set_quantity(&mut self, tx: &Tx<'_>, quantity: i64) -> Result<bool> {
        self.quantity = quantity.max(0);
        if self.quantity == 0 && self.delete_on_deplete && self.sales_order.is_none() {
            let holds: Option<i64> = db::one(tx, "SELECT 1 FROM stock_item WHERE belongs_to = ?1 LIMIT 1", [self.id])?;
            if holds.is_none() {
                delete(tx, self.id)?;
                return Ok(false);
            }
        }
        db::run(tx, "UPDATE stock_item SET quantity = ?2, updated = ?3 WHERE id = ?1", (self.id, self.quantity, tx.now))?;
        Ok(true)
    }

    /// Sets the state, built-in or of the owner's; gives what changed.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn set_state(&mut self, tx: &Tx<'_>, key: i64) -> Result<Deltas> {
        let before = self.status_custom_key.unwrap_or(self.status);
        if key == before {
            return Ok(Deltas::new());
        }
        let logical = status::logical(tx, STATES, key)?.unwrap_or(key);
        let custom = (logical != key).then_some(key);
        db::run(
            tx,
            "UPDATE stock_item SET status = ?2, status_custom_key = ?3, updated = ?4 WHERE id = ?1",
            (self.id, logical, custom, tx.now),
        )?;
        let deltas = Deltas::new().with("status", key).with("status_logical", logical);
        let deltas = deltas.with("old_status", before).with("old_status_logical", self.status);
        (self.status, self.status_custom_key) = (logical, custom);
        Ok(deltas)
    }

    /// Makes an item like this one, with its test results, of some quantity at some place (or at its own); takes nothing from this one. Gives its key.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn split_off(&self, tx: &Tx<'_>, quantity: i64, place: Option<i64>) -> Result<i64> {
        db::run(
            tx,
            "INSERT INTO stock_item (part, quantity, batch, location, parent, build, purchase_order, supplier_part, owner, status, status_custom_key, \
             is_building, delete_on_deplete, expiry_date, stocktake_date, stocktake_user, creation_date, updated, packaging, purchase_price, purchase_price_currency, link, notes) \
             SELECT part, ?2, batch, coalesce(?3, location), id, build, purchase_order, supplier_part, owner, status, status_custom_key, \
             is_building, delete_on_deplete, expiry_date, stocktake_date, stocktake_user, ?4, ?4, packaging, purchase_price, purchase_price_currency, link, notes \
             FROM stock_item WHERE id = ?1",
            (self.id, quantity, place, tx.now),
        )?;
        let child = tx.last_insert_rowid();
        db::run(
            tx,
            "INSERT INTO stock_test_result (stock_item, template, result, value, attachment, notes, test_station, started_datetime, finished_datetime, user, date) \
             SELECT ?2, template, result, value, attachment, notes, test_station, started_datetime, finished_datetime, user, date FROM stock_test_result WHERE stock_item = ?1",
            [self.id, child],
        )?;
        Ok(child)
    }

    /// Batch, packaging and state, where the line names them; gives what changed.
    fn dress(&mut self, tx: &Tx<'_>, line: &Input) -> Result<Deltas> {
        let mut deltas = Deltas::new();
        for column in ["batch", "packaging"] {
            let text = line.text(column);
            if !text.is_empty() {
                db::run(tx, &format!("UPDATE stock_item SET {column} = ?2, updated = ?3 WHERE id = ?1"), (self.id, text, tx.now))?;
                if column == "batch" {
                    deltas = deltas.with(column, text);
                }
            }
        }
        if let Some(key) = line.int("status") {
            deltas = deltas.and(self.set_state(tx, key)?);
        }
        if !line.text("packaging").is_empty() {
            deltas = deltas.with("packaging", line.text("packaging"));
        }
        Ok(deltas)
    }
}

/// Runs an action over the lines of a request, all or none.
fn each(tx: &Tx<'_>, given: &Input, mut act: impl FnMut(Item, &Input) -> Result<()>) -> Result<()> {
    let lines = given.list("items");
    if lines.is_empty() {
        return invalid(WHOLE, "Name the items.");
    }
    let anywhere = setting::is_on(tx, "STOCK_ALLOW_OUT_OF_STOCK_TRANSFER")?;
    let mut problems = Vec::new();
    for line in lines {
        let mut problem = Problems::default();
        let item = Item::load(tx, line.int("pk").unwrap_or_default())?;
        if item.gone && !anywhere {
            problem.add("pk", "This item is not in stock.");
        }
        problems.push(problem);
    }
    refuse(problems)?;
    for line in lines {
        // An item that an earlier line used up is no longer there.
        match Item::load(tx, line.int("pk").unwrap_or_default()) {
            Ok(item) => act(item, line)?,
            Err(Error::NotFound(_)) => return invalid("items", "An item is named twice, and nothing is left of it."),
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

/// An error if any line has a problem; each line's problems stand at its place.
///
/// # Errors
/// 400 with them.
pub fn refuse(problems: Vec<Problems>) -> Result<()> {
    if problems.iter().all(Problems::is_empty) {
        return Ok(());
    }
    let mut all = Problems::default();
    all.put("items", Problem::Each(problems));
    Err(Error::Invalid(all))
}

/// The form of a count offers every place, as the contract has it; stock still cannot lie at a structural one.
fn real_place(tx: &Tx<'_>, given: &Input) -> Result<()> {
    let Some(place) = given.int("location") else { return Ok(()) };
    match db::one::<i64>(tx, "SELECT structural FROM stock_location WHERE id = ?1", [place])? {
        Some(1) => invalid("location", "Stock cannot lie at a structural place."),
        _ => Ok(()),
    }
}

fn above_zero(given: &Input) -> Result<()> {
    let problems = given.list("items").iter().map(|line| {
        let mut problem = Problems::default();
        if line.int("quantity").unwrap_or(0) <= 0 {
            problem.add("quantity", "The quantity must be above zero.");
        }
        problem
    });
    refuse(problems.collect())
}

/// Adds to an item. Serialised items and nothing to add are passed over.
///
/// # Errors
/// 400 if the sum is too large.
pub fn add(tx: &Tx<'_>, mut item: Item, line: &Input, notes: &str) -> Result<()> {
    let more = line.int("quantity").unwrap_or(0);
    if item.serialized || more <= 0 {
        return Ok(());
    }
    let sum = within(item.quantity, more)?;
    if item.set_quantity(tx, sum)? {
        let extra = item.dress(tx, line)?;
        let deltas = Deltas::new().amount("added", more).amount("quantity", sum).and(extra);
        note(tx, item.id, item.part, Event::Added, &deltas, notes)?;
    }
    Ok(())
}

/// The most that an item holds: ten digits before the point, five after it; in millionths.
pub const MOST: i64 = 9_999_999_999_999_990;

/// The sum of two quantities, if an item can hold it.
///
/// # Errors
/// 400 if it cannot.
pub fn within(a: i64, b: i64) -> Result<i64> {
    match a.checked_add(b) {
        Some(sum) if sum <= MOST => Ok(sum),
        _ => invalid("quantity", "This is more than an item can hold."),
    }
}

/// Takes from an item, at most what is there. Serialised items and nothing to take are passed over.
///
/// # Errors
/// The database cannot be written.
pub fn remove(tx: &Tx<'_>, mut item: Item, line: &Input, notes: &str) -> Result<()> {
    let less = line.int("quantity").unwrap_or(0).min(item.quantity);
    if item.serialized || less <= 0 {
        return Ok(());
    }
    let rest = item.quantity - less;
    if item.set_quantity(tx, rest)? {
        let extra = item.dress(tx, line)?;
        let deltas = Deltas::new().amount("removed", less).amount("quantity", rest).and(extra);
        note(tx, item.id, item.part, Event::Removed, &deltas, notes)?;
    }
    Ok(())
}

/// Sets an item to what was counted, and where it was found.
///
/// # Errors
/// The database cannot be written.
pub fn count(tx: &Tx<'_>, mut item: Item, line: &Input, place: Option<i64>, notes: &str) -> Result<()> {
    let counted = line.int("quantity").unwrap_or(0);
    if counted < 0 {
        return Ok(());
    }
    let today = crate::engine::moment::day(tx.now);
    db::run(tx, "UPDATE stock_item SET stocktake_date = ?2, stocktake_user = ?3 WHERE id = ?1", (item.id, today, tx.author()))?;
    if item.set_quantity(tx, counted)? {
        let mut deltas = Deltas::new().amount("quantity", counted);
        if let Some(place) = place {
            db::run(tx, "UPDATE stock_item SET location = ?2 WHERE id = ?1", [item.id, place])?;
            deltas = deltas.with("location", place);
            if let Some(before) = item.location.filter(|before| *before != place) {
                deltas = deltas.with("old_location", before);
            }
        }
        let deltas = deltas.and(item.dress(tx, line)?);
        note(tx, item.id, item.part, Event::Counted, &deltas, notes)?;
    }
    Ok(())
}

/// Moves an item, or a part of it, which then is an item of its own.
///
/// # Errors
/// The database cannot be written.
pub fn transfer(tx: &Tx<'_>, mut item: Item, line: &Input, place: i64, notes: &str) -> Result<()> {
    let quantity = line.int("quantity").unwrap_or(0);
    if quantity < item.quantity && quantity > 0 {
        if item.serialized {
            // One cannot be divided.
            return Ok(());
        }
        return split(tx, item, line, quantity, Some(place), notes).map(|_| ());
    }
    let extra = item.dress(tx, line)?;
    // Whoever asks for more than there is moves what there is; the history tells what was asked for, as recorded.
    let deltas = Deltas::new().amount("quantity", quantity);
    let (event, deltas) =
        if item.location == Some(place) { (Event::Updated, deltas) } else { (Event::Moved, deltas.with("location", place)) };
    let keep = item.delete_on_deplete && !item.serialized;
    db::run(tx, "UPDATE stock_item SET location = ?2, updated = ?3, delete_on_deplete = ?4 WHERE id = ?1", (item.id, place, tx.now, keep))?;
    note(tx, item.id, item.part, event, &deltas.and(extra), notes)
}

/// Takes a part of an item off as an item of its own at some place (or at the same); gives its key.
///
/// # Errors
/// The database cannot be written.
pub fn split(tx: &Tx<'_>, mut item: Item, line: &Input, quantity: i64, place: Option<i64>, notes: &str) -> Result<i64> {
    let child = item.split_off(tx, quantity, place)?;
    let dressed = Item::load(tx, child)?.dress(tx, line)?;
    let of_child = Deltas::new().with("stockitem", item.id).and(dressed).maybe("location", place).amount("quantity", quantity);
    note(tx, child, item.part, Event::SplitFromParent, &of_child, notes)?;
    let rest = item.quantity - quantity;
    if item.set_quantity(tx, rest)? {
        let of_parent =
            Deltas::new().amount("removed", quantity).amount("quantity", rest).maybe("location", place).with("stockitem", child);
        note(tx, item.id, item.part, Event::SplitChild, &of_parent, notes)?;
    }
    Ok(child)
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn sums_stay_in_bounds() {
        assert!(within(1, 2).is_ok());
        assert!(within(9_999_999_999_999_990, 10).is_err());
        assert!(within(i64::MAX, 1).is_err());
    }
}
