//! By what a list of stock can be narrowed and sorted.

use super::item::ITEM;
use super::location::TREE as PLACES;
use crate::build::BUILD;
use crate::common::{setting, tag};
use crate::company::company::COMPANY;
use crate::company::manufacturer_part::MANUFACTURER_PART;
use crate::company::supplier_part::SUPPLIER_PART;
use crate::engine::describe::*;
use crate::engine::input::Value;
use crate::order::{PURCHASE_ORDER, SALES_ORDER};
use crate::part::category::{CATEGORY, TREE as CATEGORIES};
use crate::part::part::{PART, TREE as PARTS};

/// Joins the part, by which lists of stock are sorted.
pub const WITH_PART: &str = "JOIN part p ON p.id = t.part";
/// Walks the parts by name and their stock by quantity, as the indexes have them; a bound LIMIT does not tell SQLite that few rows are enough.
pub const BY_PART: &str = "part p INDEXED BY part_name CROSS JOIN stock_item t INDEXED BY stock_item_part ON t.part = p.id";
const AS_IT_LIES: &str = "stock_item t NOT INDEXED";
const BY_IPN: &str = "part p INDEXED BY part_ipn CROSS JOIN stock_item t INDEXED BY stock_item_part ON t.part = p.id";
const WITH_PLACE: &str = "LEFT JOIN stock_location place ON place.id = t.location";
const WITH_SUPPLIER: &str = "LEFT JOIN supplier_part sold ON sold.id = t.supplier_part";

const FOR_PART: &str = "t.part IN (SELECT id FROM part WHERE ";

macro_rules! of_part {
    ($condition:literal) => {
        concat!("t.part IN (SELECT id FROM part WHERE ", $condition, ")")
    };
}

