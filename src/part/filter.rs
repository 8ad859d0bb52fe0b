//! By what a list of parts can be narrowed and sorted.

use super::category::TREE as CATEGORIES;
use super::derived::*;
use super::part::{PART, TREE};
use crate::common::tag;
use crate::engine::describe::*;
use crate::engine::input::Value;
use crate::stock::location::LOCATION;

/// Filters of `/api/part/`.
pub static FILTERS: &[Filter] = &[
    where_("revision_of", Reads::Ref(&PART), "t.revision_of = ?"),
    is("is_variant", "t.variant_of IS NOT NULL"),
    is("is_revision", "t.revision_of IS NOT NULL"),
    is("has_revisions", "EXISTS (SELECT 1 FROM part r WHERE r.revision_of = t.id)"),
    is("has_units", "coalesce(t.units, '') <> ''"),
    is("has_ipn", "coalesce(t.\"IPN\", '') <> ''"),
    where_("name_regex", Reads::Regex, "t.name REGEXP ?"),
    where_("IPN", Reads::Text, "t.\"IPN\" = ? COLLATE NOCASE"),
    where_("IPN_regex", Reads::Regex, "t.\"IPN\" REGEXP ?"),
    is("low_stock", IS_LOW),
    is("high_stock", IS_HIGH),
    is("has_stock", HAS_STOCK),
    is("unallocated_stock", HAS_UNALLOCATED),
    is("depleted_stock", IS_DEPLETED),
    is("stock_to_build", IS_WANTED),
    by("convert_from", Reads::Ref(&PART), |asked, rows| {
        // Parent, siblings and everything below, as long as it can be kept on a shelf.
        let sql = format!(
            "t.id <> ? AND t.active = 1 AND t.virtual = 0 AND (t.id IN ({below}) OR t.id = (SELECT variant_of FROM part WHERE id = ?) \
             OR t.variant_of = (SELECT variant_of FROM part WHERE id = ?))",
            below = TREE.keys_within()
        );
        rows.and(&sql, std::iter::repeat_n(asked.value.clone(), 4));
        Ok(())
    }),
    by("exclude_tree", Reads::Ref(&PART), |asked, rows| TREE.exclude(asked, rows)),
    by("ancestor", Reads::Ref(&PART), |asked, rows| {
        rows.and(&format!("t.id <> ? AND t.id IN ({})", TREE.keys_within()), [asked.value.clone(), asked.value.clone()]);
        Ok(())
    }),
    where_("variant_of", Reads::Ref(&PART), "t.variant_of = ?"),
    where_("in_bom_for", Reads::Ref(&PART), crate::bom::tree::PART_FILLS),
    is("has_pricing", "EXISTS (SELECT 1 FROM part_pricing p WHERE p.part = t.id AND p.overall_min IS NOT NULL)"),
    where_("default_location", Reads::Ref(&LOCATION), "t.default_location = ?"),
    is("bom_valid", "t.bom_validated = 1"),
    is("starred", "EXISTS (SELECT 1 FROM part_star s WHERE s.part = t.id AND s.user = :user)"),
    is("is_template", "t.is_template = 1"),
    is("assembly", "t.assembly = 1"),
    is("component", "t.component = 1"),
    is("trackable", "t.trackable = 1"),
    is("testable", "t.testable = 1"),
    is("purchaseable", "t.purchaseable = 1"),
    is("salable", "t.salable = 1"),
    is("active", "t.active = 1"),
    is("locked", "t.locked = 1"),
    is("virtual", "t.virtual = 1"),
    by("tags", Reads::Text, |asked, rows| tag::filter(asked, rows, "part")),
    where_("created_before", Reads::Date, "t.creation_date < ?"),
    where_("created_after", Reads::Date, "t.creation_date > ?"),
    by("exclude_id", Reads::Ints, |asked, rows| {
        if let Value::Keys(keys) = &asked.value {
            // One value for any number of keys keeps the statement's text the same.
            rows.and("t.id NOT IN (SELECT value FROM json_each(?))", [Value::Text(serde_json::json!(keys).to_string())]);
        }
        Ok(())
    }),
    where_("related", Reads::Int, RELATED),
    where_("exclude_related", Reads::Int, UNRELATED),
    helper("cascade"),
    by("category", Reads::IntOrNull, |asked, rows| {
        let cascade = asked.call.query.flag("cascade").unwrap_or(true);
        match (&asked.value, cascade) {
            (Value::Null, true) => {}
            (Value::Null, false) => rows.and("t.category IS NULL", []),
            (_, true) => {
                // A key that does not exist narrows nothing, as the contract has it.
                let known: Option<i64> = crate::db::one(asked.conn, "SELECT 1 FROM part_category WHERE id = ?1", [&asked.value])?;
                if known.is_some() {
                    rows.and(&format!("t.category IN ({})", CATEGORIES.keys_within()), [asked.value.clone()]);
                }
            }
            (_, false) => rows.and("t.category = ?", [asked.value.clone()]),
        }
        Ok(())
    }),
];

const RELATED: &str = "t.id IN (SELECT part_2 FROM part_related WHERE part_1 = ? UNION SELECT part_1 FROM part_related WHERE part_2 = ?)";
const UNRELATED: &str =
    "t.id NOT IN (SELECT part_2 FROM part_related WHERE part_1 = ? UNION SELECT part_1 FROM part_related WHERE part_2 = ?)";
const PRICED: &str = "LEFT JOIN part_pricing price ON price.part = t.id";

/// Words of `ordering`.
pub static ORDER: &[Order] = &[
    order("id", &["t.id"]),
    order("name", &["t.name"]),
    order("creation_date", &["t.creation_date"]),
    order("IPN", &["t.\"IPN\""]),
    order("in_stock", &[ORDER_IN_STOCK]),
    order("total_in_stock", &[ORDER_TOTAL]),
    order("unallocated_stock", &[ORDER_UNALLOCATED]),
    order("category", &["t.category"]),
    order("default_location", &["t.default_location"]),
    order("units", &["t.units"]),
    Order { name: "pricing_min", sql: &["price.overall_min"], join: PRICED, walk: "" },
    Order { name: "pricing_max", sql: &["price.overall_max"], join: PRICED, walk: "" },
    Order { name: "pricing_updated", sql: &["price.updated"], join: PRICED, walk: "" },
    order("revision", &["t.revision"]),
    order("revision_count", &["(SELECT count(*) FROM part r WHERE r.revision_of = t.id)"]),
];
