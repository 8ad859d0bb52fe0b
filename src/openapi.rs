//! The OpenAPI document of this server: its table of addresses, given to the engine.

use serde_json::{Value, json};

use crate::engine::openapi::{self, Address, Described};
use crate::error::Result;
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

/// The same as text, for people and diffs.
///
/// # Errors
/// See [`document`].
pub fn pretty() -> Result<String> {
    let document = document()?;
    let text = serde_json::to_string_pretty(&document).map_err(|e| crate::error::Error::Internal(e.to_string()))?;
    Ok(text + "\n")
}
