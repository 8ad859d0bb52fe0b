//! From the database that is found to the one that this program works with: what it is, whether it may be touched, and the steps to the
//! newest version.
//!
//! A database is looked at before anything is written: one of another program, of a newer version, damaged or cut short is left exactly
//! as it is. Before the first step of an upgrade a verified copy is put beside it; the steps are one transaction.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::db::{Opening, SCHEMA};
use crate::durable;
use crate::engine::moment;

/// `PRAGMA application_id` of our files: "STKR".
const APPLICATION: i32 = 0x5354_4b52;
/// What a file of SQLite begins with, and where the application stands in it.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const APPLICATION_AT: std::ops::Range<usize> = 68..72;
/// Bytes of a log before its first frame, and of a frame beside its page.
const LOG_HEAD: u64 = 32;
const FRAME_HEAD: u64 = 24;
/// Copies of earlier versions that are kept.
const KEPT: usize = 2;
/// Names of such copies: this, the version, the moment, and an extension.
const PREFIX: &str = "before-upgrade-";
const SUFFIX: &str = ".db";

type Said<T> = Result<T, String>;

/// The version of the newest database that this program knows.
pub fn newest(opening: &Opening) -> i32 {
    1 + i32::try_from(opening.migrations.len()).unwrap_or(i32::MAX)
}

/// What SQLite's error means to people.
pub fn explain(path: &Path, error: &rusqlite::Error) -> String {
    let what = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => "this file is not a database, or it is damaged; restore a backup".into(),
        Some(ErrorCode::DatabaseCorrupt) => "the database is damaged or cut short; restore a backup".into(),
        Some(ErrorCode::CannotOpen) => "cannot be opened; is the folder there and writable?".into(),
        Some(ErrorCode::ReadOnly) => "cannot be written; check the permissions of the file and its folder".into(),
        Some(ErrorCode::DiskFull) => "the disk is full".into(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "another program holds the database; stop it first".into(),
        _ => error.to_string(),
    };
    format!("{}: {what}", path.display())
}

fn beside(path: &Path, tail: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(tail);
    name.into()
}

fn length(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|facts| facts.len())
}

/// Looks at a database without writing anything; gives its version, 0 where there is none yet.
///
/// # Errors
/// A text for people: it cannot be used, and was not touched.
pub fn look(path: &Path, opening: &Opening) -> Said<i32> {
    let (log, journal) = (beside(path, "-wal"), beside(path, "-journal"));
    let logged = length(&log).unwrap_or_default();
    if length(path).unwrap_or_default() == 0 {
        // SQLite would throw away a log without a database.
        return if logged > 0 {
            Err(format!("{}: the database is empty or missing, but its log {} is not; restore a backup", path.display(), log.display()))
        } else {
            Ok(0)
        };
    }
    let mut head = [0; 100];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).map_err(|e| match e.kind() {
        std::io::ErrorKind::UnexpectedEof => format!("{}: this file is not a database, or it is damaged; restore a backup", path.display()),
        _ => format!("{}: {e}", path.display()),
    })?;
    let ours = head.get(APPLICATION_AT).is_some_and(|bytes| bytes == [0; 4] || bytes == APPLICATION.to_be_bytes());
    if !head.starts_with(MAGIC) {
        return Err(format!("{}: this file is not a database, or it is damaged; restore a backup", path.display()));
    }
    if length(&journal).unwrap_or_default() > 0 && ours {
        // A power cut while it was made: SQLite takes that back once it may write. What is in it is looked at then.
        return Ok(0);
    }
    let say = |e: rusqlite::Error| explain(path, &e);
    let conn = peek(path, logged > 0, opening).map_err(say)?;
    let version = known(&conn, newest(opening)).map_err(|e| format!("{}: {e}", path.display()))?;
    let number = |pragma: &str| conn.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, u32>(0)).map(u64::from).map_err(say);
    let (pages, size) = (number("page_count")?, number("page_size")?.max(512));
    // In this order a server at work, which moves pages from the log to the file, is not taken for damage.
    let frames = length(&log).unwrap_or_default().saturating_sub(LOG_HEAD) / (FRAME_HEAD + size);
    let there = length(path).unwrap_or_default() / size;
    if pages > there + frames {
        return Err(format!("{}: the file is cut short: {pages} pages are named, {there} are there; restore a backup", path.display()));
    }
    Ok(version)
}

/// A connection that writes nothing, not even files beside the database unless a log is there already.
fn peek(path: &Path, logged: bool, opening: &Opening) -> rusqlite::Result<Connection> {
    let how = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = if logged {
        opening.open(path, how)?
    } else {
        let mut uri = String::from("file:");
        for byte in path.as_os_str().as_encoded_bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => uri.push(char::from(*byte)),
                other => uri.push_str(&format!("%{other:02X}")),
            }
        }
        opening.open(Path::new(&(uri + "?immutable=1")), how | OpenFlags::SQLITE_OPEN_URI)?
    };
    conn.busy_timeout(crate::db::BUSY)?;
    conn.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(conn)
}

