//! `/api/company/address/`: where companies are. One address of each is its primary one.

use super::TRADE;
use super::company::COMPANY;
use crate::db;
use crate::engine::describe::*;
use crate::engine::input::Value;
use crate::engine::write::Change;
use crate::error::Result;

/// Addresses.
pub static ADDRESS: Resource = Resource {
    schema: "Address",
    verbs: Verbs::ALL.and(Verbs::BULK_DELETE),
    fields: &[
        pk(),
        to("company", &COMPANY).required().says("Company", "Whose address it is"),
        text("title", 100).required().says("Address title", "What to call the address"),
        flag("primary").fill(Fill::Flag(false)).says("Primary address", "Is it the one to use where nobody chooses?"),
        LINES[0],
        LINES[1],
        LINES[2],
        LINES[3],
        LINES[4],
        LINES[5],
        LINES[6],
        LINES[7],
        url("link").blank().says("Link", "Web page about the address"),
    ],
    filters: &[where_("company", Reads::Ref(&COMPANY), "t.company = ?")],
    order: &[order("title", &["t.title"])],
    sort: order("", &["t.title"]),
    check: Some(check),
    metadata: true,
    ..BASE
};

const BASE: Resource =
    Resource { path: "company/address", model: "address", title: "address", table: "address", roles: TRADE, ..Resource::BASE };

static LINES: &[Field] = &[
    text("line1", 50).blank().says("Line 1", "First line of the address"),
    text("line2", 50).blank().says("Line 2", "Second line of the address"),
    text("postal_code", 10).blank().says("Postal code", "Code by which the post sorts"),
    text("postal_city", 50).blank().says("City/Region", "Town, or region"),
    text("province", 50).blank().says("State/Province", "Part of the country"),
    text("country", 50).blank().says("Country", "Name of the country"),
    text("shipping_notes", 100).blank().says("Courier shipping notes", "What the courier should know"),
    text("internal_shipping_notes", 100).blank().says("Internal shipping notes", "What only our own people should know"),
];

/// An address inside another object.
pub static BRIEF: Resource = Resource {
    schema: "AddressBrief",
    fields: &[pk(), LINES[0], LINES[1], LINES[2], LINES[3], LINES[4], LINES[5], LINES[6], LINES[7]],
    ..BASE
};

/// The only address of a company is its primary one.
fn check(change: &mut Change<'_>) -> Result<()> {
    let Some(company) = change.int("company") else { return Ok(()) };
    let other: Option<i64> = db::one(change.tx, "SELECT 1 FROM address WHERE company = ?1 AND id IS NOT ?2 LIMIT 1", (company, change.id))?;
    if other.is_none() {
        change.set("primary", Value::Flag(true));
    }
    // A company has one primary address at most; the newest word counts.
    if change.flag("primary") {
        db::run(
            change.tx,
            "UPDATE address SET \"primary\" = 0 WHERE company = ?1 AND \"primary\" = 1 AND id IS NOT ?2",
            (company, change.id),
        )?;
    }
    Ok(())
}
