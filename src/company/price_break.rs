//! `/api/company/price-break/`: prices of supplier parts by quantity.

use super::company::{BRIEF as COMPANY_BRIEF, COMPANY};
use super::supplier_part::{BRIEF as SUPPLIER_PART_BRIEF, SUPPLIER_PART};
use crate::common::{price_break, setting};
use crate::db;
use crate::engine::describe::*;
use crate::engine::input::Value;
use crate::engine::write::Change;
use crate::error::Result;
use crate::identity::Role;
use crate::part::part::PART;
use crate::part::pricing;

/// Prices.
pub static PRICE_BREAK: Resource = Resource {
    schema: "SupplierPriceBreak",
    verbs: Verbs::ALL,
    fields: &[
        pk(),
        OWN[0],
        OWN[1],
        OWN[2],
        OWN[3],
        OWN[4],
        OWN[5],
        nested("part_detail", &SUPPLIER_PART_BRIEF, "t.part").null().on("part_detail").label("Part detail"),
        nested("supplier_detail", &COMPANY_BRIEF, SUPPLIER).null().on("supplier_detail").label("Supplier detail"),
    ],
    filters: &[
        where_("part", Reads::Ref(&SUPPLIER_PART), "t.part = ?"),
        where_("quantity", Reads::Number, "t.quantity = ?"),
        where_("base_part", Reads::Ref(&PART), "t.part IN (SELECT s.id FROM supplier_part s WHERE s.part = ?)"),
        where_("supplier", Reads::Ref(&COMPANY), "t.part IN (SELECT s.id FROM supplier_part s WHERE s.supplier = ?)"),
    ],
    search: &[
        via("supplier_part", &["SKU"], "SELECT id FROM supplier_price_break WHERE part IN ({})").indexed(),
        via("company", &["name"], "SELECT b.id FROM supplier_price_break b JOIN supplier_part s ON s.id = b.part WHERE s.supplier IN ({})"),
    ],
    order: &[
        order("quantity", &["t.quantity"]),
        order("supplier", &["(SELECT c.name FROM supplier_part s JOIN company c ON c.id = s.supplier WHERE s.id = t.part)"]),
        order("SKU", &["(SELECT s.\"SKU\" FROM supplier_part s WHERE s.id = t.part)"]),
        order("price", &["t.price"]),
    ],
    sort: order("", &["t.quantity"]),
    list_flags: &[("part_detail", false), ("supplier_detail", false)],
    saved: Some(|change| {
        let part: Option<i64> = db::one(change.tx, "SELECT part FROM supplier_part WHERE id = ?1", [change.int("part")])?;
        part.map_or(Ok(()), |part| pricing::changed(change.tx, part))
    }),
    check: Some(check),
    metadata: true,
    ..BASE
};

const BASE: Resource = Resource {
    path: "company/price-break",
    model: "supplierpricebreak",
    title: "supplier price break",
    table: "supplier_price_break",
    roles: &[Role::PURCHASE_ORDER],
    ..Resource::BASE
};

const SUPPLIER: &str = "SELECT s.supplier FROM supplier_part s WHERE s.id = t.part";

static OWN: &[Field] = &[
    to("part", &SUPPLIER_PART).required().label("Part"),
    quantity("quantity").required().fill(Fill::Int(1)).says("Quantity", "From this quantity on"),
    money("price").required().null().wanted().says("Price", "Price of one at this quantity"),
    choice("price_currency", Choices::By(setting::currencies))
        .fill(Fill::By(setting::default_currency))
        .says("Currency", "Currency of the price"),
    int("supplier").computed(SUPPLIER).plain().label("Supplier"),
    moment("updated").null().fixed().says("Updated", "When it was last changed"),
];

/// A price inside a supplier part.
pub static BRIEF: Resource =
    Resource { schema: "SupplierPriceBreakBrief", fields: &[pk(), OWN[0], OWN[1], OWN[2], OWN[3], OWN[4], OWN[5]], ..BASE };

fn check(change: &mut Change<'_>) -> Result<()> {
    change.set("updated", Value::Int(change.tx.now));
    price_break::check(change);
    Ok(())
}
