//! Parts and stock from a table: the lines that are wrong are named, and nothing is half done.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::Connection;
use stockroom::records::table::{self, Outcome, Reading};
use stockroom::site::Site;

struct Bench {
    folder: tempfile::TempDir,
    site: Arc<Site>,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let site = Arc::new(Site::open(&folder.path().join("data")).unwrap());
        Bench { folder, site }
    }

    fn try_table(&self, text: &[u8], reading: &Reading) -> Result<Outcome, String> {
        let path: PathBuf = self.folder.path().join("table.csv");
        std::fs::write(&path, text).unwrap();
        table::load(&self.site, &path, reading)
    }

    fn table(&self, text: &str) -> Outcome {
        self.try_table(text.as_bytes(), &Reading::default()).unwrap()
    }

    fn find(&self, sql: &str) -> String {
        let conn = Connection::open(self.folder.path().join("data/stockroom.db")).unwrap();
        conn.query_row(sql, [], |row| row.get::<_, Option<String>>(0)).unwrap().unwrap_or_default()
    }

    fn parts(&self) -> String {
        self.find("SELECT group_concat(name, ' ') FROM (SELECT name FROM part ORDER BY id)")
    }
}

fn made(outcome: &Outcome) -> String {
    outcome.made.iter().map(|(what, number)| format!("{number} {what}")).collect::<Vec<_>>().join(", ")
}

#[test]
fn a_table_makes_parts_places_stock_and_sources() {
    let bench = Bench::new();
    let outcome = bench.table(
        "Name,Category Path,Place,Qty,Supplier,SKU,Manufacturer,MPN,Unit Price,Currency,Active,Colour\n\
         M3x10,Metal / Screws,Hall/Shelf 1,100,Acme,A-1,Boltco,B3,0.05,EUR,yes,grey\n\
         M3x10,,Hall/Shelf 2,50,,,,,,,,\n\
         \n\
         Washer,Metal,,,Acme,A-2,,,,,no,\n",
    );
    assert_eq!(outcome.wrong, []);
    assert_eq!(outcome.unused, ["Colour"]);
    assert_eq!((outcome.lines, outcome.kept), (3, true));
    assert_eq!(made(&outcome), "2 categories, 3 places, 2 parts, 2 companies, 1 manufacturer parts, 2 supplier parts, 2 stock items");
    assert_eq!(
        bench.find("SELECT c.pathstring FROM part p JOIN part_category c ON c.id = p.category WHERE p.name = 'M3x10'"),
        "Metal/Screws"
    );
    let stock = "SELECT group_concat(text, ' ') FROM (SELECT l.pathstring || '=' || (s.quantity / 1000000) AS text FROM stock_item s \
                 JOIN stock_location l ON l.id = s.location ORDER BY s.id)";
    assert_eq!(bench.find(stock), "Hall/Shelf 1=100 Hall/Shelf 2=50");
    assert_eq!(bench.find("SELECT name FROM part WHERE active = 0"), "Washer");
    assert_eq!(bench.find("SELECT purchase_price || purchase_price_currency FROM stock_item WHERE purchase_price > 0"), "50000EUR");
    assert_eq!(bench.find("SELECT name FROM company WHERE is_supplier = 1 AND is_manufacturer = 0"), "Acme");
    let tracked = "SELECT CAST(count(*) AS TEXT) FROM stock_tracking WHERE tracking_type = 1";
    assert_eq!(bench.find(tracked), "2");
}

#[test]
fn wrong_lines_are_named_and_nothing_is_made() {
    let bench = Bench::new();
    let text = "name,quantity,link,place\r\nA,1,,X\r\nB,many,,Y\r\nC,,not a link,\r\nA,,,\r\n,2,,\r\nD,1,,,5\r\n";
    let outcome = bench.table(text);
    let lines: Vec<u64> = outcome.wrong.iter().map(|wrong| wrong.0).collect();
    assert_eq!(lines, [7, 3, 4, 5, 6], "{:?}", outcome.wrong);
    assert!(outcome.wrong[1].1.contains("quantity"), "{:?}", outcome.wrong);
    assert!(!outcome.kept);
    assert_eq!(bench.find("SELECT count(*) || ' ' || (SELECT count(*) FROM stock_location) FROM part"), "0 0");
    let outcome = bench.try_table(text.as_bytes(), &Reading { dry: true, keep_going: true, ..Reading::default() }).unwrap();
    assert_eq!((outcome.lines, outcome.kept, bench.parts().as_str()), (1, false, ""));
    let outcome = bench.try_table(text.as_bytes(), &Reading { keep_going: true, ..Reading::default() }).unwrap();
    assert_eq!((outcome.lines, outcome.kept, bench.parts().as_str()), (1, true, "A"));
    // What a wrong line had begun is gone with it.
    assert_eq!(bench.find("SELECT group_concat(name) FROM stock_location"), "X");
}

#[test]
fn headers_are_understood_or_mapped() {
    let bench = Bench::new();
    let reading =
        |pairs: &[(&str, &str)]| Reading { mapping: pairs.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect(), ..Reading::default() };
    assert!(bench.try_table(b"what,much\nA,1\n", &Reading::default()).unwrap_err().contains("--map HEADER=name"));
    assert!(bench.try_table(b"what\nA\n", &reading(&[("what", "nonsense")])).unwrap_err().contains("no such column"));
    assert!(bench.try_table(b"name,part\nA,B\n", &Reading::default()).unwrap_err().contains("two headers"));
    bench.try_table(b"name,part\nA,B\n", &reading(&[("part", "")])).unwrap();
    // As a spreadsheet in half of Europe writes it.
    bench.try_table("\u{feff}What;Much;Price\nB;1,5;0,25\n".as_bytes(), &reading(&[("what", "name"), ("much", "quantity")])).unwrap();
    assert_eq!(bench.parts(), "A B");
    assert_eq!(bench.find("SELECT quantity || ' ' || purchase_price FROM stock_item"), "1500000 250000");
    assert!(bench.try_table(b"name\n\xff\xfe\n", &Reading::default()).unwrap().wrong[0].1.contains("UTF-8"));
}

#[test]
fn a_table_again_makes_nothing_twice() {
    let bench = Bench::new();
    let text = "IPN,supplier,sku\nA-1,Acme,1\n";
    assert!(bench.table(text).kept);
    let again = bench.table(text);
    assert!(!again.kept && again.wrong[0].1.contains("already"), "{again:?}");
    assert_eq!(bench.parts(), "A-1");
}
