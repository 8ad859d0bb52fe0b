//! `/api/parameter/`: named values that parts and other things carry.

pub mod carrier;
pub mod filter;
pub mod template;

use rusqlite::Connection;

use self::carrier::MODELS;
use self::template::{Rules, TEMPLATE};
use super::{content_type, setting, unit};
use crate::db::{self, Tx};
use crate::engine::call::{Call, loosely_true};
use crate::engine::describe::*;
use crate::engine::input::Value;
use crate::engine::write::Change;
use crate::error::{Error, Result, WHOLE, invalid};
use crate::identity::{Access, Right};
use crate::users::user::{BRIEF as USER_BRIEF, USER};

/// A value.
pub static PARAMETER: Resource = Resource {
    path: "parameter",
    model: "parameter",
    schema: "Parameter",
    title: "parameter",
    table: "parameter",
    // Whoever may see what carries it sees the parameter, whoever may change that changes it: see `scope` and `guard`.
    access: Access::Login,
    verbs: Verbs::ALL.and(Verbs::BULK_CREATE).and(Verbs::BULK_DELETE),
    metadata: true,
    fields: &[
        pk(),
        to("template", &TEMPLATE).required().says("Template", "What the value means"),
        choice("model_type", Choices::Words(MODELS)).fill(Fill::Text("")).also(content_type::named).label("Model Type"),
        int("model_id").required().says("Model ID", "Key of the object that carries it"),
        text("data", 500).required().says("Data", "The value"),
        float("data_numeric").null().fill(Fill::Null),
        text("note", 500).blank().says("Note", "A remark"),
        moment("updated").null().fixed().fill(Fill::Null).says("Updated", "When it was last changed"),
        to("updated_by", &USER).null().fixed().plain().says("Update By", "Who changed it last"),
        nested("template_detail", &TEMPLATE, "t.template").unless_off("template_detail"),
        nested("updated_by_detail", &USER_BRIEF, "t.updated_by").null().unless_off("updated_by_detail"),
    ],
    filters: &[
        where_("model_id", Reads::Int, "t.model_id = ?"),
        where_("template", Reads::Ref(&TEMPLATE), "t.template = ?"),
        where_("updated_by", Reads::Ref(&USER), "t.updated_by = ?"),
        is("enabled", "(SELECT m.enabled FROM parameter_template m WHERE m.id = t.template)"),
        by("model_type", Reads::Text, |asked, rows| {
            let Value::Text(text) = &asked.value else { return Ok(()) };
            match content_type::named(asked.conn, text)? {
                Some(model) => rows.and("t.model_type = ?", [Value::Text(model)]),
                None => return invalid("model_type", format!("There is no model \"{text}\".")),
            }
            Ok(())
        }),
    ],
    search: &[
        own("parameter", &["data"]),
        via("parameter_template", &["description", "name", "units"], "SELECT id FROM parameter WHERE template IN ({})"),
    ],
    order: &[
        order("name", &["(SELECT m.name FROM parameter_template m WHERE m.id = t.template)"]),
        order("data", &["t.data_numeric", "t.data"]),
        order("units", &["(SELECT m.units FROM parameter_template m WHERE m.id = t.template)"]),
        order("template", &["t.template"]),
        order("updated", &["t.updated"]),
        order("updated_by", &["t.updated_by"]),
    ],
    scope: Some(|call| {
        if call.user.superuser {
            return "".into();
        }
        let seen: Vec<String> =
            MODELS.iter().filter(|m| carrier::may(&call.user, Right::View, m.0)).map(|m| format!("'{}'", m.0)).collect();
        format!("t.model_type IN ({})", seen.join(", ")).into()
    }),
    guard: Some(|conn, call, id| {
        let carrier =
            conn.query_row("SELECT model_type, model_id FROM parameter WHERE id = ?1", [id], |row| Ok((row.get(0)?, row.get(1)?)));
        let (model, id): (String, i64) = carrier?;
        may_write(conn, call, &model, id)
    }),
    check: Some(check),
    ..Resource::BASE
};

/// Parameters belong to what carries them: whoever may not change that, or what is locked, keeps its parameters as they are.
fn may_write(conn: &Connection, call: &Call, model: &str, id: i64) -> Result<()> {
    if !carrier::may(&call.user, Right::Change, model) {
        return Err(Error::Denied("You may not change what carries this parameter.".into()));
    }
    let locked = model == "part.part"
        && setting::is_on(conn, "PART_ENABLE_LOCKING")?
        && db::one::<i64>(conn, "SELECT locked FROM part WHERE id = ?1", [id])? == Some(1);
    if locked { invalid(WHOLE, "The part is locked.") } else { Ok(()) }
}

