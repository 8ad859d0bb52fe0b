//! From one version of the database to the next: a verified copy first, then all steps or none, whenever the process is killed or the
//! power goes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod support;

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use faultvfs::{Fault, Replay, Survivors, Volume};
use rusqlite::Connection;
use stockroom::db::Opening;
use stockroom::identity::User;
use stockroom::site::Site;
use stockroom::upgrade;

/// Steps as they may come: a column, a table made anew under the references that point at it, a table with content.
static STEPS: &[&str] = &[
    "ALTER TABLE part ADD COLUMN shelf_life INTEGER",
    "CREATE TABLE part_note (id INTEGER PRIMARY KEY, part INTEGER NOT NULL REFERENCES part (id), text TEXT NOT NULL);
     INSERT INTO part_note (part, text) SELECT id, name FROM part;
     CREATE TABLE new_note (id INTEGER PRIMARY KEY, part INTEGER NOT NULL REFERENCES part (id), text TEXT NOT NULL, at INTEGER);
     INSERT INTO new_note (id, part, text) SELECT id, part, text FROM part_note;
     DROP TABLE part_note;
     ALTER TABLE new_note RENAME TO part_note",
];
static WRONG: &[&str] = &["ALTER TABLE part ADD COLUMN shelf_life INTEGER", "ALTER TABLE no_such_table ADD COLUMN x"];
static DANGLING: &[&str] = &[
    "CREATE TABLE part_note (id INTEGER PRIMARY KEY, part INTEGER NOT NULL REFERENCES part (id)); INSERT INTO part_note (part) VALUES (999999)",
];

fn opening(migrations: &'static [&'static str]) -> Opening {
    faultvfs::register();
    Opening { vfs: Some(faultvfs::NAME), migrations }
}

fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// A data folder of version 1 with some parts; a change stands in its log.
fn old(data: &Path) {
    let site = Site::open_with(data, opening(&[])).unwrap();
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) \
                INSERT INTO part (name, creation_date) SELECT 'Part ' || i, '2026-01-01' FROM n";
    site.db.write(User::system(), move |tx| Ok(tx.execute_batch(fill)?)).unwrap();
}

