//! `/api/user/tokens/`: the tokens of an account; lists never show them whole.

use super::user::{BRIEF, USER};
use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply, loosely_true};
use crate::engine::describe::*;
use crate::engine::input::{self, Content, Mode};
use crate::engine::json::Json;
use crate::engine::read::{Shape, Writer};
use crate::error::{Result, invalid};
use crate::identity::{Access, Role, token};

/// API tokens.
pub static TOKEN: Resource = Resource {
    path: "user/tokens",
    model: "apitoken",
    schema: "ApiToken",
    title: "token",
    table: "token",
    roles: &[Role::ADMIN],
    access: Access::Login,
    verbs: Verbs::READ.and(Verbs::CREATE).and(Verbs::DELETE),
    fields: &[
        moment("created").fixed().label("Created"),
        date("expiry")
            .fill(Fill::By(|_| Ok(input::Value::Text(next_year()))))
            .says("Expiry Date", "The last day on which the token is good"),
        int("id").fixed().label("ID"),
        date("last_seen").null().says_writable().fixed().says("Last Seen", "The last day on which the token was used"),
        text("name", 100).blank().says("Token Name", "What the token is for"),
        text("token", 0).computed("t.masked").plain(),
        flag("active").computed("t.revoked = 0 AND t.expiry >= :today").plain(),
        flag("revoked").fill(Fill::Flag(false)).says("Revoked", "The token is no longer accepted"),
        to("user", &USER).says("User", "Whose token it is"),
        nested("user_detail", &BRIEF, "t.user"),
        flag("in_use").computed("t.id = :token").plain(),
    ],
    filters: &[is("revoked", "t.revoked = 1"), where_("user", Reads::Ref(&USER), "t.user = ?"), helper("all_users")],
    search: &[own("token", &["masked", "name"])],
    order: &[
        order("created", &["t.created"]),
        order("expiry", &["t.expiry"]),
        order("last_seen", &["t.last_seen"]),
        order("user", &["t.user"]),
        order("name", &["t.name"]),
        order("revoked", &["t.revoked"]),
    ],
    scope: Some(|call| {
        if call.user.superuser && call.query.get("all_users").is_some_and(loosely_true) { "".into() } else { "t.user = :user".into() }
    }),
    create: Some(create),
    remove: Some(|change| db::run(change.tx, "UPDATE token SET revoked = 1 WHERE id = ?1", [change.key()]).map(|_| ())),
    ..Resource::BASE
};

fn next_year() -> String {
    use crate::engine::moment;
    moment::days_after(&moment::day(moment::now()), 365).unwrap_or_default()
}

/// The only answer that shows a new token in full.
fn create(tx: &Tx<'_>, call: &Call) -> Result<Reply> {
    if matches!(call.content, Content::Json(serde_json::Value::Array(_))) {
        return invalid(crate::error::WHOLE, "An object is expected here, not a list.");
    }
    let input = input::read(tx, TOKEN.fields, &call.content, Mode::Create)?;
    let user = input.int("user").unwrap_or(call.user.id);
    if user != call.user.id && !call.user.superuser {
        return invalid("user", "Only a superuser may make tokens for others.");
    }
    let expiry = Some(input.text("expiry")).filter(|day| !day.is_empty());
    let issued = token::create(tx, &call.site.secret, user, &token::clean_name(input.text("name")), expiry)?;
    let mut out = Json::new();
    Writer::new(call, tx).one(&TOKEN, Shape::Created, issued.id, &mut out)?;
    let shown = String::from_utf8_lossy(&out.into_bytes()).replace(&token::masked(&issued.token), &issued.token);
    let mut out = Json::new();
    out.raw(shown.as_bytes());
    Ok(Reply::json(201, out).with("Cache-Control", "no-store"))
}
