//! `/api/company/part/`: parts as those who sell them name them. One supplier part of each part is its primary one.

use super::SUPPLY;
use super::company::{BRIEF as COMPANY_BRIEF, COMPANY};
use super::manufacturer_part::{BRIEF as MANUFACTURER_PART_BRIEF, MANUFACTURER_PART};
use super::price_break::BRIEF as PRICE_BREAK_BRIEF;
use crate::common::parameter::filter::BY_PARAMETER;
use crate::common::parameter::parameters_of;
use crate::common::tag::{self, tagged, tags_of};
use crate::common::unit;
use crate::db;
use crate::engine::describe::*;
use crate::engine::input::Value;
use crate::engine::write::Change;
use crate::error::Result;
use crate::part::part::{BRIEF as PART_BRIEF, PART};

/// Supplier parts.
pub static SUPPLIER_PART: Resource = Resource {
    schema: "SupplierPart",
    verbs: Verbs::ALL.and(Verbs::BULK_DELETE),
    fields: &[
        quantity("available").fill(Fill::Int(0)).says("Available", "How much the supplier has"),
        moment("availability_updated").null().fixed().says("Availability Updated", "When that was last heard"),
        DESCRIPTION,
        quantity("in_stock").null().joined(IN_STOCK).label("In Stock"),
        quantity("on_order").null().computed(ON_ORDER).label("On Order"),
        OWN[0],
        OWN[1],
        OWN[2],
        OWN[3],
        OWN[4],
        OWN[5],
        OWN[6],
        OWN[7],
        OWN[8],
        OWN[9],
        OWN[10],
        OWN[11],
        OWN[12],
        OWN[13],
        OWN[14],
        OWN[15],
        nested("manufacturer_detail", &COMPANY_BRIEF, MANUFACTURER).null().on("manufacturer_detail").label("Manufacturer"),
        nested("manufacturer_part_detail", &MANUFACTURER_PART_BRIEF, "t.manufacturer_part")
            .null()
            .on("manufacturer_part_detail")
            .label("Manufacturer Part"),
        parameters_of!("company.supplierpart").label("Parameters"),
        words("tags").kept_by(tags_of!("supplierpart"), tag::save).on("tags").label("Tags"),
        nested("supplier_detail", &COMPANY_BRIEF, "t.supplier").null().on("supplier_detail").label("Supplier"),
        text("pretty_name", 0).null().computed(PRETTY).on("pretty").label("Pretty Name"),
        many("price_breaks", &PRICE_BREAK_BRIEF, "SELECT id FROM supplier_price_break WHERE part = :id ORDER BY id")
            .null()
            .on("price_breaks")
            .label("Price Breaks"),
        nested("part_detail", &PART_BRIEF, "t.part").null().on("part_detail").label("Part"),
    ],
    filters: &[
        where_("supplier", Reads::Ref(&COMPANY), "t.supplier = ?"),
        where_("part", Reads::Ref(&PART), "t.part = ?"),
        where_("manufacturer_part", Reads::Ref(&MANUFACTURER_PART), "t.manufacturer_part = ?"),
        where_("SKU", Reads::Text, "t.\"SKU\" = ?"),
        where_("tags__name", Reads::Text, tagged!("supplierpart", "name")),
        where_("tags__slug", Reads::Text, tagged!("supplierpart", "slug")),
        is("active", "t.active = 1").common(),
        is("primary", "t.\"primary\" = 1"),
        is("part_active", "(SELECT p.active FROM part p WHERE p.id = t.part)").common(),
        is("supplier_active", "(SELECT c.active FROM company c WHERE c.id = t.supplier)").common(),
        where_("MPN", Reads::Text, "t.manufacturer_part IN (SELECT m.id FROM manufacturer_part m WHERE m.\"MPN\" = ? COLLATE NOCASE)"),
        where_("manufacturer", Reads::Ref(&COMPANY), BY_MANUFACTURER),
        where_("company", Reads::Ref(&COMPANY), BY_COMPANY),
        is("has_stock", "EXISTS (SELECT 1 FROM stock_item s WHERE s.supplier_part = t.id AND s.in_stock = 1)"),
        by("tags", Reads::Text, |asked, rows| tag::filter(asked, rows, "supplierpart")),
    ],
    search: &[
        own("supplier_part", &["SKU", "description"]).indexed(),
        via("manufacturer_part", &["MPN"], "SELECT id FROM supplier_part WHERE manufacturer_part IN ({})").indexed(),
        via(
            "company",
            &["name"],
            "SELECT s.id FROM supplier_part s JOIN manufacturer_part m ON m.id = s.manufacturer_part WHERE m.manufacturer IN ({})",
        ),
        via("part", &["IPN", "description", "keywords", "name"], "SELECT id FROM supplier_part WHERE part IN ({})").indexed(),
        via("company", &["name"], "SELECT id FROM supplier_part WHERE supplier IN ({})"),
        via("tag", &["name", "slug"], "SELECT model_id FROM tagged_item WHERE model_type = 'supplierpart' AND tag IN ({})"),
    ],
    order: &[
        order("part", &["(SELECT p.name FROM part p WHERE p.id = t.part)"]),
        order("supplier", &["(SELECT c.name FROM company c WHERE c.id = t.supplier)"]),
        order(
            "manufacturer",
            &["(SELECT c.name FROM manufacturer_part m JOIN company c ON c.id = m.manufacturer WHERE m.id = t.manufacturer_part)"],
        ),
        order("active", &["t.active"]),
        order("primary", &["t.\"primary\""]),
        order("IPN", &["(SELECT p.\"IPN\" FROM part p WHERE p.id = t.part)"]),
        order("MPN", &["(SELECT m.\"MPN\" FROM manufacturer_part m WHERE m.id = t.manufacturer_part)"]),
        order("SKU", &["t.\"SKU\""]),
        order("packaging", &["t.packaging"]),
        order("pack_quantity", &["t.pack_quantity_native", "t.pack_quantity"]),
        order("in_stock", &["(SELECT coalesce(sum(quantity), 0) FROM stock_item s WHERE s.supplier_part = t.id AND s.in_stock = 1)"]),
        order("updated", &["t.updated"]),
    ],
    list_flags: &[
        ("part_detail", false),
        ("supplier_detail", false),
        ("manufacturer_detail", false),
        ("manufacturer_part_detail", false),
        ("pretty", false),
    ],
    check: Some(check),
    families: BY_PARAMETER,
    metadata: true,
    ..BASE
};