fn check(change: &mut Change<'_>) -> Result<()> {
    let model = change.text("model_type");
    if model.is_empty() {
        change.wrong("model_type", "This field is required.");
    } else if change.creates() || change.changes("model_type") || change.changes("model_id") {
        may_write(change.tx, change.call, &model, change.int("model_id").unwrap_or_default())?;
    }
    change.set("updated", Value::Int(change.tx.now));
    change.set("updated_by", change.tx.author().into());
    let Some(template) = change.int("template") else { return Ok(()) };
    let Some(rules) = Rules::of(change.tx, template)? else { return Ok(()) };
    let mut data = change.text("data");
    if rules.is_flag() {
        data = if loosely_true(&data) { "True" } else { "False" }.into();
        change.set("data", Value::Text(data.clone()));
    } else if !rules.allows(change.tx, &data)? {
        change.wrong("data", "This is not one of the choices.");
    }
    if let Err(why) = rules.measures(change.tx, &data)? {
        change.wrong("data", why);
    }
    let number = numeric(change.tx, &rules, &data)?;
    change.set("data_numeric", number.map_or(Value::Null, Value::Real));
    Ok(())
}

/// The number that a value stands for, in the template's unit; nothing if it is none.
///
/// # Errors
/// The database cannot be asked.
pub fn numeric(conn: &Connection, rules: &Rules, data: &str) -> Result<Option<f64>> {
    let number = if rules.is_flag() {
        Some(f64::from(u8::from(loosely_true(data))))
    } else if rules.units.is_empty() {
        data.trim().parse().ok()
    } else {
        unit::number_in(conn, data, &rules.units)?.ok().map(unit::Number::float)
    };
    Ok(number.filter(|n: &f64| n.is_finite()))
}

/// Reckons the numbers of all parameters of a template anew.
///
/// # Errors
/// The database cannot be written.
pub fn renumber(tx: &Tx<'_>, template: i64) -> Result<()> {
    let Some(rules) = Rules::of(tx, template)? else { return Ok(()) };
    let mut statement = tx.prepare_cached("SELECT id, data, data_numeric FROM parameter WHERE template = ?1")?;
    let rows = statement.query_map([template], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let rows: Vec<(i64, String, Option<f64>)> = rows.collect::<rusqlite::Result<_>>()?;
    for (id, data, before) in rows {
        let number = numeric(tx, &rules, &data)?;
        if number != before {
            db::run(tx, "UPDATE parameter SET data_numeric = ?2 WHERE id = ?1", (id, number))?;
        }
    }
    Ok(())
}

/// The same for all templates with units: one of the units has a new meaning.
///
/// # Errors
/// The database cannot be written.
pub fn renumber_all(tx: &Tx<'_>) -> Result<()> {
    for template in db::column::<i64>(tx, "SELECT id FROM parameter_template WHERE units <> ''", [])? {
        renumber(tx, template)?;
    }
    Ok(())
}

/// Gives an object a parameter, unless it has one of this template; the value was judged elsewhere.
///
/// # Errors
/// The database cannot be written.
pub fn give(tx: &Tx<'_>, model: &str, id: i64, template: i64, data: &str) -> Result<()> {
    let Some(rules) = Rules::of(tx, template)? else { return Ok(()) };
    db::run(
        tx,
        "INSERT OR IGNORE INTO parameter (template, model_type, model_id, data, data_numeric, updated, updated_by) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        (template, model, id, data, numeric(tx, &rules, data)?, tx.now, tx.author()),
    )
    .map(|_| ())
}

/// Copies the parameters of one object to another of the same model.
///
/// # Errors
/// The database cannot be written.
pub fn copy(tx: &Tx<'_>, model: &str, from: i64, to: i64) -> Result<()> {
    db::run(
        tx,
        "INSERT OR IGNORE INTO parameter (template, model_type, model_id, data, data_numeric, note, updated, updated_by) \
         SELECT template, model_type, ?3, data, data_numeric, note, ?4, ?5 FROM parameter WHERE model_type = ?1 AND model_id = ?2",
        (model, from, to, tx.now, tx.author()),
    )
    .map(|_| ())
}

/// The field `parameters` of a model, by its `app.model` name.
macro_rules! parameters_of {
    ($model:literal) => {
        $crate::engine::describe::many(
            "parameters",
            &$crate::common::parameter::PARAMETER,
            concat!("SELECT id FROM parameter WHERE model_type = '", $model, "' AND model_id = :id ORDER BY id"),
        )
        .null()
        .on("parameters")
    };
}
pub(crate) use parameters_of;
