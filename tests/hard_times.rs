//! Disks that fill up or fail, folders that take no writes, files that are gone or damaged, others that hold the
//! database: each has a clear answer, the server goes on reading where it can, and nothing is lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use faultvfs::{Fault, Replay, Survivors, Volume};
use rusqlite::Connection;
use serde_json::json;
use stockroom::db::Opening;
use stockroom::server::Server;
use stockroom::site::Site;
use support::Shop;
use support::errands::{Direct, Errands, Hand, Ledger, token_for};
use support::process::{Running, Wire, looked_over, run};

const JSON: &str = "application/json";

fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// A data folder with some content; gives a token for it.
fn furnish(data: &Path) -> String {
    let site = Site::open(data).unwrap();
    let token = token_for(&site, "keeper");
    let hand = Direct { server: Server::new(site, Vec::new()), token: token.clone() };
    Errands::new(0, 9, &hand, &Ledger::new(|_| {})).run(40);
    hand.server.site().db.checkpoint().unwrap();
    token
}

/// Everything in a folder but locks, to be compared.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut open, mut found) = (vec![folder.to_path_buf()], BTreeMap::new());
    while let Some(place) = open.pop() {
        for entry in std::fs::read_dir(place).unwrap().flatten() {
            if entry.path().is_dir() {
                open.push(entry.path());
            } else if entry.file_name() != "lock" && !entry.file_name().to_string_lossy().ends_with("-shm") {
                found.insert(entry.path(), std::fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

/// The server does not start on this folder, says why in these words, and touches nothing.
#[track_caller]
fn refuses(data: &Path, words: &[&str]) {
    let before = contents(data);
    for command in ["serve", "check", "user list"] {
        let mut all: Vec<&str> = command.split(' ').collect();
        if command == "serve" {
            all.extend(["--listen", "127.0.0.1:0"]);
        }
        let output = run(&all, data);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{command} goes on");
        assert!(words.iter().all(|word| said.contains(word)), "{command}: {said}");
        assert!(said.lines().count() <= 2, "{said}");
        let after = contents(data);
        let touched: Vec<&PathBuf> = before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path)).collect();
        assert!(touched.is_empty(), "{command} touched what it cannot use: {touched:?}");
    }
}

/// Disks that fail in all ways at many points, while two people work.
#[test]
fn a_disk_that_fails_costs_nothing_that_was_acknowledged() {
    faultvfs::register();
    let opening = Opening { vfs: Some(faultvfs::NAME), ..Opening::default() };
    for fault in [Fault::Full, Fault::Write, Fault::Sync, Fault::Dead] {
        for round in 0..16_u64 {
            let what = format!("{fault:?} {round}");
            let folder = folder();
            let data = folder.path().join("data");
            let token = token_for(&Site::open_with(&data, opening).unwrap(), "keeper");
            let volume = Arc::new(Volume::watch(&data));
            let told = volume.clone();
            let ledger = Ledger::new(move |word| told.note(word));
            let hand = Direct { server: Server::new(Site::open_with(&data, opening).unwrap(), Vec::new()), token };
            let mut person = Errands::new(0, round, &hand, &ledger);
            person.run(10);
            let many = if round % 4 == 3 { 1 + usize::try_from(round).unwrap() } else { usize::MAX };
            volume.fail(fault, usize::try_from(round * round).unwrap(), many);
            std::thread::scope(|scope| {
                scope.spawn(|| Errands::new(1, round, &hand, &ledger).run(12));
                scope.spawn(|| person.run(12));
            });
            let (status, json) = hand.ask("GET", "/api/part/?limit=3", JSON, b"").unwrap();
            let reads = status == 200 || fault == Fault::Dead && status == 503 && json["detail"].is_string();
            assert!(reads, "{what}: {status} {json}");
            let failed_at = volume.events();
            volume.heal();
            let name = json!({"name": "After"}).to_string();
            let (status, json) = hand.ask("POST", "/api/part/", JSON, name.as_bytes()).unwrap();
            assert_eq!(status, 201, "{what}: it goes on without a restart: {json}");
            Errands::new(2, round, &hand, &ledger).run(5);
            let end = volume.events();
            let mut replay = Replay::of(&volume);
            for (n, place) in [failed_at.saturating_sub(5), failed_at, end].into_iter().enumerate() {
                replay.advance(place);
                let after = self::folder();
                let data = after.path().join("data");
                replay.lay_out(&data, [Survivors::Torn, Survivors::Everything, Survivors::Some][n], round);
                looked_over(&data).and_then(|()| ledger.check(replay.notes(), &data)).unwrap_or_else(|e| panic!("{what}, cut {n}: {e}"));
            }
            drop(hand);
            looked_over(&data).and_then(|()| ledger.check(replay.notes(), &data)).unwrap_or_else(|e| panic!("{what}: {e}"));
        }
    }
}

/// A file system of one's own, if this user may mount one.
struct Mounted(tempfile::TempDir);

impl Mounted {
    fn small(size: &str) -> Option<Mounted> {
        let place = tempfile::tempdir().unwrap();
        let options = format!("size={size},mode=0700");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(place.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Mounted(place));
        }
        eprintln!("skipped: only the system administrator may mount file systems");
        None
    }

    fn remount(&self, how: &str) {
        assert!(Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(self.0.path()).status().unwrap().success());
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_is_a_507_and_no_loss() {
    let Some(disk) = Mounted::small("8m") else { return };
    let data = disk.0.path().join("data");
    let token = furnish(&data);
    let server = Running::on(&data);
    let wire = Wire::new(server.port, &token);
    let notes = Arc::new(Mutex::new(Vec::new()));
    let told = notes.clone();
    let ledger = Ledger::new(move |word| told.lock().unwrap().push(word));
    let mut person = Errands::new(1, 10, &wire, &ledger);
    person.run(20);
    let filler = disk.0.path().join("filler");
    let fill = || {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(&filler).unwrap();
        while std::io::Write::write_all(&mut file, &[0; 4096]).is_ok() {}
    };
    fill();
    for _ in 0..10 {
        person.run(10);
        fill();
    }
    assert!(wire.times(507) > 5, "{:?}", wire.seen.lock().unwrap());
    assert_eq!(wire.times(500), 0);
    let (status, json) = wire.post("/api/part/", &json!({"name": "x".repeat(90), "notes": "y".repeat(9000)}));
    assert_eq!((status, &json["detail"]), (507, &json!("The disk is full; nothing was changed.")));
    for path in ["/api/part/?limit=5", "/api/stock/?limit=5", "/api/attachment/", "/api/"] {
        assert_eq!(wire.get(path).0, 200, "{path}");
    }
    std::fs::remove_file(&filler).unwrap();
    assert_eq!(wire.post("/api/part/", &json!({"name": "After"})).0, 201);
    // Once more, and killed while it is full.
    fill();
    person.run(10);
    drop(server);
    std::fs::remove_file(&filler).unwrap();
    let notes = notes.lock().unwrap().clone();
    looked_over(&data).and_then(|()| ledger.check(&notes, &data)).unwrap();
}

#[test]
fn a_server_that_starts_on_a_full_disk_reads() {
    let Some(disk) = Mounted::small("8m") else { return };
    let data = disk.0.path().join("data");
    let token = furnish(&data);
    let mut file = std::fs::File::create(disk.0.path().join("filler")).unwrap();
    while std::io::Write::write_all(&mut file, &[0; 4096]).is_ok() {}
    // Room for what readers share, which lies beside the database.
    file.set_len(file.metadata().unwrap().len() - 40 * 1024).unwrap();
    let server = Running::on(&data);
    let wire = Wire::new(server.port, &token);
    assert_eq!(wire.get("/api/part/?limit=3").0, 200);
    while wire.post("/api/part/", &json!({"name": "x", "notes": "y".repeat(9000)})).0 == 201 {}
    assert_eq!(wire.post("/api/part/", &json!({"name": "x", "notes": "y".repeat(9000)})).0, 507);
    assert_eq!(wire.get("/api/part/?limit=3").0, 200);
    drop(server);
    std::fs::remove_file(disk.0.path().join("filler")).unwrap();
    looked_over(&data).unwrap();
}

#[test]
fn a_file_system_without_writes_is_said_and_left_alone() {
    let Some(disk) = Mounted::small("8m") else { return };
    let data = disk.0.path().join("data");
    furnish(&data);
    disk.remount("ro");
    refuses(&data, &["cannot be used", "Read-only"]);
    disk.remount("rw");
    looked_over(&data).unwrap();
}

#[test]
fn a_folder_without_permissions_is_said_and_left_alone() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    furnish(&data);
    let mode = |path: &Path, mode: u32| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(folder.path(), 0o755);
    // A program that everybody may run, wherever this one lies.
    let program = folder.path().join("stockroom");
    std::fs::copy(env!("CARGO_BIN_EXE_stockroom"), &program).unwrap();
    mode(&data.join("stockroom.db"), 0o444);
    mode(&data.join("secret.key"), 0o444);
    mode(&data, 0o555);
    let before = contents(&data);
    let mut command = Command::new(&program);
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
    if std::fs::File::create(data.join("probe")).is_ok() {
        // The system administrator may write everywhere; somebody else may not.
        std::fs::remove_file(data.join("probe")).unwrap();
        command.uid(65534).gid(65534);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    mode(&data, 0o700);
    assert!(!output.status.success() && said.contains("cannot be used") && said.contains("Permission denied"), "{said}");
    assert!(before == contents(&data));
    mode(&data.join("stockroom.db"), 0o600);
    looked_over(&data).unwrap();
}

#[test]
fn a_missing_file_of_a_row_is_a_404_and_no_more() {
    let shop = Shop::new();
    let part = shop.part("Bolt");
    let pairs = [("model_type", "part"), ("model_id", &part.to_string()), ("comment", "plan")];
    let made = shop.admin.multipart("POST", "/api/attachment/", &pairs, &[("attachment", "plan.txt", b"the plan")]).is(201);
    let (key, at) = (made.pk(), made["attachment"].as_str().unwrap().to_string());
    shop.admin.get(&at).is(200);
    std::fs::remove_file(shop.path().join(at.trim_start_matches('/'))).unwrap();
    shop.admin.get(&at).is(404);
    assert_eq!(shop.admin.get(&format!("/api/attachment/{key}/")).is(200)["file_size"], 8);
    shop.admin.get(&format!("/api/attachment/?model_type=part&model_id={part}")).is(200);
    shop.admin.patch(&format!("/api/attachment/{key}/"), json!({"comment": "lost"})).is(200);
    shop.admin.patch(&format!("/api/attachment/{key}/"), json!({"filename": "other.txt"})).is(400);
    let (_, manifest) = stockroom::backup::make(shop.server.site(), &shop.path().join("all.tar"), false, None).unwrap();
    assert_eq!(manifest.missing, [at.trim_start_matches("/media/")]);
    shop.admin.delete(&format!("/api/attachment/{key}/")).is(204);
}

#[test]
fn another_process_that_holds_the_database_is_waited_for_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let token = furnish(&data);
    let server = Running::on(&data);
    let wire = Wire::new(server.port, &token);
    assert_eq!(wire.get("/api/user/me/").0, 200);
    let other = Connection::open(data.join("stockroom.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for n in 0..12 {
            let wire = &wire;
            scope.spawn(move || {
                let (status, json) = wire.post("/api/part/", &json!({"name": format!("Waiting {n}")}));
                assert_eq!((status, json["detail"].as_str().unwrap()), (503, "The database is busy; nothing was changed."));
            });
        }
        std::thread::sleep(Duration::from_millis(500));
        let reading = Instant::now();
        assert_eq!(wire.get("/api/part/?limit=3").0, 200);
        assert!(reading.elapsed() < Duration::from_secs(2), "reading goes on: {:?}", reading.elapsed());
    });
    assert!(begun.elapsed() < Duration::from_secs(20), "they do not wait one after the other: {:?}", begun.elapsed());
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(wire.post("/api/part/", &json!({"name": "After"})).0, 201);
    assert!(server.stop());
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let said = run(&["serve", "--listen", "127.0.0.1:0"], &data);
    let text = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(!said.status.success() && text.contains("busy") | text.contains("holds the database"), "{text}");
}

#[test]
fn what_cannot_be_used_is_said_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let origin = folder.path().join("origin");
    furnish(&origin);
    let case = |name: &str, change: &dyn Fn(&Path)| {
        let data = folder.path().join(name);
        assert!(Command::new("cp").arg("-r").arg(&origin).arg(&data).status().unwrap().success());
        change(&data.join("stockroom.db"));
        data
    };
    let whole = std::fs::read(origin.join("stockroom.db")).unwrap();
    let sql = |path: &Path, sql: &str| Connection::open(path).unwrap().execute_batch(sql).unwrap();

    refuses(&case("newer", &|db| sql(db, "PRAGMA user_version = 99")), &["version 99", "use a newer program"]);
    refuses(
        &case("foreign in a journal", &|db| {
            std::fs::remove_file(db).unwrap();
            sql(db, "CREATE TABLE recipe (name TEXT); INSERT INTO recipe VALUES ('cake')");
        }),
        &["another program"],
    );
    refuses(
        &case("foreign in a log", &|db| {
            std::fs::remove_file(db).unwrap();
            let conn = Connection::open(db).unwrap();
            conn.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE recipe (name TEXT); INSERT INTO recipe VALUES ('cake')").unwrap();
            // As a killed program leaves it.
            let log = std::fs::read(db.with_file_name("stockroom.db-wal")).unwrap();
            drop(conn);
            std::fs::write(db.with_file_name("stockroom.db-wal"), log).unwrap();
        }),
        &["another program"],
    );
    refuses(&case("text", &|db| std::fs::write(db, "hello".repeat(1000)).unwrap()), &["not a database"]);
    refuses(&case("short text", &|db| std::fs::write(db, "hello").unwrap()), &["not a database"]);
    for (name, length) in
        [("half", whole.len() / 2), ("a page less", whole.len() - 4096), ("odd", 4096 * 3 + 17), ("a page", 4096), ("bytes", 50)]
    {
        refuses(&case(name, &|db| std::fs::write(db, &whole[..length]).unwrap()), &["stockroom.db", "restore a backup"]);
    }
    refuses(&case("empty", &|db| std::fs::write(db, b"").unwrap()), &["empty", "restore a backup"]);
    refuses(
        &case("a log alone", &|db| {
            std::fs::remove_file(db).unwrap();
            std::fs::write(db.with_file_name("stockroom.db-wal"), [7; 9000]).unwrap();
        }),
        &["missing", "restore a backup"],
    );
    refuses(
        &case("half with a log", &|db| {
            let conn = Connection::open(db).unwrap();
            conn.execute_batch("PRAGMA wal_autocheckpoint = 0; UPDATE part SET description = 'x' WHERE id = 1").unwrap();
            let log = std::fs::read(db.with_file_name("stockroom.db-wal")).unwrap();
            drop(conn);
            std::fs::write(db, &whole[..whole.len() / 2]).unwrap();
            std::fs::write(db.with_file_name("stockroom.db-wal"), log).unwrap();
        }),
        &["cut short", "restore a backup"],
    );
    refuses(&case("zeros at the front", &|db| std::fs::write(db, [&[0; 4096], &whole[4096..]].concat()).unwrap()), &["not a database"]);
    refuses(&case("a short key", &|db| std::fs::write(db.with_file_name("secret.key"), b"short").unwrap()), &["secret.key", "32 bytes"]);
}