const BASE: Resource = Resource {
    path: "company/part",
    model: "supplierpart",
    title: "supplier part",
    table: "supplier_part",
    roles: SUPPLY,
    exports: &[("part_detail", "name"), ("part_detail", "IPN"), ("supplier_detail", "name"), ("manufacturer_detail", "name")],
    ..Resource::BASE
};

const DESCRIPTION: Field = text("description", 250).null().blank().says("Description", "What the supplier says of it");

static OWN: &[Field] = &[
    url("link").null().blank().says("Link", "Web page of the supplier part"),
    flag("active").fill(Fill::Flag(true)).says("Active", "Can it still be bought?"),
    flag("primary").fill(Fill::Flag(false)).says("Primary", "Is it the first choice for its part?"),
    to("manufacturer_part", &MANUFACTURER_PART).null().alike("part").says("Manufacturer Part", "The same part at its manufacturer"),
    text("MPN", 0).null().computed("SELECT m.\"MPN\" FROM manufacturer_part m WHERE m.id = t.manufacturer_part").label("MPN"),
    text("note", 100).null().blank().says("Note", "A remark"),
    pk(),
    text("barcode_hash", 128).fixed().says("Barcode Hash", "Digest of the linked barcode"),
    text("packaging", 50).null().blank().says("Packaging", "How it comes"),
    text("pack_quantity", 25).blank().says("Pack Quantity", "How much one pack holds"),
    quantity("pack_quantity_native").fixed().fill(Fill::Int(1)),
    to("part", &PART).required().only(&[("purchaseable", true)]).says("Base Part", "Which part it is"),
    text("SKU", 100).required().says("SKU", "Number by which the supplier keeps it"),
    to("supplier", &COMPANY).required().only(&[("is_supplier", true)]).says("Supplier", "Who sells it"),
    moment("updated").null().fixed().says("Updated", "When it was last changed"),
    prose("notes", 50_000).null().blank().says("Notes", "Notes in Markdown"),
];

/// A supplier part inside another object.
pub static BRIEF: Resource = Resource {
    schema: "SupplierPart",
    fields: &[
        DESCRIPTION,
        quantity("in_stock").null().joined(IN_STOCK).label("In Stock"),
        OWN[0],
        OWN[1],
        OWN[2],
        OWN[3],
        OWN[4],
        OWN[5],
        OWN[6],
        OWN[7],
        OWN[8],
        OWN[9],
        OWN[10],
        OWN[11],
        OWN[12],
        OWN[13],
        OWN[14],
        OWN[15],
    ],
    ..BASE
};

