//! `stockroom check`: looks the data over.

use rusqlite::Connection;
use stockroom::media;
use stockroom::records::files;
use stockroom::site::Site;
use stockroom::stock::track;

use super::{Options, say};

/// What must not be found, what it would mean, and how it is mended.
const RULES: &[(&str, &str, &str)] = &[
    (track::DISAGREES, "stock items hold something else than their history says", COUNT),
    ("SELECT count(*) FROM stock_item WHERE quantity < 0", "stock items have a quantity below zero", COUNT),
    ("SELECT count(*) FROM part_category WHERE tree_key = ''", "categories have no place in their tree", ANEW),
    ("SELECT count(*) FROM stock_location WHERE tree_key = ''", "places have no place in their tree", ANEW),
    ("SELECT count(*) FROM part WHERE tree_key = ''", "parts have no place in the tree of variants", ANEW),
    (
        "SELECT count(*) FROM part_category c WHERE c.parts <> (SELECT count(*) FROM part p WHERE p.category = c.id)",
        "categories count their parts wrongly",
        ANEW,
    ),
    (
        "SELECT count(*) FROM stock_location l WHERE l.items <> (SELECT count(*) FROM stock_item s WHERE s.location = l.id)",
        "places count their stock wrongly",
        ANEW,
    ),
    (
        "SELECT count(*) FROM row_count r WHERE r.rows <> CASE r.name WHEN 'part' THEN (SELECT count(*) FROM part) \
         WHEN 'stock_item' THEN (SELECT count(*) FROM stock_item) ELSE (SELECT count(*) FROM stock_tracking) END",
        "tables count their rows wrongly",
        ANEW,
    ),
    (
        "SELECT count(*) FROM user u WHERE NOT EXISTS (SELECT 1 FROM owner o WHERE o.user = u.id)",
        "users are missing among the owners",
        ANEW,
    ),
    (
        "SELECT count(*) FROM (SELECT 1 FROM stock_item WHERE serial <> '' GROUP BY part, serial HAVING count(*) > 1)",
        "serial numbers are used twice for one part",
        "give one of the two items another number",
    ),
];
/// How things are mended.
const COUNT: &str = "count them on the shelf, and book what is there (/api/stock/count/)";
const ANEW: &str = "`stockroom export` what there is and `stockroom import` it into a new folder, which computes it anew";
const RESTORE: &str = "`stockroom restore` the newest backup from before";
const REPLACE: &str = "take the file from a backup, or remove what names it";
/// Names of missing files that are written out.
const MOST_NAMES: usize = 10;

/// Checks the database file, its references, what is derived in it, and the media files that it names.
pub fn check(options: &Options) -> Result<(), String> {
    let site = Site::open(&options.folder())?;
    let conn = site.db.read().map_err(|e| e.to_string())?;
    let mut wrong = damages(&conn).map_err(|e| format!("the database cannot be read: {e}; {RESTORE}"))?;
    for (sql, meaning, mend) in RULES {
        let found: i64 = conn.query_row(sql, [], |row| row.get(0)).map_err(|e| e.to_string())?;
        if found > 0 {
            wrong.push((format!("{found} {meaning}"), *mend));
        }
    }
    let media = site.folder.join("media");
    let missing: Vec<String> =
        files::named(&conn).map_err(|e| e.to_string())?.into_iter().filter(|name| media::path_of(&media, name).is_none()).collect();
    for (what, mend) in &wrong {
        eprintln!("stockroom: {what}\n           to mend it: {mend}");
    }
    if !missing.is_empty() {
        // Nothing is wrong with the data then; an import may have come without its media.
        let more = if missing.len() > MOST_NAMES { " …" } else { "" };
        let names = missing.iter().take(MOST_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
        eprintln!("stockroom: {} files are named and missing: {names}{more}\n           to mend it: {REPLACE}", missing.len());
    }
    match (wrong.len(), missing.len()) {
        (0, 0) => say("All is well.\n"),
        (0, _) => say("All is well but for missing files.\n"),
        (findings, _) => Err(format!("{findings} findings; report them if there was no power cut and no full disk")),
    }
}

fn damages(conn: &Connection) -> rusqlite::Result<Vec<(String, &'static str)>> {
    let mut wrong = Vec::new();
    let mut statement = conn.prepare("PRAGMA integrity_check(20)")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let line: String = row.get(0)?;
        if line != "ok" {
            wrong.push((format!("damage: {line}"), RESTORE));
        }
    }
    let mut statement = conn.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        wrong.push((format!("a row of {table} refers to a row of {parent} that is not there"), RESTORE));
    }
    Ok(wrong)
}
