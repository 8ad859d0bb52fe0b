//! Settings, global and of each user: `/api/settings/…`. What they are stands in assets/settings.json, their values in the database.

use std::collections::HashMap;
use std::sync::LazyLock;

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use serde::Deserialize;

use crate::db::{self, Tx};
use crate::engine::call::loosely_true;
use crate::engine::describe::*;
use crate::engine::input::Value;
use crate::engine::json::Json;
use crate::engine::write::Change;
use crate::error::{Error, Problem, Problems, Result, WHOLE, invalid};
use crate::identity::Access;
use crate::packed::{packed, unpack};

/// What a setting is.
#[derive(Deserialize)]
struct Setting {
    key: String,
    name: String,
    description: String,
    #[serde(rename = "type")]
    kind: String,
    default: String,
    #[serde(default)]
    units: String,
    #[serde(default)]
    choices: Vec<(String, String)>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    api_url: Option<String>,
    #[serde(default)]
    confirm: bool,
    #[serde(default)]
    confirm_text: String,
    #[serde(default)]
    hidden: bool,
    #[serde(default)]
    min: Option<i64>,
    #[serde(default)]
    max: Option<i64>,
    /// Where choices that depend on the data come from.
    #[serde(default)]
    choices_from: Option<String>,
    /// How a default is made that every server has for itself.
    #[serde(default)]
    made: Option<String>,
    #[serde(default)]
    check: Option<String>,
}

#[derive(Deserialize)]
struct Table {
    global: Vec<Setting>,
    user: Vec<Setting>,
}

#[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
static TABLE: LazyLock<Table> =
    LazyLock::new(|| serde_json::from_str(&unpack(packed!("settings.json")).expect("packed")).expect("assets/settings.json"));
static BY_KEY: LazyLock<HashMap<&'static str, &'static Setting>> =
    LazyLock::new(|| TABLE.global.iter().chain(&TABLE.user).map(|s| (s.key.as_str(), s)).collect());

/// Makes the rows that are missing; called when a data folder is opened.
///
/// # Errors
/// The database cannot be written.
pub fn fill(tx: &Tx<'_>) -> Result<()> {
    let there: i64 = db::one(tx, "SELECT count(*) FROM setting", [])?.unwrap_or(0);
    if usize::try_from(there).is_ok_and(|n| n >= TABLE.global.len()) {
        return Ok(());
    }
    for setting in &TABLE.global {
        db::run(tx, "INSERT OR IGNORE INTO setting (key, value) VALUES (?1, ?2)", (&setting.key, default_of(setting)?))?;
    }
    Ok(())
}

/// Likewise for the settings of a user.
///
/// # Errors
/// The database cannot be written.
pub fn fill_user(tx: &Tx<'_>, user: i64) -> Result<()> {
    for setting in &TABLE.user {
        db::run(tx, "INSERT OR IGNORE INTO user_setting (key, user, value) VALUES (?1, ?2, ?3)", (&setting.key, user, &setting.default))?;
    }
    Ok(())
}

/// Every server has an identity of its own.
fn default_of(setting: &Setting) -> Result<String> {
    if setting.made.as_deref() == Some("uuid") { uuid() } else { Ok(setting.default.clone()) }
}

/// A random UUID.
///
/// # Errors
/// The system has no random numbers.
pub fn uuid() -> Result<String> {
    let id = crate::identity::token::hex(&crate::identity::token::random::<16>()?);
    let part = |from: usize, to: usize| id.get(from..to).unwrap_or_default();
    Ok(format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32)))
}

/// The value of a global setting, as text; its default where the row is missing.
///
/// # Errors
/// The database cannot be asked.
pub fn value(conn: &Connection, key: &str) -> Result<String> {
    let row: Option<String> = db::one(conn, "SELECT value FROM setting WHERE key = ?1", [key])?;
    Ok(row.unwrap_or_else(|| BY_KEY.get(key).map(|s| s.default.clone()).unwrap_or_default()))
}

