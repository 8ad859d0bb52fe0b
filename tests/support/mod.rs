//! A server in process, without a socket, and one handle for each kind of user.
//!
//! The data folder is made once for each test binary and kept in memory; a test writes it into a folder of its own, which takes
//! milliseconds. Every answer, whatever the test asks, is held against the rules that all answers share (`Answer::sound`), and every
//! successful one is noted for the account of covered routes (`coverage`).
#![allow(dead_code, reason = "every test binary uses its own part of this")]

pub mod big;
pub mod books;
pub mod browser;
pub mod coverage;
pub mod dice;
pub mod errands;
pub mod goods;
pub mod passkey;
pub mod post_office;
pub mod process;
pub mod seed;

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Index;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use stockroom::db::{self, Tx};
use stockroom::error::Result;
use stockroom::front::{Backend, Body, Request};
use stockroom::identity::{ROLES, User, token};
use stockroom::server::Server;
use stockroom::site::Site;
use stockroom::users::user;
use tiny_http::{Header, Method};

/// The password of all users.
pub const PASSWORD: &str = "seven purple staplers";
/// Where the server believes it is.
pub const ORIGIN: &str = "http://shop.test";

/// A data folder as every test finds it.
struct Template {
    database: Vec<u8>,
    secret: Vec<u8>,
    /// By name: key and token.
    users: BTreeMap<&'static str, (i64, String)>,
}

static TEMPLATE: LazyLock<Template> = LazyLock::new(|| {
    let folder = folder();
    let site = Site::open(folder.path()).unwrap();
    let mut users = BTreeMap::new();
    let granted = |role: &str, of: &[(&str, &[&str])]| of.iter().find(|g| g.0 == role).map_or([0; 4], |g| rights(g.1));
    for (name, staff, superuser, rulesets) in [
        ("admin", true, true, None),
        ("staff", true, false, Some(vec![("admin", &["view", "add", "change", "delete"][..])])),
        ("reader", false, false, Some(ROLES.iter().map(|r| (r.0, &["view"][..])).collect())),
        (
            "store",
            false,
            false,
            Some(vec![
                ("stock", &["view", "add", "change", "delete"][..]),
                ("stock_location", &["view", "add", "change", "delete"]),
                ("part", &["view"]),
            ]),
        ),
        ("norole", false, false, None),
    ] {
        let secret = site.secret;
        let made = site.db.write(User::system(), move |tx| {
            let id = user::create(tx, name, &format!("{name}@shop.test"), &cheap_hash(PASSWORD), staff, superuser)?;
            if let Some(of) = &rulesets {
                let group = group(tx, &format!("{name}s"), |role| granted(role, of))?;
                db::run(tx, "INSERT INTO user_group_member (user, \"group\") VALUES (?1, ?2)", [id, group])?;
            }
            Ok((id, token::create(tx, &secret, id, "tests", None)?.token))
        });
        users.insert(name, made.unwrap());
    }
    site.db.checkpoint().unwrap();
    drop(site);
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    Template { database: read("stockroom.db"), secret: read("secret.key"), users }
});

fn rights(names: &[&str]) -> [i64; 4] {
    ["view", "add", "change", "delete"].map(|name| i64::from(names.contains(&name)))
}

fn group(tx: &Tx<'_>, name: &str, granted: impl Fn(&str) -> [i64; 4]) -> Result<i64> {
    db::run(tx, "INSERT INTO user_group (name) VALUES (?1)", [name])?;
    let id = tx.last_insert_rowid();
    for (role, _) in ROLES {
        let [view, add, change, delete] = granted(role);
        db::run(
            tx,
            "INSERT INTO ruleset (name, \"group\", can_view, can_add, can_change, can_delete) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (role, id, view, add, change, delete),
        )?;
    }
    db::run(tx, "INSERT INTO owner (\"group\") VALUES (?1)", [id])?;
    Ok(id)
}

/// A stored password that costs one round to check instead of 600,000.
pub fn cheap_hash(plain: &str) -> String {
    let key = pbkdf2::pbkdf2_hmac_array::<sha2::Sha256, 32>(plain.as_bytes(), b"pepper", 1);
    format!("pbkdf2_sha256$1$pepper${}", BASE64.encode(key))
}

/// A new folder, in memory where the system offers that: tests prove rules, not disks.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// A running server with users and nothing else.
pub struct Shop {
    /// Superuser.
    pub admin: Person,
    /// Staff with the role admin, and no other.
    pub staff: Person,
    /// May look at everything.
    pub reader: Person,
    /// May do everything with stock and places, and look at parts.
    pub store: Person,
    /// Has no role.
    pub norole: Person,
    /// Did not log in.
    pub anon: Person,
    pub server: Arc<Server>,
    folder: tempfile::TempDir,
    _open: coverage::Open,
}

