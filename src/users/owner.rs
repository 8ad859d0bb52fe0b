//! `/api/user/owner/`: users and groups, as those who may be responsible for something.

use crate::db;
use crate::engine::describe::*;
use crate::engine::input::Value;
use crate::error::Result;
use crate::identity::Access;

/// Owners: a row for each user and each group, made and deleted with them.
pub static OWNER: Resource = Resource {
    path: "user/owner",
    model: "owner",
    schema: "Owner",
    title: "owner",
    table: "owner",
    access: Access::Login,
    verbs: Verbs::READ,
    fields: &[
        pk(),
        int("owner_id").null().computed("coalesce(t.user, t.\"group\")").says_writable(),
        text("owner_model", 0).computed("CASE WHEN t.user IS NULL THEN 'group' ELSE 'user' END"),
        text("name", 0).computed(NAME),
        text("label", 0).computed("CASE WHEN t.user IS NULL THEN 'group' ELSE 'user' END"),
    ],
    filters: &[by("is_active", Reads::Flag, |asked, rows| {
        if asked.value == Value::Flag(true) {
            rows.and("t.user IS NULL OR EXISTS (SELECT 1 FROM user WHERE id = t.user AND is_active = 1)", []);
        }
        Ok(())
    })],
    search: &[
        via("user", &["username"], "SELECT id FROM owner WHERE user IN ({})"),
        via("user_group", &["name"], "SELECT id FROM owner WHERE \"group\" IN ({})"),
    ],
    order: &[order("pk", &["t.id"]), order("owner_id", &["coalesce(t.user, t.\"group\")"])],
    ..Resource::BASE
};

const NAME: &str = "CASE WHEN t.user IS NULL THEN (SELECT name FROM user_group WHERE id = t.\"group\") ELSE (SELECT CASE \
    WHEN trim(first_name || ' ' || last_name) <> '' AND (SELECT value FROM setting WHERE key = 'DISPLAY_FULL_NAMES') = 'True' \
    THEN trim(first_name || ' ' || last_name) ELSE username END FROM user WHERE id = t.user) END";

/// The users behind an owner: one, or all of a group; nobody without one.
///
/// # Errors
/// The database cannot be asked.
pub fn users_of(conn: &rusqlite::Connection, owner: Option<i64>) -> Result<Vec<i64>> {
    db::column(
        conn,
        "SELECT user FROM owner WHERE id = ?1 AND user IS NOT NULL \
         UNION SELECT m.user FROM owner o JOIN user_group_member m ON m.\"group\" = o.\"group\" WHERE o.id = ?1",
        [owner],
    )
}
