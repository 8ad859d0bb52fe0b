//! `/api/flags/`: features that are on or off. Some come on for a single request, by a parameter of its query.

use serde_json::{Value as Raw, json};

use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::error::{Error, Result};
use crate::identity::Access;

/// What turns a flag on.
enum Condition {
    /// Always so, or never.
    Boolean(bool),
    /// This parameter, without a value.
    Parameter(&'static str),
    /// The OAuth provider is switched on.
    Provider,
}

static FLAGS: &[(&str, &[Condition])] = &[
    ("EXPERIMENTAL", &[Condition::Boolean(false), Condition::Parameter("experimental")]),
    ("NEXT_GEN", &[Condition::Parameter("ngen")]),
    ("OIDC", &[Condition::Provider, Condition::Parameter("oidc")]),
];

// OPTIONS calls the state a text, as the contract does; true or false is answered, and the OpenAPI document says so.
static OUTPUT: &[Field] =
    &[text("key", 0).fixed(), text("state", 0).fixed().holds("boolean"), any("conditions").holds("[]").null().fixed().absent_when_null()];

/// The addresses.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: "api/flags/",
        access: Access::Anyone,
        title: "feature flags",
        operations: &["flags_list"],
        output: OUTPUT,
        output_schema: "Flag",
        answers_list: true,
        verbs: &[(Verb::Get, |call| Ok(Reply::value(&FLAGS.iter().map(|flag| shown(call, flag)).collect::<Vec<_>>())))],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/flags/{word}/",
        word: "key",
        access: Access::Anyone,
        title: "feature flag",
        output: OUTPUT,
        output_schema: "Flag",
        verbs: &[(Verb::Get, one)],
        ..Endpoint::BASE
    },
];

fn one(call: &Call) -> Result<Reply> {
    let flag = FLAGS.iter().find(|flag| flag.0 == call.word()).ok_or_else(|| Error::no_such("flag"))?;
    Ok(Reply::value(&shown(call, flag)))
}

fn shown(call: &Call, (key, conditions): &(&str, &[Condition])) -> Raw {
    let on = conditions.iter().any(|condition| match condition {
        Condition::Boolean(on) => *on,
        Condition::Parameter(name) => call.query.get(name) == Some(""),
        Condition::Provider => call.site.oauth,
    });
    let mut flag = json!({"key": key, "state": on});
    if call.user.superuser {
        flag["conditions"] = conditions
            .iter()
            .filter_map(|condition| match condition {
                Condition::Boolean(on) => Some(json!({"condition": "boolean", "value": on})),
                Condition::Parameter(name) => Some(json!({"condition": "parameter", "value": format!("{name}=")})),
                Condition::Provider => call.site.oauth.then(|| json!({"condition": "boolean", "value": true})),
            })
            .collect();
    }
    flag
}
