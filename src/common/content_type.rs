//! `/api/contenttype/`: the models by number and name, for clients that refer to them so. A fixed table; its numbers mean nothing elsewhere.

use rusqlite::Connection;

use crate::db;
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::engine::json::Json;
use crate::engine::read::{Shape, Writer};
use crate::error::{Error, Result};
use crate::identity::Access;

/// Models.
pub static CONTENT_TYPE: Resource = Resource {
    path: "contenttype",
    model: "contenttype",
    schema: "ContentType",
    title: "model",
    table: "content_type",
    access: Access::Login,
    verbs: Verbs::READ,
    fields: &[
        pk(),
        text("app_label", 100).fixed().says("App label", "The application that the model belongs to"),
        text("model", 100).fixed().says("Model", "Its name, in lower case"),
        text("app_labeled_name", 0).computed("t.app_name || ' | ' || t.name").says("App labeled name", "Both as people read them"),
        flag("is_plugin").computed("0").says("Is plugin", "Does it come from a plugin?"),
    ],
    search: &[own("content_type", &["app_label", "model"])],
    order: &[order("pk", &["t.id"]), order("app_label", &["t.app_label"]), order("model", &["t.model"])],
    ..Resource::BASE
};

fn by_model(call: &Call) -> Result<Reply> {
    let conn = call.db().read()?;
    let id: Option<i64> = db::one(&conn, "SELECT id FROM content_type WHERE model = ?1", [call.word().to_ascii_lowercase()])?;
    let mut out = Json::new();
    match id {
        Some(id) if Writer::new(call, &conn).one(&CONTENT_TYPE, Shape::Detail, id, &mut out)? => Ok(Reply::json(200, out)),
        _ => Err(Error::no_such(CONTENT_TYPE.title)),
    }
}

/// One model by its name.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: "api/contenttype/model/{text}/",
        word: "model",
        title: "model",
        operations: &["contenttype_retrieve_model"],
        output: CONTENT_TYPE.fields,
        output_schema: "ContentType",
        verbs: &[(Verb::Get, by_model)],
        ..Endpoint::BASE
    },
    // Clients of API versions before 216 know it here.
    Endpoint {
        path: "api/contenttype/{word}/",
        documented: false,
        title: "model",
        output: CONTENT_TYPE.fields,
        output_schema: "ContentType",
        verbs: &[(Verb::Get, by_model)],
        ..Endpoint::BASE
    },
];

/// A model as `app.model`, from that name, the model's name alone, or its number; nothing if there is none.
///
/// # Errors
/// The database cannot be asked.
pub fn named(conn: &Connection, text: &str) -> Result<Option<String>> {
    let text = text.trim().to_ascii_lowercase();
    db::one(
        conn,
        "SELECT app_label || '.' || model FROM content_type WHERE model = ?1 OR app_label || '.' || model = ?1 OR CAST(id AS TEXT) = ?1",
        [text],
    )
}
