//! What people do all day, by chance that is the same every time, with a ledger of what they were promised.
//!
//! Each request says beforehand which questions (SQL, one value) will be answered how once it is done. Whatever happens to the server then,
//! the ledger can be held against the data: what was acknowledged is there, what was refused is not, and what was under way is there
//! whole or not at all.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::{Value, json};
use stockroom::front::{Backend, Body, Request};
use stockroom::identity::{User, token};
use stockroom::server::Server;
use stockroom::site::Site;
use stockroom::users::user;
use tiny_http::{Header, Method};

use super::dice::Dice;

/// Whoever carries requests to a server; nothing comes back where the server is gone.
pub trait Hand: Sync {
    fn ask(&self, verb: &str, path: &str, kind: &str, body: &[u8]) -> Option<(u16, Value)>;
}

/// Makes a superuser with a token in a data folder that is open.
pub fn token_for(site: &Site, name: &str) -> String {
    let (secret, name) = (site.secret, name.to_string());
    let made = site.db.write(User::system(), move |tx| {
        let id = user::create(tx, &name, "", &super::cheap_hash(super::PASSWORD), true, true)?;
        Ok(token::create(tx, &secret, id, "tests", None)?.token)
    });
    made.unwrap()
}

/// A server in process.
#[derive(Clone)]
pub struct Direct {
    pub server: Arc<Server>,
    pub token: String,
}

