//! `/api/version-text`: what changed from one version of the API to the next, as far as clients of this server notice.

use serde_json::{Value as Raw, json};

use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::error::Result;
use crate::identity::Access;
use crate::site::API_VERSION;

/// Versions that one answer names at most.
const MOST: i64 = 1000;

/// What changed, by version.
static CHANGES: &[(i64, &[&str])] = &[
    (196, &["The first version whose operations this server answers."]),
    (216, &["Content types are found by their model's name at /api/contenttype/model/{model}/."]),
    (252, &["All physical units that are known can be listed at /api/units/all/."]),
    (301, &["The preferred user interface is no longer kept by /api/web/ui_preference/; this server keeps it for old clients."]),
    (373, &["Notification settings moved to the plugins; this server answers the old addresses too."]),
    (407, &["/api/action/ answers with real status codes."]),
    (436, &["Metadata of every kind of thing is found below /api/metadata/."]),
    (479, &["Reading all notifications is a POST; this server answers the old GET too."]),
    (490, &["What belongs to the caller lies below /api/user/me/."]),
    (511, &["The version that this server speaks."]),
];

/// The address; it has no slash at its end.
pub static ENDPOINT: Endpoint = Endpoint {
    path: "api/version-text",
    access: Access::Staff,
    title: "changes of the API",
    operations: &["version_text_list"],
    query: &[where_("start_version", Reads::Int, ""), where_("versions", Reads::Int, "")],
    output: &[
        text("version", 0).required().label("Version"),
        text("date", 0).required().label("Date"),
        text("gh", 0).null().required().label("Link"),
        words("text").required().label("Text"),
        flag("latest").required().label("Latest"),
    ],
    output_schema: "VersionInformation",
    answers_list: true,
    verbs: &[(Verb::Get, changes)],
    ..Endpoint::BASE
};

/// Oldest first; null for versions that are not there yet.
fn changes(call: &Call) -> Result<Reply> {
    let number = |name| call.query.get(name).and_then(|text| text.trim().parse::<i64>().ok());
    let many = number("versions").unwrap_or(10).clamp(0, MOST);
    let first = number("start_version").unwrap_or(API_VERSION - many + 1).clamp(1, API_VERSION + MOST);
    let shown: Vec<Raw> = (first..first + many)
        .map(|version| match version {
            1..=API_VERSION => {
                let text = CHANGES.iter().find(|change| change.0 == version).map_or(&[] as &[&str], |change| change.1);
                json!({"version": format!("v{version}"), "date": "", "gh": null, "text": text, "latest": version == API_VERSION})
            }
            _ => Raw::Null,
        })
        .collect();
    Ok(Reply::value(&shown))
}
