//! The OpenAPI document as it is served. A test makes it from the descriptions (tests/openapi.rs) and keeps it equal to them.

use std::sync::OnceLock;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::packed::{packed, unpack};

/// The document, compressed with gzip: a fifteenth of its size.
pub const COMPRESSED: &[u8] = packed!("openapi.json");

/// The document as JSON.
///
/// # Errors
/// The embedded document is damaged.
pub fn served() -> Result<String> {
    unpack(COMPRESSED)
}

/// The document as YAML.
///
/// # Errors
/// The embedded document is damaged.
pub fn yaml() -> Result<&'static str> {
    static YAML: OnceLock<String> = OnceLock::new();
    if let Some(yaml) = YAML.get() {
        return Ok(yaml);
    }
    let document: Value = serde_json::from_str(&served()?).map_err(|e| Error::Internal(e.to_string()))?;
    let mut out = String::new();
    write_yaml(&document, 0, &mut out);
    Ok(YAML.get_or_init(|| out))
}

/// Block style outside; every scalar as JSON writes it, which YAML reads as the same.
fn write_yaml(value: &Value, depth: usize, out: &mut String) {
    let mut line = |head: &str, value: &Value| {
        for _ in 0..depth {
            out.push_str("  ");
        }
        out.push_str(head);
        let holds = value.as_object().map_or(0, Map::len) + value.as_array().map_or(0, Vec::len);
        if holds > 0 {
            out.push('\n');
            write_yaml(value, depth + 1, out);
        } else {
            out.push(' ');
            out.push_str(&value.to_string());
            out.push('\n');
        }
    };
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| line(&format!("{}:", Value::from(key.as_str())), value)),
        Value::Array(items) => items.iter().for_each(|item| line("-", item)),
        scalar => out.push_str(&format!("{scalar}\n")),
    }
}