impl Hand for Direct {
    fn ask(&self, verb: &str, path: &str, kind: &str, body: &[u8]) -> Option<(u16, Value)> {
        let headers = [("Authorization", format!("Token {}", self.token)), ("Content-Type", kind.to_string())];
        let mut request = Request {
            method: verb.parse::<Method>().unwrap(),
            target: path.into(),
            headers: headers.iter().map(|(n, v)| Header::from_bytes(*n, v.as_bytes()).unwrap()).collect(),
            body: Body::Memory(body.to_vec()),
            peer: [127, 0, 0, 1].into(),
            secure: false,
            host: "shop.test".into(),
        };
        let reply = self.server.answer(&mut request);
        let (status, mut bytes) = (reply.status_code().0, Vec::new());
        std::io::Read::read_to_end(&mut reply.into_reader(), &mut bytes).unwrap();
        Some((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }
}

/// Questions and answers.
type Promises = Vec<(String, String)>;
/// Who hears of what begins and ends, in the order in which it does.
type Tell = Box<dyn Fn(u64) + Send + Sync>;

/// Before anything was promised.
const ANYTHING: &str = "anything";
const BEGUN: u64 = 0;
const DONE: u64 = 1;
const REFUSED: u64 = 2;

/// What was promised.
pub struct Ledger {
    promises: Mutex<Vec<Promises>>,
    tell: Tell,
}

impl Ledger {
    pub fn new(tell: impl Fn(u64) + Send + Sync + 'static) -> Ledger {
        Ledger { promises: Mutex::default(), tell: Box::new(tell) }
    }

    fn begin(&self, promises: Promises) -> u64 {
        let mut all = self.promises.lock().unwrap();
        all.push(promises);
        let id = u64::try_from(all.len() - 1).unwrap();
        drop(all);
        (self.tell)(id * 4 + BEGUN);
        id
    }

    fn end(&self, id: u64, how: u64) {
        (self.tell)(id * 4 + how);
    }

    /// How many requests were acknowledged.
    pub fn acknowledged(notes: &[u64]) -> usize {
        notes.iter().filter(|note| *note % 4 == DONE).count()
    }

    /// Holds the data against what was promised, as far as these words go.
    pub fn check(&self, notes: &[u64], folder: &Path) -> Result<(), String> {
        self.check_but(notes, folder, "nothing")
    }

    /// The same without the questions in which this stands, because others have changed the answers since.
    pub fn check_but(&self, notes: &[u64], folder: &Path, but: &str) -> Result<(), String> {
        let conn = Connection::open(folder.join("stockroom.db")).map_err(|e| e.to_string())?;
        let all = self.promises.lock().unwrap();
        // By question: what it must be answered, unless one of the open requests has changed it.
        let mut settled: BTreeMap<&str, &str> = BTreeMap::new();
        let mut open: BTreeMap<u64, &Promises> = BTreeMap::new();
        let mut unclear: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for note in notes {
            let (id, how) = (note / 4, note % 4);
            let promises = &all[usize::try_from(id).unwrap()];
            if how == BEGUN {
                open.insert(id, promises);
                for (sql, _) in promises {
                    settled.entry(sql).or_insert(match sql {
                        sql if sql.starts_with("SELECT count") => "0",
                        // What was set on other days.
                        sql if sql.contains("FROM setting") => ANYTHING,
                        _ => "null",
                    });
                }
                continue;
            }
            open.remove(&id);
            for (sql, value) in promises.iter().filter(|_| how == DONE) {
                settled.insert(sql, value);
            }
        }
        for promises in open.values() {
            for (sql, value) in *promises {
                unclear.entry(sql).or_default().push(value);
            }
        }
        let mut found: BTreeMap<&str, String> = BTreeMap::new();
        for (sql, value) in settled.iter().filter(|(sql, _)| !sql.contains(but)) {
            let is = answer(&conn, sql)?;
            if *value != ANYTHING && is != **value && !unclear.get(sql).is_some_and(|values| values.contains(&is.as_str())) {
                return Err(format!("{sql}\n  is {is}, promised was {value}, under way {:?}", unclear.get(sql)));
            }
            found.insert(sql, is);
        }
        for promises in open.values().filter(|promises| promises.iter().all(|(sql, _)| found.contains_key(sql.as_str()))) {
            let kept = promises.iter().filter(|(sql, value)| found[sql.as_str()] == *value && settled[sql.as_str()] != *value).count();
            let lost = promises.iter().filter(|(sql, value)| found[sql.as_str()] != *value).count();
            if kept > 0 && lost > 0 {
                return Err(format!("half of a request is there: {promises:?}"));
            }
        }
        files_agree(&conn, &folder.join("media"))
    }
}

fn answer(conn: &Connection, sql: &str) -> Result<String, String> {
    let mut statement = conn.prepare_cached(sql).map_err(|e| format!("{sql}: {e}"))?;
    let mut rows = statement.query([]).map_err(|e| e.to_string())?;
    let Some(row) = rows.next().map_err(|e| e.to_string())? else { return Ok("null".into()) };
    Ok(match row.get::<_, Cell>(0).map_err(|e| e.to_string())? {
        Cell::Null => "null".into(),
        Cell::Integer(number) => number.to_string(),
        Cell::Text(text) => text,
        other => format!("{other:?}"),
    })
}

/// Every file that a row names is there, whole, with its small images.
pub fn files_agree(conn: &Connection, media: &Path) -> Result<(), String> {
    let say = |e: rusqlite::Error| e.to_string();
    let mut statement =
        conn.prepare("SELECT attachment, comment, file_size, is_image FROM attachment WHERE attachment <> ''").map_err(say)?;
    let mut rows = statement.query([]).map_err(say)?;
    while let Some(row) = rows.next().map_err(say)? {
        let (name, comment, size, image): (String, String, u32, bool) =
            (row.get(0).map_err(say)?, row.get(1).map_err(say)?, row.get(2).map_err(say)?, row.get(3).map_err(say)?);
        let bytes = std::fs::read(media.join(&name)).map_err(|e| format!("{name}, which a row names: {e}"))?;
        if bytes.len() != usize::try_from(size).unwrap() || !image && !bytes.starts_with(comment.as_bytes()) {
            return Err(format!("{name}: {} bytes are there of {size}", bytes.len()));
        }
        if image {
            whole_image(media, &name)?;
        }
    }
    let mut statement = conn.prepare("SELECT image FROM part WHERE image <> ''").map_err(say)?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0)).map_err(say)?.collect::<Result<_, _>>().map_err(say)?;
    names.iter().try_for_each(|name| whole_image(media, name))
}

fn whole_image(media: &Path, name: &str) -> Result<(), String> {
    for name in [name.to_string(), stockroom::media::small_name(name, "thumbnail"), stockroom::media::small_name(name, "preview")] {
        image::open(media.join(&name)).map_err(|e| format!("{name}, which a row names: {e}"))?;
    }
    Ok(())
}

/// A small picture.
pub fn png(dice: &mut Dice) -> Vec<u8> {
    let shade = u8::try_from(dice.below(256)).unwrap();
    let picture = image::RgbImage::from_fn(40, 30, |x, y| image::Rgb([shade, u8::try_from(x).unwrap(), u8::try_from(y).unwrap()]));
    let mut bytes = Vec::new();
    picture.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    bytes
}

struct Item {
    key: i64,
    batch: String,
    place: String,
    /// Whole pieces.
    quantity: i64,
    events: i64,
}

struct Upload {
    key: i64,
    comment: String,
}