impl Shop {
    /// Opens a shop.
    pub fn new() -> Shop {
        Shop::with(|_| {})
    }

    /// Opens a shop whose server was started with further options.
    pub fn with(options: impl FnOnce(&mut Site)) -> Shop {
        Shop::of(&TEMPLATE.database, options)
    }

    /// Opens a shop on what [`Shop::database`] gave.
    pub fn copy(database: &[u8]) -> Shop {
        Shop::of(database, |_| {})
    }

    /// The database file with everything that was committed, for copies of this shop.
    pub fn database(&self) -> Vec<u8> {
        self.server.site().db.checkpoint().unwrap();
        std::fs::read(self.folder.path().join("stockroom.db")).unwrap()
    }

    fn of(database: &[u8], options: impl FnOnce(&mut Site)) -> Shop {
        let open = coverage::open();
        let folder = folder();
        std::fs::write(folder.path().join("stockroom.db"), database).unwrap();
        std::fs::write(folder.path().join("secret.key"), &TEMPLATE.secret).unwrap();
        let mut site = Site::open(folder.path()).unwrap();
        options(&mut site);
        let server = Server::new(site, Vec::new());
        let person = |name: &str| {
            let (id, token) = &TEMPLATE.users[name];
            Person {
                server: server.clone(),
                id: *id,
                token: token.clone(),
                headers: vec![("Authorization".into(), format!("Token {token}"))],
            }
        };
        Shop {
            admin: person("admin"),
            staff: person("staff"),
            reader: person("reader"),
            store: person("store"),
            norole: person("norole"),
            anon: Person { server: server.clone(), id: 0, token: String::new(), headers: Vec::new() },
            server,
            folder,
            _open: open,
        }
    }

    /// The data folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Nobody in particular, at another server that was started on the same folder.
    pub fn restarted(&self, options: impl FnOnce(&mut Site)) -> Person {
        let mut site = Site::open(self.folder.path()).unwrap();
        options(&mut site);
        Person { server: Server::new(site, Vec::new()), ..self.anon.clone() }
    }

    /// Somebody who shows a token.
    pub fn with_token(&self, token: &str) -> Person {
        self.with_headers(&[("Authorization", &format!("Token {token}"))])
    }

    /// Somebody who sends these headers with everything.
    pub fn with_headers(&self, headers: &[(&str, &str)]) -> Person {
        let headers = headers.iter().map(|(n, v)| ((*n).to_string(), (*v).to_string())).collect();
        Person { server: self.server.clone(), id: 0, token: String::new(), headers }
    }

    /// Somebody who shows a name and a password.
    pub fn with_password(&self, name: &str, password: &str) -> Person {
        self.with_headers(&[("Authorization", &format!("Basic {}", BASE64.encode(format!("{name}:{password}"))))])
    }

    /// A new user without staff flags, in a new group that grants these rights by role.
    pub fn hire(&self, name: &str, of: &[(&str, &[&str])]) -> Person {
        let site = self.server.site();
        let secret = site.secret;
        let name = name.to_string();
        let of: Vec<(String, [i64; 4])> = of.iter().map(|(role, names)| ((*role).to_string(), rights(names))).collect();
        let made = site.db.write(User::system(), move |tx| {
            let id = user::create(tx, &name, "", &cheap_hash(PASSWORD), false, false)?;
            let group = group(tx, &name, |role| of.iter().find(|g| g.0 == role).map_or([0; 4], |g| g.1))?;
            db::run(tx, "INSERT INTO user_group_member (user, \"group\") VALUES (?1, ?2)", [id, group])?;
            Ok((id, token::create(tx, &secret, id, "tests", None)?.token))
        });
        let (id, token) = made.unwrap();
        Person { id, token: token.clone(), ..self.with_token(&token) }
    }

    /// Does something to the database that no address offers (yet).
    #[track_caller]
    pub fn sql(&self, sql: &str) {
        let sql = sql.to_string();
        self.server.site().db.write(User::system(), move |tx| Ok(tx.execute_batch(&sql)?)).unwrap();
    }

    /// The first column of the first row.
    #[track_caller]
    pub fn find<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        self.server.site().db.read().unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// How many rows a table has.
    #[track_caller]
    pub fn rows(&self, table: &str) -> i64 {
        self.find(&format!("SELECT count(*) FROM \"{table}\""))
    }

