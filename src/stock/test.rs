//! Test results of stock items, shown inside them.

use super::item::ITEM;
use crate::engine::describe::*;
use crate::identity::Role;
use crate::part::test_template::TEST_TEMPLATE;
use crate::users::user::USER;

/// Results.
pub static RESULT: Resource = Resource {
    path: "stock/test",
    model: "stockitemtestresult",
    schema: "StockItemTestResult",
    title: "test result",
    table: "stock_test_result",
    roles: &[Role::STOCK],
    fields: &[
        pk(),
        to("stock_item", &ITEM).required(),
        flag("result").fill(Fill::Flag(false)).says("Result", "Was the test passed?"),
        text("value", 500).blank().says("Value", "What was measured"),
        file("attachment").null().says("Attachment", "File with details"),
        text("notes", 500).blank().says("Notes", "A remark"),
        text("test_station", 500).blank().says("Test station", "Where it was tested"),
        moment("started_datetime").null().says("Started", "When the test began"),
        moment("finished_datetime").null().says("Finished", "When the test ended"),
        to("user", &USER).null().fixed().plain(),
        moment("date")
            .fixed()
            .fill(Fill::By(|_| Ok(crate::engine::input::Value::Text(crate::engine::moment::exact(crate::engine::moment::now()))))),
        to("template", &TEST_TEMPLATE).null().says("Test template for this result", "Which test it was"),
    ],
    ..Resource::BASE
};
