//! The OpenAPI document: embedded, and made from the descriptions by the command line.

/// The document as it is served; a test keeps it equal to the descriptions.
pub const DOCUMENT: &str = include_str!("../../assets/openapi.json");

use crate::error::{Error, Result};

/// The document as YAML.
///
/// # Errors
/// The embedded document is damaged.
pub fn yaml() -> Result<String> {
    let json: serde_json::Value = serde_json::from_str(DOCUMENT).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(json.to_string())
}

/// The document that the descriptions make, for people and diffs.
pub fn pretty() -> String {
    DOCUMENT.to_string()
}
