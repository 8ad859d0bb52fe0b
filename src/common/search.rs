//! `POST /api/search/`: one text looked for in several kinds of things at once.

use serde_json::Value as Raw;

use crate::build::BUILD;
use crate::company::company::COMPANY;
use crate::company::manufacturer_part::MANUFACTURER_PART;
use crate::company::supplier_part::SUPPLIER_PART;
use crate::engine::call::{Call, Query, Reply, Verb};
use crate::engine::describe::*;
use crate::engine::json::Json;
use crate::engine::read;
use crate::error::{Error, Result, invalid_bare};
use crate::identity::Right;
use crate::order::{PURCHASE_ORDER, RETURN_ORDER, SALES_ORDER, SHIPMENT, TRANSFER_ORDER};
use crate::part::category::CATEGORY;
use crate::part::part::PART;
use crate::stock::item::ITEM;
use crate::stock::location::LOCATION;

/// A kind of thing that can be looked through: its name in the request, its list, and what is asked of the list in any case.
type Group = (&'static str, &'static Resource, &'static [(&'static str, &'static str)]);

/// In the order of the answer.
static GROUPS: &[Group] = &[
    ("build", &BUILD, &[]),
    ("company", &COMPANY, &[]),
    ("supplier", &COMPANY, &[("is_supplier", "true")]),
    ("manufacturer", &COMPANY, &[("is_manufacturer", "true")]),
    ("customer", &COMPANY, &[("is_customer", "true")]),
    ("manufacturerpart", &MANUFACTURER_PART, &[]),
    ("supplierpart", &SUPPLIER_PART, &[]),
    ("part", &PART, &[]),
    ("partcategory", &CATEGORY, &[]),
    ("purchaseorder", &PURCHASE_ORDER, &[]),
    ("salesorder", &SALES_ORDER, &[]),
    ("salesordershipment", &SHIPMENT, &[]),
    ("returnorder", &RETURN_ORDER, &[]),
    ("transferorder", &TRANSFER_ORDER, &[]),
    ("stockitem", &ITEM, &[]),
    ("stocklocation", &LOCATION, &[]),
];

/// The names of all groups.
pub fn names() -> impl Iterator<Item = &'static str> {
    GROUPS.iter().map(|group| group.0)
}

/// What a request may say of all groups.
const SHARED: [&str; 6] = ["search", "search_regex", "search_whole", "search_notes", "limit", "offset"];

/// The address.
pub static ENDPOINT: Endpoint = Endpoint {
    path: "api/search/",
    title: "search",
    statuses: &["200"],
    input: &[
        text("search", 0).required().says("Search", "What is looked for"),
        flag("search_regex").fill(Fill::Flag(false)).says("Regular expression", "Each word is a regular expression"),
        flag("search_whole").fill(Fill::Flag(false)).says("Whole words", "Find whole words only"),
        flag("search_notes").fill(Fill::Flag(false)).says("Notes", "Look into notes too"),
        int("limit").fill(Fill::Int(1)).says("Limit", "So many of each kind"),
        int("offset").fill(Fill::Int(0)).says("Offset", "After so many of each kind"),
    ],
    input_schema: "APISearchView",
    output_schema: "{}",
    verbs: &[(Verb::Post, search)],
    ..Endpoint::BASE
};

/// The text of a query parameter for a JSON value; none for null and for what no parameter can say.
fn parameter(value: &Raw) -> Option<String> {
    match value {
        Raw::String(text) => Some(text.clone()),
        Raw::Bool(_) | Raw::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

fn search(call: &Call) -> Result<Reply> {
    let Some(text) = call.content.raw("search").filter(|text| !text.is_null()) else {
        return invalid_bare("search", "A text to look for is expected here.");
    };
    if parameter(&text).is_none() {
        return invalid_bare("search", "A text is expected here.");
    }
    let shared: Vec<(String, String)> =
        SHARED.iter().filter_map(|name| Some(((*name).to_string(), parameter(&call.content.raw(name)?)?))).collect();
    let conn = call.db().read()?;
    // One snapshot for all kinds.
    let conn = conn.unchecked_transaction()?;
    let mut out = Json::new();
    out.open('{');
    for (name, resource, forced) in GROUPS {
        let Some(wanted) = call.content.raw(name) else { continue };
        let Raw::Object(wanted) = wanted else {
            return invalid_bare(name, "An object with filters is expected here.");
        };
        out.key(name);
        if !call.user.may(Right::View, resource) {
            problem(&mut out, "Your roles do not let you see these.");
            continue;
        }
        let mut pairs = vec![("limit".to_string(), "1".to_string())];
        pairs.extend(wanted.iter().filter_map(|(key, value)| Some((key.clone(), parameter(value)?))));
        pairs.extend(shared.iter().cloned());
        pairs.extend(forced.iter().map(|(key, value)| ((*key).to_string(), (*value).to_string())));
        let mut found = Json::new();
        match read::write_list(&call.asking(Query::of(pairs)), call, &conn, resource, &mut found) {
            Ok(()) => out.raw(&found.into_bytes()),
            Err(refused @ (Error::Invalid(_) | Error::Malformed(_) | Error::Refused(_))) => problem(&mut out, &refused.to_string()),
            Err(other) => return Err(other),
        }
    }
    out.close('}');
    Ok(Reply::json(200, out))
}

fn problem(out: &mut Json, text: &str) {
    out.open('{');
    out.key("error");
    out.text(text);
    out.close('}');
}
