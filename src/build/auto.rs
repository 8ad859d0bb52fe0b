//! `/api/build/{id}/auto-allocate/`: stock set aside by rule, the part itself first, then its variants, then substitutes.

use super::item::{Wish, free};
use super::line::BUILD_LINE;
use crate::bom::amount::Amount;
use crate::bom::tree;
use crate::common::task;
use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply};
use crate::engine::describe::*;
use crate::engine::input::{Input, Value};
use crate::error::{Result, invalid};
use crate::stock::location::{LOCATION, TREE as PLACES};
use crate::stock::rules::ONE;

/// The action.
pub static AUTO: Action = Action {
    path: "{id}/auto-allocate",
    schema: "BuildAutoAllocation",
    input: &[
        to("location", &LOCATION).null().fill(Fill::Null).request().says("Source Location", "Where the stock is taken from"),
        to("exclude_location", &LOCATION).null().fill(Fill::Null).request().says("Exclude Location", "Where no stock is taken from"),
        flag("interchangeable")
            .fill(Fill::Flag(false))
            .request()
            .says("Interchangeable Stock", "Is it all the same which of several items is taken?"),
        flag("substitutes").fill(Fill::Flag(true)).request().says("Substitute Stock", "May substitutes be taken?"),
        flag("optional_items").fill(Fill::Flag(false)).request().says("Optional Items", "Shall optional lines get stock, too?"),
        choice("item_type", Choices::Words(&[("all", "All"), ("untracked", "Untracked"), ("tracked", "Tracked")]))
            .fill(Fill::Text("untracked"))
            .request()
            .says("Item Type", "Which lines get stock"),
        choice("stock_sort_by", Choices::Words(SORTS))
            .fill(Fill::Text("updated"))
            .request()
            .says("Stock Priority", "Which stock goes first"),
        keys("build_lines", &BUILD_LINE).says("Build Lines", "The lines that get stock; all if none is named"),
    ],
    answers: task::ANSWER,
    run: |tx, call, given| auto(tx, call, given).map(Some),
    ..Action::BASE
};

const SORTS: &[(&str, &str)] = &[
    ("updated", "Longest unchanged first"),
    ("-updated", "Last changed first"),
    ("quantity", "Least quantity first"),
    ("-quantity", "Greatest quantity first"),
    ("expiry_date", "First to expire first"),
];

/// The expression that sorts stock as a word of `SORTS` says.
fn sort_of(word: &str) -> &'static str {
    match word {
        "-updated" => "s.updated DESC",
        "quantity" => "s.quantity",
        "-quantity" => "s.quantity DESC",
        "expiry_date" => "s.expiry_date IS NULL, s.expiry_date",
        _ => "s.updated",
    }
}

/// A line that may get stock.
struct Line {
    id: i64,
    bom_item: i64,
    optional: bool,
    tracked: bool,
    wanted: i64,
}

fn auto(tx: &Tx<'_>, call: &Call, given: &Input) -> Result<Reply> {
    let build = call.key()?;
    let kinds = given.text("item_type");
    let chosen: &[i64] = match given.get("build_lines") {
        Some(Value::Keys(keys)) => keys,
        _ => &[],
    };
    let lines = lines(tx, build)?;
    if let Some(foreign) = chosen.iter().find(|key| lines.iter().all(|line| line.id != **key)) {
        let known = db::one::<i64>(tx, "SELECT 1 FROM build_line WHERE id = ?1 AND build = ?2", [*foreign, build])?;
        if known.is_none() {
            return invalid("build_lines", "This is a line of another build.");
        }
    }
    for line in lines {
        let asked = chosen.is_empty() || chosen.contains(&line.id);
        if !asked || line.optional && !given.flag("optional_items") {
            continue;
        }
        if line.tracked && kinds != "untracked" {
            for output in outputs(tx, build)? {
                by_serial(tx, &line, output)?;
            }
        } else if !line.tracked && kinds != "tracked" {
            from_stock(tx, &line, given)?;
        }
    }
    Ok(task::done())
}

