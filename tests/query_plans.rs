//! How lists are found: the plans of the SELECTs that the engine makes for what clients ask, in `tests/query-plans.txt`.
//!
//! A database of stockroom holds no statistics (nothing runs ANALYZE), so SQLite plans by the schema alone, and the plans here are those of
//! every installation, whatever its size. `cargo test --test query_plans -- --ignored --nocapture` makes 1,000,000 stock items in a folder
//! (or takes those in `STOCKROOM_BIG`) and times the same queries on them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rusqlite::Connection;
use stockroom::engine::call::{Call, Facts, Query};
use stockroom::engine::describe::Resource;
use stockroom::engine::query::{Page, Selection};
use stockroom::identity::User;
use stockroom::router::{Target, find};
use stockroom::site::Site;
use support::Shop;

/// Lists as clients ask for them, with their filters, searches and orderings.
const QUERIES: &str = include_str!("query-plans/queries.txt");

/// Tables that grow with the business.
const BIG: [&str; 26] = [
    "part",
    "stock_item",
    "stock_tracking",
    "stock_test_result",
    "supplier_part",
    "manufacturer_part",
    "supplier_price_break",
    "bom_item",
    "build",
    "build_line",
    "build_item",
    "purchase_order",
    "purchase_order_line",
    "purchase_order_extra_line",
    "sales_order",
    "sales_order_line",
    "sales_order_extra_line",
    "sales_order_shipment",
    "sales_order_allocation",
    "return_order",
    "return_order_line",
    "transfer_order",
    "transfer_order_line",
    "attachment",
    "parameter",
    "notification",
];

/// Big tables that are read from end to end, and why nothing else helps: the reason; the queries, each with the table.
const SCANNED: &[(&str, &[(&str, &str)])] = &[
    (
        "In the order of keys: the page ends the scan.",
        &[
            ("/api/attachment/?limit=25", "attachment"),
            ("/api/company/part/?limit=25", "supplier_part"),
            ("/api/company/part/manufacturer/?limit=25", "manufacturer_part"),
            ("/api/order/so-allocation/?limit=25&outstanding=true", "sales_order_allocation"),
            ("/api/order/so/shipment/?limit=25", "sales_order_shipment"),
            ("/api/order/so/shipment/?limit=25&order_outstanding=true", "sales_order_shipment"),
            ("/api/parameter/?limit=25", "parameter"),
        ],
    ),
    (
        "Flags and sums that most rows have: counting them takes reading them.",
        &[
            ("/api/company/part/?limit=25&active=true&part_active=true&supplier_active=true", "supplier_part"),
            ("/api/company/part/?limit=25&has_stock=true", "supplier_part"),
            ("/api/part/?limit=25&active=true", "part"),
            ("/api/part/?limit=25&active=true&assembly=true", "part"),
            ("/api/part/?limit=25&has_units=true", "part"),
            ("/api/part/?limit=25&is_template=true", "part"),
            ("/api/part/?limit=25&low_stock=true", "part"),
            ("/api/part/?limit=25&purchaseable=true", "part"),
            ("/api/part/?limit=25&salable=true&active=true", "part"),
            ("/api/part/?limit=25&trackable=true", "part"),
            ("/api/part/?limit=25&virtual=false", "part"),
            ("/api/stock/?limit=25&active=true&in_stock=true", "part"),
            ("/api/stock/?limit=25&available=true", "stock_item"),
            ("/api/stock/?limit=25&has_batch=true", "stock_item"),
            ("/api/stock/?limit=25&in_stock=true", "stock_item"),
            ("/api/stock/?limit=25&in_stock=true&ordering=-updated", "stock_item"),
            ("/api/stock/?limit=25&in_stock=true&ordering=expiry_date", "stock_item"),
            ("/api/stock/?limit=25&serialized=true", "stock_item"),
            ("/api/stock/?limit=25&tracked=true", "stock_item"),
        ],
    ),
    (
        "Texts of fewer than three characters, or without a trigram index: 100,000 rows take some 25 ms, and an index would be written with each row.",
        &[
            ("/api/attachment/?limit=25&search=sheet", "attachment"),
            ("/api/bom/?limit=25&part=1&search=bench", "bom_item"),
            ("/api/build/?limit=25&search=Build+47", "build"),
            ("/api/build/?limit=25&search=Build+47", "part"),
            ("/api/build/?limit=25&search=bench", "build"),
            ("/api/build/item/?limit=25&build=1&search=bench", "bom_item"),
            ("/api/build/line/?limit=25&build=1&search=bench", "bom_item"),
            ("/api/notifications/?limit=25&search=Low", "notification"),
            ("/api/order/po-line/?limit=25&order=1&search=SKU-47", "purchase_order_line"),
            ("/api/order/po-line/?limit=25&search=SKU-47", "purchase_order_line"),
            ("/api/order/po/?limit=25&search=Company+47", "purchase_order"),
            ("/api/order/po/?limit=25&search=PO-0047", "purchase_order"),
            ("/api/order/ro/?limit=25&search=RO-0047", "return_order"),
            ("/api/order/so-line/?limit=25&order=1&search=bench", "sales_order_line"),
            ("/api/order/so/?limit=25&search=SO-0047", "sales_order"),
            ("/api/parameter/?limit=25&template=1&search=42", "parameter"),
            ("/api/part/?limit=25&search=42", "part"),
            ("/api/stock/?limit=25&search=42", "part"),
            ("/api/stock/?limit=25&search=42", "stock_item"),
            ("/api/stock/track/?limit=25&search=counted", "stock_tracking"),
        ],
    ),
    (
        "An order that few ask for: all rows are read once, and the best are kept.",
        &[
            ("/api/attachment/?limit=25&ordering=-upload_date", "attachment"),
            ("/api/build/?limit=25&ordering=target_date", "build"),
            ("/api/build/?limit=25&outstanding=true&ordering=-target_date", "build"),
            ("/api/order/po/?limit=25&ordering=-creation_date", "purchase_order"),
            ("/api/stock/?limit=25&ordering=-creation_date", "stock_item"),
            ("/api/stock/?limit=25&ordering=SKU", "stock_item"),
            ("/api/stock/?limit=25&ordering=batch", "stock_item"),
            ("/api/stock/?limit=25&ordering=expiry_date", "stock_item"),
            ("/api/stock/?limit=25&ordering=stock", "stock_item"),
            ("/api/stock/?limit=25&ordering=stocktake_date", "stock_item"),
        ],
    ),
    (
        "Rarely asked of the whole table, and tens of milliseconds for all of it: not worth an index that each write keeps.",
        &[
            ("/api/attachment/?limit=25&upload_user=1", "attachment"),
            ("/api/bom/?limit=25&validated=false", "bom_item"),
            ("/api/build/?limit=25&assigned_to_me=true", "build"),
            ("/api/build/?limit=25&issued_by=1", "build"),
            ("/api/build/?limit=25&overdue=true", "build"),
            ("/api/build/?limit=25&status=10", "build"),
            ("/api/order/po-line/?limit=25&pending=true", "purchase_order_line"),
            ("/api/order/po/?limit=25&created_by=1", "purchase_order"),
            ("/api/order/po/?limit=25&min_date=2026-01-01&max_date=2026-03-01", "purchase_order"),
            ("/api/order/po/?limit=25&status=20", "purchase_order"),
            ("/api/order/so-line/?limit=25&allocated=true", "sales_order_line"),
            ("/api/order/so-line/?limit=25&completed=false", "sales_order_line"),
            ("/api/order/so/?limit=25&status=10", "sales_order"),
            ("/api/order/so/shipment/?limit=25&shipped=false", "sales_order_shipment"),
            ("/api/stock/?limit=25&has_purchase_price=true", "stock_item"),
            ("/api/stock/?limit=25&serial_gte=100&serial_lte=200", "stock_item"),
            ("/api/stock/test/?limit=25&result=false", "stock_test_result"),
            ("/api/stock/track/?limit=25&user=1", "stock_tracking"),
        ],
    ),
];

