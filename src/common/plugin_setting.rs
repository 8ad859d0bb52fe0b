//! `/api/plugins/settings/` and all below `/api/plugins/{plugin}/`: what can be set of the plugins that are compiled in. Nothing can be
//! installed, switched off or taken away.

use serde_json::json;

use super::plugin::PLUGIN;
use crate::db;
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::engine::input::{self, Mode, Value};
use crate::engine::read::{self, Shape};
use crate::engine::write::mode_of;
use crate::error::{Error, Result, WHOLE, invalid};
use crate::identity::Access;

/// Settings of all plugins.
pub static SETTING: Resource = Resource {
    path: "plugins/settings",
    model: "pluginsetting",
    schema: "PluginSetting",
    title: "plugin setting",
    table: "plugin_setting",
    access: Access::StaffWrites,
    verbs: Verbs::LIST,
    operations: &["plugins_settings_list_all"],
    fields: &[
        pk(),
        text("key", 0).fixed().says("Key", "Name of the setting in programs"),
        text("value", 2000).null().required().says("Value", "What the setting is set to"),
        text("name", 0).fixed().says("Name", "Name of the setting"),
        text("description", 0).fixed().says("Description", "What it does"),
        text("type", 0).computed("'string'").says("Type", "What kind of value"),
        json("choices", "t.choices", &[]).holds("[]").says("Choices", "What it can be"),
        text("model_name", 0).null().computed("NULL").says("Model", "What it refers to"),
        json("model_filters", "'{}'", &[]).holds("{}").says("Model filters", "Which of them"),
        text("api_url", 0).null().computed("NULL").says("API URL", "Where they are"),
        text("typ", 0).computed("'plugin'").says("Kind", "Whose setting it is"),
        text("units", 0).computed("''").says("Units", "Unit of the value"),
        flag("required").computed("0").says("Required", "Must it be set?"),
        flag("confirm").computed("0").says("Confirm", "Must a change be confirmed?"),
        text("confirm_text", 0).computed("''").says("Confirmation", "What is asked then"),
        text("plugin", 0).fixed().says("Plugin", "Key of the plugin"),
        flag("read_only").computed("0").says("Override", "The value comes from the server's own configuration"),
    ],
    filters: &[
        where_("plugin__key", Reads::Text, "t.plugin = ?"),
        is("plugin__active", "(SELECT p.active FROM plugin p WHERE p.key = t.plugin)"),
    ],
    ..Resource::BASE
};

const BASE: Endpoint = Endpoint { title: "plugin", word: "plugin", ..Endpoint::BASE };

/// The addresses by hand.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: "api/plugins/{text}/settings/",
        operations: &["plugins_settings_list"],
        title: "plugin settings",
        output: SETTING.fields,
        output_schema: "PluginSetting",
        answers_list: true,
        verbs: &[(Verb::Get, list)],
        ..BASE
    },
    Endpoint {
        path: "api/plugins/{text}/settings/{word}/",
        word: "plugin,key",
        access: Access::StaffWrites,
        title: "plugin setting",
        input: SETTING.fields,
        input_schema: "PluginSetting",
        output: SETTING.fields,
        output_schema: "PluginSetting",
        verbs: &[(Verb::Get, show), (Verb::Put, change), (Verb::Patch, change)],
        ..BASE
    },
    Endpoint {
        path: "api/plugins/{text}/user-settings/",
        operations: &["plugins_user_settings_list"],
        title: "plugin settings of a user",
        documented: false,
        verbs: &[(Verb::Get, |call| plugin(call).map(|_| Reply::value(&json!([]))))],
        ..BASE
    },
    Endpoint {
        path: "api/plugins/{text}/admin/",
        access: Access::Staff,
        output: &[text("source", 0).null().required().label("Source"), any("context").null().required().label("Context")],
        output_schema: "PluginAdminDetail",
        verbs: &[(Verb::Get, |call| plugin(call).map(|_| Reply::value(&json!({"source": null, "context": null}))))],
        ..BASE
    },
    Endpoint {
        path: "api/plugins/{text}/activate/",
        access: Access::Super,
        input: ACTIVATE,
        input_schema: "PluginActivate",
        verbs: &[(Verb::Put, activate), (Verb::Patch, activate)],
        ..BASE
    },
    Endpoint {
        path: "api/plugins/status/",
        access: Access::Super,
        title: "state of the plugins",
        documented: false,
        verbs: &[(Verb::Get, |_| Ok(Reply::value(&json!({"registry_errors": [], "active_plugins": 1}))))],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/plugins/install/",
        access: Access::Super,
        title: "installation of a plugin",
        documented: false,
        verbs: &[(Verb::Post, |_| invalid(WHOLE, "Plugins are compiled in; none can be installed."))],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/plugins/reload/",
        access: Access::Super,
        title: "reload of the plugins",
        documented: false,
        verbs: &[(Verb::Post, |_| invalid(WHOLE, "Plugins are compiled in; there is nothing to load."))],
        ..Endpoint::BASE
    },
];

