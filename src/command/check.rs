//! `stockroom check`: looks the data over.

use rusqlite::Connection;
use stockroom::site::Site;
use stockroom::stock::track;

use super::{Options, say};

/// What must not be found, and what it would mean.
const RULES: &[(&str, &str)] = &[
    (track::DISAGREES, "stock items hold something else than their history says"),
    ("SELECT count(*) FROM stock_item WHERE quantity < 0", "stock items have a quantity below zero"),
    ("SELECT count(*) FROM part_category WHERE tree_key = ''", "categories have no place in their tree"),
    ("SELECT count(*) FROM stock_location WHERE tree_key = ''", "places have no place in their tree"),
    ("SELECT count(*) FROM part WHERE tree_key = ''", "parts have no place in the tree of variants"),
    (
        "SELECT count(*) FROM part_category c WHERE c.parts <> (SELECT count(*) FROM part p WHERE p.category = c.id)",
        "categories count their parts wrongly",
    ),
    (
        "SELECT count(*) FROM stock_location l WHERE l.items <> (SELECT count(*) FROM stock_item s WHERE s.location = l.id)",
        "places count their stock wrongly",
    ),
    (
        "SELECT count(*) FROM row_count r WHERE r.rows <> CASE r.name WHEN 'part' THEN (SELECT count(*) FROM part) \
         WHEN 'stock_item' THEN (SELECT count(*) FROM stock_item) ELSE (SELECT count(*) FROM stock_tracking) END",
        "tables count their rows wrongly",
    ),
    ("SELECT count(*) FROM user u WHERE NOT EXISTS (SELECT 1 FROM owner o WHERE o.user = u.id)", "users are missing among the owners"),
    (
        "SELECT count(*) FROM (SELECT 1 FROM stock_item WHERE serial <> '' GROUP BY part, serial HAVING count(*) > 1)",
        "serial numbers are used twice for one part",
    ),
];

/// Checks the database file, its references and what is derived in it.
pub fn check(options: &Options) -> Result<(), String> {
    let site = Site::open(&options.folder())?;
    let conn = site.db.read().map_err(|e| e.to_string())?;
    let mut wrong = damages(&conn).map_err(|e| format!("the database cannot be read: {e}"))?;
    for (sql, meaning) in RULES {
        let found: i64 = conn.query_row(sql, [], |row| row.get(0)).map_err(|e| e.to_string())?;
        if found > 0 {
            wrong.push(format!("{found} {meaning}"));
        }
    }
    if wrong.is_empty() {
        return say("All is well.\n");
    }
    for line in &wrong {
        eprintln!("stockroom: {line}");
    }
    Err(format!("{} findings; restore a backup, or report them if there was no power cut and no full disk", wrong.len()))
}

fn damages(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut wrong = Vec::new();
    let mut statement = conn.prepare("PRAGMA integrity_check(20)")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let line: String = row.get(0)?;
        if line != "ok" {
            wrong.push(format!("damage: {line}"));
        }
    }
    let mut statement = conn.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        wrong.push(format!("a row of {table} refers to a row of {parent} that is not there"));
    }
    Ok(wrong)
}
