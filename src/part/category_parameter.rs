//! `/api/part/category/parameters/`: parameters that new parts of a category get.

use super::category::{BRIEF as CATEGORY_BRIEF, CATEGORY, TREE};
use crate::common::parameter::template::{Rules, TEMPLATE};
use crate::engine::describe::*;
use crate::engine::write::Change;
use crate::error::Result;
use crate::identity::Role;

/// Parameters of categories.
pub static CATEGORY_PARAMETER: Resource = Resource {
    path: "part/category/parameters",
    model: "partcategoryparametertemplate",
    schema: "CategoryParameterTemplate",
    title: "category parameter",
    table: "part_category_parameter",
    roles: &[Role::PART_CATEGORY],
    verbs: Verbs::ALL,
    fields: &[
        pk(),
        to("category", &CATEGORY).required().says("Category", "Whose new parts get the parameter"),
        nested("category_detail", &CATEGORY_BRIEF, "t.category").null().unless_off("category_detail").label("Category detail"),
        to("template", &TEMPLATE).required().label("Template"),
        nested("template_detail", &TEMPLATE, "t.template").unless_off("template_detail").label("Template detail"),
        text("default_value", 500).blank().says("Default Value", "Value that the parameter begins with"),
    ],
    filters: &[
        helper("fetch_parent"),
        by("category", Reads::Ref(&CATEGORY), |asked, rows| {
            if asked.call.query.flag("fetch_parent").unwrap_or(true) {
                rows.and(&format!("t.category IN ({})", TREE.keys_above()), [asked.value.clone()]);
            } else {
                rows.and("t.category = ?", [asked.value.clone()]);
            }
            Ok(())
        }),
    ],
    metadata: true,
    check: Some(check),
    ..Resource::BASE
};

/// The value that new parts begin with is one that a parameter of the template may have.
fn check(change: &mut Change<'_>) -> Result<()> {
    let value = change.text("default_value");
    let Some(template) = change.int("template") else { return Ok(()) };
    if !value.is_empty()
        && let Some(rules) = Rules::of(change.tx, template)?
        && let Err(why) = rules.measures(change.tx, &value)?
    {
        change.wrong("default_value", why);
    }
    Ok(())
}
