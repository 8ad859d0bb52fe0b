//! `/api/part/related/`: parts that have to do with each other. A pair stands once, in either order.

use super::part::PART;
use crate::db;
use crate::engine::describe::*;
use crate::engine::write::Change;
use crate::error::{Result, WHOLE};
use crate::identity::Role;

/// Pairs of parts.
pub static RELATED: Resource = Resource {
    path: "part/related",
    model: "partrelated",
    schema: "PartRelation",
    title: "relation of parts",
    table: "part_related",
    roles: &[Role::PART],
    verbs: Verbs::ALL,
    fields: &[
        pk(),
        to("part_1", &PART).required().label("Part 1"),
        nested("part_1_detail", &PART, "t.part_1").label("Part 1 detail"),
        to("part_2", &PART).required().says("Part 2", "The part that goes with it"),
        nested("part_2_detail", &PART, "t.part_2").label("Part 2 detail"),
        text("note", 500).blank().says("Note", "How they belong together"),
    ],
    filters: &[
        where_("part_1", Reads::Ref(&PART), "t.part_1 = ?"),
        where_("part_2", Reads::Ref(&PART), "t.part_2 = ?"),
        where_("part", Reads::Ref(&PART), "t.part_1 = ? OR t.part_2 = ?"),
    ],
    search: &[
        via("part", &["name"], "SELECT id FROM part_related WHERE part_1 IN ({})").indexed(),
        via("part", &["name"], "SELECT id FROM part_related WHERE part_2 IN ({})").indexed(),
    ],
    order: &[order("pk", &["t.id"]), order("part_1", &["t.part_1"]), order("part_2", &["t.part_2"]), order("note", &["t.note"])],
    check: Some(check),
    metadata: true,
    ..Resource::BASE
};

fn check(change: &mut Change<'_>) -> Result<()> {
    let (Some(one), Some(two)) = (change.int("part_1"), change.int("part_2")) else { return Ok(()) };
    if one == two {
        change.wrong(WHOLE, "A part is not related to itself.");
    }
    let twin: Option<i64> = db::one(
        change.tx,
        "SELECT 1 FROM part_related WHERE (part_1 = ?1 AND part_2 = ?2 OR part_1 = ?2 AND part_2 = ?1) AND id IS NOT ?3",
        (one, two, change.id),
    )?;
    if twin.is_some() {
        change.wrong(WHOLE, "These parts are related already.");
    }
    Ok(())
}