/// A setting of a user that is true or false; its default where the row is missing.
///
/// # Errors
/// The database cannot be asked.
pub fn user_is_on(conn: &Connection, user: i64, key: &str) -> Result<bool> {
    let row: Option<String> = db::one(conn, "SELECT value FROM user_setting WHERE user = ?1 AND key = ?2", (user, key))?;
    Ok(loosely_true(row.as_deref().or_else(|| BY_KEY.get(key).map(|s| s.default.as_str())).unwrap_or_default()))
}

/// A global setting that is true or false.
///
/// # Errors
/// The database cannot be asked.
pub fn is_on(conn: &Connection, key: &str) -> Result<bool> {
    value(conn, key).map(|text| loosely_true(&text))
}

/// A global setting that is a number; 0 for what is none.
///
/// # Errors
/// The database cannot be asked.
pub fn number(conn: &Connection, key: &str) -> Result<i64> {
    value(conn, key).map(|text| text.trim().parse().unwrap_or(0))
}

/// The currencies in use, the default one included.
///
/// # Errors
/// The database cannot be asked.
pub fn currencies(conn: &Connection) -> Result<Vec<(Value, String)>> {
    let mut codes: Vec<String> =
        value(conn, "CURRENCY_CODES")?.split(',').map(|c| c.trim().to_string()).filter(|c| !c.is_empty()).collect();
    codes.sort();
    codes.dedup();
    Ok(codes.into_iter().map(|code| (Value::Text(code.clone()), currency_label(&code))).collect())
}

/// The default currency.
///
/// # Errors
/// The database cannot be asked.
pub fn default_currency(conn: &Connection) -> Result<Value> {
    value(conn, "INVENTREE_DEFAULT_CURRENCY").map(Value::Text)
}

fn currency_label(code: &str) -> String {
    format!("{code} - {}", currency_name(code))
}

/// ISO 4217 names of the currencies that are offered from the start; others go by their code.
fn currency_name(code: &str) -> &str {
    match code {
        "AUD" => "Australian Dollar",
        "CAD" => "Canadian Dollar",
        "CHF" => "Swiss Franc",
        "CNY" => "Chinese Yuan",
        "EUR" => "Euro",
        "GBP" => "British Pound",
        "JPY" => "Japanese Yen",
        "NZD" => "New Zealand Dollar",
        "USD" => "US Dollar",
        other => other,
    }
}

/// Registers `setting_fact(key, fact)` and `setting_value(key, text)`, by which the descriptions below read the table.
///
/// # Errors
/// SQLite does not take them.
pub fn functions(conn: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    conn.create_scalar_function("setting_fact", 2, flags, |call| {
        let (key, fact): (String, String) = (call.get(0)?, call.get(1)?);
        Ok(BY_KEY.get(key.as_str()).and_then(|setting| fact_of(setting, &fact)))
    })?;
    conn.create_scalar_function("currency_label", 1, flags, |call| Ok(currency_label(&call.get::<String>(0)?)))?;
    conn.create_scalar_function("setting_value", 2, flags, |call| {
        let (key, text): (String, String) = (call.get(0)?, call.get(1)?);
        Ok(BY_KEY.get(key.as_str()).map_or_else(|| serde_json::Value::from(text.as_str()).to_string(), |setting| shown(setting, &text)))
    })
}

fn fact_of(setting: &Setting, fact: &str) -> Option<String> {
    match fact {
        "name" => Some(setting.name.clone()),
        "description" => Some(setting.description.clone()),
        "type" => Some(setting.kind.clone()),
        "units" => Some(setting.units.clone()),
        "model" => setting.model.clone(),
        "api_url" => setting.api_url.clone(),
        "confirm_text" => Some(setting.confirm_text.clone()),
        "choices_from" => setting.choices_from.clone(),
        "hidden" => setting.hidden.then(|| "1".into()),
        "confirm" => Some(if setting.confirm { "1".into() } else { "0".into() }),
        "choices" => {
            let mut out = Json::new();
            out.open('[');
            for (value, name) in &setting.choices {
                out.item();
                out.value(&serde_json::json!({"value": value, "display_name": name}));
            }
            out.close(']');
            String::from_utf8(out.into_bytes()).ok()
        }
        _ => None,
    }
}