/// Filters of `/api/stock/`.
pub static FILTERS: &[Filter] = &[
    where_("supplier_part", Reads::Ref(&SUPPLIER_PART), "t.supplier_part = ?"),
    where_("belongs_to", Reads::Ref(&ITEM), "t.belongs_to = ?"),
    where_("build", Reads::Ref(&BUILD), "t.build = ?"),
    by("customer", Reads::Ref(&COMPANY), |asked, rows| {
        if crate::db::one::<i64>(asked.conn, "SELECT 1 FROM company WHERE id = ?1 AND is_customer = 1", [&asked.value])?.is_none() {
            return crate::error::invalid("customer", "This company is no customer.");
        }
        rows.and("t.customer = ?", [asked.value.clone()]);
        Ok(())
    }),
    where_("consumed_by", Reads::Ref(&BUILD), "t.consumed_by = ?"),
    where_("sales_order", Reads::Ref(&SALES_ORDER), "t.sales_order = ?"),
    where_("purchase_order", Reads::Ref(&PURCHASE_ORDER), "t.purchase_order = ?"),
    where_("tags__name", Reads::Text, TAG_NAME),
    where_("tags__slug", Reads::Text, TAG_SLUG),
    where_("manufacturer", Reads::Ref(&COMPANY), BY_MANUFACTURER),
    where_(
        "manufacturer_part",
        Reads::Ref(&MANUFACTURER_PART),
        "t.supplier_part IN (SELECT id FROM supplier_part WHERE manufacturer_part = ?)",
    ),
    where_("supplier", Reads::Ref(&COMPANY), "t.supplier_part IN (SELECT id FROM supplier_part WHERE supplier = ?)"),
    where_("company", Reads::Ref(&COMPANY), BY_COMPANY),
    helper("include_variants"),
    by("part", Reads::Ref(&PART), |asked, rows| {
        if asked.call.query.flag("include_variants").unwrap_or(true) {
            rows.and(&format!("t.part IN ({})", PARTS.keys_within()), [asked.value.clone()]);
        } else {
            rows.and("t.part = ?", [asked.value.clone()]);
        }
        Ok(())
    }),
    by("part_tree", Reads::Ref(&PART), |asked, rows| {
        rows.and(&format!("t.part IN ({})", PARTS.keys_within()), [asked.value.clone()]);
        Ok(())
    }),
    where_("name", Reads::Text, of_part!("name = ? COLLATE NOCASE")),
    where_("name_contains", Reads::Text, of_part!("instr(lower(name), lower(?)) > 0")),
    where_("name_regex", Reads::Regex, of_part!("name REGEXP ?")),
    where_("IPN", Reads::Text, of_part!("\"IPN\" = ? COLLATE NOCASE")),
    where_("IPN_contains", Reads::Text, of_part!("instr(lower(\"IPN\"), lower(?)) > 0")),
    where_("IPN_regex", Reads::Regex, of_part!("\"IPN\" REGEXP ?")),
    is("assembly", of_part!("assembly = 1")),
    is("active", of_part!("active = 1")),
    is("salable", of_part!("salable = 1")),
    where_("min_stock", Reads::Number, "t.quantity >= ?"),
    where_("max_stock", Reads::Number, "t.quantity <= ?"),
    where_("status", Reads::Int, "t.status_custom_key = ? OR t.status = ? AND t.status_custom_key IS NULL"),
    is("allocated", ALLOCATED),
    by("expired", Reads::Flag, |asked, rows| {
        if setting::is_on(asked.conn, "STOCK_ENABLE_EXPIRY")? {
            rows.and_if(asked.value == Value::Flag(true), "t.in_stock = 1 AND t.expiry_date < :today");
        }
        Ok(())
    }),
    by("stale", Reads::Flag, |asked, rows| {
        if setting::is_on(asked.conn, "STOCK_ENABLE_EXPIRY")? {
            let days = setting::number(asked.conn, "STOCK_STALE_DAYS")?;
            rows.and_if(asked.value == Value::Flag(true), &format!("t.in_stock = 1 AND t.expiry_date < date(:today, '{days} days')"));
        }
        Ok(())
    }),
    is("external", "t.location IN (SELECT id FROM stock_location WHERE external = 1)"),
    is("in_stock", "t.in_stock = 1").common(),
    by("available", Reads::Flag, |asked, rows| {
        rows.and(if asked.value == Value::Flag(true) { AVAILABLE } else { TAKEN }, []);
        Ok(())
    })
    .common(),
    where_("batch", Reads::Text, "t.batch <> '' AND t.batch = ? COLLATE NOCASE"),
    where_("batch_regex", Reads::Regex, "t.batch REGEXP ?"),
    is("is_building", "t.is_building = 1"),
    where_("serial_gte", Reads::Int, "t.serial_int >= ?"),
    where_("serial_lte", Reads::Int, "t.serial_int <= ?"),
    where_("serial", Reads::Text, "t.serial = ?"),
    is("serialized", "coalesce(t.serial, '') <> ''"),
    is("has_batch", "coalesce(t.batch, '') <> ''"),
    is("tracked", "coalesce(t.batch, '') <> '' OR coalesce(t.serial, '') <> ''"),
    is("consumed", "t.consumed_by IS NOT NULL"),
    is("installed", "t.belongs_to IS NOT NULL"),
    is("has_installed_items", "EXISTS (SELECT 1 FROM stock_item i WHERE i.belongs_to = t.id)"),
    is("has_child_items", "EXISTS (SELECT 1 FROM stock_item i WHERE i.parent = t.id)"),
    is("sent_to_customer", "t.customer IS NOT NULL"),
    is("depleted", "t.quantity <= 0"),
    is("has_purchase_price", "t.purchase_price IS NOT NULL"),
    where_("ancestor", Reads::Ref(&ITEM), BELOW),
    where_("exclude_tree", Reads::Int, NOT_WITHIN),
    by("category", Reads::Ref(&CATEGORY), |asked, rows| {
        rows.and(&format!("{FOR_PART} category IN ({}))", CATEGORIES.keys_within()), [asked.value.clone()]);
        Ok(())
    }),
    where_("bom_item", Reads::Int, crate::bom::tree::STOCK_FILLS),
    where_("created_before", Reads::Date, "t.creation_date < unixepoch(?) * 1000"),
    where_("created_after", Reads::Date, "t.creation_date > unixepoch(?) * 1000"),
    where_("updated_before", Reads::Date, "t.updated < unixepoch(?) * 1000"),
    where_("updated_after", Reads::Date, "t.updated > unixepoch(?) * 1000"),
    where_("stocktake_before", Reads::Date, "t.stocktake_date < ?"),
    where_("stocktake_after", Reads::Date, "t.stocktake_date > ?"),
    is("has_stocktake", "t.stocktake_date IS NOT NULL"),
    where_("expiry_before", Reads::Date, "t.expiry_date < ?"),
    where_("expiry_after", Reads::Date, "t.expiry_date > ?"),
    helper("cascade"),
    by("location", Reads::IntOrNull, |asked, rows| {
        let cascade = asked.call.query.flag("cascade").unwrap_or(true);
        match (&asked.value, cascade) {
            (Value::Null, true) => {}
            (Value::Null, false) => rows.and("t.location IS NULL", []),
            (_, true) => {
                // A key that does not exist narrows nothing, as the contract has it.
                let known: Option<i64> = crate::db::one(asked.conn, "SELECT 1 FROM stock_location WHERE id = ?1", [&asked.value])?;
                if known.is_some() {
                    rows.and(&format!("t.location IN ({})", PLACES.keys_within()), [asked.value.clone()]);
                }
            }
            (_, false) => rows.and("t.location = ?", [asked.value.clone()]),
        }
        Ok(())
    }),
    by("tags", Reads::Text, |asked, rows| tag::filter(asked, rows, "stockitem")),
];

