//! `/api/parameter/template/`: what parameters mean, and which values they may have.

use rusqlite::Connection;

use super::carrier::MODELS_OR_ALL;
use super::renumber;
use crate::common::content_type;
use crate::common::selection::LIST;
use crate::common::{setting, unit};
use crate::db;
use crate::engine::describe::*;
use crate::engine::input::Value;
use crate::engine::query::Where;
use crate::engine::tree::Tree;
use crate::engine::write::Change;
use crate::error::{Result, WHOLE, invalid};
use crate::identity::Access;
use crate::{part, stock};

/// What a parameter means.
pub static TEMPLATE: Resource = Resource {
    path: "parameter/template",
    model: "parametertemplate",
    schema: "ParameterTemplate",
    title: "parameter template",
    table: "parameter_template",
    // The reference lets everybody write; whoever changes a template changes what is said of every part.
    access: Access::StaffWrites,
    verbs: Verbs::ALL,
    metadata: true,
    fields: &[
        pk(),
        text("name", 100).required().says("Name", "Name of the parameter"),
        text("units", 25).blank().says("Units", "Unit that the values are in"),
        text("description", 250).blank().says("Description", "What the parameter says"),
        choice("model_type", Choices::Words(&MODELS_OR_ALL))
            .null()
            .fill(Fill::Text(""))
            .also(content_type::named)
            .says("Model Type", "What may carry the parameter"),
        flag("checkbox").fill(Fill::Flag(false)).says("Checkbox", "The value is yes or no"),
        text("choices", 5000).blank().says("Choices", "Possible values, with commas between"),
        to("selectionlist", &LIST).null().says("Selection List", "List of possible values"),
        flag("enabled").fill(Fill::Flag(true)).says("Enabled", "May the parameter be used?"),
    ],
    filters: &[
        where_("name", Reads::Text, "t.name = ?"),
        where_("units", Reads::Text, "t.units = ?"),
        is("checkbox", "t.checkbox = 1"),
        is("enabled", "t.enabled = 1"),
        is("has_choices", "t.choices <> ''"),
        is("has_units", "t.units <> ''"),
        by("model_type", Reads::Text, |asked, rows| of_model(asked, rows, "t.model_type = ?")),
        by("for_model", Reads::Text, |asked, rows| of_model(asked, rows, "t.model_type = ? OR t.model_type IS NULL")),
        by("exists_for_model", Reads::Text, used),
        by("exists_for_model_id", Reads::Int, |asked, _| model_asked(asked).map(|_| ())),
        by("exists_for_related_model", Reads::Text, |_, _| Ok(())),
        by("exists_for_related_model_id", Reads::Int, |asked, _| model_asked(asked).map(|_| ())),
    ],
    search: &[own("parameter_template", &["description", "name"])],
    order: &[order("name", &["t.name"]), order("units", &["t.units"]), order("checkbox", &["t.checkbox"])],
    check: Some(check),
    saved: Some(|change| renumber(change.tx, change.key())),
    ..Resource::BASE
};

/// Trees of models: who asks for one object means those below it too.
static TREES: &[(&str, &Tree)] =
    &[("part.partcategory", &part::category::TREE), ("stock.stocklocation", &stock::location::TREE), ("part.part", &part::part::TREE)];

/// By which column the objects of a model belong to those of another: model, table, the other, column.
static RELATED: &[(&str, &str, &str, &str)] = &[
    ("part.part", "part", "part.partcategory", "category"),
    ("company.manufacturerpart", "manufacturer_part", "part.part", "part"),
    ("company.manufacturerpart", "manufacturer_part", "company.company", "manufacturer"),
    ("company.supplierpart", "supplier_part", "part.part", "part"),
    ("company.supplierpart", "supplier_part", "company.company", "supplier"),
    ("company.supplierpart", "supplier_part", "company.manufacturerpart", "manufacturer_part"),
];

fn of_model(asked: &Filtered<'_>, rows: &mut Where, sql: &str) -> Result<()> {
    let Value::Text(text) = &asked.value else { return Ok(()) };
    match content_type::named(asked.conn, text)? {
        Some(model) => rows.and(sql, [Value::Text(model)]),
        None => return invalid(WHOLE, format!("There is no model \"{text}\".")),
    }
    Ok(())
}