/// A stored text as JSON of its type.
fn shown(setting: &Setting, text: &str) -> String {
    let json = match setting.kind.as_str() {
        "boolean" => loosely_true(text).into(),
        "integer" => match text.trim().parse::<i64>() {
            Ok(n) => n.into(),
            Err(_) => serde_json::Value::from(text),
        },
        _ => serde_json::Value::from(text),
    };
    json.to_string()
}

const fn fact(name: &'static str, sql: &'static str) -> Field {
    text(name, 0).computed(sql)
}

const KEY: Field = text("key", 50).fixed().says("Key", "Name of the setting in programs");
const VALUE: Field =
    any_of("value", 2000).required().null().kept_by("setting_value(t.key, t.value)", save).says("Value", "What the setting is set to");
const ABOUT_NAME: Field = fact("name", "coalesce(setting_fact(t.key, 'name'), '')");
const ABOUT: Field = fact("description", "coalesce(setting_fact(t.key, 'description'), '')");
const TYPE: Field = fact("type", "coalesce(setting_fact(t.key, 'type'), 'string')");
const UNITS: Field = fact("units", "coalesce(setting_fact(t.key, 'units'), '')");
const CHOICES: Field = json("choices", CHOICES_SQL, &[]).holds("[]");
/// The currencies in use or the groups where a setting chooses among them; else what the table says.
const CHOICES_SQL: &str = "CASE setting_fact(t.key, 'choices_from') WHEN 'currencies' THEN (SELECT json_group_array(json_object('value', trim(c.value), \
    'display_name', currency_label(trim(c.value)))) FROM setting s, json_each('[\"' || replace(s.value, ',', '\",\"') || '\"]') c WHERE s.key = 'CURRENCY_CODES') \
    WHEN 'groups' THEN (SELECT json_group_array(json_object('value', value, 'display_name', name)) FROM (SELECT '' AS value, 'No group' AS name \
    UNION ALL SELECT * FROM (SELECT CAST(id AS TEXT), name FROM user_group ORDER BY id))) ELSE coalesce(setting_fact(t.key, 'choices'), '[]') END";
const MODEL: Field = fact("model_name", "setting_fact(t.key, 'model')").null();
const API_URL: Field = fact("api_url", "setting_fact(t.key, 'api_url')").null();
const CONFIRM: Field = flag("confirm")
    .computed("CAST(coalesce(setting_fact(t.key, 'confirm'), '0') AS INTEGER)")
    .says("Confirm", "A change must be confirmed");
const CONFIRM_TEXT: Field = fact("confirm_text", "coalesce(setting_fact(t.key, 'confirm_text'), '')");
const ORDER: &[Order] = &[order("pk", &["t.id"]), order("key", &["t.key"]), order("name", &["setting_fact(t.key, 'name')"])];

/// Settings of the server; keys that begin with an underscore are its own business.
pub static GLOBAL: Resource = Resource {
    path: "settings/global",
    model: "inventreesetting",
    schema: "GlobalSettings",
    title: "setting",
    table: "setting",
    access: Access::StaffWrites,
    verbs: Verbs::READ.and(Verbs::UPDATE),
    lookup: Lookup::Word("key"),
    fields: &[
        pk(),
        KEY,
        VALUE,
        ABOUT_NAME,
        ABOUT,
        TYPE,
        UNITS,
        CHOICES,
        MODEL,
        API_URL,
        fact("typ", "'inventree'"),
        flag("read_only").computed("0").plain().says("Override", "The value comes from the server's own configuration"),
        CONFIRM,
        CONFIRM_TEXT,
    ],
    search: &[own("setting", &["key"])],
    order: ORDER,
    scope: Some(|_| "substr(t.key, 1, 1) <> '_' AND setting_fact(t.key, 'hidden') IS NULL".into()),
    ..Resource::BASE
};

