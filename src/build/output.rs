//! `/api/build/{id}/{create-output,complete,scrap-outputs,delete-outputs}/`: what a build makes, an item in production until it is complete.

use super::auto;
use super::consume::use_up;
use super::rules::usual_place;
use super::state::{self, Step};
use crate::bom::amount::Amount;
use crate::common::{setting, status, task};
use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply};
use crate::engine::describe::*;
use crate::engine::input::Input;
use crate::engine::moment;
use crate::engine::read::{self, Shape};
use crate::error::{Error, Problem, Problems, Result, WHOLE, invalid};
use crate::part::part::{Part, TREE as PARTS};
use crate::part::pricing;
use crate::part::serial;
use crate::stock::action::{Item, split};
use crate::stock::item::{ITEM, STATES};
use crate::stock::location::LOCATION;
use crate::stock::rules::{ONE, delete};
use crate::stock::track::{Deltas, Event, note};

/// Begins outputs: one, or one for each serial number.
pub static CREATE: Action = Action {
    path: "{id}/create-output",
    schema: "BuildOutputCreate",
    input: &[
        fixed("quantity", 15, 5).required().request().says("Quantity", "How many are made"),
        text("batch_code", 100).blank().fill(Fill::Text("")).request().says("Batch Code", "Their batch code"),
        text("serial_numbers", 0).blank().request().says("Serial Numbers", "Their serial numbers"),
        to("location", &LOCATION).null().request().says("Location", "Where they lie"),
        flag("auto_allocate")
            .null()
            .fill(Fill::Flag(false))
            .request()
            .says("Auto Allocate Serial Numbers", "Set aside for each what has the same serial number"),
    ],
    answers: Answers::Rows(&ITEM),
    run: |tx, call, given| create(tx, call, given).map(Some),
    ..Action::BASE
};

fn create(tx: &Tx<'_>, call: &Call, given: &Input) -> Result<Reply> {
    let build = call.key()?;
    let key: i64 = db::one(tx, "SELECT part FROM build WHERE id = ?1", [build])?.unwrap_or_default();
    let part = Part::load(tx, key)?.ok_or_else(|| Error::no_such("part"))?;
    let quantity = given.int("quantity").unwrap_or(0);
    if quantity <= 0 {
        return invalid("quantity", "The quantity must be above zero.");
    }
    let tracked = "SELECT 1 FROM build_line l JOIN bom_item i ON i.id = l.bom_item JOIN part p ON p.id = i.sub_part WHERE l.build = ?1 AND p.trackable = 1 LIMIT 1";
    let tracked = part.trackable || db::one::<i64>(tx, tracked, [build])?.is_some();
    if quantity % ONE != 0 && tracked {
        return invalid("quantity", "Of what is trackable, or has trackable parts, only whole ones are made.");
    }
    let place = match given.int("location") {
        Some(place) => Some(place),
        None => match db::one(tx, "SELECT destination FROM build WHERE id = ?1", [build])? {
            Some(place) => Some(place),
            None => usual_place(tx, part.id)?,
        },
    };
    not_structural(tx, place)?;
    let serials = serials(tx, &part, tracked, quantity, given.text("serial_numbers"))?;
    let pieces: Vec<(Option<&str>, i64)> =
        if serials.is_empty() { vec![(None, quantity)] } else { serials.iter().map(|serial| (Some(serial.as_str()), ONE)).collect() };
    let expiry = (part.default_expiry > 0).then(|| moment::days_after(&moment::day(tx.now), part.default_expiry)).flatten();
    let mut keys = Vec::new();
    for (serial, quantity) in pieces {
        db::run(
            tx,
            "INSERT INTO stock_item (part, quantity, serial, serial_int, batch, location, build, is_building, delete_on_deplete, expiry_date, \
             creation_date, updated, purchase_price_currency) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, ?8, ?9, ?10, ?10, ?11)",
            rusqlite::params![
                part.id,
                quantity,
                serial,
                serial.map_or(0, serial::number_in),
                given.text("batch_code"),
                place,
                build,
                setting::is_on(tx, "STOCK_DELETE_DEPLETED_DEFAULT")?,
                expiry,
                tx.now,
                setting::default_currency(tx)?,
            ],
        )?;
        let output = tx.last_insert_rowid();
        let deltas = Deltas::new().amount("quantity", quantity).maybe("location", place);
        if serial.is_none() {
            note(tx, output, part.id, Event::Created, &Deltas::new().with("status", 10).and(deltas.clone()), "")?;
        }
        let deltas = deltas.with("buildorder", build).with("batch", given.text("batch_code"));
        let deltas = if let Some(serial) = serial { deltas.with("serial", serial) } else { deltas };
        note(tx, output, part.id, Event::OutputCreated, &deltas, "")?;
        if serial.is_some() && given.flag("auto_allocate") {
            auto::all_by_serial(tx, build, output)?;
        }
        keys.push(output);
    }
    pricing::changed(tx, part.id)?;
    state::go(tx, build, Step::Begin)?;
    read::shown_each(call, tx, &ITEM, Shape::Changed, &keys, 201)
}

