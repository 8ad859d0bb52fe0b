//! What people call a part in full: the setting `PART_NAME_FORMAT` over its fields.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;

use crate::common::template::{Template, Value};

/// The format of a new database; it is made without reading it again for each part.
const USUAL: &str =
    "{{ part.IPN if part.IPN }}{{ ' | ' if part.IPN }}{{ part.name }}{{ ' | ' if part.revision }}{{ part.revision if part.revision }}";
/// Fields that a format may name, in the order of the function's arguments after the format.
const FIELDS: [&str; 7] = ["part.pk", "part.name", "part.IPN", "part.revision", "part.description", "part.units", "part.keywords"];

/// SQL for the full name of the part `t`.
pub const FULL_NAME: &str = "part_name((SELECT value FROM setting WHERE key = 'PART_NAME_FORMAT'), t.id, t.name, t.\"IPN\", t.revision, \
    t.description, t.units, t.keywords)";

/// A format of this kind makes names; `Err` says why not.
///
/// # Errors
/// A sentence for people.
pub fn check(format: &str) -> Result<(), String> {
    let template = Template::parse(format)?;
    let names = template.names();
    match names.iter().find(|name| !FIELDS.contains(name)) {
        Some(name) => Err(format!("\"{name}\" is not known; these are: {}.", FIELDS.join(", "))),
        None if names.is_empty() => Err("The format must name a field of the part.".into()),
        None => Ok(()),
    }
}

/// Registers `part_name(format, pk, name, IPN, revision, description, units, keywords)`.
///
/// # Errors
/// SQLite does not take it.
pub fn functions(conn: &rusqlite::Connection) -> rusqlite::Result<()> {
    let last: Mutex<(String, Option<Arc<Template>>)> = Mutex::default();
    let arguments = i32::try_from(FIELDS.len() + 1).unwrap_or_default();
    conn.create_scalar_function("part_name", arguments, FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC, move |call| {
        let format = text(call, 0);
        if format == USUAL {
            let (name, number, revision) = (text(call, 2), text(call, 3), text(call, 4));
            return Ok([number, name, revision].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" | "));
        }
        let template = {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.0 != format {
                *last = (format.into(), Template::parse(format).ok().map(Arc::new));
            }
            last.1.clone()
        };
        let look = |name: &str| match FIELDS.iter().position(|field| *field == name) {
            Some(0) => Value::Int(call.get(1).unwrap_or_default()),
            Some(place) => Value::from(text(call, place + 1)),
            None => Value::None,
        };
        let made = template.map(|template| template.render(&look)).filter(|made| !made.trim().is_empty());
        // Without a name a part could not be found on a screen.
        Ok(made.unwrap_or_else(|| text(call, 2).to_string()))
    })
}

fn text<'a>(call: &'a Context<'_>, place: usize) -> &'a str {
    match call.get_raw(place) {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).unwrap_or_default(),
        _ => "",
    }
}
