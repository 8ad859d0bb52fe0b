//! The texts that stand for things: `{"part": 1}`, `INV-PA1`, or any text that was linked to a thing (CONVENTIONS §19).

use md5::{Digest, Md5};
use rusqlite::Connection;
use serde_json::Value as Raw;

use crate::db;
use crate::engine::describe::Resource;
use crate::error::Result;
use crate::identity::token;
use crate::router::RESOURCES;

/// What can have a barcode.
pub struct Kind {
    /// The model.
    pub model: &'static str,
    /// Its letters in short codes.
    letters: &'static str,
    /// Where the browser client shows one; empty if it does not.
    pub page: &'static str,
}

/// In the order in which a request that names several is understood.
pub static KINDS: &[Kind] = &[
    Kind { model: "build", letters: "BO", page: "manufacturing/build-order" },
    Kind { model: "manufacturerpart", letters: "MP", page: "" },
    Kind { model: "supplierpart", letters: "SP", page: "purchasing/supplier-part" },
    Kind { model: "purchaseorder", letters: "PO", page: "purchasing/purchase-order" },
    Kind { model: "returnorder", letters: "RO", page: "sales/return-order" },
    Kind { model: "salesorder", letters: "SO", page: "sales/sales-order" },
    Kind { model: "salesordershipment", letters: "SS", page: "" },
    Kind { model: "transferorder", letters: "TO", page: "stock/transfer-order" },
    Kind { model: "part", letters: "PA", page: "part" },
    Kind { model: "stockitem", letters: "SI", page: "stock/item" },
    Kind { model: "stocklocation", letters: "SL", page: "stock/location" },
];

impl Kind {
    /// The kind of this model.
    pub fn of(model: &str) -> Option<&'static Kind> {
        KINDS.iter().find(|kind| kind.model == model)
    }

    /// Its resource.
    pub fn resource(&self) -> Option<&'static Resource> {
        RESOURCES.iter().copied().find(|resource| resource.model == self.model && !resource.fields.is_empty())
    }

    fn has(&self, conn: &Connection, key: i64) -> Result<bool> {
        let Some(resource) = self.resource() else { return Ok(false) };
        Ok(db::one::<i64>(conn, &format!("SELECT 1 FROM \"{}\" WHERE id = ?1", resource.table), [key])?.is_some())
    }
}

/// A thing that a code stands for.
pub struct Match {
    /// What it is.
    pub kind: &'static Kind,
    /// Its key.
    pub key: i64,
}

/// The digest by which a linked text is found: MD5, in hexadecimal, of the text without blanks around it and control characters.
pub fn digest(text: &str) -> String {
    let clean: String = text.trim().chars().filter(|c| !c.is_control()).collect();
    token::hex(&Md5::digest(clean.as_bytes()))
}

/// How codes of ours begin in their short form.
fn prefix(conn: &Connection) -> Result<String> {
    let set: Option<String> = db::one(conn, "SELECT value FROM plugin_setting WHERE key = 'SHORT_BARCODE_PREFIX'", [])?;
    Ok(set.unwrap_or_else(|| "INV-".into()))
}

/// The code of a thing, in the form that the settings want.
///
/// # Errors
/// The database cannot be asked.
pub fn code_of(conn: &Connection, kind: &Kind, key: i64) -> Result<String> {
    let form: Option<String> = db::one(conn, "SELECT value FROM plugin_setting WHERE key = 'INTERNAL_BARCODE_FORMAT'", [])?;
    Ok(match form.as_deref() {
        Some("json") => format!("{{\"{}\": {key}}}", kind.model),
        _ => format!("{}{}{key}", prefix(conn)?, kind.letters),
    })
}

/// What a text stands for; nothing if no thing has it.
///
/// # Errors
/// The database cannot be asked.
pub fn find(conn: &Connection, text: &str) -> Result<Option<Match>> {
    if let Some(named) = own(text, &prefix(conn)?)
        && named.kind.has(conn, named.key)?
    {
        return Ok(Some(named));
    }
    let digest = digest(text);
    for kind in KINDS {
        let Some(resource) = kind.resource() else { continue };
        let sql = format!("SELECT id FROM \"{}\" WHERE barcode_hash = ?1 AND barcode_hash <> ''", resource.table);
        if let Some(key) = db::one(conn, &sql, [&digest])? {
            return Ok(Some(Match { kind, key }));
        }
    }
    Ok(None)
}

/// A code in one of our own two forms.
fn own(text: &str, prefix: &str) -> Option<Match> {
    let text = text.trim();
    if let Ok(Raw::Object(object)) = serde_json::from_str(text) {
        return KINDS.iter().find_map(|kind| {
            let value = object.get(kind.model)?;
            let key = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())?;
            Some(Match { kind, key })
        });
    }
    let rest = text.strip_prefix(prefix)?;
    let kind = KINDS.iter().find(|kind| rest.starts_with(kind.letters))?;
    let digits = rest.strip_prefix(kind.letters)?;
    let key = digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))?;
    Some(Match { kind, key })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_codes_are_read() {
        let read = |text| own(text, "INV-").map(|found| (found.kind.model, found.key));
        assert_eq!(read("INV-PA12"), Some(("part", 12)));
        assert_eq!(read(" INV-SI7 "), Some(("stockitem", 7)));
        assert_eq!(read("{\"stocklocation\": 3}"), Some(("stocklocation", 3)));
        assert_eq!(read("{\"part\": \"3\"}"), Some(("part", 3)));
        for text in ["inv-pa12", "INV-XX1", "INV-PA", "INV-PA1x", "INV-PA-1", "{\"company\": 1}", "{}", "[1]", "12", ""] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn digests_are_those_of_the_contract() {
        assert_eq!(digest("WORKSHOP-SCREW-M3"), "b362cc933f6ace37559e24808ba5b84d");
        assert_eq!(digest("  WORKSHOP-SCREW-M3\n"), digest("WORKSHOP-SCREW-M3"));
    }
}