/// Settings of the caller.
pub static USER: Resource = Resource {
    path: "settings/user",
    model: "inventreeusersetting",
    schema: "UserSettings",
    title: "setting",
    table: "user_setting",
    access: Access::Login,
    verbs: Verbs::READ.and(Verbs::UPDATE),
    lookup: Lookup::Word("key"),
    fields: &[
        pk(),
        KEY,
        VALUE,
        ABOUT_NAME,
        ABOUT,
        to("user", &crate::users::user::USER).fixed().plain().says("User", "Whose setting it is"),
        TYPE,
        UNITS,
        CHOICES,
        MODEL,
        API_URL,
        fact("typ", "'user'"),
        CONFIRM,
        CONFIRM_TEXT,
    ],
    search: &[own("user_setting", &["key"])],
    order: ORDER,
    scope: Some(|_| "t.user = :user".into()),
    ..Resource::BASE
};

/// By which ways the caller wants to be told of events (API 327).
pub static NOTIFICATION: Resource = Resource {
    path: "settings/notification",
    model: "notificationusersetting",
    schema: "NotificationUserSetting",
    documented: false,
    title: "setting",
    table: "notification_setting",
    access: Access::Login,
    verbs: Verbs::READ.and(Verbs::UPDATE),
    fields: &[
        pk(),
        KEY,
        any_of("value", 2000).required().null().kept_by("iif(t.value = 'True', 'true', 'false')", save_way).says("Value", "Is it on?"),
        fact("name", "'E-mail notifications'"),
        fact("description", "'Events are told by e-mail too'"),
        fact("type", "'boolean'"),
        json("choices", "'[]'", &[]).holds("[]"),
        fact("model_name", "NULL").null(),
        json("model_filters", "'{}'", &[]).holds("{}"),
        fact("api_url", "NULL").null(),
        fact("typ", "'notification'"),
        text("method", 0).fixed(),
        flag("required").computed("0"),
    ],
    order: &[order("pk", &["t.id"]), order("key", &["t.key"])],
    scope: Some(|_| "t.user = :user".into()),
    ..Resource::BASE
};

fn save_way(change: &mut Change<'_>, value: &Value) -> Result<()> {
    let on = match value {
        Value::Json(serde_json::Value::Bool(on)) => *on,
        Value::Json(serde_json::Value::String(text)) => loosely_true(text),
        _ => return invalid("value", "True or false is expected here."),
    };
    let text = if on { "True" } else { "False" };
    db::run(change.tx, "UPDATE notification_setting SET value = ?2 WHERE id = ?1", (change.key(), text)).map(|_| ())
}

fn save(change: &mut Change<'_>, value: &Value) -> Result<()> {
    use serde_json::Value as Raw;
    let key = change.text("key");
    let setting = BY_KEY.get(key.as_str()).ok_or_else(|| Error::no_such("setting"))?;
    let text = match value {
        Value::Json(Raw::String(text)) => text.trim().to_string(),
        Value::Json(Raw::Bool(flag)) => if *flag { "True" } else { "False" }.into(),
        Value::Json(Raw::Number(number)) => number.to_string(),
        Value::Null => String::new(),
        _ => return invalid("value", "A text, a number, true or false is expected here."),
    };
    if setting.confirm && !change.call.content.raw("manual_confirm").is_some_and(|v| v == true || v.as_str().is_some_and(loosely_true)) {
        let mut problems = Problems::default();
        problems.put("manual_confirm", Problem::Text("This setting must be confirmed: send manual_confirm.".into()));
        return Err(Error::Invalid(problems));
    }
    let text = checked(change.tx, setting, text)?;
    db::run(change.tx, &format!("UPDATE \"{}\" SET value = ?2 WHERE id = ?1", change.resource.table), (change.key(), text))?;
    Ok(())
}

