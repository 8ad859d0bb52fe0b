//! Icons: `pack:name:variant`, as the browser client and the phone app know them.

use crate::engine::write::Change;

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