const IN_STOCK: &str = "SELECT coalesce(sum(quantity), 0) FROM stock_item s WHERE s.supplier_part = t.id AND s.in_stock = 1";
const ON_ORDER: &str = "SELECT coalesce(sum(l.quantity - l.received), 0) FROM purchase_order_line l \
    JOIN purchase_order o ON o.id = l.\"order\" AND o.status IN (10, 20, 25) WHERE l.part = t.id AND l.quantity > l.received";
const MANUFACTURER: &str = "SELECT m.manufacturer FROM manufacturer_part m WHERE m.id = t.manufacturer_part";
const PRETTY: &str = "SELECT iif(coalesce(p.\"IPN\", '') = '', '', p.\"IPN\" || ' | ') || c.name || ' | ' || t.\"SKU\" || coalesce( \
    (SELECT ' | ' || k.name || ' | ' || m.\"MPN\" FROM manufacturer_part m JOIN company k ON k.id = m.manufacturer WHERE m.id = t.manufacturer_part), '') \
    FROM part p, company c WHERE p.id = t.part AND c.id = t.supplier";
const BY_MANUFACTURER: &str = "t.manufacturer_part IN (SELECT m.id FROM manufacturer_part m WHERE m.manufacturer = ?)";
const BY_COMPANY: &str = "t.supplier = ? OR t.manufacturer_part IN (SELECT m.id FROM manufacturer_part m WHERE m.manufacturer = ?)";

fn check(change: &mut Change<'_>) -> Result<()> {
    change.set("updated", Value::Int(change.tx.now));
    if change.new.sent("available") {
        change.set("availability_updated", Value::Int(change.tx.now));
    }
    link(change)?;
    pack(change)?;
    primary(change)
}

/// The manufacturer part is of the same part. A creation may name it by the manufacturer's name and number instead of its key.
fn link(change: &mut Change<'_>) -> Result<()> {
    let Some(part) = change.int("part") else { return Ok(()) };
    let word = |name| change.call.content.raw(name).and_then(|v| v.as_str().map(String::from));
    if change.creates()
        && change.int("manufacturer_part").is_none()
        && let (Some(manufacturer), Some(number)) = (word("manufacturer"), word("MPN"))
    {
        let found: Option<i64> = db::one(
            change.tx,
            "SELECT m.id FROM manufacturer_part m JOIN company c ON c.id = m.manufacturer WHERE m.part = ?1 AND c.name = ?2 AND m.\"MPN\" = ?3",
            (part, manufacturer, number),
        )?;
        if let Some(found) = found {
            change.set("manufacturer_part", Value::Int(found));
        }
    }
    if let Some(made) = change.int("manufacturer_part")
        && db::one::<i64>(change.tx, "SELECT 1 FROM manufacturer_part WHERE id = ?1 AND part = ?2", [made, part])?.is_none()
    {
        change.wrong("manufacturer_part", "The manufacturer part is of another part.");
    }
    Ok(())
}

/// What one pack holds, in the part's units.
fn pack(change: &mut Change<'_>) -> Result<()> {
    if change.creates() && change.text("pack_quantity").is_empty()
        || change.new.sent("pack_quantity") && change.text("pack_quantity").is_empty()
    {
        change.set("pack_quantity", Value::Text("1".into()));
    }
    if !change.changes("pack_quantity") && !change.changes("part") {
        return Ok(());
    }
    let units: String = match change.int("part") {
        Some(part) => db::one(change.tx, "SELECT coalesce(units, '') FROM part WHERE id = ?1", [part])?.unwrap_or_default(),
        None => String::new(),
    };
    match unit::number_in(change.tx, &change.text("pack_quantity"), &units)?.map(|n| n.millionths()) {
        Ok(Some(native)) if native > 0 => change.set("pack_quantity_native", Value::Int(native)),
        Ok(Some(_)) => change.wrong("pack_quantity", "A pack holds more than nothing."),
        Ok(None) => change.wrong("pack_quantity", "This is more than any pack holds."),
        Err(why) => change.wrong("pack_quantity", why),
    }
    Ok(())
}

/// The only supplier part of a part is its primary one, and there is never more than one.
fn primary(change: &mut Change<'_>) -> Result<()> {
    let Some(part) = change.int("part") else { return Ok(()) };
    let other: Option<i64> = db::one(change.tx, "SELECT 1 FROM supplier_part WHERE part = ?1 AND id IS NOT ?2 LIMIT 1", (part, change.id))?;
    if other.is_none() {
        change.set("primary", Value::Flag(true));
    }
    if change.flag("primary") {
        db::run(
            change.tx,
            "UPDATE supplier_part SET \"primary\" = 0 WHERE part = ?1 AND \"primary\" = 1 AND id IS NOT ?2",
            (part, change.id),
        )?;
    }
    Ok(())
}