/// The text as it is stored, or why it cannot be; the checks are explained at the head of assets/settings.json.
fn checked(conn: &Connection, setting: &Setting, text: String) -> Result<String> {
    if setting.kind == "boolean" {
        return Ok(if loosely_true(&text) { "True" } else { "False" }.into());
    }
    let possible = match setting.choices_from.as_deref() {
        Some("currencies") => currencies(conn)?.iter().any(|c| c.0 == Value::Text(text.clone())),
        Some("groups") => {
            text.is_empty() || db::one::<i64>(conn, "SELECT 1 FROM user_group WHERE CAST(id AS TEXT) = ?1", [&text])?.is_some()
        }
        _ => setting.choices.is_empty() || setting.choices.iter().any(|c| c.0 == text),
    };
    if !possible {
        return invalid(WHOLE, "This is not one of the choices.");
    }
    if setting.kind == "integer" {
        let Ok(number) = text.parse::<i64>() else { return invalid(WHOLE, "A whole number is expected here.") };
        if let Some(least) = setting.min.filter(|least| number < *least) {
            return invalid(WHOLE, format!("The least value here is {least}."));
        }
        if let Some(most) = setting.max.filter(|most| number > *most) {
            return invalid(WHOLE, format!("The greatest value here is {most}."));
        }
    }
    match setting.check.as_deref() {
        Some("currency_codes") => currency_codes(&text)?,
        Some("reference_pattern") => {
            crate::order::reference::Pattern::parse(&text).map(|_| ()).or_else(|why| invalid("value", why))?;
        }
        Some("part_name_format") => crate::part::name::check(&text).or_else(|why| invalid("value", why))?,
        Some("template") if !text.is_empty() => {
            super::template::Template::parse(&text).map(|_| ()).or_else(|why| invalid("value", why))?;
        }
        Some("base_url") if !text.is_empty() && !text.starts_with("http://") && !text.starts_with("https://") => {
            return invalid("value", "This is not a web address.");
        }
        Some("icon") if !text.is_empty() && text.split(':').count() != 3 => {
            return invalid("value", "An icon is written package:name:variant.");
        }
        Some("decimals_min") if text.parse::<i64>().is_ok_and(|n| number(conn, "PRICING_DECIMAL_PLACES").is_ok_and(|most| n > most)) => {
            return invalid("value", "This is more than PRICING_DECIMAL_PLACES.");
        }
        Some("decimals_max")
            if text.parse::<i64>().is_ok_and(|n| number(conn, "PRICING_DECIMAL_PLACES_MIN").is_ok_and(|least| n < least)) =>
        {
            return invalid("value", "This is less than PRICING_DECIMAL_PLACES_MIN.");
        }
        Some("email_domains") if !text.split(',').map(str::trim).all(|d| d.is_empty() || d.starts_with('@') && d.contains('.')) => {
            return invalid("value", "Domains are written @example.org, with commas between.");
        }
        Some("json") if !text.is_empty() && serde_json::from_str::<serde_json::Value>(&text).is_err() => {
            return invalid("value", "This is not JSON.");
        }
        _ => {}
    }
    Ok(text)
}

fn currency_codes(text: &str) -> Result<()> {
    let codes: Vec<&str> = text.split(',').map(str::trim).filter(|c| !c.is_empty()).collect();
    if codes.is_empty() {
        return invalid(WHOLE, "At least one currency is needed.");
    }
    let mut once = std::collections::HashSet::new();
    match codes.iter().find(|code| !once.insert(**code)) {
        Some(code) => invalid(WHOLE, format!("The currency {code} stands there twice.")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert_eq!((TABLE.global.len(), TABLE.user.len()), (157, 40));
        assert_eq!(BY_KEY.len(), 197);
        for setting in BY_KEY.values() {
            assert!(!setting.name.is_empty() && !setting.description.is_empty(), "{}", setting.key);
            assert!(["boolean", "integer", "related field", "string"].contains(&setting.kind.as_str()), "{}", setting.key);
            if setting.kind == "boolean" {
                assert!(["True", "False"].contains(&setting.default.as_str()), "{}", setting.key);
            }
        }
    }
}
