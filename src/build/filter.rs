//! By what a list of builds can be narrowed and sorted.

use super::build::{BUILD, OVERDUE, TREE};
use crate::engine::describe::*;
use crate::order::SALES_ORDER;
use crate::order::fields::work_filters;
use crate::part::category::{CATEGORY, TREE as CATEGORIES};
use crate::part::part::{PART, TREE as PARTS};
use crate::users::user::USER;

const OPEN: &str = "t.status IN (10, 20, 25)";

/// Filters of `/api/build/`.
pub static FILTERS: &[Filter] = work_filters!["build", open: OPEN, overdue: OVERDUE, done: "completion_date";
    where_("issued_by", Reads::Ref(&USER), "t.issued_by = ?"),
    where_("sales_order", Reads::Ref(&SALES_ORDER), "t.sales_order = ?"),
    is("external", "t.external = 1"),
    is("active", OPEN),
    where_("parent", Reads::Ref(&BUILD), "t.parent = ?"),
    helper("include_variants"),
    by("part", Reads::Ref(&PART), |asked, rows| {
        if asked.call.query.flag("include_variants").unwrap_or(false) {
            rows.and(&format!("t.part IN ({})", PARTS.keys_within()), [asked.value.clone()]);
        } else {
            rows.and("t.part = ?", [asked.value.clone()]);
        }
        Ok(())
    }),
    by("category", Reads::Ref(&CATEGORY), |asked, rows| {
        let within = CATEGORIES.keys_within();
        rows.and(&format!("t.part IN (SELECT id FROM part WHERE category IN ({within}))"), [asked.value.clone()]);
        Ok(())
    }),
    by("ancestor", Reads::Ref(&BUILD), |asked, rows| {
        rows.and(&format!("t.id <> ? AND t.id IN ({})", TREE.keys_within()), [asked.value.clone(), asked.value.clone()]);
        Ok(())
    }),
    // Calendars ask for what touches a span of days.
    where_("min_date", Reads::Date, "t.start_date IS NULL AND t.creation_date >= ? OR t.start_date >= ? OR t.target_date >= ?"),
    where_("max_date", Reads::Date, "t.start_date IS NULL AND t.creation_date <= ? OR t.start_date <= ? OR t.target_date <= ?"),
    by("exclude_tree", Reads::Ref(&BUILD), |asked, rows| TREE.exclude(asked, rows)),
];

const WITH_PART: &str = "JOIN part made ON made.id = t.part";

/// Words of `ordering`.
pub static ORDER: &[Order] = &[
    order("reference", &["t.reference_int", "t.reference"]),
    Order { name: "part", sql: &["made.name"], join: WITH_PART, walk: "" },
    Order { name: "IPN", sql: &["made.\"IPN\""], join: WITH_PART, walk: "" },
    Order { name: "part__name", sql: &["made.name"], join: WITH_PART, walk: "" },
    order("status", &["t.status"]),
    order("creation_date", &["t.creation_date"]),
    order("start_date", &["t.start_date"]),
    order("target_date", &["t.target_date"]),
    order("completion_date", &["t.completion_date"]),
    order("quantity", &["t.quantity"]),
    order("completed", &["t.completed"]),
    order("issued_by", &["t.issued_by"]),
    order("responsible", &["t.responsible"]),
    Order { name: "project_code", sql: &["code.code"], join: "LEFT JOIN project_code code ON code.id = t.project_code", walk: "" },
    order("priority", &["t.priority"]),
    order("level", &["t.level"]),
    order("external", &["t.external"]),
];
