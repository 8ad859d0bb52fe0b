//! `/api/user/me/…`: the caller's own account, profile, roles and token.

use super::group::{BRIEF as GROUP_BRIEF, GROUP};
use super::models::MODELS;
use super::user::GROUPS;
use crate::auth::factor;
use crate::db;
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::engine::input::{Value, has_markup};
use crate::engine::json::Json;
use crate::engine::write::Change;
use crate::error::{Result, WHOLE, invalid};
use crate::identity::{Access, ROLES, Right, Right::Add, Role, session, token};

/// The caller.
pub static ME: Resource = Resource {
    path: "user/me",
    model: "",
    schema: "MeUser",
    title: "user",
    table: "user",
    access: Access::Login,
    verbs: Verbs::DETAIL.and(Verbs::UPDATE).and(Verbs::DELETE),
    lookup: Lookup::Caller,
    fields: &[
        pk(),
        text("username", 150).required().says_fixed().says("Username", "Name to log in with"),
        text("first_name", 150).required().blank().says("First Name", "Given name of the user"),
        text("last_name", 150).required().blank().says("Last Name", "Family name of the user"),
        email("email").required().blank().says_fixed().says("Email", "E-mail address of the user"),
        many("groups", &GROUP_BRIEF, GROUPS).says("groups", "Groups that the user belongs to"),
        flag("is_staff").fixed().fill(Fill::Flag(false)).says("Staff", "May this user administer the server?"),
        flag("is_superuser").fixed().fill(Fill::Flag(false)).says("Superuser", "Does this user pass every check?"),
        flag("is_active").fixed().fill(Fill::Flag(true)).says("Active", "May this user log in?"),
        nested("profile", &PROFILE, "t.id"),
    ],
    check: Some(super::user::check_name),
    remove: Some(|change| super::user::delete(change.tx, change.key())),
    ..Resource::BASE
};

/// The fields of a profile; the first three are shown to its owner only.
pub static PROFILE_FIELDS: &[Field] = &[
    text("language", 10).null().blank().says("Language", "Language of the user interface"),
    any("theme").null().says("Theme", "Colours of the user interface"),
    any("widgets").null().says("Widgets", "What the dashboard shows"),
    text("displayname", 255).null().blank().says("Display Name", "Name to be shown to others"),
    text("position", 255).null().blank().says("Position", "Job or title"),
    text("status", 2000).null().blank().says("Status", "What the user is up to"),
    text("location", 2000).null().blank().says("Location", "Where to find the user"),
    flag("active").fill(Fill::Flag(true)).says("Active", "Is the user around?"),
    text("contact", 255).null().blank().says("Contact", "How to reach the user"),
    choice("type", Choices::Words(&[("bot", "Bot"), ("internal", "Internal"), ("external", "External"), ("guest", "Guest")]))
        .fill(Fill::Text("internal"))
        .says("User Type", "What kind of user this is"),
    text("organisation", 255).null().blank().says("Organisation", "Where the user works"),
    to("primary_group", &GROUP).null().says("Primary Group", "The group that counts first"),
];

/// The caller's profile.
pub static PROFILE: Resource = profile_at("user/me/profile", true);

/// The older address of the profile.
pub static OLD_PROFILE: Resource = profile_at("user/profile", false);

const fn profile_at(path: &'static str, documented: bool) -> Resource {
    Resource {
        path,
        documented,
        model: "userprofile",
        schema: "UserProfile",
        title: "profile",
        table: "user",
        access: Access::Login,
        verbs: Verbs::DETAIL.and(Verbs::UPDATE),
        lookup: Lookup::Caller,
        fields: PROFILE_FIELDS,
        check: Some(check_profile),
        ..Resource::BASE
    }
}

/// A primary group must be one of the user's own; another is quietly left out, as the contract has it.
fn check_profile(change: &mut Change<'_>) -> Result<()> {
    if let Some(group) = change.int("primary_group") {
        let member: Option<i64> =
            db::one(change.tx, "SELECT 1 FROM user_group_member WHERE user = ?1 AND \"group\" = ?2", [change.key(), group])?;
        if member.is_none() {
            change.set("primary_group", Value::Null);
        }
    }
    Ok(())
}

