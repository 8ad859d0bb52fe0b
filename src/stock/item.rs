//! `/api/stock/`: items, each a quantity of one part at one place.

use super::location::{BRIEF as LOCATION_BRIEF, STEPS};
use super::test::RESULT;
use crate::build::BUILD;
use crate::common::tag::{self, tags_of};
use crate::common::{generate, setting, status};
use crate::company::company::COMPANY;
use crate::company::supplier_part::{BRIEF as SUPPLIER_PART_BRIEF, SUPPLIER_PART};
use crate::engine::describe::*;
use crate::engine::tree::Tree;
use crate::identity::Role;
use crate::order::{PURCHASE_ORDER, SALES_ORDER};
use crate::part::part::{BRIEF as PART_BRIEF, PART};
use crate::stock::location::LOCATION;
use crate::users::owner::OWNER;

/// The class of states that stock has.
pub const STATES: &str = "StockStatus";
/// Roles that open stock.
pub const ROLES: &[Role] = &[Role::BUILD, Role::STOCK];

/// Stock items.
pub static ITEM: Resource = Resource {
    path: "stock",
    model: "stockitem",
    schema: "StockItem",
    creates_several: true,
    title: "stock item",
    table: "stock_item",
    roles: ROLES,
    verbs: Verbs::ALL.and(Verbs::BULK_UPDATE).and(Verbs::BULK_DELETE),
    fields: &[
        pk(),
        to("part", &PART).required().only(&[("virtual", false)]).says("Part", "What it is"),
        quantity("quantity").required().fill(Fill::Int(1)).label("Stock Quantity"),
        text("serial", 100).null().blank().says("Serial Number", "Serial number of this item"),
        text("batch", 100).null().blank().fill(Fill::By(generate::batch_by_default)).says("Batch Code", "Batch that the stock belongs to"),
        to("location", &LOCATION).null().says("Stock Location", "Where it lies"),
        to("belongs_to", &ITEM).null().says("Installed In", "The item that it is built into"),
        to("build", &BUILD).null().says("Source Build", "The build that made it"),
        to("consumed_by", &BUILD).null().says("Consumed By", "The build that used it up"),
        to("customer", &COMPANY).null().only(&[("is_customer", true)]).says("Customer", "Who has it"),
        flag("delete_on_deplete")
            .fill(Fill::Setting("STOCK_DELETE_DEPLETED_DEFAULT"))
            .says("Delete on deplete", "Delete the item when nothing is left"),
        date("expiry_date").null().says("Expiry Date", "Until when it is good"),
        flag("in_stock").fixed().label("In Stock"),
        flag("is_building").fill(Fill::Flag(false)).label("Is building"),
        url("link").blank().says("External Link", "Web page about the item"),
        prose("notes", 50_000).null().blank().says("Notes", "Notes in Markdown"),
        to("owner", &OWNER).null().says("Owner", "Who looks after it"),
        text("packaging", 50).null().blank().says("Packaging", "How it is packed"),
        to("parent", &ITEM).null().fixed().plain().outside_tree().says("Parent Item", "The item that it was taken from"),
        to("purchase_order", &PURCHASE_ORDER).null().says("Source Purchase Order", "The order that brought it"),
        text("purchase_order_reference", 0).null().computed("SELECT o.reference FROM purchase_order o WHERE o.id = t.purchase_order"),
        to("sales_order", &SALES_ORDER).null().label("Destination Sales Order"),
        text("sales_order_reference", 0).null().computed("SELECT o.reference FROM sales_order o WHERE o.id = t.sales_order"),
        choice("status", Choices::By(|conn| status::choices(conn, STATES))).fill(Fill::Int(10)).label("Status"),
        text("status_text", 0).computed(STATUS_TEXT).plain(),
        choice("status_custom_key", Choices::By(|conn| status::choices(conn, STATES)))
            .null()
            .fill(Fill::Null)
            .read_as("coalesce(t.status_custom_key, t.status)")
            .says("Custom status key", "State in detail"),
        to("supplier_part", &SUPPLIER_PART).null().says("Supplier Part", "As what it was bought"),
        text("SKU", 0).null().computed("SELECT p.\"SKU\" FROM supplier_part p WHERE p.id = t.supplier_part").label("Supplier Part Number"),
        text("MPN", 0).null().computed(MPN).label("Manufacturer Part Number"),
        text("barcode_hash", 128).fixed().says("Barcode Hash", "Digest of the linked barcode"),
        moment("creation_date").null().fixed().says("Creation Date", "When the item was made"),
        date("stocktake_date").null().fixed(),
        moment("updated").null().fixed().says("Updated", "When it was last changed"),
        money("purchase_price").null().says("Purchase Price", "What one cost"),
        choice("purchase_price_currency", Choices::By(setting::currencies))
            .fill(Fill::By(setting::default_currency))
            .says("Currency", "Currency of the purchase price"),
        flag("use_pack_size").null().request().secret().says("Use pack size", "The quantity is a number of packs"),
        text("serial_numbers", 0).null().blank().says_not_blank().request().secret().says("Serial numbers", "Serial numbers of new items"),
        quantity("allocated").null().joined(ALLOCATED).label("Allocated Quantity"),
        flag("expired").null().joined(EXPIRED).label("Expired"),
        int("installed_items").null().joined("SELECT count(*) FROM stock_item i WHERE i.belongs_to = t.id").label("Installed Items"),
        int("child_items").null().joined("SELECT count(*) FROM stock_item i WHERE i.parent = t.id").label("Child Items"),
        flag("stale").null().joined(STALE).label("Stale"),
        int("tracking_items").null().joined("SELECT count(*) FROM stock_tracking k WHERE k.item = t.id").label("Tracking Items"),
        nested("part_detail", &PART_BRIEF, "t.part").null().unless_off("part_detail").label("Part"),
        json("location_path", PATH, STEPS).holds("TreePath").null().on("path_detail").tells_of(&LOCATION),
        nested("location_detail", &LOCATION_BRIEF, "t.location").null().on("location_detail").label("Location"),
        words("tags").kept_by(tags_of!("stockitem"), tag::save).on("tags").label("Tags"),
        many("tests", &RESULT, "SELECT id FROM stock_test_result WHERE stock_item = :id ORDER BY date").null().on("tests").label("Tests"),
        nested("supplier_part_detail", &SUPPLIER_PART_BRIEF, "t.supplier_part").null().on("supplier_part_detail").label("Supplier Part"),
    ],
    filters: super::filter::FILTERS,
    search: &[
        own("stock_item", &["batch", "serial"]).indexed(),
        via("stock_location", &["name"], "SELECT id FROM stock_item WHERE location IN ({})"),
        via("part", &["name", "IPN", "description"], "SELECT id FROM stock_item WHERE part IN ({})").indexed(),
        via("supplier_part", &["SKU"], "SELECT id FROM stock_item WHERE supplier_part IN ({})").indexed(),
        via(
            "manufacturer_part",
            &["MPN"],
            "SELECT s.id FROM stock_item s JOIN supplier_part p ON p.id = s.supplier_part WHERE p.manufacturer_part IN ({})",
        )
        .indexed(),
        via("company", &["name"], BY_COMPANY),
        via("tag", &["name", "slug"], "SELECT model_id FROM tagged_item WHERE model_type = 'stockitem' AND tag IN ({})"),
    ],
    order: super::filter::ORDER,
    sort: Order { name: "", sql: &["p.name", "t.quantity", "t.location"], join: super::filter::WITH_PART, walk: super::filter::BY_PART },
    list_flags: &[("part_detail", true)],
    counted: true,
    check: Some(super::rules::check),
    saved: Some(super::rules::saved),
    remove: Some(super::rules::remove),
    create: Some(super::rules::create),
    actions: super::action::ACTIONS,
    metadata: true,
    exports: &[
        ("part_detail", "name"),
        ("part_detail", "IPN"),
        ("part_detail", "description"),
        ("part_detail", "revision"),
        ("location_detail", "name"),
        ("location_detail", "pathstring"),
        ("supplier_part_detail", "SKU"),
        ("supplier_part_detail", "MPN"),
    ],
    ..Resource::BASE
};

