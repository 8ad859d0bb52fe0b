//! `POST /api/barcode/`: a scan, and the thing that it names, for those who may see that thing. Codes of things: `generate/`.

use serde_json::Value as Raw;

use super::code::{self, Kind, Match};
use super::history;
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::engine::input::{self, Mode};
use crate::engine::json::Json;
use crate::engine::read::{self, Shape, Writer};
use crate::error::{Error, Result, invalid, invalid_bare};
use crate::identity::Right;

/// A scanned text.
pub const BARCODE: Field = text("barcode", 4095).required().says("Barcode", "What was scanned");

/// The addresses.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: "api/barcode/",
        title: "barcode scan",
        statuses: &["201"],
        input: &[BARCODE],
        input_schema: "Barcode",
        verbs: &[(Verb::Post, scan)],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/barcode/generate/",
        title: "code of a thing",
        input: GENERATE,
        input_schema: "BarcodeGenerate",
        output: &[BARCODE],
        output_schema: "Barcode",
        verbs: &[(Verb::Post, generate)],
        ..Endpoint::BASE
    },
];

static GENERATE: &[Field] =
    &[text("model", 0).required().says("Model", "What kind of thing"), int("pk").required().says("Primary Key", "Which one")];

fn scan(call: &Call) -> Result<Reply> {
    let (reply, text, found) = {
        let conn = call.db().read()?;
        let asked = input::read(&conn, &[BARCODE], &call.content, Mode::Create)?;
        let text = asked.text("barcode").to_string();
        let found = code::find(&conn, &text)?;
        let mut out = Json::new();
        out.open('{');
        let status = match &found {
            Some(found) => {
                may_see(call, found.kind)?;
                write_match(call, &conn, found, &mut out)?;
                facts(&mut out, &[("success", "Match found for barcode data"), ("plugin", "InvenTreeBarcode")], &text);
                200
            }
            None => {
                facts(&mut out, &[("plugin", "None")], &text);
                out.key("error");
                out.text("Nothing has this barcode");
                400
            }
        };
        out.close('}');
        (Reply::json(status, out), text, found.is_some())
    };
    history::keep(call, &text, found, &reply)?;
    Ok(reply)
}

/// The role of the thing decides what a scan may show.
///
/// # Errors
/// 403
pub fn may_see(call: &Call, kind: &Kind) -> Result<()> {
    match kind.resource() {
        Some(resource) if call.user.may(Right::View, resource) => Ok(()),
        _ => Err(Error::denied()),
    }
}

/// Writes the thing under the name of its model.
///
/// # Errors
/// The database cannot be asked.
pub fn write_match(call: &Call, conn: &rusqlite::Connection, found: &Match, out: &mut Json) -> Result<()> {
    let Match { kind, key } = found;
    let resource = kind.resource().ok_or_else(|| Error::Internal("a barcode names what is not there".into()))?;
    read::must_exist(call, conn, resource, *key)?;
    out.key(kind.model);
    out.open('{');
    out.key("pk");
    out.int(*key);
    out.key("api_url");
    out.text(&format!("/api/{}/{key}/", resource.path));
    out.key("instance");
    Writer::new(call, conn).one(resource, Shape::Whole, *key, out)?;
    if !kind.page.is_empty() {
        out.key("web_url");
        out.text(&format!("/web/{}/{key}", kind.page));
    }
    out.close('}');
    Ok(())
}

/// Writes what is said of every scan.
pub fn facts(out: &mut Json, more: &[(&str, &str)], barcode: &str) {
    for (name, text) in more {
        out.key(name);
        out.text(text);
    }
    out.key("barcode_data");
    out.text(barcode);
    out.key("barcode_hash");
    out.text(&code::digest(barcode));
}

/// Every number, flag and null as text: the shape in which the contract refuses a scan.
pub fn as_texts(value: &Raw) -> Raw {
    match value {
        Raw::Null => "None".into(),
        Raw::Bool(flag) => if *flag { "True" } else { "False" }.into(),
        Raw::Number(number) => number.to_string().into(),
        Raw::String(text) => text.as_str().into(),
        Raw::Array(list) => list.iter().map(as_texts).collect(),
        Raw::Object(object) => Raw::Object(object.iter().map(|(key, value)| (key.clone(), as_texts(value))).collect()),
    }
}

fn generate(call: &Call) -> Result<Reply> {
    let conn = call.db().read()?;
    let asked = input::read(&conn, GENERATE, &call.content, Mode::Create)?;
    let Some((kind, resource)) = Kind::of(asked.text("model")).and_then(|kind| Some((kind, kind.resource()?))) else {
        return invalid("model", "Things of this kind have no barcodes.");
    };
    may_see(call, kind)?;
    let key = asked.int("pk").unwrap_or_default();
    if read::must_exist(call, &conn, resource, key).is_err() {
        return invalid_bare("error", "There is no such thing.");
    }
    Ok(Reply::value(&serde_json::json!({ "barcode": code::code_of(&conn, kind, key)? })))
}
