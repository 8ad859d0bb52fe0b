//! `/api/stock/test/`: what the tests of stock items gave.

use super::item::ITEM;
use crate::build::BUILD;
use crate::db;
use crate::engine::describe::*;
use crate::engine::input::Value;
use crate::engine::moment as time;
use crate::engine::write::Change;
use crate::error::Result;
use crate::identity::Role;
use crate::part::part::{PART, TREE as PARTS};
use crate::part::test_template::{TEST_TEMPLATE, key_of};
use crate::users::user::USER;

/// Results.
pub static RESULT: Resource = Resource {
    path: "stock/test",
    model: "stockitemtestresult",
    schema: "StockItemTestResult",
    title: "test result",
    table: "stock_test_result",
    roles: &[Role::STOCK],
    verbs: Verbs::ALL.and(Verbs::BULK_CREATE).and(Verbs::BULK_DELETE),
    fields: &[
        pk(),
        to("stock_item", &ITEM).required(),
        flag("result").fill(Fill::Flag(false)).says("Result", "Was the test passed?"),
        text("value", 500).blank().says("Value", "What was measured"),
        file("attachment").folder(|_| "stock_files".into()).null().says("Attachment", "File with details"),
        text("notes", 500).blank().says("Notes", "A remark"),
        text("test_station", 500).blank().says("Test station", "Where it was tested"),
        moment("started_datetime").null().says("Started", "When the test began"),
        moment("finished_datetime").null().says("Finished", "When the test ended"),
        to("user", &USER).null().fixed().plain(),
        moment("date").fixed().fill(Fill::By(|_| Ok(Value::Text(time::exact(time::now()))))),
        to("template", &TEST_TEMPLATE).null().says("Test template for this result", "Which test it was"),
        text("test", 0).blank().request().says("Test", "The name of the test, in place of its key"),
        nested("user_detail", &crate::users::user::BRIEF, "t.user").null().on("user_detail"),
        nested("template_detail", &TEST_TEMPLATE, "t.template").null().on("template_detail"),
    ],
    list_flags: &[("user_detail", false), ("template_detail", false)],
    filters: &[
        where_("user", Reads::Ref(&USER), "t.user = ?"),
        where_("template", Reads::Ref(&TEST_TEMPLATE), "t.template = ?"),
        is("result", "t.result = 1"),
        where_("value", Reads::Text, "t.value = ?"),
        where_("build", Reads::Ref(&BUILD), "t.stock_item IN (SELECT i.id FROM stock_item i WHERE i.build = ?)"),
        where_("part", Reads::Ref(&PART), "t.stock_item IN (SELECT i.id FROM stock_item i WHERE i.part = ?)"),
        is("required", "EXISTS (SELECT 1 FROM part_test_template e WHERE e.id = t.template AND e.required = 1)"),
        is("enabled", "EXISTS (SELECT 1 FROM part_test_template e WHERE e.id = t.template AND e.enabled = 1)"),
        by("test", Reads::Text, |asked, rows| {
            let key = match &asked.value {
                Value::Text(name) => key_of(name),
                _ => String::new(),
            };
            rows.and("t.template IN (SELECT e.id FROM part_test_template e WHERE e.key = ?)", [Value::Text(key)]);
            Ok(())
        }),
        helper("include_installed"),
        by("stock_item", Reads::Int, |asked, rows| {
            if asked.call.query.flag("include_installed").unwrap_or(false) {
                rows.and(INSTALLED, [asked.value.clone()]);
            } else {
                rows.and("t.stock_item = ?", [asked.value.clone()]);
            }
            Ok(())
        }),
    ],
    order: &[
        order("date", &["t.date"]),
        order("result", &["t.result"]),
        order("started_datetime", &["t.started_datetime"]),
        order("finished_datetime", &["t.finished_datetime"]),
        order("test_station", &["t.test_station"]),
    ],
    sort: order("", &["t.date"]),
    check: Some(check),
    metadata: true,
    ..Resource::BASE
};

const INSTALLED: &str = "t.stock_item IN (WITH RECURSIVE inside (id) AS (SELECT ? UNION SELECT i.id FROM stock_item i JOIN inside ON i.belongs_to = inside.id) \
    SELECT id FROM inside)";

/// The test is named by key or by name; what it asks for must be there.
fn check(change: &mut Change<'_>) -> Result<()> {
    if change.creates() {
        change.set("user", change.tx.author().into());
        change.set("date", Value::Int(change.tx.now));
    }
    let Some(item) = change.int("stock_item") else { return Ok(()) };
    let part: Option<i64> = db::one(change.tx, "SELECT part FROM stock_item WHERE id = ?1", [item])?;
    let template = match change.int("template") {
        Some(key) => Some(key),
        None => {
            let sql = format!("SELECT id FROM part_test_template WHERE key = ? AND part IN ({})", PARTS.keys_above());
            db::one(change.tx, &sql, (key_of(change.new.text("test")), part))?
        }
    };
    let Some(template) = template else {
        change.wrong("test", "The part has no such test.");
        return Ok(());
    };
    change.set("template", Value::Int(template));
    let asks = |column: &str| db::one::<i64>(change.tx, &format!("SELECT {column} FROM part_test_template WHERE id = ?1"), [template]);
    let (wants_value, wants_file) = (asks("requires_value")? == Some(1), asks("requires_attachment")? == Some(1));
    let choices: String = db::one(change.tx, "SELECT choices FROM part_test_template WHERE id = ?1", [template])?.unwrap_or_default();
    let (value, file) = (change.text("value"), change.text("attachment"));
    if wants_value && value.is_empty() {
        change.wrong("value", "This test wants a value.");
    }
    let mut possible = choices.split(',').map(str::trim).filter(|choice| !choice.is_empty()).peekable();
    if !value.is_empty() && possible.peek().is_some() && !possible.any(|choice| choice == value) {
        change.wrong("value", "This is none of the values that the test allows.");
    }
    if wants_file && file.is_empty() {
        change.wrong("attachment", "This test wants a file.");
    }
    let both = (change.int("started_datetime"), change.int("finished_datetime"));
    if matches!(both, (Some(started), Some(finished)) if finished < started) {
        change.wrong("finished_datetime", "The test cannot end before it begins.");
    }
    Ok(())
}
