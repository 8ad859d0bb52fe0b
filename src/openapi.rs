//! The OpenAPI document of this server: its table of addresses, given to the engine.

use serde::Serialize;
use serde_json::ser::PrettyFormatter;
use serde_json::{Value, json};

use crate::engine::openapi::{self, Address, Described};
use crate::error::{Error, Result};
use crate::router::{self, Target};
use crate::site::API_VERSION;

/// The document that the descriptions make.
///
/// # Errors
/// The tables, from which choices are read, cannot be made.
pub fn document() -> Result<Value> {
    let addresses = router::routes().into_iter().map(|(path, target)| {
        let what = match target {
            Target::List(resource) => Described::List(resource),
            Target::One(resource) => Described::One(resource),
            Target::Act(resource, action) => Described::Act(resource, action),
            Target::Hand(endpoint) => Described::Hand(endpoint),
        };
        Address { path, what, verbs: target.verbs() }
    });
    let info = json!({
        "title": "InvenTree API",
        "version": API_VERSION.to_string(),
        "description": "What stockroom answers of InvenTree's REST API: an inventory of parts, places and stock.",
        "license": {"name": "MIT"},
    });
    openapi::document(addresses, info)
}

/// The same as text: a line for each value, so that changes can be compared, and no indentation, which would be two fifths of the program's
/// copy of it.
///
/// # Errors
/// See [`document`].
pub fn pretty() -> Result<String> {
    let failed = |e: &dyn std::fmt::Display| Error::Internal(e.to_string());
    let mut text = Vec::new();
    let mut writer = serde_json::Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b""));
    document()?.serialize(&mut writer).map_err(|e| failed(&e))?;
    text.push(b'\n');
    String::from_utf8(text).map_err(|e| failed(&e))
}
