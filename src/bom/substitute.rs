//! `/api/bom/substitute/`: parts that may take the place of the one that a line names.

use super::item::{BOM_ITEM, ROLES};
use crate::db;
use crate::engine::describe::*;
use crate::engine::write::Change;
use crate::error::{Result, WHOLE};
use crate::part::part::{BRIEF as PART_BRIEF, PART};

/// Substitutes.
pub static SUBSTITUTE: Resource = Resource {
    path: "bom/substitute",
    model: "bomitemsubstitute",
    schema: "BomItemSubstitute",
    title: "BOM substitute",
    table: "bom_substitute",
    roles: ROLES,
    verbs: Verbs::ALL,
    fields: &[
        pk(),
        to("bom_item", &BOM_ITEM).required().says("BOM Item", "The line"),
        to("part", &PART).required().only(&[("component", true)]).says("Part", "What may take the place"),
        nested("part_detail", &PART_BRIEF, "t.part").label("Part detail"),
    ],
    filters: &[where_("part", Reads::Ref(&PART), "t.part = ?"), where_("bom_item", Reads::Ref(&BOM_ITEM), "t.bom_item = ?")],
    check: Some(check),
    metadata: true,
    ..Resource::BASE
};

fn check(change: &mut Change<'_>) -> Result<()> {
    let (Some(line), Some(part)) = (change.int("bom_item"), change.int("part")) else { return Ok(()) };
    if db::one::<i64>(change.tx, "SELECT sub_part FROM bom_item WHERE id = ?1", [line])? == Some(part) {
        change.wrong("part", "This is the part that the line names anyway.");
    }
    let sql = "SELECT 1 FROM bom_substitute WHERE bom_item = ?1 AND part = ?2 AND id IS NOT ?3";
    if db::one::<i64>(change.tx, sql, (line, part, change.id))?.is_some() {
        change.wrong(WHOLE, "The line has this substitute already.");
    }
    let assembly: Option<i64> = db::one(change.tx, "SELECT part FROM bom_item WHERE id = ?1", [line])?;
    if let Some(assembly) = assembly
        && super::tree::closes_a_loop(change.tx, assembly, part)?
    {
        change.wrong("part", "The assembly would be a part of itself.");
    }
    Ok(())
}