/// How the table spells the tree of items that were split from others; it is small and kept without a key.
pub static TREE: Tree = Tree { table: "stock_item", parent: "parent", named: false };

const STATUS_TEXT: &str = "coalesce((SELECT c.label FROM custom_state c WHERE c.reference_status = 'StockStatus' AND c.key = t.status_custom_key), \
    CASE t.status WHEN 10 THEN 'OK' WHEN 50 THEN 'Attention needed' WHEN 55 THEN 'Damaged' WHEN 60 THEN 'Destroyed' WHEN 65 THEN 'Rejected' \
    WHEN 70 THEN 'Lost' WHEN 75 THEN 'Quarantined' WHEN 85 THEN 'Returned' END)";
const MPN: &str =
    "SELECT m.\"MPN\" FROM supplier_part p JOIN manufacturer_part m ON m.id = p.manufacturer_part WHERE p.id = t.supplier_part";
const ALLOCATED: &str = "(SELECT total(a.quantity) FROM build_item a WHERE a.stock_item = t.id) \
    + (SELECT total(a.quantity) FROM sales_order_allocation a WHERE a.item = t.id)";
const EXPIRED: &str = "t.in_stock = 1 AND t.expiry_date IS NOT NULL AND t.expiry_date < :today";
const STALE: &str = "t.in_stock = 1 AND t.expiry_date IS NOT NULL AND t.expiry_date < \
    date(:today, (SELECT value FROM setting WHERE key = 'STOCK_STALE_DAYS') || ' days')";
const PATH: &str = "WITH RECURSIVE up (id, parent, name, level, icon, kind) AS (SELECT p.id, p.parent, p.name, p.level, p.custom_icon, p.location_type \
    FROM stock_location p WHERE p.id = t.location \
    UNION ALL SELECT p.id, p.parent, p.name, p.level, p.custom_icon, p.location_type FROM stock_location p JOIN up ON p.id = up.parent) \
    SELECT iif(count(*) = 0, NULL, json_group_array(json_object('pk', id, 'name', name, 'icon', icon))) FROM (SELECT up.id, up.name, coalesce(nullif(up.icon, ''), \
    (SELECT nullif(y.icon, '') FROM stock_location_type y WHERE y.id = up.kind), (SELECT value FROM setting WHERE key = 'STOCK_LOCATION_DEFAULT_ICON'), '') AS icon FROM up ORDER BY up.level)";
/// Through either end of the chain, for an OR between them would read all stock.
const BY_COMPANY: &str = "SELECT id FROM (WITH hit (id) AS ({}) SELECT s.id FROM stock_item s WHERE s.supplier_part IN ( \
    SELECT p.id FROM supplier_part p WHERE p.supplier IN (SELECT id FROM hit) \
    UNION SELECT p.id FROM manufacturer_part m JOIN supplier_part p ON p.manufacturer_part = m.id WHERE m.manufacturer IN (SELECT id FROM hit)))";
