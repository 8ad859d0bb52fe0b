//! `/api/build/{id}/consume/`: stock that was set aside is used up, or goes into the output that it was set aside for.

use super::item::BUILD_ITEM;
use super::line::BUILD_LINE;
use crate::common::task;
use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply};
use crate::engine::describe::*;
use crate::engine::input::Input;
use crate::error::{Problem, Problems, Result, WHOLE, invalid};
use crate::stock::action::{Item, refuse, split};
use crate::stock::owner::build_in;
use crate::stock::track::{Deltas, Event, note};

/// The action.
pub static CONSUME: Action = Action {
    path: "{id}/consume",
    schema: "BuildConsume",
    input: &[
        list(
            "items",
            &[
                to("build_item", &BUILD_ITEM).required().request().says("Build Item", "What was set aside"),
                fixed("quantity", 15, 5).required().request().says("Quantity", "How much of it is used up"),
            ],
        )
        .holds("BuildConsumeAllocation"),
        list("lines", &[to("build_line", &BUILD_LINE).required().request().says("Build Line", "All that was set aside for it")])
            .holds("BuildConsumeLineItem"),
        prose("notes", 0).blank().request().says("Notes", "What to write down"),
    ],
    answers: task::ANSWER,
    run: |tx, call, given| consume(tx, call, given).map(Some),
    ..Action::BASE
};

fn consume(tx: &Tx<'_>, call: &Call, given: &Input) -> Result<Reply> {
    let build = call.key()?;
    let (items, lines) = (given.list("items"), given.list("lines"));
    if items.is_empty() && lines.is_empty() {
        return invalid(WHOLE, "Name items or lines.");
    }
    let mut problems = Vec::new();
    let mut named = Vec::new();
    for item in items {
        let (key, quantity) = (item.int("build_item").unwrap_or_default(), item.int("quantity").unwrap_or(0));
        let mut problem = Problems::default();
        if build_of(tx, key)? != Some(build) {
            problem.add("build_item", "This was set aside for another build.");
        } else if quantity <= 0 {
            problem.add("quantity", "The quantity must be above zero.");
        } else if quantity > db::one::<i64>(tx, "SELECT quantity FROM build_item WHERE id = ?1", [key])?.unwrap_or(0) {
            problem.add("quantity", "This is more than was set aside.");
        }
        if named.contains(&key) {
            return invalid("items", "An item is named twice.");
        }
        named.push(key);
        problems.push(problem);
    }
    refuse(problems)?;
    let (mut wrong, mut known) = (Vec::new(), Vec::new());
    for line in lines {
        let key = line.int("build_line").unwrap_or_default();
        let mut problem = Problems::default();
        if db::one::<i64>(tx, "SELECT build FROM build_line WHERE id = ?1", [key])? != Some(build) {
            problem.add("build_line", "This is a line of another build.");
        }
        if known.contains(&key) {
            return invalid("lines", "A line is named twice.");
        }
        known.push(key);
        wrong.push(problem);
    }
    if !wrong.iter().all(Problems::is_empty) {
        let mut all = Problems::default();
        all.put("lines", Problem::Each(wrong));
        return Err(crate::error::Error::Invalid(all));
    }
    let notes = given.text("notes");
    for item in items {
        use_up(tx, item.int("build_item").unwrap_or_default(), item.int("quantity"), notes)?;
    }
    for line in known {
        for key in db::column::<i64>(tx, "SELECT id FROM build_item WHERE build_line = ?1 ORDER BY id", [line])? {
            use_up(tx, key, None, notes)?;
        }
    }
    Ok(task::done())
}

fn build_of(tx: &Tx<'_>, allocation: i64) -> Result<Option<i64>> {
    db::one(tx, "SELECT l.build FROM build_item a JOIN build_line l ON l.id = a.build_line WHERE a.id = ?1", [allocation])
}

/// Uses up what was set aside, or so much of it: an item of its own leaves the shelf, into the output that it was meant for, or for good.
///
/// # Errors
/// 400 if the stock has become less than that.
pub fn use_up(tx: &Tx<'_>, allocation: i64, quantity: Option<i64>, notes: &str) -> Result<()> {
    let of = |column: &str| db::one::<i64>(tx, &format!("SELECT {column} FROM build_item WHERE id = ?1"), [allocation]);
    let (line, output) = (of("build_line")?.unwrap_or_default(), of("install_into")?);
    let set_aside = of("quantity")?.unwrap_or(0);
    let quantity = quantity.unwrap_or(set_aside);
    let build = build_of(tx, allocation)?.unwrap_or_default();
    let item = Item::load(tx, of("stock_item")?.unwrap_or_default())?;
    if quantity > item.quantity || item.gone {
        return invalid("quantity", "There is no longer so much in stock.");
    }
    if quantity < set_aside {
        db::run(tx, "UPDATE build_item SET quantity = quantity - ?2 WHERE id = ?1", [allocation, quantity])?;
    } else {
        db::run(tx, "DELETE FROM build_item WHERE id = ?1", [allocation])?;
    }
    db::run(tx, "UPDATE build_line SET consumed = consumed + ?2 WHERE id = ?1", [line, quantity])?;
    if let Some(output) = output {
        return build_in(tx, item, &Item::load(tx, output)?, quantity, Some(build), notes);
    }
    let (part, whole) = (item.part, quantity == item.quantity);
    let piece = if whole { item.id } else { split(tx, item, &Input::default(), quantity, None, notes)? };
    db::run(tx, "UPDATE stock_item SET consumed_by = ?2, location = NULL, updated = ?3 WHERE id = ?1", (piece, build, tx.now))?;
    let deltas = Deltas::new().with("buildorder", build).amount("quantity", quantity);
    note(tx, piece, part, Event::BuildConsumed, &deltas, notes)
}
