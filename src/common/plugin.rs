//! `/api/plugins/`: the registry. Plugins are Python packages elsewhere; here it lists what is compiled in under their keys, and nothing can be added.

use crate::engine::describe::*;
use crate::identity::Access;

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
        any("mixins").holds("{}").computed("'{}'"),
        flag("is_builtin").computed("1"),
        flag("is_sample").computed("0"),
        flag("is_installed").computed("1"),
        flag("is_package").computed("0"),
        flag("is_mandatory").computed("0"),
    ],
    filters: &[
        is("active", "t.active = 1"),
        is("builtin", "1"),
        is("installed", "1"),
        is("mandatory", "0"),
        is("sample", "0"),
        where_("mixin", Reads::Text, "0"),
    ],
    search: &[own("plugin", &["key", "name"])],
    order: &[order("key", &["t.key"]), order("name", &["t.name"]), order("active", &["t.active"])],
    sort: order("", &["t.key"]),
    ..Resource::BASE
};