#[test]
fn a_damaged_page_is_a_503_where_it_is_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let token = furnish(&data);
    let db = data.join("stockroom.db");
    let page: usize = Connection::open(&db)
        .unwrap()
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'attachment'", [], |row| row.get::<_, u32>(0))
        .map(|page| usize::try_from(page).unwrap())
        .unwrap();
    let mut bytes = std::fs::read(&db).unwrap();
    bytes[(page - 1) * 4096..page * 4096].fill(0xA5);
    std::fs::write(&db, &bytes).unwrap();
    let server = Running::on(&data);
    let wire = Wire::new(server.port, &token);
    let (status, json) = wire.get("/api/attachment/");
    assert_eq!(status, 503);
    assert!(json["detail"].as_str().unwrap().contains("damaged"), "{json}");
    assert_eq!(wire.get("/api/part/?limit=3").0, 200);
    assert_eq!(wire.post("/api/part/", &json!({"name": "Still"})).0, 201);
    let body = json!({"model_type": "part", "model_id": 1, "link": "http://shop.test/", "comment": "x"});
    let (status, json) = wire.post("/api/attachment/", &body);
    assert_eq!((status, json["detail"].as_str().unwrap().contains("damaged")), (503, true));
    assert_eq!(wire.get("/api/part/?limit=3").0, 200);
    let target = folder.path().join("all.tar");
    assert!(!run(&["backup", &target.to_string_lossy()], &data).status.success() && !target.exists(), "no backup is made of damage");
    assert!(server.stop());
    let found = looked_over(&data).unwrap_err();
    assert!(found.contains("damage") || found.contains("malformed"), "{found}");
}