fn serials(tx: &Tx<'_>, part: &Part, tracked: bool, quantity: i64, text: &str) -> Result<Vec<String>> {
    if text.is_empty() {
        return if tracked {
            invalid("serial_numbers", "What is trackable, or has trackable parts, has a serial number.")
        } else {
            Ok(Vec::new())
        };
    }
    if quantity % ONE != 0 {
        return invalid("quantity", "What has a serial number is one.");
    }
    let latest = serial::latest(tx, part.id)?;
    let serials = serial::parse(text, quantity / ONE, latest.as_deref()).map_err(|texts| {
        let mut problems = Problems::default();
        problems.put("serial_numbers", Problem::Texts(texts));
        Error::Invalid(problems)
    })?;
    for number in &serials {
        if serial::taken(tx, part.id, number, None)? {
            return invalid("serial_numbers", format!("The serial number {number} is taken."));
        }
    }
    Ok(serials)
}

fn not_structural(tx: &Tx<'_>, place: Option<i64>) -> Result<()> {
    let structural = place.map(|place| db::one::<i64>(tx, "SELECT structural FROM stock_location WHERE id = ?1", [place])).transpose()?;
    if structural.flatten() == Some(1) {
        return invalid("location", "Stock cannot lie at a structural place.");
    }
    Ok(())
}

static OUTPUT: Field = to("output", &ITEM).required().request().says("Build Output", "Which output");
static SOME: &[Field] = &[OUTPUT, fixed("quantity", 15, 5).request().says("Quantity", "How many of it; all if it is not said")];
static PLACE: Field = to("location", &LOCATION).required().request().says("Location", "Where they lie then");

/// Takes outputs as made.
pub static COMPLETE: Action = Action {
    path: "{id}/complete",
    schema: "BuildOutputComplete",
    input: &[
        list("outputs", SOME).required().holds("BuildOutputQuantity"),
        PLACE,
        choice("status_custom_key", Choices::By(|conn| status::choices(conn, STATES)))
            .fill(Fill::Int(10))
            .request()
            .says("Status", "Their state then"),
        flag("accept_incomplete_allocation")
            .fill(Fill::Flag(false))
            .request()
            .says("Accept Incomplete Allocation", "Even if not all of their trackable parts were set aside"),
        prose("notes", 0).blank().request().says("Notes", "What to write down"),
    ],
    answers: task::ANSWER,
    run: |tx, call, given| complete(tx, call, given).map(Some),
    ..Action::BASE
};

/// Takes outputs as made, and useless.
pub static SCRAP: Action = Action {
    path: "{id}/scrap-outputs",
    schema: "BuildOutputScrap",
    input: &[
        list("outputs", SOME).required().holds("BuildOutputQuantity"),
        PLACE,
        flag("discard_allocations")
            .fill(Fill::Flag(false))
            .request()
            .says("Discard Allocations", "Release what was set aside for them, instead of using it up"),
        prose("notes", 0).required().request().says("Notes", "Why"),
    ],
    answers: task::ANSWER,
    run: |tx, call, given| scrap(tx, call, given).map(Some),
    ..Action::BASE
};