static ACTIVATE: &[Field] = &[flag("active").fill(Fill::Flag(true)).says("Activate Plugin", "Is it at work?")];

/// The key of the plugin that the address names.
fn plugin(call: &Call) -> Result<String> {
    let found: Option<String> = db::one(&*call.db().read()?, "SELECT key FROM plugin WHERE key = ?1 AND active = 1", [call.word()])?;
    found.ok_or_else(|| Error::no_such(PLUGIN.title))
}

fn list(call: &Call) -> Result<Reply> {
    let key = plugin(call)?;
    let conn = call.db().read()?;
    let rows: Vec<i64> = db::column(&conn, "SELECT id FROM plugin_setting WHERE plugin = ?1 ORDER BY id", [key])?;
    read::shown_each(call, &conn, &SETTING, Shape::Row, &rows, 200)
}

/// The key of the setting that the address names.
fn row(call: &Call, conn: &rusqlite::Connection) -> Result<i64> {
    let key = call.words.get(1).map_or("", String::as_str);
    let row: Option<i64> = db::one(conn, "SELECT id FROM plugin_setting WHERE plugin = ?1 AND key = ?2", (call.word(), key))?;
    row.ok_or_else(|| Error::no_such(SETTING.title))
}

fn show(call: &Call) -> Result<Reply> {
    let conn = call.db().read()?;
    read::shown(call, &conn, &SETTING, Shape::Detail, row(call, &conn)?, 200)
}

fn change(call: &Call) -> Result<Reply> {
    call.write(|tx, call| {
        let row = row(call, tx)?;
        let asked = input::read(tx, SETTING.fields, &call.content, mode_of(call.verb))?;
        if let Some(value) = asked.get("value") {
            let text = match value {
                Value::Text(text) => text.clone(),
                _ => String::new(),
            };
            let choices: String = db::one(tx, "SELECT choices FROM plugin_setting WHERE id = ?1", [row])?.unwrap_or_default();
            let choices: Vec<serde_json::Value> = serde_json::from_str(&choices).unwrap_or_default();
            if !choices.is_empty() && !choices.iter().any(|choice| choice["value"] == text.as_str()) {
                return invalid(WHOLE, "This is not one of the choices.");
            }
            db::run(tx, "UPDATE plugin_setting SET value = ?2 WHERE id = ?1", (row, text))?;
        }
        read::shown(call, tx, &SETTING, Shape::Changed, row, 200)
    })
}

/// What is compiled in is at work and stays so.
fn activate(call: &Call) -> Result<Reply> {
    plugin(call)?;
    let asked = input::read(&*call.db().read()?, ACTIVATE, &call.content, Mode::Create)?;
    if asked.flag("active") {
        Ok(Reply::value(&json!({"active": true})))
    } else {
        invalid(WHOLE, "What is compiled in cannot be switched off.")
    }
}