fn version(db: &Path) -> i32 {
    Connection::open(db).unwrap().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

fn count(db: &Path, sql: &str) -> i64 {
    Connection::open(db).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// The folder holds version 1 or version 3, whole, and in the latter case a copy of version 1.
fn whole(data: &Path) -> i32 {
    let db = data.join("stockroom.db");
    let sound = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'";
    assert_eq!(count(&db, sound), 1);
    assert_eq!(count(&db, "SELECT count(*) FROM part"), 300);
    let copies = upgrade::copies(data);
    for copy in &copies {
        assert_eq!((version(copy), count(copy, sound), count(copy, "SELECT count(*) FROM part")), (1, 1, 300));
    }
    match version(&db) {
        3 => {
            assert_eq!(count(&db, "SELECT count(*) FROM part_note"), 300);
            assert!(!copies.is_empty(), "the old version is kept");
        }
        1 => assert_eq!(count(&db, "SELECT count(*) FROM sqlite_schema WHERE name = 'part_note'"), 0),
        other => panic!("version {other}"),
    }
    version(&db)
}

fn names(data: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.ends_with("-wal") && !name.ends_with("-shm") && name != "lock");
    names.sort();
    names
}

#[test]
fn the_old_version_is_kept_and_at_most_two_of_them() {
    let folder = folder();
    let data = folder.path().join("data");
    old(&data);
    for moment in ["20200101-000000", "20210101-000000"] {
        std::fs::copy(data.join("stockroom.db"), data.join(format!("before-upgrade-1-{moment}.db"))).unwrap();
    }
    drop(Site::open_with(&data, opening(STEPS)).unwrap());
    assert_eq!(whole(&data), 3);
    let copies = upgrade::copies(&data);
    assert_eq!(copies.len(), 2, "{copies:?}");
    assert!(copies[0].ends_with("before-upgrade-1-20210101-000000.db"));
    let before = names(&data);
    drop(Site::open_with(&data, opening(STEPS)).unwrap());
    assert_eq!(before, names(&data), "once is enough");
    let Err(newer) = Site::open_with(&data, opening(&[])) else { panic!("an older program takes it") };
    assert!(newer.contains("version 3") && newer.contains("newer program"), "{newer}");
}

#[test]
fn a_new_folder_goes_through_all_steps() {
    let folder = folder();
    let data = folder.path().join("data");
    drop(Site::open_with(&data, opening(STEPS)).unwrap());
    assert_eq!(version(&data.join("stockroom.db")), 3);
    assert_eq!(count(&data.join("stockroom.db"), "SELECT count(*) FROM part_note"), 0);
    assert!(upgrade::copies(&data).is_empty());
}

#[test]
fn a_step_that_fails_leaves_everything_as_it_was() {
    let folder = folder();
    let data = folder.path().join("data");
    old(&data);
    let before = names(&data);
    for (steps, why) in [(WRONG, "no_such_table"), (DANGLING, "not there")] {
        let Err(said) = Site::open_with(&data, opening(steps)) else { panic!("it cannot work") };
        assert!(said.contains("nothing was changed") && said.contains(why), "{said}");
        assert_eq!(whole(&data), 1);
        assert_eq!(before, names(&data));
    }
    let volume = Volume::watch(&data);
    volume.fail(Fault::Full, 0, usize::MAX);
    let Err(said) = Site::open_with(&data, opening(STEPS)) else { panic!("there is no room") };
    assert!(said.contains("copy") && said.contains("full"), "{said}");
    volume.heal();
    assert_eq!((whole(&data), before), (1, names(&data)));
    drop(Site::open_with(&data, opening(STEPS)).unwrap());
    assert_eq!(whole(&data), 3);
}

#[test]
fn nothing_is_upgraded_under_a_running_server() {
    let folder = folder();
    let data = folder.path().join("data");
    old(&data);
    let held = stockroom::backup::lock(&data).unwrap();
    let Err(said) = Site::open_with(&data, opening(STEPS)) else { panic!("a server runs") };
    assert!(said.contains("a server is running"), "{said}");
    assert_eq!(whole(&data), 1);
    drop(held);
    drop(Site::open_with(&data, opening(STEPS)).unwrap());
}

#[test]
fn the_power_may_go_at_every_step() {
    let folder = folder();
    let data = folder.path().join("data");
    old(&data);
    let volume = Volume::watch(&data);
    drop(Site::open_with(&data, opening(STEPS)).unwrap());
    let (mut replay, mut found) = (Replay::of(&volume), [0, 0]);
    let events = volume.events();
    // The copy's pages are many and alike; what comes after them is tried one by one.
    for place in (0..events.saturating_sub(60)).step_by(20).chain(events.saturating_sub(60)..=events) {
        replay.advance(place);
        let (folder, survivors) = (self::folder(), Survivors::ALL[place % 6]);
        let data = folder.path().join("data");
        replay.lay_out(&data, survivors, u64::try_from(place).unwrap());
        found[usize::from(whole(&data) == 3)] += 1;
        drop(Site::open_with(&data, opening(STEPS)).unwrap());
        assert_eq!(whole(&data), 3, "cut after {place}, {survivors:?}");
        assert!(!names(&data).iter().any(|name| name.ends_with(".part")), "{:?}", names(&data));
    }
    assert!(found[0] > 20 && found[1] > 3, "{found:?} of {events}");
}

/// Not a test: the process that the test below kills.
#[test]
fn upgrade_and_be_killed() {
    let (Ok(data), Ok(after)) = (std::env::var("UPGRADE_DATA"), std::env::var("UPGRADE_KILL")) else { return };
    let volume = Volume::watch(Path::new(&data));
    volume.fail(Fault::Kill, after.parse().unwrap(), 1);
    drop(Site::open_with(Path::new(&data), opening(STEPS)).unwrap());
    println!("operations: {}", volume.operations());
}

#[test]
fn it_may_be_killed_at_every_step() {
    let base = folder();
    let origin = base.path().join("origin");
    old(&origin);
    let mut killed = 0;
    for after in (0..).step_by(17) {
        let folder = folder();
        let data = folder.path().join("data");
        assert!(Command::new("cp").arg("-r").arg(&origin).arg(&data).status().unwrap().success());
        let ended = Command::new(std::env::current_exe().unwrap())
            .args(["upgrade_and_be_killed", "--exact", "--nocapture"])
            .envs([("UPGRADE_DATA", data.to_string_lossy().into_owned()), ("UPGRADE_KILL", after.to_string())])
            .output()
            .unwrap();
        whole(&data);
        if ended.status.success() {
            break;
        }
        assert_eq!(ended.status.signal(), Some(9), "{}", String::from_utf8_lossy(&ended.stderr));
        killed += 1;
        drop(Site::open_with(&data, opening(STEPS)).unwrap());
        assert_eq!(whole(&data), 3, "killed at operation {after}");
    }
    assert!(killed > 15, "{killed}");
}