/// Deletes outputs that are not complete.
pub static DELETE: Action = Action {
    path: "{id}/delete-outputs",
    schema: "BuildOutputDelete",
    input: &[list("outputs", &[OUTPUT]).required().holds("BuildOutput")],
    answers: task::ANSWER,
    run: |tx, call, given| {
        for (output, _) in meant(tx, call, given, |_, _| Ok(None))? {
            discard(tx, output)?;
        }
        Ok(Some(task::done()))
    },
    ..Action::BASE
};

/// The outputs that a request names, each with the quantity that it means; all must be this build's, in production, and hold so much. `more` may
/// find something else wrong with one.
fn meant(tx: &Tx<'_>, call: &Call, given: &Input, more: impl Fn(i64, i64) -> Result<Option<&'static str>>) -> Result<Vec<(i64, i64)>> {
    let build = call.key()?;
    let named = given.list("outputs");
    if named.is_empty() {
        return invalid(WHOLE, "Name the outputs.");
    }
    let (mut found, mut problems): (Vec<(i64, i64)>, Vec<Problems>) = (Vec::new(), Vec::new());
    for line in named {
        let output = line.int("output").unwrap_or_default();
        let mut problem = Problems::default();
        let of = |column: &str| db::one::<i64>(tx, &format!("SELECT {column} FROM stock_item WHERE id = ?1"), [output]);
        let there = of("quantity")?.unwrap_or(0);
        let quantity = line.int("quantity").unwrap_or(there);
        if of("build")? != Some(build) {
            problem.add("output", "This is no output of the build.");
        } else if of("is_building")? != Some(1) {
            problem.add("output", "This output is complete already.");
        } else if found.iter().any(|known| known.0 == output) {
            problem.add("output", "This output is named twice.");
        } else if let Some(why) = more(output, quantity)? {
            problem.add("output", why);
        }
        if quantity <= 0 {
            problem.add("quantity", "The quantity must be above zero.");
        } else if quantity > there {
            problem.add("quantity", "The output is not so large.");
        }
        found.push((output, quantity));
        problems.push(problem);
    }
    if problems.iter().all(Problems::is_empty) {
        return Ok(found);
    }
    let mut all = Problems::default();
    all.put("outputs", Problem::Each(problems));
    Err(Error::Invalid(all))
}

/// What was set aside for an output.
fn set_aside(tx: &Tx<'_>, output: i64) -> Result<Vec<i64>> {
    db::column(tx, "SELECT id FROM build_item WHERE install_into = ?1 ORDER BY id", [output])
}

/// The output itself, or the part of it that is meant, as an item of its own.
fn piece(tx: &Tx<'_>, output: i64, quantity: i64, place: i64, notes: &str) -> Result<i64> {
    let item = Item::load(tx, output)?;
    if quantity == item.quantity { Ok(output) } else { split(tx, item, &Input::default(), quantity, Some(place), notes) }
}

/// Writes that an output is no longer in production.
fn made(tx: &Tx<'_>, output: i64, place: i64, key: i64) -> Result<()> {
    let logical = status::logical(tx, STATES, key)?.unwrap_or(key);
    db::run(
        tx,
        "UPDATE stock_item SET is_building = 0, location = ?2, status = ?3, status_custom_key = ?4, updated = ?5, \
         delete_on_deplete = delete_on_deplete AND coalesce(serial, '') = '' WHERE id = ?1",
        (output, place, logical, (logical != key).then_some(key), tx.now),
    )
    .map(|_| ())
}

