//! `/api/user/`: who may log in.

use rusqlite::Connection;

use super::group::{BRIEF as GROUP_BRIEF, GROUP};
use super::me::PROFILE_FIELDS;
use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::engine::input::{self, Value};
use crate::engine::read;
use crate::engine::write::{Change, mode_of};
use crate::error::{Error, Problem, Problems, Result, invalid};
use crate::identity::{Access, Role, password, session};

/// Users.
pub static USER: Resource = Resource {
    path: "user",
    model: "user",
    schema: "UserCreate",
    one_schema: "ExtendedUser",
    title: "user",
    table: "user",
    roles: &[Role::ADMIN],
    access: Access::StaffRoleWrites,
    verbs: Verbs::ALL,
    fields: &[
        pk(),
        NAME.required().once(),
        text("first_name", 150).required().blank().says("First Name", "Given name of the user"),
        text("last_name", 150).required().blank().says("Last Name", "Family name of the user"),
        email("email").required().blank().once().says("Email", "E-mail address of the user"),
        many("groups", &GROUP_BRIEF, GROUPS).says("groups", "Groups that the user belongs to"),
        keys("group_ids", &GROUP).secret().saves(join),
        flag("is_staff").fill(Fill::Flag(false)).says_fixed_in_list().says("Administrator", "May this user administer the server?"),
        flag("is_superuser").fill(Fill::Flag(false)).says_fixed_in_list().says("Superuser", "Does this user pass every check?"),
        flag("is_active").fill(Fill::Flag(true)).says("Active", "May this user log in?"),
        nested("profile", &PROFILE, "t.id"),
    ],
    filters: &[is("is_staff", "t.is_staff = 1"), is("is_active", "t.is_active = 1"), is("is_superuser", "t.is_superuser = 1")],
    search: &[own("user", &["first_name", "last_name", "username"])],
    order: &[
        order("email", &["t.email"]),
        order("username", &["t.username"]),
        order("first_name", &["t.first_name"]),
        order("last_name", &["t.last_name"]),
        order("is_staff", &["t.is_staff"]),
        order("is_superuser", &["t.is_superuser"]),
        order("is_active", &["t.is_active"]),
    ],
    check: Some(check),
    saved: Some(saved),
    remove: Some(remove),
    ..Resource::BASE
};

const NAME: Field = text("username", 150).says("Username", "Name to log in with");
/// Keys of the groups of the user `:id`.
pub const GROUPS: &str = "SELECT \"group\" FROM user_group_member WHERE user = :id ORDER BY \"group\"";

/// A user inside another object.
pub static BRIEF: Resource = Resource {
    model: "user",
    schema: "User",
    title: "user",
    table: "user",
    access: Access::Login,
    fields: &[
        pk(),
        NAME.required().fixed(),
        text("first_name", 150).required().blank().says("First Name", "Given name of the user"),
        text("last_name", 150).required().blank().says("Last Name", "Family name of the user"),
        email("email").required().blank().fixed().says("Email", "E-mail address of the user"),
    ],
    ..Resource::BASE
};

static PROFILE: Resource = Resource {
    model: "userprofile",
    schema: "BriefUserProfile",
    title: "profile",
    table: "user",
    access: Access::Login,
    fields: PROFILE_FIELDS.split_at(3).1,
    ..Resource::BASE
};

fn check(change: &mut Change<'_>) -> Result<()> {
    if change.changes("is_superuser")
        && change.new.sent("is_superuser")
        && !change.call.user.superuser
        && (change.flag("is_superuser") || !change.creates())
    {
        return Err(Error::DeniedField("is_superuser", "Only a superuser may set this.".into()));
    }
    if !change.creates() && change.was_int("is_superuser") == Some(1) && !change.call.user.superuser {
        return Err(Error::Denied("Only a superuser may change a superuser.".into()));
    }
    check_name(change)?;
    if change.was_int("is_superuser") == Some(1)
        && change.was_int("is_active") == Some(1)
        && !(change.flag("is_superuser") && change.flag("is_active"))
        && other_superusers(change.tx, change.key())? == 0
    {
        change.wrong(if change.flag("is_superuser") { "is_active" } else { "is_superuser" }, "This is the last superuser.");
    }
    if change.creates() {
        change.set("password", Value::Text(password::unusable()));
        change.set("date_joined", Value::Int(change.tx.now));
    }
    Ok(())
}

/// Names are of letters, digits and a few signs.
///
/// # Errors
/// None; what is wrong stands in the change.
pub fn check_name(change: &mut Change<'_>) -> Result<()> {
    let name = change.text("username");
    if name.chars().any(|c| !c.is_alphanumeric() && !"@.+-_".contains(c)) {
        change.wrong("username", "Letters, digits and @ . + - _ only.");
    }
    Ok(())
}

fn saved(change: &mut Change<'_>) -> Result<()> {
    db::run(change.tx, "INSERT OR IGNORE INTO owner (user) VALUES (?1)", [change.key()])?;
    if !change.flag("is_active") {
        session::end_all(change.tx, change.key())?;
    }
    crate::common::setting::fill_user(change.tx, change.key())
}

