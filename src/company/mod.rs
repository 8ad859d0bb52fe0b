//! Companies and what they sell: so far as stock and parts show it.

use crate::engine::describe::*;
use crate::identity::Role;
use crate::part::part::PART;

/// Who owns or orders or delivers.
pub const TRADE: &[Role] = &[Role::PURCHASE_ORDER, Role::SALES_ORDER, Role::RETURN_ORDER];

/// Companies.
pub static COMPANY: Resource =
    Resource { path: "company", model: "company", schema: "Company", title: "company", table: "company", roles: TRADE, ..Resource::BASE };

/// Parts as a manufacturer names them.
pub static MANUFACTURER_PART: Resource = Resource {
    path: "company/part/manufacturer",
    model: "manufacturerpart",
    schema: "ManufacturerPart",
    title: "manufacturer part",
    table: "manufacturer_part",
    roles: &[Role::PART, Role::PURCHASE_ORDER],
    ..Resource::BASE
};

/// Parts as a supplier sells them.
pub static SUPPLIER_PART: Resource = Resource {
    path: "company/part",
    model: "supplierpart",
    schema: "SupplierPart",
    title: "supplier part",
    table: "supplier_part",
    roles: &[Role::PART, Role::PURCHASE_ORDER],
    fields: &[
        text("description", 250).null().blank().says("Description", "What the supplier says of it"),
        quantity("in_stock")
            .null()
            .joined("SELECT sum(quantity) FROM stock_item s WHERE s.supplier_part = t.id AND s.in_stock = 1")
            .label("In Stock"),
        url("link").null().blank().says("Link", "Web page of the supplier part"),
        flag("active").fill(Fill::Flag(true)).says("Active", "Can it still be bought?"),
        flag("primary").fill(Fill::Flag(false)).says("Primary", "Is it the first choice for its part?"),
        to("manufacturer_part", &MANUFACTURER_PART).null().says("Manufacturer Part", "The same part at its manufacturer"),
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
    ],
    ..Resource::BASE
};
