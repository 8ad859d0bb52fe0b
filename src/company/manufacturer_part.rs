//! `/api/company/part/manufacturer/`: parts as those who make them name them.

use super::SUPPLY;
use super::company::{BRIEF as COMPANY_BRIEF, COMPANY};
use crate::common::parameter::filter::BY_PARAMETER;
use crate::common::parameter::parameters_of;
use crate::common::tag::{self, tagged, tags_of};
use crate::db;
use crate::engine::describe::*;
use crate::engine::write::Change;
use crate::error::Result;
use crate::part::part::{BRIEF as PART_BRIEF, PART};

/// Manufacturer parts.
pub static MANUFACTURER_PART: Resource = Resource {
    schema: "ManufacturerPart",
    verbs: Verbs::ALL.and(Verbs::BULK_DELETE),
    fields: &[
        pk(),
        OWN[0],
        OWN[1],
        OWN[2],
        OWN[3],
        OWN[4],
        OWN[5],
        OWN[6],
        MADE_BY,
        words("tags").kept_by(tags_of!("manufacturerpart"), tag::save).on("tags").label("Tags"),
        // The contract has the field, and null in it.
        text("pretty_name", 0).null().computed("NULL").on("pretty").label("Pretty name"),
        parameters_of!("company.manufacturerpart").label("Parameters"),
        nested("part_detail", &PART_BRIEF, "t.part").null().unless_off("part_detail").label("Part detail"),
    ],
    filters: &[
        where_("manufacturer", Reads::Ref(&COMPANY), "t.manufacturer = ?"),
        where_("MPN", Reads::Text, "t.\"MPN\" = ?"),
        where_("part", Reads::Ref(&PART), "t.part = ?"),
        where_("tags__name", Reads::Text, tagged!("manufacturerpart", "name")),
        where_("tags__slug", Reads::Text, tagged!("manufacturerpart", "slug")),
        is("part_active", "(SELECT p.active FROM part p WHERE p.id = t.part)"),
        is("manufacturer_active", "(SELECT c.active FROM company c WHERE c.id = t.manufacturer)"),
        by("tags", Reads::Text, |asked, rows| tag::filter(asked, rows, "manufacturerpart")),
    ],
    search: &[
        own("manufacturer_part", &["MPN", "description"]).indexed(),
        via("company", &["name"], "SELECT id FROM manufacturer_part WHERE manufacturer IN ({})"),
        via("part", &["IPN", "description", "name"], "SELECT id FROM manufacturer_part WHERE part IN ({})").indexed(),
        via("tag", &["name", "slug"], "SELECT model_id FROM tagged_item WHERE model_type = 'manufacturerpart' AND tag IN ({})"),
    ],
    order: &[
        order("part", &["(SELECT p.name FROM part p WHERE p.id = t.part)"]),
        order("IPN", &["(SELECT p.\"IPN\" FROM part p WHERE p.id = t.part)"]),
        order("MPN", &["t.\"MPN\""]),
        order("manufacturer", &["(SELECT c.name FROM company c WHERE c.id = t.manufacturer)"]),
    ],
    list_flags: &[("part_detail", false), ("manufacturer_detail", false), ("pretty", false)],
    check: Some(check),
    families: BY_PARAMETER,
    metadata: true,
    ..BASE
};

const BASE: Resource = Resource {
    path: "company/part/manufacturer",
    model: "manufacturerpart",
    title: "manufacturer part",
    table: "manufacturer_part",
    roles: SUPPLY,
    ..Resource::BASE
};

static OWN: &[Field] = &[
    to("part", &PART).required().only(&[("purchaseable", true)]).says("Base Part", "Which part it is"),
    to("manufacturer", &COMPANY).required().only(&[("is_manufacturer", true)]).says("Manufacturer", "Who makes it"),
    text("description", 250).null().blank().says("Description", "What the manufacturer says of it"),
    text("MPN", 100).null().fill(Fill::Null).wanted().says("MPN", "Number by which the manufacturer keeps it"),
    url("link").null().blank().says("Link", "Web page of the manufacturer part"),
    text("barcode_hash", 128).blank().says("Barcode Hash", "Digest of the linked barcode"),
    prose("notes", 50_000).null().blank().detail_only().says("Notes", "Notes in Markdown"),
];

static MADE_BY: Field =
    nested("manufacturer_detail", &COMPANY_BRIEF, "t.manufacturer").null().unless_off("manufacturer_detail").label("Manufacturer detail");

/// A manufacturer part inside another object.
pub static BRIEF: Resource =
    Resource { schema: "ManufacturerPart", fields: &[pk(), OWN[0], OWN[1], OWN[2], OWN[3], OWN[4], OWN[5], OWN[6], MADE_BY], ..BASE };

fn check(change: &mut Change<'_>) -> Result<()> {
    if change.changes("part")
        && let (Some(id), Some(part)) = (change.id, change.int("part"))
        && db::one::<i64>(change.tx, "SELECT 1 FROM supplier_part WHERE manufacturer_part = ?1 AND part <> ?2 LIMIT 1", [id, part])?
            .is_some()
    {
        change.wrong("part", "Supplier parts of another part refer to this one.");
    }
    Ok(())
}