fn queries() -> impl Iterator<Item = &'static str> {
    QUERIES.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// A request of a superuser.
fn call(site: &Arc<Site>, user: i64, target: &str) -> (Call, &'static Resource) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let Some(Target::List(resource)) = find(path).map(|found| found.target) else { panic!("{target} is no list") };
    let facts = Facts {
        path: path.into(),
        query: Query::parse(query),
        ..Facts::of(site.clone(), Arc::new(User { id: user, staff: true, superuser: true, ..User::default() }))
    };
    (Call::new(facts), resource)
}

/// The steps of a statement, each as deep as it lies.
fn plan(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut depth = BTreeMap::from([(0, 0)]);
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let (id, parent, detail): (i64, i64, String) = (row.get(0).unwrap(), row.get(1).unwrap(), row.get(3).unwrap());
        let level = depth[&parent] + 1;
        depth.insert(id, level);
        steps.push(format!("{}{detail}", "  ".repeat(level)));
    }
    steps
}

/// The steps without numbers; what is done again and again for each row is told once.
fn told(steps: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let plain = steps.iter().map(|step| step.trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ').to_string());
    plain.filter(|step| !step.starts_with("      ") || seen.insert(step.trim().to_string())).collect()
}

/// What the names in a plan stand for.
fn names(sql: &str) -> BTreeMap<String, BTreeSet<String>> {
    let words: Vec<&str> = sql.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (i, word) in words.iter().enumerate() {
        if BIG.contains(word) {
            names.entry((*word).into()).or_default().insert((*word).into());
            // What a WITH names is no table.
            if let Some(alias) = words.get(i + 1).filter(|alias| !sql.contains(&format!("RECURSIVE {alias} ("))) {
                names.entry((*alias).into()).or_default().insert((*word).into());
            }
        }
    }
    names
}

/// The big tables that a plan reads from end to end without an index.
fn scanned(sql: &str, steps: &[String]) -> BTreeSet<String> {
    let names = names(sql);
    let bare = steps
        .iter()
        .filter_map(|step| step.trim().strip_prefix("SCAN "))
        .filter(|step| !step.contains("USING") && !step.contains("VIRTUAL"));
    bare.filter_map(|step| names.get(step.split(' ').next().unwrap())).flatten().cloned().collect()
}

#[test]
fn lists_are_found_by_indexes() {
    let shop = Shop::new();
    shop.fill();
    let site = shop.server.site_shared();
    let conn = site.db.read().unwrap();
    let analysed: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_stat1'", [], |row| row.get(0)).unwrap();
    assert_eq!(analysed, 0, "plans must not depend on the day on which somebody counted");
    let mut text = String::from("# Written by STOCKROOM_WRITE=1 cargo test --test query_plans; read tests/query_plans.rs first.\n");
    let (mut wrong, mut used) = (Vec::new(), BTreeSet::new());
    for query in queries() {
        let (call, resource) = call(&site, shop.admin.id, query);
        let selection = Selection::of(&call, &conn, resource).unwrap_or_else(|e| panic!("{query}: {e}"));
        let _ = writeln!(text, "\n{query}");
        let keys = selection.sql(Page::of(&call.query).limit.is_some());
        let mut keys_told: Vec<String> = Vec::new();
        for (what, sql) in [("keys", Some(keys)), ("count", selection.count_sql())] {
            let Some(sql) = sql else { continue };
            let steps = plan(&conn, &sql);
            let shown = told(&steps);
            if what == "count" && keys_told.iter().filter(|step| !step.contains("ORDER BY")).eq(shown.iter()) {
                let _ = writeln!(text, "  count: likewise");
            } else {
                let _ = writeln!(text, "  {what}\n  {}", shown.join("\n  "));
            }
            keys_told = shown;
            for table in scanned(&sql, &steps) {
                match SCANNED.iter().flat_map(|reason| reason.1).position(|s| s.0 == query && s.1 == table) {
                    Some(reason) => drop(used.insert(reason)),
                    None => wrong.push(format!("{query}: {what} reads all of {table}:\n{}", steps.join("\n"))),
                }
            }
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/query-plans.txt");
    if std::env::var_os("STOCKROOM_WRITE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(
        wrong.is_empty(),
        "{} queries read big tables from end to end; mend the query or give a reason in SCANNED:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    let needless = SCANNED.iter().flat_map(|reason| reason.1).enumerate().filter(|(i, _)| !used.contains(i)).map(|(_, s)| s);
    assert_eq!(needless.collect::<Vec<_>>(), Vec::<&(&str, &str)>::new(), "these stand in SCANNED for nothing");
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let old: Vec<&str> = kept.split("\n\n").collect();
    let changed: Vec<&str> = text.split("\n\n").filter(|block| !old.contains(block)).collect();
    assert!(
        kept == text,
        "Plans are not those of tests/query-plans.txt. If they are as good, write them anew with STOCKROOM_WRITE=1 cargo test --test query_plans.\n{}",
        changed.join("\n\n")
    );
}

/// A folder with 1,000,000 stock items.
fn big() -> PathBuf {
    let folder = std::env::var_os("STOCKROOM_BIG").map_or_else(|| std::env::temp_dir().join("stockroom-big"), PathBuf::from);
    if !folder.join("ready").exists() {
        let site = Site::open(&folder).unwrap();
        site.db
            .write(User::system(), |tx| {
                stockroom::users::user::create(tx, "bench", "", "!", true, true)?;
                support::big::fill(tx, 1_000_000)
            })
            .unwrap();
        site.db.checkpoint().unwrap();
        std::fs::write(folder.join("ready"), "").unwrap();
    }
    folder
}

#[test]
#[ignore = "makes a gigabyte and takes minutes"]
fn lists_are_found_fast() {
    let site = Arc::new(Site::open(&big()).unwrap());
    let conn = site.db.read().unwrap();
    let mut times = Vec::new();
    for query in queries() {
        let (call, resource) = call(&site, 1, query);
        let mut selection = Selection::of(&call, &conn, resource).unwrap_or_else(|e| panic!("{query}: {e}"));
        let page = Page::of(&call.query);
        let best = |work: &dyn Fn() -> i64| {
            let run = || {
                let start = Instant::now();
                let found = work();
                (start.elapsed().as_secs_f64() * 1e3, found)
            };
            let first = run();
            // What is slow is slow once.
            let more = if first.0 < 300.0 { 2 } else { 0 };
            (0..more).map(|_| run()).chain([first]).min_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
        };
        let count = best(&|| selection.count(&call, &conn).unwrap());
        selection.weigh(&conn, page, count.1).unwrap();
        let keys = best(&|| i64::try_from(selection.keys(&call, &conn, page).unwrap().len()).unwrap());
        times.push((count.0 + keys.0, format!("{:9.1} {:9.1} {:9} {query}", keys.0, count.0, count.1)));
    }
    times.sort_by(|a, b| b.0.total_cmp(&a.0));
    println!("  keys ms  count ms     found");
    for (_, line) in times {
        println!("{line}");
    }
}
