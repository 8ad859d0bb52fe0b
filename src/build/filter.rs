//! By what a list of builds can be narrowed and sorted.

use super::build::{BUILD, OVERDUE, TREE};
use crate::common::project_code::PROJECT_CODE;
use crate::common::tag;
use crate::engine::describe::*;
use crate::order::SALES_ORDER;
use crate::part::category::{CATEGORY, TREE as CATEGORIES};
use crate::part::part::{PART, TREE as PARTS};
use crate::users::owner::OWNER;
use crate::users::user::USER;

const OPEN: &str = "t.status IN (10, 20, 25)";

/// Filters of `/api/build/`.
pub static FILTERS: &[Filter] = &[
    where_("issued_by", Reads::Ref(&USER), "t.issued_by = ?"),
    where_("sales_order", Reads::Ref(&SALES_ORDER), "t.sales_order = ?"),
    is("external", "t.external = 1"),
    where_("status", Reads::Int, "t.status_custom_key = ? OR t.status = ? AND t.status_custom_key IS NULL"),
    is("active", OPEN),
    is("outstanding", OPEN),
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
    is("overdue", OVERDUE),
    is(
        "assigned_to_me",
        "t.responsible IN (SELECT o.id FROM owner o WHERE o.user = :user OR o.\"group\" IN (SELECT m.\"group\" FROM user_group_member m WHERE m.user = :user))",
    ),
    where_("assigned_to", Reads::Ref(&OWNER), "t.responsible = ?"),
    where_("reference", Reads::Text, "t.reference = ? COLLATE NOCASE"),
    where_("project_code", Reads::Ref(&PROJECT_CODE), "t.project_code = ?"),
    is("has_project_code", "t.project_code IS NOT NULL"),
    where_("created_before", Reads::Date, "t.creation_date < ?"),
    where_("created_after", Reads::Date, "t.creation_date > ?"),
    is("has_start_date", "t.start_date IS NOT NULL"),
    where_("start_date_before", Reads::Date, "t.start_date < ?"),
    where_("start_date_after", Reads::Date, "t.start_date > ?"),
    is("has_target_date", "t.target_date IS NOT NULL"),
    where_("target_date_before", Reads::Date, "t.target_date < ?"),
    where_("target_date_after", Reads::Date, "t.target_date > ?"),
    where_("completed_before", Reads::Date, "t.completion_date < ?"),
    where_("completed_after", Reads::Date, "t.completion_date > ?"),
    // Calendars ask for what touches a span of days.
    where_("min_date", Reads::Date, "t.start_date IS NULL AND t.creation_date >= ? OR t.start_date >= ? OR t.target_date >= ?"),
    where_("max_date", Reads::Date, "t.start_date IS NULL AND t.creation_date <= ? OR t.start_date <= ? OR t.target_date <= ?"),
    by("exclude_tree", Reads::Ref(&BUILD), |asked, rows| TREE.exclude(asked, rows)),
    by("tags", Reads::Text, |asked, rows| tag::filter(asked, rows, "build")),
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