/// In a disaster SQLite gives a transaction up by itself; what comes after must not be kept alone.
#[test]
fn nothing_is_kept_outside_of_a_transaction() {
    let shop = Shop::new();
    let part = shop.part("Nut");
    let site = shop.server.site();
    let change = format!("UPDATE part SET description = 'half' WHERE id = {part}");
    let outcome = site.db.write(stockroom::identity::User::system(), move |tx| {
        tx.execute_batch("ROLLBACK")?;
        // Somebody overlooks that.
        let _ = tx.execute_batch(&change);
        Ok(())
    });
    assert_eq!(outcome.unwrap_err().status(), 503);
    assert_eq!(shop.find::<String>(&format!("SELECT description FROM part WHERE id = {part}")), "");
    shop.part("Bolt");
}

/// A form with a text as an attachment of the first part.
fn upload(hand: &Direct, comment: &str) -> (u16, serde_json::Value) {
    let field = |name: &str, value: &str| format!("--limit\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let file = "--limit\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"plan.txt\"\r\n\r\n";
    let body =
        [&field("model_type", "part"), &field("model_id", "1"), &field("comment", comment), file, comment, "\r\n--limit--\r\n"].concat();
    hand.ask("POST", "/api/attachment/", "multipart/form-data; boundary=limit", body.as_bytes()).unwrap()
}

/// A server on a disk that can fail, with one part.
fn on_a_bad_disk(data: &Path) -> (Volume, Direct) {
    std::fs::create_dir(data).unwrap();
    let volume = Volume::watch(data);
    let site = Site::open_with(data, Opening { vfs: Some(faultvfs::NAME), ..Opening::default() }).unwrap();
    let token = token_for(&site, "keeper");
    let hand = Direct { server: Server::new(site, Vec::new()), token };
    assert_eq!(hand.ask("POST", "/api/part/", JSON, json!({"name": "Nut"}).to_string().as_bytes()).unwrap().0, 201);
    (volume, hand)
}

/// A commit whose sync failed may be there after the next power cut all the same; then its file must be, too.
#[test]
fn a_file_whose_row_is_in_doubt_stays() {
    let folder = folder();
    let data = folder.path().join("data");
    let (volume, hand) = on_a_bad_disk(&data);
    let mut doubts = 0;
    for after in 0..120 {
        volume.fail(Fault::Sync, after, 1);
        let (status, json) = upload(&hand, &format!("plan {after}"));
        let events = volume.events();
        volume.heal();
        assert!(status == 201 || status == 503, "{status} {json}");
        if !json["detail"].as_str().is_some_and(|text| text.contains("look whether")) {
            continue;
        }
        let mut replay = Replay::of(&volume);
        replay.advance(events);
        let after = self::folder();
        let data = after.path().join("data");
        replay.lay_out(&data, Survivors::Everything, 0);
        let conn = Connection::open(data.join("stockroom.db")).unwrap();
        support::errands::files_agree(&conn, &data.join("media")).unwrap();
        doubts += 1;
    }
    assert!(doubts > 0);
}

/// The daily sweep shares its transaction with others: what they deleted comes back if the commit fails, and needs its file then.
#[test]
fn no_file_goes_before_the_deletion_of_its_row_is_kept() {
    let folder = folder();
    let data = folder.path().join("data");
    let (volume, hand) = on_a_bad_disk(&data);
    let made = upload(&hand, "plan").1;
    let (key, file) = (made["pk"].as_i64().unwrap(), data.join(made["attachment"].as_str().unwrap().trim_start_matches('/')));
    let old = std::time::SystemTime::now() - Duration::from_secs(3 * 24 * 3600);
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(old).unwrap();
    let site = hand.server.site_shared();
    stockroom::common::daily::run(&site).unwrap();
    let system = stockroom::identity::User::system;
    let due = "DELETE FROM scheduled_task WHERE name = 'delete_unnamed_files'";
    site.db.write(system(), move |tx| Ok(tx.execute_batch(due)?)).unwrap();
    std::thread::scope(|scope| {
        // Whoever comes meanwhile shares the transaction.
        scope.spawn(|| {
            let _ = site.db.write(system(), |_| {
                std::thread::sleep(Duration::from_millis(400));
                Ok(())
            });
        });
        std::thread::sleep(Duration::from_millis(100));
        volume.fail(Fault::Write, 0, usize::MAX);
        let (hand, site) = (&hand, &site);
        scope.spawn(move || {
            assert_eq!(hand.ask("DELETE", &format!("/api/attachment/{key}/"), JSON, b"").unwrap().0, 503);
        });
        std::thread::sleep(Duration::from_millis(100));
        scope.spawn(move || drop(stockroom::common::daily::run(site)));
    });
    volume.heal();
    assert_eq!(hand.ask("GET", &format!("/api/attachment/{key}/"), JSON, b"").unwrap().0, 200);
    assert!(file.exists(), "the row is there, and its file must be");
    assert_eq!(hand.ask("DELETE", &format!("/api/attachment/{key}/"), JSON, b"").unwrap().0, 204);
    site.db.write(system(), move |tx| Ok(tx.execute_batch(due)?)).unwrap();
    stockroom::common::daily::run(&site).unwrap();
    assert!(!file.exists(), "and goes with it");
}