const TAG_NAME: &str =
    "EXISTS (SELECT 1 FROM tagged_item i JOIN tag g ON g.id = i.tag WHERE i.model_type = 'stockitem' AND i.model_id = t.id AND g.name = ?)";
const TAG_SLUG: &str =
    "EXISTS (SELECT 1 FROM tagged_item i JOIN tag g ON g.id = i.tag WHERE i.model_type = 'stockitem' AND i.model_id = t.id AND g.slug = ?)";
const BY_MANUFACTURER: &str =
    "t.supplier_part IN (SELECT p.id FROM supplier_part p JOIN manufacturer_part m ON m.id = p.manufacturer_part WHERE m.manufacturer = ?)";
const BY_COMPANY: &str = "t.supplier_part IN (SELECT id FROM supplier_part WHERE supplier = ? \
    UNION SELECT p.id FROM manufacturer_part m JOIN supplier_part p ON p.manufacturer_part = m.id WHERE m.manufacturer = ?)";
const ALLOCATED: &str =
    "EXISTS (SELECT 1 FROM build_item a WHERE a.stock_item = t.id) OR EXISTS (SELECT 1 FROM sales_order_allocation a WHERE a.item = t.id)";
macro_rules! taken {
    () => {
        "(SELECT total(a.quantity) FROM build_item a WHERE a.stock_item = t.id) \
         + (SELECT total(a.quantity) FROM sales_order_allocation a WHERE a.item = t.id)"
    };
}
const AVAILABLE: &str = concat!("t.in_stock = 1 AND t.quantity > ", taken!());
/// Not just the opposite of available: what is out of stock, but promised to nobody, is neither.
const TAKEN: &str = concat!("t.quantity <= ", taken!());
const BELOW: &str = "t.id IN (WITH RECURSIVE down (id) AS (SELECT id FROM stock_item WHERE parent = ? UNION SELECT s.id FROM stock_item s JOIN down ON s.parent = down.id) SELECT id FROM down)";
const NOT_WITHIN: &str = "t.id NOT IN (WITH RECURSIVE down (id) AS (VALUES (?) UNION SELECT s.id FROM stock_item s JOIN down ON s.parent = down.id) SELECT id FROM down)";

/// Words of `ordering`.
pub static ORDER: &[Order] = &[
    Order { name: "batch", sql: &["t.batch"], join: "", walk: AS_IT_LIES },
    Order { name: "location", sql: &["place.pathstring"], join: WITH_PLACE, walk: "" },
    Order { name: "part", sql: &["p.name"], join: WITH_PART, walk: BY_PART },
    Order { name: "part__name", sql: &["p.name"], join: WITH_PART, walk: BY_PART },
    Order { name: "part__IPN", sql: &["p.\"IPN\""], join: WITH_PART, walk: BY_IPN },
    Order { name: "IPN", sql: &["p.\"IPN\""], join: WITH_PART, walk: BY_IPN },
    order("updated", &["t.updated"]),
    Order { name: "purchase_price", sql: &["t.purchase_price"], join: "", walk: AS_IT_LIES },
    Order { name: "creation_date", sql: &["t.creation_date"], join: "", walk: AS_IT_LIES },
    Order { name: "stocktake_date", sql: &["t.stocktake_date"], join: "", walk: AS_IT_LIES },
    Order { name: "expiry_date", sql: &["t.expiry_date"], join: "", walk: AS_IT_LIES },
    Order { name: "packaging", sql: &["t.packaging"], join: "", walk: AS_IT_LIES },
    order("quantity", &["t.quantity"]),
    order("stock", &["t.quantity", "t.serial_int", "t.serial"]),
    order("status", &["t.status"]),
    Order { name: "SKU", sql: &["sold.\"SKU\""], join: WITH_SUPPLIER, walk: "" },
    Order {
        name: "MPN",
        sql: &["made.\"MPN\""],
        join: "LEFT JOIN supplier_part sold ON sold.id = t.supplier_part LEFT JOIN manufacturer_part made ON made.id = sold.manufacturer_part",
        walk: "",
    },
];
