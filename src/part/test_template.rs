//! `/api/part/test-template/`: tests that the items of a part must pass. Variants inherit those of their templates.

use super::part::{PART, TREE};
use crate::db;
use crate::engine::describe::*;
use crate::engine::input::Value;
use crate::engine::write::Change;
use crate::error::Result;
use crate::identity::Role;

/// Tests of parts.
pub static TEST_TEMPLATE: Resource = Resource {
    path: "part/test-template",
    model: "parttesttemplate",
    schema: "PartTestTemplate",
    title: "test template",
    table: "part_test_template",
    roles: &[Role::PART],
    verbs: Verbs::ALL,
    fields: &[
        pk(),
        text("key", 100).fixed().says("Test Key", "The name, reduced to what results are matched by"),
        to("part", &PART).required().only(&[("testable", true)]).label("Part"),
        text("test_name", 100).required().says("Test Name", "What the test is called"),
        text("description", 100).null().wanted().says("Test Description", "What is tested, and how"),
        flag("enabled").fill(Fill::Flag(true)).says("Enabled", "Is the test in use?"),
        flag("required").fill(Fill::Flag(true)).says("Required", "Must an item pass it?"),
        flag("requires_value").fill(Fill::Flag(false)).says("Requires Value", "Must a result say a value?"),
        flag("requires_attachment").fill(Fill::Flag(false)).says("Requires Attachment", "Must a result bring a file?"),
        int("results").joined(RESULTS).says("Results", "How many results there are"),
        text("choices", 5000).blank().says("Choices", "Possible values, with commas between"),
    ],
    filters: &[
        is("enabled", "t.enabled = 1"),
        where_("key", Reads::Text, "t.key = ?"),
        is("required", "t.required = 1"),
        is("requires_attachment", "t.requires_attachment = 1"),
        is("requires_value", "t.requires_value = 1"),
        helper("include_inherited"),
        by("part", Reads::Ref(&PART), |asked, rows| {
            if asked.call.query.flag("include_inherited").unwrap_or(true) {
                rows.and(&format!("t.part IN ({})", TREE.keys_above()), [asked.value.clone()]);
            } else {
                rows.and("t.part = ?", [asked.value.clone()]);
            }
            Ok(())
        }),
        is("has_results", "EXISTS (SELECT 1 FROM stock_test_result r WHERE r.template = t.id)"),
    ],
    search: &[own("part_test_template", &["description", "test_name"])],
    order: &[
        order("enabled", &["t.enabled"]),
        order("required", &["t.required"]),
        order("requires_value", &["t.requires_value"]),
        order("requires_attachment", &["t.requires_attachment"]),
        order("results", &["(SELECT count(*) FROM stock_test_result r WHERE r.template = t.id)"]),
        order("test_name", &["t.test_name"]),
    ],
    sort: order("", &["t.test_name"]),
    check: Some(check),
    metadata: true,
    ..Resource::BASE
};

const RESULTS: &str = "SELECT count(*) FROM stock_test_result r WHERE r.template = t.id";

/// By what results name a test: its letters and digits, in lower case.
pub fn key_of(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn check(change: &mut Change<'_>) -> Result<()> {
    let key = key_of(&change.text("test_name"));
    change.set("key", Value::Text(key.clone()));
    if key.is_empty() {
        change.wrong("test_name", "A name needs a letter or a digit.");
    }
    let choices = change.text("choices");
    let mut words: Vec<&str> = choices.split(',').map(str::trim).collect();
    words.sort_unstable();
    if words.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        change.wrong("choices", "Each choice may stand once.");
    }
    let Some(part) = change.int("part") else { return Ok(()) };
    let sql = format!("SELECT 1 FROM part_test_template WHERE part IN ({}) AND key = ? AND id IS NOT ?", TREE.keys_above());
    if db::one::<i64>(change.tx, &sql, (part, &key, change.id))?.is_some() {
        change.wrong("test_name", "The part has a test of this name already, or one of its templates has.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn keys_are_letters_and_digits() {
        assert_eq!(super::key_of("Visual inspection #2"), "visualinspection2");
        assert_eq!(super::key_of("!!!"), "");
    }
}
