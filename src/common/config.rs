//! `/api/admin/config/`: by which options and variables this server was started. Names and sources, never values.

use serde_json::{Value as Raw, json};

use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::engine::moment;
use crate::error::{Error, Result};
use crate::identity::Access;

/// An option of the server: the variable that sets it, and the word of the command line.
pub static OPTIONS: &[(&str, &str)] = &[
    ("STOCKROOM_DATA", "data"),
    ("STOCKROOM_LISTEN", "listen"),
    ("STOCKROOM_TRUSTED_PROXY", "trusted-proxy"),
    ("STOCKROOM_DEBUG", "debug"),
    ("STOCKROOM_LOG", "log"),
    ("STOCKROOM_ADMIN_USER", "admin-user"),
    ("STOCKROOM_ADMIN_PASSWORD", "admin-password"),
    ("STOCKROOM_ADMIN_EMAIL", "admin-email"),
];

static OUTPUT: &[Field] = &[
    text("key", 0).fixed(),
    text("env_var", 0).null().plain().fixed(),
    text("config_key", 0).null().plain().fixed(),
    text("source", 0).fixed(),
    moment("accessed").fixed().holds("date-time"),
];

/// The addresses.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: "api/admin/config/",
        access: Access::Super,
        title: "options of the server",
        operations: &["admin_config_list"],
        output: OUTPUT,
        output_schema: "Config",
        answers_list: true,
        verbs: &[(Verb::Get, |call| Ok(Reply::value(&OPTIONS.iter().map(|option| shown(call, option)).collect::<Vec<_>>())))],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/admin/config/{text}/",
        word: "key",
        access: Access::Super,
        title: "option of the server",
        output: OUTPUT,
        output_schema: "Config",
        verbs: &[(Verb::Get, one)],
        ..Endpoint::BASE
    },
];

/// An option by its variable; those that the reference has too are also found under the reference's name.
fn one(call: &Call) -> Result<Reply> {
    let asked = call.word().replacen("INVENTREE_", "STOCKROOM_", 1);
    let option = OPTIONS.iter().find(|option| option.0 == asked).ok_or_else(|| Error::no_such("option"))?;
    Ok(Reply::value(&shown(call, option)))
}

fn shown(call: &Call, (variable, word): &(&str, &str)) -> Raw {
    let source = match std::env::var_os(variable) {
        _ if call.site.options.contains(word) => "command line",
        Some(_) => "env",
        None => "default",
    };
    json!({"key": variable, "env_var": variable, "config_key": word, "source": source, "accessed": moment::exact(call.site.started)})
}
