//! `/api/order/so/{id}/auto-allocate/`: sets stock aside for what is still wanted, without anybody choosing.

use super::allocation::{Wanted, free, problem, put};
use super::sales::{BOOK, SALES, for_shipment};
use super::sales_line::SALES_LINE;
use crate::common::task;
use crate::db::{self, Tx};
use crate::engine::call::Call;
use crate::engine::describe::*;
use crate::engine::input::{Input, Value};
use crate::error::{Result, invalid};
use crate::stock::action::Item;
use crate::stock::location::{LOCATION, TREE as PLACES};

/// The action.
pub static AUTO: Action = Action {
    path: "{id}/auto-allocate",
    schema: "SalesOrderAutoAllocation",
    input: &[
        to("location", &LOCATION).null().request().says("Source Location", "Take what lies here or below"),
        to("exclude_location", &LOCATION).null().request().says("Exclude Location", "Take nothing that lies here or below"),
        for_shipment!(),
        flag("interchangeable").fill(Fill::Flag(true)).request().says("Interchangeable Stock", "Several items may serve one line"),
        choice("stock_sort_by", Choices::Words(SORTS))
            .fill(Fill::Text("updated"))
            .request()
            .says("Stock Priority", "Which items come first"),
        choice("serialized_stock", Choices::Words(SERIALIZED))
            .fill(Fill::Text("any"))
            .request()
            .says("Serialized Stock", "Whether to take items with serial numbers"),
        keys("line_items", &SALES_LINE).says("Line Items", "For these lines; for all, if none is named"),
    ],
    answers: task::ANSWER,
    run: |tx, call, given| auto(tx, call, given).map(|()| Some(task::done())),
    ..Action::BASE
};

/// Ways to sort; the same words with their SQL in `by`.
const SORTS: &[(&str, &str)] = &[
    ("updated", "Oldest first"),
    ("-updated", "Newest first"),
    ("quantity", "Least first"),
    ("-quantity", "Most first"),
    ("expiry_date", "Soonest to expire first"),
];
const SERIALIZED: &[(&str, &str)] =
    &[("any", "With and without serial numbers"), ("serialized", "With serial numbers"), ("unserialized", "Without serial numbers")];

fn by(word: &str) -> &'static str {
    match word {
        "-updated" => "s.updated DESC, s.id DESC",
        "quantity" => "s.quantity, s.id",
        "-quantity" => "s.quantity DESC, s.id",
        "expiry_date" => "s.expiry_date IS NULL, s.expiry_date, s.id",
        _ => "s.updated, s.id",
    }
}

fn auto(tx: &Tx<'_>, call: &Call, given: &Input) -> Result<()> {
    let order = call.key()?;
    let shipment = super::allocation::shipment(tx, order, given)?;
    let all: Vec<i64> = db::column(tx, "SELECT id FROM sales_order_line WHERE \"order\" = ?1 ORDER BY id", [order])?;
    let lines = match given.get("line_items") {
        Some(Value::Keys(keys)) if !keys.is_empty() => {
            if keys.iter().any(|key| !all.contains(key)) {
                return invalid("line_items", "A line belongs to another order.");
            }
            keys.clone()
        }
        _ => all,
    };
    let mut sql =
        "SELECT s.id FROM stock_item s JOIN part p ON p.id = s.part WHERE s.part = ?1 AND s.in_stock = 1 AND p.virtual = 0".to_string();
    match given.text("serialized_stock") {
        "serialized" => sql += " AND coalesce(s.serial, '') <> ''",
        "unserialized" => sql += " AND coalesce(s.serial, '') = ''",
        _ => {}
    }
    if let Some(place) = given.int("location") {
        sql += &format!(" AND s.location IN ({})", PLACES.keys_within().replace('?', &place.to_string()));
    }
    if let Some(place) = given.int("exclude_location") {
        sql += &format!(" AND (s.location IS NULL OR s.location NOT IN ({}))", PLACES.keys_within().replace('?', &place.to_string()));
    }
    sql += &format!(" ORDER BY {}", by(given.text("stock_sort_by")));
    for line in lines {
        let line = Wanted::load(tx, &SALES, line)?;
        let Some(part) = line.part else { continue };
        let left = "SELECT l.quantity - (SELECT coalesce(sum(a.quantity), 0) FROM sales_order_allocation a WHERE a.line = l.id) FROM sales_order_line l WHERE l.id = ?1";
        let mut left: i64 = db::one(tx, left, [line.id])?.unwrap_or_default();
        for item in db::column::<i64>(tx, &sql, [part])? {
            if left <= 0 {
                break;
            }
            let has = free(tx, item)?;
            if has <= 0 || !given.flag("interchangeable") && has < left {
                continue;
            }
            let quantity = has.min(left);
            if problem(tx, &BOOK, &line, &Item::load(tx, item)?, quantity)?.is_none() {
                put(tx, &BOOK, line.id, item, quantity, shipment)?;
                left -= quantity;
            }
        }
    }
    SALES.touch(tx, order)
}