    /// Everything that the database holds but sessions and the days on which tokens were seen, to be compared.
    pub fn state(&self) -> BTreeMap<String, Vec<String>> {
        let conn = self.server.site().db.read().unwrap();
        let tables: Vec<String> = db::column(
            &conn,
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '%_search%' AND name <> 'session'",
            [],
        )
        .unwrap();
        let mut state = BTreeMap::new();
        for table in tables {
            let mut statement = conn.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
            let names: Vec<String> = statement.column_names().into_iter().map(String::from).collect();
            let shown = |row: &rusqlite::Row<'_>| {
                let cells =
                    names.iter().enumerate().filter(|(_, n)| *n != "last_seen").map(|(i, n)| format!("{n}={:?}", row.get_ref(i).unwrap()));
                Ok(cells.collect::<Vec<_>>().join(" "))
            };
            let rows = statement.query_map([], shown).unwrap().map(|r| r.unwrap()).collect();
            state.insert(table, rows);
        }
        state
    }

    /// Sets a global setting.
    #[track_caller]
    pub fn set(&self, key: &str, value: &str) {
        self.admin.patch(&format!("/api/settings/global/{key}/"), serde_json::json!({"value": value})).is(200);
    }
}

/// Who asks.
#[derive(Clone)]
pub struct Person {
    server: Arc<Server>,
    /// Primary key; 0 where the test did not make the user here.
    pub id: i64,
    /// The API token.
    pub token: String,
    headers: Vec<(String, String)>,
}

