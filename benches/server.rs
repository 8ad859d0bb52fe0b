//! `cargo bench`: ratios that hold on any machine, measured in one run, and BENCHMARKS.md written from them.
//!
//! Arguments after `--`: `quick` for short rounds and no million items; `details` for what nested objects cost, and nothing else (it writes
//! no file).
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::cast_precision_loss, clippy::cast_possible_wrap)]

mod support;

use std::fmt::Write as _;
use std::io::Cursor;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use stockroom::engine::json::Json;
use stockroom::front::guarded::{Config, Guarded};
use stockroom::front::stock::Stock;
use stockroom::front::{Backend, Request};
use support::{Server, alone, folder, get, load, post, token};

/// Answers the same few bytes to everything.
struct Hello(PathBuf);

impl Backend for Hello {
    fn answer(&self, _: &mut Request) -> tiny_http::ResponseBox {
        let body = br#"{"hello":"world"}"#.to_vec();
        let kind = tiny_http::Header::from_bytes("Content-Type", "application/json").unwrap();
        tiny_http::Response::new(tiny_http::StatusCode(200), vec![kind], Cursor::new(body.clone()), Some(body.len()), None).boxed()
    }
    fn body_limit(&self, _: &Request) -> u64 {
        1 << 20
    }
    fn upload_dir(&self) -> &Path {
        &self.0
    }
    fn panicked(&self, request: &Request, _: &str) -> tiny_http::ResponseBox {
        let _ = request;
        tiny_http::Response::empty(500).boxed()
    }
}