/// The lines of a build, but for what is used up without counting.
fn lines(tx: &Tx<'_>, build: i64) -> Result<Vec<Line>> {
    let mut statement = tx.prepare_cached(
        "SELECT l.id, l.bom_item, i.optional, p.trackable, \
         l.quantity - l.consumed - (SELECT coalesce(sum(a.quantity), 0) FROM build_item a WHERE a.build_line = l.id) \
         FROM build_line l JOIN bom_item i ON i.id = l.bom_item JOIN part p ON p.id = i.sub_part WHERE l.build = ?1 AND i.consumable = 0 ORDER BY l.id",
    )?;
    let rows = statement.query_map([build], |row| {
        Ok(Line { id: row.get(0)?, bom_item: row.get(1)?, optional: row.get(2)?, tracked: row.get(3)?, wanted: row.get(4)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Gives a line what it lacks: of several items only if they are interchangeable.
fn from_stock(tx: &Tx<'_>, line: &Line, given: &Input) -> Result<()> {
    let mut wanted = line.wanted;
    if wanted <= 0 {
        return Ok(());
    }
    let fillers = tree::fillers(tx, line.bom_item, given.flag("substitutes"))?;
    let within = PLACES.keys_within();
    let sql = format!(
        "SELECT s.id, p.active FROM json_each(?1) f CROSS JOIN stock_item s ON s.part = json_extract(f.value, '$[0]') AND s.in_stock = 1 \
         JOIN part p ON p.id = s.part WHERE coalesce(s.serial, '') = '' \
         AND (?2 IS NULL OR s.location IN ({})) AND (?3 IS NULL OR s.location IS NULL OR s.location NOT IN ({})) \
         ORDER BY json_extract(f.value, '$[1]'), {}, s.id",
        within.replace('?', "?2"),
        within.replace('?', "?3"),
        sort_of(given.text("stock_sort_by")),
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let parts = serde_json::json!(fillers).to_string();
    let found = statement.query_map((parts, given.int("location"), given.int("exclude_location")), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let found: Vec<(i64, bool)> = found.collect::<rusqlite::Result<_>>()?;
    if found.len() > 1 && !given.flag("interchangeable") {
        return Ok(());
    }
    for (item, active) in found {
        let quantity = wanted.min(free(tx, item, None)?);
        if active && quantity > 0 {
            Wish { line: line.id, item, quantity, output: None }.grant(tx)?;
            wanted -= quantity;
        }
        if wanted <= 0 {
            break;
        }
    }
    Ok(())
}

/// The outputs of a build that are in production and have a serial number.
fn outputs(tx: &Tx<'_>, build: i64) -> Result<Vec<i64>> {
    db::column(tx, "SELECT id FROM stock_item WHERE build = ?1 AND is_building = 1 AND coalesce(serial, '') <> '' ORDER BY id", [build])
}

/// Sets aside for an output what has its serial number, for every trackable line; where several items have it, nobody can tell which.
///
/// # Errors
/// The database cannot be written.
pub fn all_by_serial(tx: &Tx<'_>, build: i64, output: i64) -> Result<()> {
    for line in lines(tx, build)?.iter().filter(|line| line.tracked) {
        by_serial(tx, line, output)?;
    }
    Ok(())
}

fn by_serial(tx: &Tx<'_>, line: &Line, output: i64) -> Result<()> {
    let needed = Amount::load(tx, line.bom_item)?.map_or(0, |amount| amount.needed(ONE));
    let sql = "SELECT coalesce(sum(quantity), 0) FROM build_item WHERE build_line = ?1 AND install_into = ?2";
    let there: i64 = db::one(tx, sql, [line.id, output])?.unwrap_or(0);
    if there >= needed {
        return Ok(());
    }
    let serial: String = db::one(tx, "SELECT serial FROM stock_item WHERE id = ?1", [output])?.unwrap_or_default();
    let parts = serde_json::json!(tree::fillers(tx, line.bom_item, true)?.iter().map(|filler| filler.0).collect::<Vec<_>>()).to_string();
    let same: Vec<i64> = db::column(
        tx,
        "SELECT s.id FROM stock_item s WHERE s.serial = ?1 AND s.part IN (SELECT value FROM json_each(?2)) AND s.quantity = ?3 AND s.in_stock = 1",
        (serial, parts, ONE),
    )?;
    if let [item] = *same
        && free(tx, item, None)? >= ONE
    {
        Wish { line: line.id, item, quantity: ONE, output: Some(output) }.grant(tx)?;
    }
    Ok(())
}
