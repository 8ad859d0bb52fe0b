//! People: users, groups, their rights, their tokens.

use serde_json::Value;

use super::{Field, Fields, Form, METADATA, Model, at, flag, int, json, text, user};
use crate::db;
use crate::engine::moment;
use crate::identity::token::{self, Foreign};
use crate::records::load::Loading;

pub static PEOPLE: &[Model] = &[
    Model { name: "auth.group", table: "user_group", fields: &[text("name"), json("permissions").shown("'[]'")], ..Model::BASE },
    Model {
        name: "auth.user",
        table: "user",
        fields: &[
            text("password"),
            at("last_login"),
            flag("is_superuser"),
            text("username"),
            text("first_name"),
            text("last_name"),
            text("email"),
            flag("is_staff"),
            flag("is_active"),
            at("date_joined"),
            json("groups").shown(
                "SELECT json_group_array(json_array(g.name)) FROM user_group_member m JOIN user_group g ON g.id = m.\"group\" WHERE m.user = t.id",
            ),
            json("user_permissions").shown("'[]'"),
        ],
        ..Model::BASE
    },
    Model {
        name: "users.userprofile",
        table: "user",
        adds_to: Some("user"),
        late: true,
        fields: &[
            METADATA,
            user("user").shown("t.id"),
            text("language"),
            json("theme"),
            json("widgets"),
            text("displayname"),
            text("position"),
            text("status"),
            text("location"),
            flag("active"),
            text("contact"),
            text("type"),
            text("organisation"),
            Field::new("primary_group", Form::Group),
        ],
        ..Model::BASE
    },
    Model {
        name: "users.owner",
        table: "owner",
        fields: &[
            Field::new("owner_type", Form::Kind).shown("iif(t.user IS NULL, 'auth.group', 'auth.user')"),
            int("owner_id").shown("coalesce(t.user, t.\"group\")"),
        ],
        take: Some(owner),
        ..Model::BASE
    },
    Model {
        name: "users.ruleset",
        table: "ruleset",
        fields: &[
            text("name"),
            Field::new("group", Form::Group),
            flag("can_view"),
            flag("can_add"),
            flag("can_change"),
            flag("can_delete"),
        ],
        ..Model::BASE
    },
    Model {
        name: "account.emailaddress",
        table: "user_mail",
        fields: &[user("user"), text("email"), flag("verified"), flag("primary").shown("0")],
        late: true,
        take: Some(address),
        ..Model::BASE
    },
    Model { name: "users.apitoken", table: "token", fields: &[], only: "0", take: Some(api_token), ..Model::BASE },
];

fn number(fields: &Fields, name: &str) -> Result<i64, String> {
    fields.get(name).and_then(Value::as_i64).ok_or_else(|| format!("{name} is no number"))
}

/// Who may be responsible: a user or a group.
fn owner(loading: &Loading<'_>, key: i64, fields: &Fields) -> Result<(), String> {
    let column = match loading.names.kind(fields.get("owner_type").unwrap_or(&Value::Null))?.as_deref() {
        Some("auth.user") => "user",
        Some("auth.group") => "\"group\"",
        _ => return Err("owner_type is neither user nor group".into()),
    };
    let sql = format!("INSERT INTO owner (id, {column}) VALUES (?1, ?2)");
    db::run(loading.conn, &sql, (key, number(fields, "owner_id")?)).map_err(|e| e.to_string())?;
    Ok(())
}

/// The first address stands with the user, further ones by themselves.
fn address(loading: &Loading<'_>, key: i64, fields: &Fields) -> Result<(), String> {
    let user = loading.names.user(fields.get("user").unwrap_or(&Value::Null))?.ok_or("an address of nobody")?;
    let email = fields.get("email").and_then(Value::as_str).unwrap_or_default();
    let is = |name| fields.get(name).and_then(Value::as_bool).unwrap_or_default();
    let done = if is("primary") {
        db::run(loading.conn, "UPDATE user SET email = ?2, email_verified = ?3 WHERE id = ?1", (user, email, is("verified")))
    } else {
        let sql = "INSERT INTO user_mail (id, user, email, verified) VALUES (?1, ?2, ?3, ?4)";
        db::run(loading.conn, sql, (key, user, email, is("verified")))
    };
    done.map(|_| ()).map_err(|e| e.to_string())
}

/// Tokens go on to work; what is kept of them is their digest.
fn api_token(loading: &Loading<'_>, key: i64, fields: &Fields) -> Result<(), String> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let user = loading.names.user(fields.get("user").unwrap_or(&Value::Null))?.ok_or("a token of nobody")?;
    let (created, expiry) = (text("created"), text("expiry"));
    let foreign = Foreign {
        id: key,
        user,
        name: text("name"),
        token: text("key"),
        created: moment::read(created).unwrap_or_else(moment::now),
        expiry: expiry.get(..10).ok_or("a token without a last day")?,
        revoked: fields.get("revoked") == Some(&Value::Bool(true)),
    };
    if foreign.token.is_empty() {
        return Err("a token without its text".into());
    }
    token::adopt(loading.conn, &foreign).map_err(|e| e.to_string())
}