/// The model that `exists_for_model` names; without it the other filters of its kind mean nothing.
fn model_asked(asked: &Filtered<'_>) -> Result<String> {
    let text = asked.call.query.get("exists_for_model").unwrap_or_default();
    match content_type::named(asked.conn, text)? {
        Some(model) => Ok(model),
        None => invalid("exists_for_model", "Name the model whose templates are meant."),
    }
}

/// Templates that are in use: by any object of a model, by one (with those below it), or by those that belong to one of another model.
fn used(asked: &Filtered<'_>, rows: &mut Where) -> Result<()> {
    let model = model_asked(asked)?;
    let key = |name| asked.call.query.get(name).and_then(|t| t.trim().parse::<i64>().ok());
    let below = |model: &str| TREES.iter().find(|t| t.0 == model).map_or("SELECT ?".to_string(), |t| t.1.keys_within());
    let mut objects = String::new();
    let mut values = vec![Value::Text(model.clone())];
    if let Some(id) = key("exists_for_model_id") {
        objects += &format!(" AND p.model_id IN ({})", below(&model));
        values.push(Value::Int(id));
    }
    if let (Some(text), Some(id)) = (asked.call.query.get("exists_for_related_model"), key("exists_for_related_model_id")) {
        let other = content_type::named(asked.conn, text)?.unwrap_or_default();
        let Some((_, table, _, column)) = RELATED.iter().find(|r| r.0 == model && r.2 == other) else {
            return invalid("exists_for_related_model", format!("Nothing relates {model} to \"{text}\"."));
        };
        objects += &format!(" AND p.model_id IN (SELECT id FROM {table} WHERE {column} IN ({}))", below(&other));
        values.push(Value::Int(id));
    }
    rows.and(&format!("EXISTS (SELECT 1 FROM parameter p WHERE p.template = t.id AND p.model_type = ?{objects})"), values);
    Ok(())
}

fn check(change: &mut Change<'_>) -> Result<()> {
    if change.text("model_type").is_empty() {
        change.set("model_type", Value::Null);
    }
    unit::must_be_unit(change, "units")?;
    if change.flag("checkbox") {
        for field in ["units", "choices"] {
            if !change.text(field).is_empty() {
                change.wrong(field, "What is yes or no has no units and no other choices.");
            }
        }
    }
    let choices = change.text("choices");
    let mut words: Vec<&str> = choices_of(&choices).collect();
    words.sort_unstable();
    if words.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        change.wrong("choices", "Each choice may stand once.");
    }
    Ok(())
}

fn choices_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|w| !w.is_empty())
}

/// The columns of a template by which values are judged.
pub struct Rules {
    /// Unit of the values; empty if they have none.
    pub units: String,
    checkbox: bool,
    choices: String,
    list: Option<i64>,
}

impl Rules {
    /// Those of a template; nothing if there is none.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn of(conn: &Connection, template: i64) -> Result<Option<Rules>> {
        use rusqlite::OptionalExtension;
        let mut statement = conn.prepare_cached("SELECT units, checkbox, choices, selectionlist FROM parameter_template WHERE id = ?1")?;
        let rules = statement
            .query_row([template], |row| Ok(Rules { units: row.get(0)?, checkbox: row.get(1)?, choices: row.get(2)?, list: row.get(3)? }));
        Ok(rules.optional()?)
    }

    /// Is the value just yes or no?
    pub fn is_flag(&self) -> bool {
        self.checkbox
    }

    /// Can it be converted to the template's unit, where the shop insists on that? The inner error is a sentence for people.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn measures(&self, conn: &Connection, data: &str) -> Result<std::result::Result<(), String>> {
        if self.units.is_empty() || !setting::is_on(conn, "PARAMETER_ENFORCE_UNITS")? {
            return Ok(Ok(()));
        }
        Ok(unit::number_in(conn, data, &self.units)?.map(|_| ()))
    }

    /// Is it one of the choices, or are all values possible?
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn allows(&self, conn: &Connection, data: &str) -> Result<bool> {
        if let Some(list) = self.list {
            let values: Vec<String> = db::column(conn, "SELECT value FROM selection_entry WHERE list = ?1 AND active = 1", [list])?;
            return Ok(values.is_empty() || values.iter().any(|v| v == data));
        }
        Ok(choices_of(&self.choices).next().is_none() || choices_of(&self.choices).any(|word| word == data))
    }
}