/// tiny_http as its own documentation shows it.
fn bare(address: SocketAddr) {
    let server = Arc::new(tiny_http::Server::http(address).unwrap());
    for _ in 0..4 {
        let server = server.clone();
        std::thread::spawn(move || {
            while let Ok(request) = server.recv() {
                let _ = request.respond(tiny_http::Response::from_string(r#"{"hello":"world"}"#));
            }
        });
    }
}

/// The rows of a list by hand: count, keys, columns, JSON; one thread, no HTTP.
fn raw_list(conn: &Connection, row_sql: &str) -> usize {
    let count: i64 = conn.prepare_cached("SELECT rows FROM row_count WHERE name = 'part'").unwrap().query_row([], |r| r.get(0)).unwrap();
    let mut keys = conn.prepare_cached("SELECT id FROM part ORDER BY name, id LIMIT 25").unwrap();
    let keys: Vec<i64> = keys.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    let mut statement = conn.prepare_cached(row_sql).unwrap();
    let mut out = Json::new();
    out.open('{');
    out.key("count");
    out.int(count);
    out.key("results");
    out.open('[');
    let names: Vec<String> = statement.column_names().iter().map(|n| (*n).to_string()).collect();
    let (id, user) = (statement.parameter_index(":id").unwrap(), statement.parameter_index(":user").unwrap());
    for key in keys {
        statement.raw_bind_parameter(id.unwrap(), key).unwrap();
        if let Some(user) = user {
            statement.raw_bind_parameter(user, 1).unwrap();
        }
        let mut rows = statement.raw_query();
        let row = rows.next().unwrap().unwrap();
        out.item();
        out.open('{');
        for (i, name) in names.iter().enumerate() {
            out.plain_key(name);
            match row.get_ref(i).unwrap() {
                ValueRef::Null => out.null(),
                ValueRef::Integer(n) => out.int(n),
                ValueRef::Real(n) => out.float(n),
                ValueRef::Text(t) => out.text(std::str::from_utf8(t).unwrap()),
                ValueRef::Blob(_) => out.null(),
            }
        }
        out.close('}');
    }
    out.close(']');
    out.close('}');
    out.len()
}

/// What creating a stock item writes, each in a commit of its own.
fn raw_commits(folder: &Path, how_long: Duration) -> f64 {
    let conn = Connection::open(folder.join("stockroom.db")).unwrap();
    conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -1024")
        .unwrap();
    alone(how_long, || {
        let item = "INSERT INTO stock_item (part, quantity, batch, location, status, delete_on_deplete, purchase_price_currency, serial_int, updated, creation_date) \
                    VALUES (1, 1000000, '', 1, 10, 1, 'USD', 0, 1, 1)";
        conn.execute_batch("BEGIN IMMEDIATE").unwrap();
        conn.prepare_cached(item).unwrap().execute([]).unwrap();
        let id = conn.last_insert_rowid();
        conn.prepare_cached(
            "INSERT INTO stock_tracking (item, part, tracking_type, date, user, notes, deltas) VALUES (?1, 1, 1, 1, 1, '', '{}')",
        )
        .unwrap()
        .execute([id])
        .unwrap();
        conn.execute_batch("COMMIT").unwrap();
    })
}

#[derive(Default)]
struct Report(String);

impl Report {
    fn line(&mut self, text: &str) {
        println!("{text}");
        let _ = writeln!(self.0, "{text}");
    }
}

/// Lists as the clients of the reference ask for them: without nested objects, and with those that their tables show.
const DETAILS: [(&str, &str, &str); 6] = [
    ("parts", "/api/part/?limit=25", "&category_detail=true&location_detail=true"),
    ("stock items", "/api/stock/?limit=25&part_detail=false", "&part_detail=true&location_detail=true&supplier_part_detail=true"),
    ("purchase orders", "/api/order/po/?limit=25&ordering=-reference", "&supplier_detail=true"),
    ("sales orders", "/api/order/so/?limit=25&ordering=-reference", "&customer_detail=true"),
    ("builds", "/api/build/?limit=25&ordering=-reference&part_detail=false&user_detail=false", "&part_detail=true&user_detail=true"),
    ("lines of a purchase order", "/api/order/po-line/?limit=25&order=7", "&part_detail=true&order_detail=true&destination_detail=true"),
];
/// At most so many times as long a list may take with its nested objects.
const DEAREST: f64 = 2.0;
/// What stands from here on in BENCHMARKS.md is not written by this program.
const OTHERS: &str = "\n## Against others";

/// Short turns, an odd number: what else runs on the machine disturbs both sides alike.
const TURNS: usize = 25;

/// What nested objects cost: the same page without and with them, by turns, one connection; the best rates, and the median of the ratios.
fn details(size: i64, port: u16, round: Duration, report: &mut Report) {
    let folder = folder(size);
    let token = token(&folder);
    let server = Server::start(&folder, port, "guarded");
    report.line(&format!(
        "\n## Nested objects, {size} stock items\n\n| list of 25 | plain, requests/s | with details | times as long |\n|---|---|---|---|"
    ));
    for (name, path, flags) in DETAILS {
        // A flag that is said twice counts as it was said last.
        let ask = |path: &str| {
            let request = get(path, &token);
            load(server.address, 1, round / 8, move |_| request.clone())
        };
        let full = format!("{path}{flags}");
        let (mut rates, mut ratios) = ([0.0_f64; 2], Vec::new());
        for _ in 0..TURNS {
            let turn = [ask(path), ask(&full)];
            ratios.push(turn[0] / turn[1]);
            rates = [rates[0].max(turn[0]), rates[1].max(turn[1])];
        }
        ratios.sort_by(f64::total_cmp);
        let ratio = ratios[TURNS / 2];
        let verdict = if ratio > DEAREST { " (too dear)" } else { "" };
        report.line(&format!("| {name} | {:.0} | {:.0} | {ratio:.2} ×{verdict} |", rates[0], rates[1]));
    }
}

fn main() {
    let quick = std::env::args().any(|a| a == "quick");
    let round = if quick { Duration::from_millis(600) } else { Duration::from_secs(2) };
    let sizes: &[i64] = if quick { &[1_000, 100_000] } else { &[1_000, 100_000, 1_000_000] };
    let mut report = Report::default();
    let large = sizes.last().copied().unwrap_or(1_000);
    if std::env::args().any(|a| a == "details") {
        details(large, 18_420, round, &mut report);
        return;
    }
    report.line("# Benchmarks");
    report.line("");
    report.line(
        "Written by `cargo bench`. All figures of one table come from one run on one machine, with the load made on the same machine; only",
    );
    report.line("the ratios mean something elsewhere. Nothing here was measured on a Raspberry Pi.");
    report.line("");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    report.line(&format!("This run: {cores} cores, {} {}.", std::env::consts::OS, std::env::consts::ARCH));

    report.line("\n## Fronts\n\n| hello, requests/s | 1 connection | 8 | 64 | against tiny_http at 64 |\n|---|---|---|---|---|");
    let here = std::env::temp_dir();
    let rates = |address: SocketAddr| [1, 8, 64].map(|n| load(address, n, round, |_| get("/", "")));
    let bare_address: SocketAddr = ([127, 0, 0, 1], 18_401).into();
    bare(bare_address);
    let bare_rates = rates(bare_address);
    let stock = Arc::new(Stock::bind(([127, 0, 0, 1], 0).into(), Arc::new(Hello(here.clone()))).unwrap());
    let running = stock.clone();
    std::thread::spawn(move || running.run());
    let stock_rates = rates(stock.local_addr());
    let guarded =
        Guarded::bind(([127, 0, 0, 1], 0).into(), Arc::new(Hello(here)), Config { per_address: 256, ..Config::default() }).unwrap();
    let running = guarded.clone();
    std::thread::spawn(move || running.run());
    let hello = rates(guarded.local_addr());
    for (name, r) in [("bare tiny_http", bare_rates), ("stock front (tiny_http)", stock_rates), ("guarded front", hello)] {
        report.line(&format!("| {name} | {:.0} | {:.0} | {:.0} | {:.2} × |", r[0], r[1], r[2], r[2] / bare_rates[2]));
    }

    let mut lists: Vec<(i64, [f64; 5])> = Vec::new();
    for (i, size) in sizes.iter().enumerate() {
        measure(*size, 18_410 + u16::try_from(i).unwrap(), round, hello, &mut report, &mut lists);
    }
    if let (Some(small), Some(large)) = (lists.first(), lists.last()) {
        report.line(&format!("\n## The same lists at {} items against {}\n\n| | times as long |\n|---|---|", large.0, small.0));
        for (name, i) in [
            ("detail of a part", 0),
            ("list of 25 parts", 1),
            ("list of 25 stock items", 2),
            ("search, 25 hits", 3),
            ("list of 25 places", 4),
        ] {
            report.line(&format!("| {name} | {:.2} × |", small.1[i] / large.1[i]));
        }
    }
    details(large, 18_420, round, &mut report);
    let binary = std::fs::metadata(env!("CARGO_BIN_EXE_stockroom")).unwrap().len() as f64 / 1e6;
    report.line(&format!("\nBinary: {binary:.1} MB, stripped."));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("BENCHMARKS.md");
    // The comparison with others is another program's work (benches/against_others.py) and stays.
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    let others = old.find(OTHERS).map_or("", |from| &old[from..]);
    std::fs::write(path, format!("{}\n{others}", report.0.trim_end())).unwrap();
}

fn measure(size: i64, port: u16, round: Duration, hello: [f64; 3], report: &mut Report, lists: &mut Vec<(i64, [f64; 5])>) {
    let folder = folder(size);
    let token = token(&folder);
    let server = Server::start(&folder, port, "guarded");
    let (start, idle) = (server.start, server.memory());
    let address = server.address;
    report.line(&format!(
        "\n## {size} stock items\n\nStart to first answer {:.0} ms, idle memory {idle:.1} MB.\n",
        start.as_secs_f64() * 1e3
    ));
    report.line("| requests/s | 1 connection | 8 | 64 | against hello at 8 |\n|---|---|---|---|---|");
    let parts = (size / 10).max(100);
    let mut eight = Vec::new();
    type Maker = Box<dyn Fn(u64) -> Vec<u8> + Send + Sync>;
    let t = |path: &'static str, token: &str| -> Maker {
        let request = get(path, token);
        Box::new(move |_| request.clone())
    };
    let detail = {
        let token = token.clone();
        Box::new(move |i: u64| get(&format!("/api/part/{}/", 1 + (i as i64 * 37) % parts), &token)) as Maker
    };
    let cases: Vec<(&str, Arc<Maker>)> = vec![
        ("detail of a part", Arc::new(detail)),
        ("list of 25 parts with count", Arc::new(t("/api/part/?limit=25", &token))),
        ("list of 25 stock items with count", Arc::new(t("/api/stock/?limit=25", &token))),
        ("search for a part by number", {
            let token = token.clone();
            Arc::new(
                Box::new(move |i: u64| get(&format!("/api/part/?limit=25&search=IPN-{}", 1 + (i as i64 * 37) % parts), &token)) as Maker
            )
        }),
        ("list of 25 places with count", Arc::new(t("/api/stock/location/?limit=25", &token))),
    ];
    let mut list_one = 0.0;
    for (name, maker) in &cases {
        let r = [1, 8, 64].map(|n| {
            let maker = maker.clone();
            load(address, n, round, move |i| maker(i))
        });
        if name.starts_with("list of 25 parts") {
            list_one = r[1];
        }
        report.line(&format!("| {name} | {:.0} | {:.0} | {:.0} | {:.2} × |", r[0], r[1], r[2], r[1] / hello[1]));
        eight.push(r[0]);
    }
    let writes = [1, 8, 64].map(|n| {
        let token = token.clone();
        load(address, n, round, move |i| {
            post("/api/stock/", &token, &format!(r#"{{"part":{},"location":{},"quantity":5}}"#, 1 + i % 100, 1 + i % 500))
        })
    });
    report.line(&format!("| durable POST of a stock item | {:.0} | {:.0} | {:.0} | |", writes[0], writes[1], writes[2]));
    let busy = server.memory();
    report.line(&format!("\nMemory after 64 busy clients {busy:.1} MB."));
    drop(server);
    let commits = raw_commits(&folder, round);
    report.line(&format!(
        "Raw single commits of the same rows: {commits:.0}/s; durable POST at 64 connections is {:.1} × that, at 1 connection {:.2} ×.",
        writes[2] / commits,
        writes[0] / commits
    ));
    let site = stockroom::site::Site::open(&folder).unwrap();
    let conn = site.db.read().unwrap();
    let sql = stockroom::engine::read::list_sql(&stockroom::part::part::PART);
    let raw = alone(round, || {
        assert!(raw_list(&conn, &sql) > 1000);
    });
    report.line(&format!("Raw SQLite and serialisation of the list of 25 parts, one thread: {raw:.0}/s; the list over HTTP at 8 connections is {:.2} × that.", list_one / raw));
    lists.push((size, [eight[0], eight[1], eight[2], eight[3], eight[4]]));
}