/// One person's day.
pub struct Errands<'a> {
    name: String,
    hand: &'a dyn Hand,
    ledger: &'a Ledger,
    dice: Dice,
    made: usize,
    parts: Vec<(i64, String)>,
    places: Vec<(i64, String)>,
    items: Vec<Item>,
    uploads: Vec<Upload>,
    /// Supplier and supplier part.
    supply: Option<(i64, i64)>,
    setting: Option<&'static str>,
}

/// Requests fail while the server has troubles; nothing more is known.
type Tried<T> = Option<T>;

const JSON: &str = "application/json";
const FORM: &str = "multipart/form-data; boundary=limit";

impl<'a> Errands<'a> {
    /// The person of this number; each has things of its own.
    pub fn new(n: usize, seed: u64, hand: &'a dyn Hand, ledger: &'a Ledger) -> Errands<'a> {
        let settings = ["INVENTREE_INSTANCE", "INVENTREE_COMPANY_NAME"];
        Errands {
            name: format!("{seed}-{n}"),
            hand,
            ledger,
            dice: Dice::new(seed * 1000 + u64::try_from(n).unwrap() + 1),
            made: 0,
            parts: Vec::new(),
            places: Vec::new(),
            items: Vec::new(),
            uploads: Vec::new(),
            supply: None,
            setting: settings.get(n).copied(),
        }
    }

    /// Does one thing after the other until the server is gone.
    pub fn run_on(&mut self, gone: &AtomicBool) {
        while !gone.load(SeqCst) {
            self.one();
        }
    }

    /// Does so many things, one after the other; says how many succeeded.
    pub fn run(&mut self, rounds: usize) -> usize {
        (0..rounds).filter(|_| self.one().is_some()).count()
    }

    fn next(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what} {} {}", self.name, self.made)
    }

    fn send(&self, verb: &str, path: &str, kind: &str, body: &[u8], promises: Promises) -> Tried<Value> {
        let id = self.ledger.begin(promises);
        let (status, json) = self.hand.ask(verb, path, kind, body)?;
        match status {
            200..300 => {
                self.ledger.end(id, DONE);
                return Some(json);
            }
            // Nothing was changed, it said.
            400..500 => panic!("{verb} {path} {}: {status} {json}", String::from_utf8_lossy(body)),
            503 if json["detail"].as_str().is_some_and(|text| text.contains("look whether")) => {}
            503 | 507 => self.ledger.end(id, REFUSED),
            other => panic!("{verb} {path}: {other} {json}"),
        }
        None
    }

    fn post(&self, path: &str, body: &Value, promises: Promises) -> Tried<Value> {
        self.send("POST", path, JSON, body.to_string().as_bytes(), promises)
    }

    fn one(&mut self) -> Tried<()> {
        if self.parts.is_empty() || self.dice.once_in(12) {
            return self.new_part();
        }
        if self.places.len() < 2 {
            return self.new_place();
        }
        if self.items.is_empty() {
            return self.new_item();
        }
        match self.dice.below(14) {
            0 | 1 => self.new_item(),
            2..=4 => self.change_quantity(),
            5 => self.move_item(),
            6 => self.delete_item(),
            7 | 8 => self.upload(),
            9 => self.rename(),
            10 => self.delete_upload(),
            11 => self.receive(),
            12 => self.set(),
            _ => self.picture(),
        }
    }

    fn new_part(&mut self) -> Tried<()> {
        let name = self.next("Part");
        let promises = vec![(format!("SELECT count(*) FROM part WHERE name = '{name}'"), "1".into())];
        let made = self.post("/api/part/", &json!({"name": name, "purchaseable": true}), promises)?;
        self.parts.push((made["pk"].as_i64()?, name));
        Some(())
    }

    fn new_place(&mut self) -> Tried<()> {
        let name = self.next("Place");
        let promises = vec![(format!("SELECT count(*) FROM stock_location WHERE name = '{name}'"), "1".into())];
        let made = self.post("/api/stock/location/", &json!({"name": name}), promises)?;
        self.places.push((made["pk"].as_i64()?, name));
        Some(())
    }

    fn quantity_of(batch: &str) -> String {
        format!("SELECT quantity FROM stock_item WHERE batch = '{batch}'")
    }

    fn events_of(batch: &str) -> String {
        format!("SELECT count(*) FROM stock_tracking t JOIN stock_item i ON i.id = t.item WHERE i.batch = '{batch}'")
    }

    fn place_of(batch: &str) -> String {
        format!("SELECT l.name FROM stock_item i JOIN stock_location l ON l.id = i.location WHERE i.batch = '{batch}'")
    }

    fn promised(item: &Item) -> Promises {
        vec![
            (Self::place_of(&item.batch), item.place.clone()),
            (Self::quantity_of(&item.batch), (item.quantity * 1_000_000).to_string()),
            (Self::events_of(&item.batch), item.events.to_string()),
        ]
    }

    fn new_item(&mut self) -> Tried<()> {
        let (batch, quantity) = (self.next("Batch"), i64::try_from(1 + self.dice.below(500)).unwrap());
        let (part, (place, name)) = (self.dice.pick(&self.parts).0, self.dice.pick(&self.places).clone());
        let mut item = Item { key: 0, batch: batch.clone(), place: name, quantity, events: 1 };
        let body = json!({"part": part, "quantity": quantity, "location": place, "batch": batch, "delete_on_deplete": false});
        let made = self.post("/api/stock/", &body, Self::promised(&item))?;
        item.key = made[0]["pk"].as_i64().or_else(|| made["pk"].as_i64())?;
        self.items.push(item);
        Some(())
    }

    /// Takes an item out of the list; it comes back once its change is acknowledged.
    fn some_item(&mut self) -> Item {
        let place = self.dice.below(self.items.len());
        self.items.swap_remove(place)
    }

    fn change_quantity(&mut self) -> Tried<()> {
        let mut item = self.some_item();
        let by = i64::try_from(1 + self.dice.below(20)).unwrap();
        let verb = if by < item.quantity && self.dice.once_in(2) { "remove" } else { "add" };
        item.quantity += if verb == "add" { by } else { -by };
        item.events += 1;
        let body = json!({"items": [{"pk": item.key, "quantity": by}]});
        self.post(&format!("/api/stock/{verb}/"), &body, Self::promised(&item))?;
        self.items.push(item);
        Some(())
    }

    fn move_item(&mut self) -> Tried<()> {
        let mut item = self.some_item();
        let (place, name) = self.dice.pick(&self.places).clone();
        (item.place, item.events) = (name, item.events + 1);
        let body = json!({"items": [{"pk": item.key, "quantity": item.quantity}], "location": place});
        self.post("/api/stock/transfer/", &body, Self::promised(&item))?;
        self.items.push(item);
        Some(())
    }

    fn delete_item(&mut self) -> Tried<()> {
        let item = self.some_item();
        let gone = || "null".to_string();
        let promises = vec![
            (Self::quantity_of(&item.batch), gone()),
            (Self::place_of(&item.batch), gone()),
            (Self::events_of(&item.batch), "0".into()),
        ];
        self.send("DELETE", &format!("/api/stock/{}/", item.key), JSON, b"", promises).map(|_| ())
    }

    fn form(pairs: &[(&str, String)], file: (&str, &str, &[u8])) -> Vec<u8> {
        let mut body = Vec::new();
        for (name, value) in pairs {
            body.extend(format!("--limit\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
        }
        let (name, called, content) = file;
        let head = format!("--limit\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{called}\"\r\n\r\n");
        body.extend(head.into_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n--limit--\r\n");
        body
    }

    fn upload(&mut self) -> Tried<()> {
        let comment = self.next("File");
        let part = self.dice.pick(&self.parts).0;
        let picture = self.dice.once_in(4);
        let (called, bytes) = if picture {
            ("drawing.png", png(&mut self.dice))
        } else {
            ("notes.txt", comment.repeat(1 + self.dice.below(400)).into_bytes())
        };
        let pairs = [("model_type", "part".to_string()), ("model_id", part.to_string()), ("comment", comment.clone())];
        let promises = vec![(format!("SELECT count(*) FROM attachment WHERE comment = '{comment}'"), "1".into())];
        let body = Self::form(&pairs, ("attachment", called, &bytes));
        let made = self.send("POST", "/api/attachment/", FORM, &body, promises)?;
        self.uploads.push(Upload { key: made["pk"].as_i64()?, comment });
        Some(())
    }

    fn some_upload(&mut self) -> Tried<Upload> {
        let place = self.dice.below(self.uploads.len());
        (!self.uploads.is_empty()).then(|| self.uploads.swap_remove(place))
    }

    fn rename(&mut self) -> Tried<()> {
        let upload = self.some_upload()?;
        // The extension stays; pictures are left alone.
        self.made += 1;
        let name = format!("renamed-{}-{}.txt", self.name, self.made);
        let (status, json) = self.hand.ask("GET", &format!("/api/attachment/{}/", upload.key), JSON, b"")?;
        if status != 200 || json["is_image"] == json!(true) {
            return None;
        }
        let sql = "SELECT substr(attachment, -length('";
        let promises = vec![(
            format!("{sql}{name}')) FROM attachment WHERE comment = '{}' AND attachment LIKE '%{name}'", upload.comment),
            name.clone(),
        )];
        let body = json!({"filename": name}).to_string();
        self.send("PATCH", &format!("/api/attachment/{}/", upload.key), JSON, body.as_bytes(), promises)?;
        // Its name is promised for good: nobody deletes it any more.
        Some(())
    }

    fn delete_upload(&mut self) -> Tried<()> {
        let upload = self.some_upload()?;
        let promises = vec![(format!("SELECT count(*) FROM attachment WHERE comment = '{}'", upload.comment), "0".into())];
        self.send("DELETE", &format!("/api/attachment/{}/", upload.key), JSON, b"", promises).map(|_| ())
    }

    fn set(&mut self) -> Tried<()> {
        let (Some(key), value) = (self.setting, self.next("Shop")) else { return self.new_item() };
        let promises = vec![(format!("SELECT value FROM setting WHERE key = '{key}' AND value LIKE 'Shop %'"), value.clone())];
        let body = json!({"value": value}).to_string();
        self.send("PATCH", &format!("/api/settings/global/{key}/"), JSON, body.as_bytes(), promises).map(|_| ())
    }

    fn picture(&mut self) -> Tried<()> {
        let (part, name) = self.dice.pick(&self.parts).clone();
        let bytes = png(&mut self.dice);
        // Which picture it is stands in its name, which the server makes its own where there is one already.
        self.made += 1;
        let called = format!("picture-{}-{}", self.name, self.made);
        let sql = format!("SELECT count(*) FROM part WHERE name = '{name}' AND image LIKE '%/{called}%'");
        self.send(
            "PATCH",
            &format!("/api/part/{part}/"),
            FORM,
            &Self::form(&[], ("image", &format!("{called}.png"), &bytes)),
            vec![(sql, "1".into())],
        )?;
        // The next one takes its place, and the promise with it.
        self.parts.retain(|known| known.0 != part);
        Some(())
    }

    fn receive(&mut self) -> Tried<()> {
        let (supplier, sold) = match self.supply {
            Some(supply) => supply,
            None => {
                let name = self.next("Seller");
                let promises = vec![(format!("SELECT count(*) FROM company WHERE name = '{name}'"), "1".into())];
                let company = self.post("/api/company/", &json!({"name": name, "is_supplier": true}), promises)?["pk"].as_i64()?;
                let (part, _) = *self.parts.first()?;
                let promises = vec![(format!("SELECT count(*) FROM supplier_part WHERE SKU = '{name}'"), "1".into())];
                let body = json!({"part": part, "supplier": company, "SKU": name});
                let sold = self.post("/api/company/part/", &body, promises)?["pk"].as_i64()?;
                self.supply = Some((company, sold));
                (company, sold)
            }
        };
        let (note, batch) = (self.next("Order"), self.next("Received"));
        let promises = vec![(format!("SELECT count(*) FROM purchase_order WHERE description = '{note}'"), "1".into())];
        let order = self.post("/api/order/po/", &json!({"supplier": supplier, "description": note}), promises)?["pk"].as_i64()?;
        let promises = vec![(format!("SELECT count(*) FROM purchase_order_line WHERE \"order\" = {order}"), "1".into())];
        let line = self.post("/api/order/po-line/", &json!({"order": order, "part": sold, "quantity": 7}), promises)?["pk"].as_i64()?;
        let promises = vec![(format!("SELECT status FROM purchase_order WHERE id = {order} AND status <> 10"), "20".into())];
        self.post(&format!("/api/order/po/{order}/issue/"), &json!({}), promises)?;
        let place = self.dice.pick(&self.places).0;
        let promises = vec![
            (Self::quantity_of(&batch), "7000000".into()),
            (format!("SELECT count(*) FROM purchase_order_line WHERE id = {line} AND received = 7000000"), "1".into()),
            (format!("SELECT status FROM purchase_order WHERE id = {order} AND status <> 10"), "30".into()),
        ];
        let body = json!({"items": [{"line_item": line, "quantity": 7, "batch_code": batch}], "location": place});
        self.post(&format!("/api/order/po/{order}/receive/"), &body, promises).map(|_| ())
    }
}
