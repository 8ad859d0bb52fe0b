//! `/api/user/group/`: groups, whose rulesets say what their members may do.

use super::ruleset::RULESET;
use super::user::BRIEF as USER_BRIEF;
use crate::db;
use crate::engine::describe::*;
use crate::engine::write::Change;
use crate::error::Result;
use crate::identity::{Access, ROLES, Role};

/// Groups.
pub static GROUP: Resource = Resource {
    path: "user/group",
    model: "group",
    schema: "Group",
    title: "group",
    table: "user_group",
    roles: &[Role::ADMIN],
    access: Access::StaffWrites,
    verbs: Verbs::ALL,
    fields: &[
        pk(),
        text("name", 150).required().label("name"),
        many("roles", &RULESET, "SELECT id FROM ruleset WHERE \"group\" = :id ORDER BY id").null().unless_off("role_detail").label("Roles"),
        json("permissions", PERMISSIONS, &[]).holds("{}").null().on("permission_detail").label("permissions"),
        many("users", &USER_BRIEF, "SELECT user FROM user_group_member WHERE \"group\" = :id ORDER BY user")
            .null()
            .on("user_detail")
            .label("Users"),
    ],
    search: &[own("user_group", &["name"])],
    order: &[order("name", &["t.name"])],
    saved: Some(saved),
    ..Resource::BASE
};

const PERMISSIONS: &str = "SELECT permissions_of(json_group_array(json_array(r.name, r.can_view, r.can_add, r.can_change, r.can_delete))) \
    FROM ruleset r WHERE r.\"group\" = t.id";

/// A group inside another object.
pub static BRIEF: Resource = Resource {
    model: "group",
    schema: "Group",
    title: "group",
    table: "user_group",
    access: Access::Login,
    fields: &[pk(), text("name", 150).required().label("name")],
    ..Resource::BASE
};

fn saved(change: &mut Change<'_>) -> Result<()> {
    for (role, _) in ROLES {
        db::run(change.tx, "INSERT OR IGNORE INTO ruleset (name, \"group\") VALUES (?1, ?2)", (role, change.key()))?;
    }
    db::run(change.tx, "INSERT OR IGNORE INTO owner (\"group\") VALUES (?1)", [change.key()])?;
    Ok(())
}
