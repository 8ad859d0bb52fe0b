//! Icons: `pack:name:variant`, as the browser client and the phone app know them; `/api/icons/` names those that fit a stock room.

use crate::engine::call::{JSON, Reply, Verb};
use crate::engine::describe::*;
use crate::engine::write::Change;
use crate::error::Result;
use crate::identity::Access;
use crate::packed::{packed, unpack};

/// The address. The pack's fonts are the clients' own: none is served here.
pub static ENDPOINT: Endpoint = Endpoint {
    path: "api/icons/",
    access: Access::Anyone,
    title: "icons",
    operations: &["icons_list"],
    query: &[where_("limit", Reads::Int, ""), where_("offset", Reads::Int, "")],
    output: &[
        text("name", 0).required().label("Name"),
        text("prefix", 0).required().label("Prefix"),
        any("fonts").holds("{}").required().label("Fonts"),
        any("icons").holds("{}").required().label("Icons"),
    ],
    output_schema: "IconPackage",
    answers_list: true,
    verbs: &[(Verb::Get, |_| Ok(Reply::document(JSON, pack()?.into_bytes()).with("Cache-Control", "public, max-age=86400")))],
    ..Endpoint::BASE
};

/// Icons of the pack that clients have; names and code points are those of Tabler Icons.
fn pack() -> Result<String> {
    Ok(format!(r#"[{{"name":"Tabler Icons","prefix":"ti","fonts":{{}},"icons":{}}}]"#, unpack(packed!("icons.json"))?))
}

/// The packs that clients have.
const PACKS: &[&str] = &["ti"];

/// Refuses a new icon that no client could show.
pub fn check(change: &mut Change<'_>, field: &'static str) {
    let icon = change.text(field);
    if icon.is_empty() || !change.changes(field) {
        return;
    }
    let parts: Vec<&str> = icon.split(':').collect();
    match parts.as_slice() {
        [pack, name, variant] if PACKS.contains(pack) && !name.is_empty() && matches!(*variant, "outline" | "filled") => {}
        [_, _, _] => change.wrong(field, "There is no such icon."),
        _ => change.wrong(field, "An icon is written pack:name:variant, like ti:home:outline."),
    }
}
