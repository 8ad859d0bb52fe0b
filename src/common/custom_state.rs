//! `/api/generic/status/custom/`: states of a shop's own, each counting as one of the built-in ones.

use super::content_type::CONTENT_TYPE;
use super::status;
use crate::engine::describe::*;
use crate::engine::input::Value;
use crate::engine::write::Change;
use crate::error::Result;
use crate::identity::Access;

/// States of a shop's own.
pub static CUSTOM_STATE: Resource = Resource {
    path: "generic/status/custom",
    model: "inventreecustomuserstatemodel",
    schema: "CustomState",
    title: "custom state",
    table: "custom_state",
    access: Access::StaffWrites,
    verbs: Verbs::ALL,
    fields: &[
        pk(),
        between("key", i64::MIN, i64::MAX).required().says("Value", "The number that is stored"),
        text("name", 250).required().says("Name", "Name of the state in programs"),
        text("label", 250).required().says("Label", "What people read"),
        choice("color", Choices::Words(COLORS)).fill(Fill::Text("secondary")).says("Color", "How it is shown"),
        between("logical_key", i64::MIN, i64::MAX).required().says("Logical Key", "The built-in state that it counts as"),
        to("model", &CONTENT_TYPE).null().says("Model", "What has this state"),
        text("model_name", 0).computed("SELECT c.name FROM content_type c WHERE c.id = t.model"),
        choice("reference_status", Choices::By(|_| Ok(classes())))
            .up_to(250)
            .required()
            .says("Reference Status Set", "The states that it is added to"),
    ],
    filters: &[
        where_("model", Reads::Ref(&CONTENT_TYPE), "t.model = ?"),
        where_("reference_status", Reads::Text, "t.reference_status = ?"),
    ],
    search: &[own("custom_state", &["key", "name", "label", "reference_status"])],
    order: &[order("key", &["t.key"])],
    check: Some(check),
    ..Resource::BASE
};

const COLORS: &[(&str, &str)] = &[
    ("primary", "primary"),
    ("secondary", "secondary"),
    ("success", "success"),
    ("danger", "danger"),
    ("warning", "warning"),
    ("info", "info"),
    ("dark", "dark"),
];

/// Classes that can be added to: all but those of machines' own.
fn classes() -> Listed {
    let mut classes: Vec<&str> = status::CLASSES.iter().map(|class| class.0).filter(|class| *class != "LabelPrinterStatus").collect();
    classes.sort_unstable();
    classes.into_iter().map(|class| (Value::Text(class.into()), class.to_string())).collect()
}

fn check(change: &mut Change<'_>) -> Result<()> {
    let (key, logical, class, name) = (change.int("key"), change.int("logical_key"), change.text("reference_status"), change.text("name"));
    if change.int("model").is_none() {
        change.wrong("model", "A model is needed.");
    }
    if key == logical {
        change.wrong("key", "The number must be another one than that of the state it counts as.");
    }
    if name != name.to_uppercase() {
        change.wrong("name", "Capital letters are expected here.");
    }
    if name.starts_with(|c: char| c.is_numeric()) || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        change.wrong("name", "Letters, digits and underscores are expected here.");
    }
    let states = status::states(&class);
    if states.iter().any(|state| Some(state.0) == key) {
        change.wrong("key", "A built-in state has this number.");
    }
    if states.iter().any(|state| state.1 == name) {
        change.wrong("name", "A built-in state has this name.");
    }
    if !states.iter().any(|state| Some(state.0) == logical) {
        change.wrong("logical_key", "No built-in state has this number.");
    }
    Ok(())
}
