//! `/api/web/ui_preference/`: which of two browser clients a user of API 196 prefers. It is kept for such clients; none is served here.

use serde_json::json;

use crate::db;
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::engine::input::{self, Mode};
use crate::error::Result;

/// The address.
pub static ENDPOINT: Endpoint = Endpoint {
    path: "api/web/ui_preference/",
    title: "preferred browser client",
    documented: false,
    input: PREFERENCE,
    verbs: &[(Verb::Get, show), (Verb::Put, change)],
    ..Endpoint::BASE
};

static PREFERENCE: &[Field] = &[
    flag("cui").fixed().label("Classic"),
    flag("pui").fixed().label("Platform"),
    choice("preferred_method", Choices::Words(&[("cui", "Classic"), ("pui", "Platform")])).required().label("Preferred client"),
];

fn show(call: &Call) -> Result<Reply> {
    let conn = call.db().read()?;
    let preferred: Option<String> = db::one(&conn, "SELECT preferred_ui FROM user WHERE id = ?1", [call.user.id])?;
    let preferred = preferred.unwrap_or_default();
    Ok(Reply::value(&json!({"cui": preferred == "cui", "pui": preferred == "pui", "preferred_method": preferred})))
}

fn change(call: &Call) -> Result<Reply> {
    call.write(|tx, call| {
        let asked = input::read(tx, PREFERENCE, &call.content, Mode::Replace)?;
        db::run(tx, "UPDATE user SET preferred_ui = ?2 WHERE id = ?1", (call.user.id, asked.text("preferred_method")))
    })?;
    show(call)
}