/// The version of a database; 0 for an empty one.
///
/// # Errors
/// It is of another program, or of a newer version of this one.
pub fn known(conn: &Connection, newest: i32) -> Said<i32> {
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i32>(0));
    let say = |e: rusqlite::Error| match e.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => "this file is not a database, or it is damaged; restore a backup".to_string(),
        Some(ErrorCode::DatabaseCorrupt) => "the database is damaged or cut short; restore a backup".to_string(),
        _ => e.to_string(),
    };
    let (version, application) = (number("PRAGMA user_version").map_err(say)?, number("PRAGMA application_id").map_err(say)?);
    let tables = number("SELECT count(*) FROM sqlite_schema").map_err(say)?;
    if application != APPLICATION && tables > 0 {
        return Err("this is a database of another program".into());
    }
    if version > newest {
        return Err(format!("the data is of version {version}, this program knows versions up to {newest}; use a newer program"));
    }
    Ok(version)
}

/// Brings a database to the newest version, in one transaction.
///
/// # Errors
/// A text for people; the database is as it was.
pub fn migrate(path: &Path, conn: &mut Connection, opening: &Opening) -> Said<()> {
    let newest = newest(opening);
    let version = known(conn, newest)?;
    if version == newest {
        return Ok(());
    }
    if version == 0 {
        return steps(conn, opening).map_err(|e| format!("the database could not be made: {e}"));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    // A server of the older version may be at work on it.
    let _lock = crate::backup::lock(folder)?;
    let copy = keep(path, conn, version, opening).map_err(|e| format!("no upgrade without a copy of the data, and it failed: {e}"))?;
    let done = steps(conn, opening);
    match &done {
        Ok(()) => forget(folder),
        // The data are as they were; a copy for each try would fill the disk.
        Err(_) => drop(std::fs::remove_file(&copy)),
    }
    done.map_err(|e| format!("the upgrade from version {version} to {newest} failed, and nothing was changed: {e}"))
}

fn steps(conn: &mut Connection, opening: &Opening) -> Said<()> {
    let say = |e: rusqlite::Error| e.to_string();
    // Tables are made anew with references pointing at them; whether all lead somewhere is asked at the end.
    conn.pragma_update(None, "foreign_keys", false).map_err(say)?;
    let done = (|| {
        let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(say)?;
        // Another process may have been faster.
        let mut version = known(&tx, newest(opening))?;
        if version == 0 {
            tx.execute_batch(SCHEMA).map_err(|e| format!("schema: {e}"))?;
            version = 1;
        }
        for step in opening.migrations.iter().skip(usize::try_from(version - 1).unwrap_or_default()) {
            tx.execute_batch(step).map_err(|e| format!("from version {version}: {e}"))?;
            version += 1;
        }
        let dangling: i64 = tx.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).map_err(say)?;
        if dangling > 0 {
            return Err(format!("{dangling} rows would refer to rows that are not there"));
        }
        tx.execute_batch(&format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {version};")).map_err(say)?;
        tx.commit().map_err(say)
    })();
    conn.pragma_update(None, "foreign_keys", true).map_err(say)?;
    done
}

/// The copies of earlier versions in a folder, oldest first.
pub fn copies(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<(String, PathBuf)> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let (_, moment) = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.split_once('-')?;
            Some((moment.to_string(), entry.path()))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

/// Puts a verified copy of the database beside it; it appears under its name once it is whole and durable.
fn keep(path: &Path, conn: &Connection, version: i32, opening: &Opening) -> Said<PathBuf> {
    let kept = path.with_file_name(format!("{PREFIX}{version}-{}{SUFFIX}", crate::backup::stamp(moment::now())));
    let partial = beside(path, ".before-upgrade.part");
    let made = copy(conn, &partial, opening).and_then(|()| {
        let say = |e: std::io::Error| format!("{}: {e}", kept.display());
        std::fs::rename(&partial, &kept).map_err(say)?;
        durable::entry(&kept).map_err(say)
    });
    if made.is_err() {
        // What is not whole helps nobody.
        let _ = std::fs::remove_file(&partial);
    }
    made.map(|()| kept)
}

fn copy(conn: &Connection, to: &Path, opening: &Opening) -> Said<()> {
    let said = |e: std::io::Error| format!("{}: {e}", to.display());
    let say = |e: rusqlite::Error| explain(to, &e);
    // An interrupted try may have left one.
    std::fs::remove_file(to).or_else(|e| if e.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(e) }).map_err(said)?;
    crate::backup::private_file(to)?;
    let how = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = opening.open(to, how).map_err(say)?;
    {
        let backup = rusqlite::backup::Backup::new(conn, &mut copy).map_err(say)?;
        if backup.step(-1).map_err(say)? != rusqlite::backup::StepResult::Done {
            return Err("the database is busy; try again".into());
        }
    }
    // The copy is one file, without a log beside it.
    copy.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).map_err(say)?;
    crate::backup::sound(&copy)?;
    drop(copy);
    File::open(to).and_then(|file| file.sync_all()).map_err(said)
}

/// Removes all but the newest copies.
fn forget(folder: &Path) {
    for old in copies(folder).into_iter().rev().skip(KEPT) {
        if let Err(e) = std::fs::remove_file(&old) {
            log::warn!("{} is left over: {e}", old.display());
        }
    }
}
