//! `/api/plugins/`: the registry. Plugins are Python packages elsewhere; here it lists what is compiled in under their keys, and nothing can be added.

use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::engine::input::{self, Mode};
use crate::error::{Error, Result};
use crate::identity::{Access, Right, Role};

/// The registry.
pub static PLUGIN: Resource = Resource {
    path: "plugins",
    model: "pluginconfig",
    schema: "PluginConfig",
    word: "plugin",
    title: "plugin",
    table: "plugin",
    access: Access::Login,
    verbs: Verbs::READ,
    lookup: Lookup::Word("key"),
    fields: &[
        pk(),
        text("key", 255).fixed().says("Key", "Key of the plugin"),
        text("name", 255).null().fixed().says("Name", "Name of the plugin"),
        text("package_name", 0).null().computed("NULL"),
        flag("active").fixed().says("Active", "Is it at work?"),
        any("meta").holds("{}").computed("'{}'"),
        any("mixins").holds("{}").computed(r#"'{"barcode":{"key":"barcode","human_name":"Barcode"}}'"#),
        flag("is_builtin").computed("1"),
        flag("is_sample").computed("0"),
        flag("is_installed").computed("1"),
        flag("is_package").computed("0"),
        flag("is_mandatory").computed("1"),
    ],
    filters: &[
        is("active", "t.active = 1"),
        is("builtin", "1"),
        is("installed", "1"),
        is("mandatory", "1"),
        is("sample", "0"),
        where_("mixin", Reads::Text, "? = 'barcode'"),
    ],
    search: &[own("plugin", &["key", "name"])],
    order: &[order("key", &["t.key"]), order("name", &["t.name"]), order("active", &["t.active"])],
    sort: order("", &["t.key"]),
    ..Resource::BASE
};

/// What plugins would answer; none of them is here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: "api/action/",
        title: "action of a plugin",
        input: &[text("action", 0).required().label("Action"), any("data").holds("{}").required().label("Data")],
        input_schema: "ActionPlugin",
        statuses: &["200"],
        verbs: &[(Verb::Post, action)],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/locate/",
        title: "place that makes itself known",
        input: &[text("plugin", 0).required().label("Plugin"), int("item").label("Item"), int("location").label("Location")],
        input_schema: "LocatePlugin",
        statuses: &["200"],
        verbs: &[(Verb::Post, locate)],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/plugins/ui/features/{text}/",
        word: "feature",
        title: "features of the browser client",
        operations: &["plugins_ui_features_list"],
        output: &[
            text("plugin_name", 0).required().label("Plugin"),
            text("feature_type", 0).required().label("Type"),
            text("key", 0).required().label("Key"),
            text("title", 0).label("Title"),
            text("description", 0).label("Description"),
            text("icon", 0).label("Icon"),
            any("options").holds("{}").label("Options"),
            any("context").holds("{}").label("Context"),
            text("source", 0).label("Source"),
        ],
        output_schema: "PluginUIFeature",
        answers_list: true,
        verbs: &[(Verb::Get, nothing)],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/supplier/list/",
        title: "suppliers that can be searched",
        operations: &["supplier_list_list"],
        output: &[
            text("plugin_slug", 0).required().label("Plugin"),
            text("supplier_slug", 0).required().label("Supplier"),
            text("supplier_name", 0).required().label("Name"),
        ],
        output_schema: "SupplierList",
        answers_list: true,
        verbs: &[(Verb::Get, |call| may_import(call).and_then(|()| nothing(call)))],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/supplier/search/",
        title: "search at a supplier",
        documented: false,
        verbs: &[(Verb::Get, |call| may_import(call).and_then(|()| no_plugin(call.query.get("plugin").unwrap_or_default())))],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/supplier/import/",
        title: "import from a supplier",
        documented: false,
        input: IMPORT,
        verbs: &[(Verb::Post, |call| {
            may_import(call)?;
            let asked = input::read(&*call.db().read()?, IMPORT, &call.content, Mode::Create)?;
            no_plugin(asked.text("plugin"))
        })],
        ..Endpoint::BASE
    },
];

static IMPORT: &[Field] = &[
    text("plugin", 0).required().label("Plugin"),
    text("supplier", 0).required().label("Supplier"),
    text("part_import_id", 0).required().label("Part"),
    int("category_id").null().label("Category"),
    int("part_id").null().label("Part"),
];

fn nothing(_: &Call) -> Result<Reply> {
    Ok(Reply::value(&serde_json::json!([])))
}

/// Only who may add parts has anything to do with suppliers' catalogues.
fn may_import(call: &Call) -> Result<()> {
    if call.user.has(Role::PART, Right::Add) { Ok(()) } else { Err(Error::denied()) }
}

fn no_plugin(name: &str) -> Result<Reply> {
    Err(Error::NotFound(format!("There is no plugin \"{name}\".")))
}

/// No plugin answers actions: what is asked for is named, as the contract has it.
fn action(call: &Call) -> Result<Reply> {
    let answer = |status, body: &serde_json::Value| Ok(Reply { status, ..Reply::value(body) });
    match call.content.raw("action") {
        Some(action) if !action.is_null() && action != "" => {
            answer(404, &serde_json::json!({"error": "No plugin knows this action", "action": action}))
        }
        _ => answer(400, &serde_json::json!({"error": "An action must be named"})),
    }
}

fn locate(call: &Call) -> Result<Reply> {
    match call.content.raw("plugin") {
        Some(plugin) if !plugin.is_null() && plugin != "" => {
            Err(Error::Malformed(format!("There is no plugin {plugin} that could make a place known.")))
        }
        _ => Err(Error::Malformed("A plugin must be named.".into())),
    }
}