impl Person {
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.raw("GET", path, &[], b"")
    }

    #[track_caller]
    pub fn options(&self, path: &str) -> Answer {
        self.raw("OPTIONS", path, &[], b"")
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: Value) -> Answer {
        self.json("POST", path, body)
    }

    #[track_caller]
    pub fn put(&self, path: &str, body: Value) -> Answer {
        self.json("PUT", path, body)
    }

    #[track_caller]
    pub fn patch(&self, path: &str, body: Value) -> Answer {
        self.json("PATCH", path, body)
    }

    #[track_caller]
    pub fn delete(&self, path: &str) -> Answer {
        self.raw("DELETE", path, &[], b"")
    }

    /// DELETE with a body.
    #[track_caller]
    pub fn delete_with(&self, path: &str, body: Value) -> Answer {
        self.json("DELETE", path, body)
    }

    /// Any verb with a JSON body.
    #[track_caller]
    #[allow(clippy::needless_pass_by_value, reason = "tests read better without a & before every json!")]
    pub fn json(&self, verb: &str, path: &str, body: Value) -> Answer {
        self.raw(verb, path, &[("Content-Type", "application/json")], body.to_string().as_bytes())
    }

    /// An HTML form.
    #[track_caller]
    pub fn form(&self, verb: &str, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.raw(verb, path, &[("Content-Type", "application/x-www-form-urlencoded")], body.as_bytes())
    }

    /// A form with files: name, file name, content.
    #[track_caller]
    pub fn multipart(&self, verb: &str, path: &str, pairs: &[(&str, &str)], files: &[(&str, &str, &[u8])]) -> Answer {
        let mut body = Vec::new();
        for (name, value) in pairs {
            body.extend(format!("--limit\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
        }
        for (name, file, content) in files {
            let head = format!("--limit\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\r\n");
            body.extend(head.into_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--limit--\r\n");
        self.raw(verb, path, &[("Content-Type", "multipart/form-data; boundary=limit")], &body)
    }

    /// Anything.
    #[track_caller]
    pub fn raw(&self, verb: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let own = self.headers.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        let all = headers.iter().copied().chain(own);
        let mut request = Request {
            method: verb.parse::<Method>().unwrap(),
            target: path.into(),
            headers: all.map(|(n, v)| Header::from_bytes(n, v).unwrap()).collect(),
            body: Body::Memory(body.to_vec()),
            peer: [127, 0, 0, 1].into(),
            secure: false,
            host: ORIGIN.trim_start_matches("http://").into(),
        };
        let reply = self.server.answer(&mut request);
        let status = reply.status_code().0;
        let headers = reply.headers().iter().map(|h| (h.field.to_string(), h.value.to_string())).collect();
        let mut bytes = Vec::new();
        reply.into_reader().read_to_end(&mut bytes).unwrap();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let answer = Answer { status, headers, body: bytes, json, asked: format!("{verb} {path}") };
        answer.sound(path);
        coverage::note(verb, path, status);
        answer
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Null if the body is no JSON.
    pub json: Value,
    asked: String,
}

impl Answer {
    /// This status it must have.
    #[track_caller]
    pub fn is(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text());
        self
    }

    /// Verb and path of the request.
    pub fn asked(&self) -> &str {
        &self.asked
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|h| h.0.eq_ignore_ascii_case(name)).map(|h| h.1.as_str())
    }

    /// The value of a cookie that the answer sets.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let set = self.headers.iter().filter(|h| h.0.eq_ignore_ascii_case("Set-Cookie"));
        set.filter_map(|h| h.1.split(';').next()?.split_once('=')).find(|c| c.0 == name).map(|c| c.1)
    }

    /// The primary key of the object, or of the only one in the list.
    #[track_caller]
    pub fn pk(&self) -> i64 {
        let object = self.json.as_array().map_or(&self.json, |list| &list[0]);
        object["pk"].as_i64().unwrap_or_else(|| panic!("no pk: {}", self.text()))
    }

    /// The rows of a list, paged or not.
    #[track_caller]
    pub fn list(&self) -> &Vec<Value> {
        self.json.as_array().or(self.json["results"].as_array()).unwrap_or_else(|| panic!("no list: {}", self.text()))
    }

    /// A text of every row.
    #[track_caller]
    pub fn texts(&self, field: &str) -> Vec<&str> {
        self.list().iter().map(|row| row[field].as_str().unwrap_or_else(|| panic!("{field}: {row}"))).collect()
    }

    /// A whole number of every row.
    #[track_caller]
    pub fn numbers(&self, field: &str) -> Vec<i64> {
        self.list().iter().map(|row| row[field].as_i64().unwrap_or_else(|| panic!("{field}: {row}"))).collect()
    }

    /// The keys of the object.
    pub fn keys(&self) -> Vec<&str> {
        self.json.as_object().map(|o| o.keys().map(String::as_str).collect()).unwrap_or_default()
    }

    /// It is a 400 that names this field with a list of texts.
    #[track_caller]
    pub fn refuses(self, field: &str) -> Answer {
        let answer = self.is(400);
        assert!(answer.json[field].as_array().is_some_and(|l| l.iter().all(|t| t.is_string())), "{}: {}", answer.asked, answer.text());
        answer
    }

    /// It is a 400 that names this field with a bare text, as the contract has it in a few places.
    #[track_caller]
    pub fn refuses_barely(self, field: &str) -> Answer {
        let answer = self.is(400);
        assert!(answer.json[field].is_string(), "{}: {}", answer.asked, answer.text());
        answer
    }

    /// What holds of every answer.
    #[track_caller]
    fn sound(&self, path: &str) {
        let what = || format!("{} {}: {}", self.asked, self.status, self.text());
        assert!((200..500).contains(&self.status), "{}", what());
        for (name, value) in [("X-InvenTree-API", "511"), ("X-Frame-Options", "DENY")] {
            assert_eq!(self.header(name), Some(value), "{}", what());
        }
        for name in ["X-InvenTree-Version", "X-InvenTree-Python", "X-InvenTree-Installer", "X-InvenTree-ReqId", "Vary"] {
            assert!(self.header(name).is_some_and(|v| !v.is_empty()), "{name}: {}", what());
        }
        let schema = (path.starts_with("/api/schema/") || path.starts_with("/api/webhook/")) && self.status == 200;
        if !path.starts_with("/api/") || schema {
            return;
        }
        if self.status == 204 {
            assert!(self.body.is_empty() && self.header("Content-Type").is_none(), "{}", what());
            return;
        }
        // A calendar is none of our own JSON.
        if self.status == 200 && self.header("Content-Type").is_some_and(|kind| kind.starts_with("text/calendar")) {
            return;
        }
        // What moved says where to.
        if matches!(self.status, 301 | 308) {
            assert!(self.body.is_empty() && self.header("Location").is_some(), "{}", what());
            return;
        }
        assert_eq!(self.header("Content-Type"), Some("application/json"), "{}", what());
        assert!(serde_json::from_slice::<Value>(&self.body).is_ok(), "no JSON: {}", what());
        let envelope = path.starts_with("/api/auth/v1/") && self.json["status"].is_number();
        match self.status {
            401 if !envelope => assert_eq!(self.header("WWW-Authenticate"), Some("Token"), "{}", what()),
            // A barcode that is taken is answered with the thing that has it.
            400 if path.starts_with("/api/barcode/") => {}
            400 if !envelope => assert!(told(&self.json), "{}", what()),
            _ => {}
        }
        let envelope = envelope || self.json["id"] == "mfa_register";
        let detail = matches!(self.status, 401 | 404 | 405 | 406 | 413 | 415 | 429);
        let detailed = self.json["detail"].is_string() || path == "/api/action/" && self.json["error"].is_string();
        assert!(!detail || envelope || detailed, "{}", what());
        assert!(self.status != 403 || envelope || self.json.as_object().is_some_and(|o| o.values().all(Value::is_string)), "{}", what());
    }
}

/// A 400 holds texts in objects and lists, nothing else.
fn told(json: &Value) -> bool {
    match json {
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => list.iter().all(told),
        Value::Object(object) => object.values().all(told),
        _ => false,
    }
}

impl Index<&str> for Answer {
    type Output = Value;
    fn index(&self, key: &str) -> &Value {
        &self.json[key]
    }
}

impl Index<usize> for Answer {
    type Output = Value;
    fn index(&self, place: usize) -> &Value {
        &self.json[place]
    }
}