/// `/api/user/me/roles/`, and its older address.
pub static ROLES_OF: [Endpoint; 2] = [roles_at("api/user/me/roles/", true), roles_at("api/user/roles/", false)];

const fn roles_at(path: &'static str, documented: bool) -> Endpoint {
    Endpoint {
        path,
        documented,
        title: "roles of the caller",
        model: "user",
        output: ROLE_FIELDS,
        output_schema: "Role",
        verbs: &[(Verb::Get, roles)],
        ..Endpoint::BASE
    }
}

static ROLE_FIELDS: &[Field] = &[
    int("user").fixed(),
    text("username", 0).fixed(),
    any("roles").holds("{}").fixed(),
    any("permissions").holds("{}").fixed(),
    flag("is_staff").fixed(),
    flag("is_superuser").fixed(),
];

fn roles(call: &Call) -> Result<Reply> {
    let user = &call.user;
    let mut out = Json::new();
    out.open('{');
    out.key("user");
    out.int(user.id);
    out.key("username");
    out.text(&user.name);
    out.key("roles");
    out.open('{');
    for (i, (name, _)) in (0u8..).zip(ROLES) {
        let granted: Vec<&str> = Right::ALL.into_iter().filter(|right| user.has(Role(i), *right)).map(Right::name).collect();
        out.key(name);
        if granted.is_empty() { out.null() } else { out.value(&granted) }
    }
    out.close('}');
    out.key("permissions");
    out.open('{');
    for (model, roles) in MODELS {
        let granted: Vec<&str> = [Add, Right::Change, Right::Delete, Right::View]
            .into_iter()
            .filter(|right| user.superuser || roles.iter().any(|role| user.has(*role, *right)))
            .map(Right::name)
            .collect();
        if !granted.is_empty() {
            out.key(model);
            out.value(&granted);
        }
    }
    out.close('}');
    for (key, flag) in [("is_staff", user.staff), ("is_superuser", user.superuser)] {
        out.key(key);
        out.bool(flag);
    }
    out.close('}');
    Ok(Reply::json(200, out))
}

/// `/api/user/me/token/`, and its older address.
pub static TOKEN_OF: [Endpoint; 2] = [token_at("api/user/me/token/", true), token_at("api/user/token/", false)];

const fn token_at(path: &'static str, documented: bool) -> Endpoint {
    const QUERY: &[Filter] = &[where_("name", Reads::Text, "")];
    Endpoint {
        path,
        documented,
        title: "token of the caller",
        model: "apitoken",
        query: QUERY,
        output: TOKEN_FIELDS,
        output_schema: "GetAuthToken",
        verbs: &[(Verb::Get, get_token)],
        ..Endpoint::BASE
    }
}

static TOKEN_FIELDS: &[Field] = &[text("token", 0).fixed(), text("name", 100).fixed(), date("expiry").fixed()];

/// Answers the token of that name, a new one if there is none, and starts a session where there is none.
fn get_token(call: &Call) -> Result<Reply> {
    let name = call.query.get("name").unwrap_or_default();
    if has_markup(name) {
        return invalid(WHOLE, "HTML tags are not possible in a name.");
    }
    let name = token::clean_name(name);
    let (issued, name, started) = call.write(move |tx, call| {
        let issued = token::obtain(tx, &call.site.secret, tx.user.id, &name)?;
        let agent = call.header("User-Agent").unwrap_or_default();
        // A session stands for all that its user may do; who has a second factor must show it first.
        let started = match call.session {
            None if !factor::has(tx, tx.user.id)? => {
                Some(session::start(tx, tx.user.id, &call.client.to_string(), agent, &[session::by_password(&tx.user.name, tx.now)])?)
            }
            _ => None,
        };
        Ok((issued, name, started))
    })?;
    let mut reply = Reply::value(&serde_json::json!({"token": issued.token, "name": name, "expiry": issued.expiry}));
    if let Some(value) = started {
        reply = session::with_session(reply, &value, call.secure);
        reply = session::with_csrf(reply, &session::csrf()?, call.secure);
    }
    Ok(reply.with("Cache-Control", "no-store"))
}
