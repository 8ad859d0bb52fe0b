//! `/api/generate/…`: batch codes and serial numbers for stock that is about to be made.

use std::cell::RefCell;

use rusqlite::Connection;
use serde_json::json;

use super::template::{Template, Value};
use crate::common::setting;
use crate::db;
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::engine::input::{self, Input, Mode};
use crate::engine::moment::{self, Moment};
use crate::error::Result;
use crate::part::part::PART;
use crate::part::serial;
use crate::stock::item::ITEM;
use crate::stock::location::LOCATION;

/// The addresses.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: "api/generate/batch-code/",
        title: "batch code",
        statuses: &["201"],
        input: BATCH,
        input_schema: "GenerateBatchCode",
        verbs: &[(Verb::Post, batch)],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/generate/serial-number/",
        title: "serial number",
        statuses: &["201"],
        input: SERIAL,
        input_schema: "GenerateSerialNumber",
        verbs: &[(Verb::Post, serial_number)],
        ..Endpoint::BASE
    },
];

static BATCH: &[Field] = &[
    text("batch_code", 0).fixed().says("Batch Code", "The code that was made"),
    to("build_order", &crate::build::BUILD).null().says("Build Order", "The build that makes the stock"),
    to("item", &ITEM).null().says("Stock Item", "The item that gets the code"),
    to("location", &LOCATION).null().says("Location", "Where the stock will be"),
    to("part", &PART).null().says("Part", "What it is"),
    to("purchase_order", &crate::order::PURCHASE_ORDER).null().says("Purchase Order", "The order that brings it"),
    float("quantity").null().says("Quantity", "How much of it"),
];

static SERIAL: &[Field] = &[
    text("serial_number", 0).null().fixed().plain().says("Serial Number", "The number that was made"),
    to("part", &PART).null().says("Part", "What it is for"),
    int("quantity").fill(Fill::Int(1)).says("Quantity", "How many numbers"),
];

fn batch(call: &Call) -> Result<Reply> {
    let conn = call.db().read()?;
    let asked = input::read(&conn, BATCH, &call.content, Mode::Create)?;
    let code = batch_code(&conn, call.now, &asked)?;
    Ok(Reply { status: 201, ..Reply::value(&json!({ "batch_code": code })) })
}

/// The batch code that `STOCK_BATCH_CODE_TEMPLATE` makes for these things (`part`, `location`, `item`, `build_order`, `purchase_order` by key);
/// empty if there is no template.
///
/// # Errors
/// The database cannot be asked.
pub fn batch_code(conn: &Connection, now: Moment, of: &Input) -> Result<String> {
    let pattern = setting::value(conn, "STOCK_BATCH_CODE_TEMPLATE")?;
    let Ok(template) = Template::parse(&pattern) else { return Ok(String::new()) };
    let failed = RefCell::new(None);
    let code = template.render(&|name| {
        value(conn, now, of, name).unwrap_or_else(|error| {
            failed.replace(Some(error));
            Value::None
        })
    });
    failed.into_inner().map_or(Ok(code), Err)
}

/// The batch code of stock of which nothing is known yet.
///
/// # Errors
/// The database cannot be asked.
pub fn batch_by_default(conn: &Connection) -> Result<input::Value> {
    batch_code(conn, moment::now(), &Input::default()).map(input::Value::Text)
}

/// Names that a template for batch codes knows: the day and hour, and fields of the things.
fn value(conn: &Connection, now: Moment, of: &Input, name: &str) -> Result<Value> {
    const FIELDS: &[(&str, &str, &[&str])] = &[
        ("part", "part", &["pk", "name", "IPN", "description", "revision", "units"]),
        ("location", "stock_location", &["pk", "name", "pathstring"]),
        ("item", "stock_item", &["pk", "serial"]),
        ("build_order", "build", &["pk", "reference"]),
        ("purchase_order", "purchase_order", &["pk", "reference"]),
    ];
    let (minute, week) = (moment::minute(now), moment::week(now));
    let digits = |from: usize, to: usize| Value::Int(minute.get(from..to).and_then(|text| text.parse().ok()).unwrap_or_default());
    Ok(match name {
        "year" => digits(0, 4),
        "month" => digits(5, 7),
        "day" => digits(8, 10),
        "hour" => digits(11, 13),
        "minute" => digits(14, 16),
        "week" => Value::Int(week),
        "quantity" => match of.get("quantity") {
            Some(input::Value::Real(number)) => Value::Text(number.to_string()),
            _ => Value::None,
        },
        _ => {
            let (thing, field) = name.split_once('.').unwrap_or((name, "pk"));
            let known = FIELDS.iter().find(|known| known.0 == thing && known.2.contains(&field));
            let (Some((_, table, _)), Some(key)) = (known, of.int(thing)) else { return Ok(Value::None) };
            let column = if field == "pk" { "id" } else { field };
            let text: Option<String> = db::one(conn, &format!("SELECT CAST(\"{column}\" AS TEXT) FROM \"{table}\" WHERE id = ?1"), [key])?;
            text.map_or(Value::None, Value::Text)
        }
    })
}

fn serial_number(call: &Call) -> Result<Reply> {
    let conn = call.db().read()?;
    let asked = input::read(&conn, SERIAL, &call.content, Mode::Create)?;
    let many = asked.int("quantity").unwrap_or(1).clamp(1, serial::MAX_SERIALS);
    let numbers = serial::following(&conn, asked.int("part"), many)?;
    Ok(Reply { status: 201, ..Reply::value(&json!({ "serial_number": numbers.join(",") })) })
}