fn complete(tx: &Tx<'_>, call: &Call, given: &Input) -> Result<Reply> {
    let build = call.key()?;
    let place = given.int("location").unwrap_or_default();
    not_structural(tx, Some(place))?;
    let (key, notes) = (given.int("status_custom_key").unwrap_or(10), given.text("notes"));
    let lax = given.flag("accept_incomplete_allocation");
    let outputs = meant(tx, call, given, |output, quantity| {
        let whole = lax || has_its_parts(tx, build, output, quantity)?;
        Ok((!whole).then_some("Not all of its trackable parts were set aside."))
    })?;
    let part: i64 = db::one(tx, "SELECT part FROM build WHERE id = ?1", [build])?.unwrap_or_default();
    let strict = setting::is_on(tx, "PREVENT_BUILD_COMPLETION_HAVING_INCOMPLETED_TESTS")?;
    for (output, quantity) in outputs {
        if strict && !has_passed(tx, part, output)? {
            return invalid(WHOLE, "An output has not passed all tests that it must pass.");
        }
        let parts = set_aside(tx, output)?;
        let item = piece(tx, output, quantity, place, notes)?;
        if item != output && !parts.is_empty() {
            return invalid(WHOLE, "An output for which parts were set aside is completed as a whole.");
        }
        for allocation in parts {
            use_up(tx, allocation, None, notes)?;
        }
        made(tx, item, place, key)?;
        db::run(tx, "UPDATE build SET completed = completed + ?2 WHERE id = ?1", [build, quantity])?;
        let deltas = Deltas::new().with("status", key).with("buildorder", build).with("location", place).amount("quantity", quantity);
        note(tx, item, part, Event::OutputCompleted, &deltas, notes)?;
    }
    Ok(task::done())
}

/// Was enough set aside of every trackable part that so much of an output needs?
fn has_its_parts(tx: &Tx<'_>, build: i64, output: i64, quantity: i64) -> Result<bool> {
    let lines: Vec<i64> = db::column(
        tx,
        "SELECT l.id FROM build_line l JOIN bom_item i ON i.id = l.bom_item JOIN part p ON p.id = i.sub_part \
         WHERE l.build = ?1 AND p.trackable = 1 AND i.consumable = 0 AND i.optional = 0",
        [build],
    )?;
    for line in lines {
        let sql = "SELECT coalesce(sum(quantity), 0) FROM build_item WHERE build_line = ?1 AND install_into = ?2";
        let there: i64 = db::one(tx, sql, [line, output])?.unwrap_or(0);
        let item: i64 = db::one(tx, "SELECT bom_item FROM build_line WHERE id = ?1", [line])?.unwrap_or_default();
        if Amount::load(tx, item)?.is_some_and(|amount| amount.needed(quantity) > there) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Is the newest result of every test that the part demands a good one?
fn has_passed(tx: &Tx<'_>, part: i64, output: i64) -> Result<bool> {
    let sql = format!(
        "SELECT 1 FROM part_test_template e WHERE e.required = 1 AND e.enabled = 1 AND e.part IN ({}) \
         AND coalesce((SELECT r.result FROM stock_test_result r WHERE r.stock_item = ?2 AND r.template = e.id ORDER BY r.date DESC, r.id DESC LIMIT 1), 0) = 0 LIMIT 1",
        PARTS.keys_above().replace('?', "?1")
    );
    Ok(db::one::<i64>(tx, &sql, [part, output])?.is_none())
}

fn scrap(tx: &Tx<'_>, call: &Call, given: &Input) -> Result<Reply> {
    const REJECTED: i64 = 65;
    let build = call.key()?;
    let place = given.int("location").unwrap_or_default();
    not_structural(tx, Some(place))?;
    let notes = given.text("notes");
    let part: i64 = db::one(tx, "SELECT part FROM build WHERE id = ?1", [build])?.unwrap_or_default();
    for (output, quantity) in meant(tx, call, given, |_, _| Ok(None))? {
        let item = piece(tx, output, quantity, place, notes)?;
        made(tx, item, place, REJECTED)?;
        // What was set aside for the whole stays with what goes on.
        for allocation in set_aside(tx, item)? {
            if given.flag("discard_allocations") {
                db::run(tx, "DELETE FROM build_item WHERE id = ?1", [allocation])?;
            } else {
                use_up(tx, allocation, None, notes)?;
            }
        }
        let deltas = Deltas::new().with("status", REJECTED).with("buildorder", build).with("location", place).amount("quantity", quantity);
        note(tx, item, part, Event::OutputRejected, &deltas, notes)?;
    }
    Ok(task::done())
}

/// Deletes an output that is in production; what was set aside for it is released.
///
/// # Errors
/// The database cannot be written.
pub fn discard(tx: &Tx<'_>, output: i64) -> Result<()> {
    db::run(tx, "DELETE FROM build_item WHERE install_into = ?1", [output])?;
    delete(tx, output)
}