fn join(change: &mut Change<'_>, value: &Value) -> Result<()> {
    let Value::Keys(groups) = value else { return Ok(()) };
    db::run(change.tx, "DELETE FROM user_group_member WHERE user = ?1", [change.key()])?;
    for group in groups {
        db::run(change.tx, "INSERT OR IGNORE INTO user_group_member (user, \"group\") VALUES (?1, ?2)", [change.key(), *group])?;
    }
    db::run(
        change.tx,
        "UPDATE user SET primary_group = NULL WHERE id = ?1 AND primary_group NOT IN (SELECT \"group\" FROM user_group_member WHERE user = ?1)",
        [change.key()],
    )?;
    Ok(())
}

fn remove(change: &mut Change<'_>) -> Result<()> {
    if change.was_int("is_superuser") == Some(1) && !change.call.user.superuser {
        return Err(Error::Denied("Only a superuser may delete a superuser.".into()));
    }
    delete(change.tx, change.key())
}

/// How many superusers could still log in without this one.
fn other_superusers(conn: &Connection, id: i64) -> Result<i64> {
    let others = db::one(conn, "SELECT count(*) FROM user WHERE is_superuser = 1 AND is_active = 1 AND id <> ?1", [id])?;
    Ok(others.unwrap_or(0))
}

/// Deletes a user, unless it is the last superuser: nobody could administer the server any more.
///
/// # Errors
/// 400 for the last superuser.
pub fn delete(tx: &Tx<'_>, id: i64) -> Result<()> {
    let is: i64 = db::one(tx, "SELECT is_superuser FROM user WHERE id = ?1", [id])?.unwrap_or(0);
    if is == 1 && other_superusers(tx, id)? == 0 {
        return invalid(crate::error::WHOLE, "This is the last superuser.");
    }
    db::run(tx, "DELETE FROM user WHERE id = ?1", [id]).map(|_| ())
}

/// Makes a user with a hashed password; for the command line.
///
/// # Errors
/// 400 with `username` if the name is taken.
pub fn create(tx: &Tx<'_>, name: &str, email: &str, hash: &str, staff: bool, superuser: bool) -> Result<i64> {
    db::run(
        tx,
        "INSERT INTO user (username, email, password, is_staff, is_superuser, date_joined) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (name, email, hash, staff, superuser, tx.now),
    )?;
    let id = tx.last_insert_rowid();
    db::run(tx, "INSERT INTO owner (user) VALUES (?1)", [id])?;
    crate::common::setting::fill_user(tx, id)?;
    Ok(id)
}

/// `/api/user/{id}/set-password/`
pub static SET_PASSWORD: Endpoint = Endpoint {
    path: "api/user/{id}/set-password/",
    access: Access::Super,
    title: "password of a user",
    model: "user",
    input: PASSWORD,
    input_schema: "UserSetPassword",
    verbs: &[(Verb::Put, put_password), (Verb::Patch, put_password)],
    ..Endpoint::BASE
};

static PASSWORD: &[Field] = &[
    text("password", 128).required().request().secret().says("Password", "The new password"),
    flag("override_warning")
        .fill(Fill::Flag(false))
        .request()
        .secret()
        .says("Override warning", "Take the password although it breaks the rules"),
];

fn put_password(call: &Call) -> Result<Reply> {
    let id = call.key()?;
    let done = Reply::value(&serde_json::json!({}));
    // The text as it came: a password may begin or end with a blank.
    let plain = call.content.raw("password").and_then(|v| v.as_str().map(String::from)).unwrap_or_default();
    {
        let conn = call.db().read()?;
        read::must_exist(call, &conn, &USER, id)?;
        let given = input::read(&conn, PASSWORD, &call.content, mode_of(call.verb))?;
        if !given.sent("password") {
            return Ok(done);
        }
        let weak = weaknesses(&conn, id, &plain)?;
        if !weak.is_empty() && !given.flag("override_warning") {
            let mut problems = Problems::default();
            problems.put("password", Problem::Text(weak.join(" ")));
            return Err(Error::Invalid(problems));
        }
    }
    let hash = password::hash(&plain);
    call.write(move |tx, _| set_password(tx, id, &hash))?;
    Ok(done)
}

/// What is wrong with a password for this user.
///
/// # Errors
/// The database cannot be asked.
pub fn weaknesses(conn: &Connection, id: i64, plain: &str) -> Result<Vec<String>> {
    let mut statement = conn.prepare_cached("SELECT username, first_name, last_name, email FROM user WHERE id = ?1")?;
    let about: [String; 4] = statement.query_row([id], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))?;
    Ok(password::weaknesses(plain, &about.each_ref().map(String::as_str)))
}

/// Sets a hashed password; all sessions of the user end. Hashing takes long: do it before.
///
/// # Errors
/// The database cannot be written.
pub fn set_password(tx: &Tx<'_>, id: i64, hash: &str) -> Result<()> {
    db::run(tx, "UPDATE user SET password = ?2 WHERE id = ?1", (id, hash))?;
    session::end_all(tx, id)
}
