//! `/api/user/ruleset/`: what a group may do in one area.

use super::group::GROUP;
use crate::engine::describe::*;
use crate::engine::input::Value;
use crate::engine::write::Change;
use crate::error::Result;
use crate::identity::{Access, ROLES, Role};

/// Rulesets: eleven for each group.
pub static RULESET: Resource = Resource {
    path: "user/ruleset",
    model: "ruleset",
    schema: "RuleSet",
    title: "ruleset",
    table: "ruleset",
    roles: &[Role::ADMIN],
    access: Access::StaffWrites,
    verbs: Verbs::READ.and(Verbs::UPDATE).and(Verbs::DELETE),
    fields: &[
        pk(),
        choice("name", Choices::Words(&ROLES)).fixed().plain_choice().says("Name", "The area that the rules are about"),
        text("label", 50).computed(LABEL).plain(),
        to("group", &GROUP).fixed().plain().says("Group", "The group that the rules are for"),
        flag("can_view").fill(Fill::Flag(false)).says("View", "May look"),
        flag("can_add").fill(Fill::Flag(false)).says("Add", "May create"),
        flag("can_change").fill(Fill::Flag(false)).says("Change", "May edit"),
        flag("can_delete").fill(Fill::Flag(false)).says("Delete", "May delete"),
    ],
    filters: &[where_("group", Reads::Ref(&GROUP), "t.\"group\" = ?"), where_("name", Reads::Text, "t.name = ?")],
    search: &[own("ruleset", &["name"])],
    order: &[order("name", &["t.name"])],
    check: Some(check),
    ..Resource::BASE
};

const LABEL: &str = "CASE t.name WHEN 'admin' THEN 'Admin' WHEN 'part_category' THEN 'Part Categories' WHEN 'part' THEN 'Parts' \
    WHEN 'bom' THEN 'Bills of Material' WHEN 'stock_location' THEN 'Stock Locations' WHEN 'stock' THEN 'Stock Items' \
    WHEN 'build' THEN 'Build Orders' WHEN 'purchase_order' THEN 'Purchase Orders' WHEN 'sales_order' THEN 'Sales Orders' \
    WHEN 'return_order' THEN 'Return Orders' WHEN 'transfer_order' THEN 'Transfer Orders' END";

/// Who may add or delete may change; who may do anything may look.
fn check(change: &mut Change<'_>) -> Result<()> {
    if change.flag("can_add") || change.flag("can_delete") {
        change.set("can_change", Value::Flag(true));
    }
    if change.flag("can_change") {
        change.set("can_view", Value::Flag(true));
    }
    Ok(())
}
