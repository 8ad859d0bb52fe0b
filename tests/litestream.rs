//! Programs that copy the database while the server runs, as Litestream does: they hold a read lock, follow the log, and bring it in when they
//! like. The server leaves the log alone meanwhile, and the copy is whole.
//!
//! With the variable LITESTREAM set to the program (or `litestream` in the path) it is tried itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use stockroom::site::Site;
use support::errands::{Errands, Ledger, token_for};
use support::process::{Running, Wire, looked_over};

/// A data folder, a token for it, and a ledger with what it heard.
struct Shop {
    _folder: tempfile::TempDir,
    data: PathBuf,
    token: String,
    ledger: Ledger,
    notes: Arc<Mutex<Vec<u64>>>,
}

impl Shop {
    fn new() -> Shop {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let token = token_for(&Site::open(&data).unwrap(), "keeper");
        let notes = Arc::new(Mutex::new(Vec::new()));
        let told = notes.clone();
        let ledger = Ledger::new(move |word| told.lock().unwrap().push(word));
        Shop { _folder: folder, data, token, ledger, notes }
    }

    fn work(&self, server: &Running, n: usize, rounds: usize) {
        Errands::new(n, 77, &Wire::new(server.port, &self.token), &self.ledger).run(rounds);
    }

    fn database(&self) -> PathBuf {
        self.data.join("stockroom.db")
    }

    fn log(&self) -> PathBuf {
        self.data.join("stockroom.db-wal")
    }

    /// The copy of a database, put among the files of the others, is whole and has everything that was acknowledged.
    fn is_all_in(&self, place: &Path) {
        let status = Command::new("cp").arg("-r").arg(self.data.join("media")).arg(place.join("media")).status().unwrap();
        assert!(status.success());
        std::fs::copy(self.data.join("secret.key"), place.join("secret.key")).unwrap();
        looked_over(place).and_then(|()| self.ledger.check(&self.notes.lock().unwrap(), place)).unwrap();
    }
}

#[test]
fn connections_are_as_such_programs_want_them() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open(folder.path()).unwrap();
    let conn = site.db.alone().unwrap();
    let number = |name: &str| conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).unwrap();
    let mode: String = conn.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    assert_eq!((number("synchronous"), number("busy_timeout"), number("wal_autocheckpoint")), (2, 5000, 4000));
}

#[test]
fn the_log_is_left_alone_while_somebody_reads_it() {
    let shop = Shop::new();
    let server = Running::on(&shop.data);
    shop.work(&server, 0, 30);
    let other = Connection::open(shop.database()).unwrap();
    other.busy_timeout(Duration::from_secs(5)).unwrap();
    other.execute_batch("BEGIN; SELECT count(*) FROM part").unwrap();
    // The head of the log holds its salt: another one would mean that it was begun anew.
    let head = || std::fs::read(shop.log()).unwrap()[..32].to_vec();
    let (salt, mut length) = (head(), 0);
    let checkpointer = Connection::open(shop.database()).unwrap();
    for n in 1..6 {
        shop.work(&server, n, 20);
        // Another process brings in what it may.
        checkpointer.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
        let now = std::fs::metadata(shop.log()).unwrap().len();
        assert!(now > length && head() == salt, "the log goes on growing at its end");
        length = now;
    }
    // First the database, then the log: pages that are brought in meanwhile stand in the log as well.
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(shop.database(), copy.path().join("stockroom.db")).unwrap();
    std::fs::copy(shop.log(), copy.path().join("stockroom.db-wal")).unwrap();
    shop.is_all_in(copy.path());
    // A server that stops does not wait for ever, and takes nothing away either.
    let begun = Instant::now();
    assert!(server.stop());
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert!(head() == salt && std::fs::metadata(shop.log()).unwrap().len() >= length);
    other.execute_batch("COMMIT").unwrap();
    drop((other, checkpointer));
    let server = Running::on(&shop.data);
    shop.work(&server, 9, 5);
    assert!(server.stop());
    looked_over(&shop.data).and_then(|()| shop.ledger.check(&shop.notes.lock().unwrap(), &shop.data)).unwrap();
}

/// The program, where there is one.
fn litestream() -> Option<PathBuf> {
    let found = std::env::var_os("LITESTREAM").map_or_else(|| PathBuf::from("litestream"), PathBuf::from);
    Command::new(&found).arg("version").output().is_ok_and(|output| output.status.success()).then_some(found)
}

struct Kill(Child);

impl Drop for Kill {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn litestream_itself_brings_everything_back() {
    let Some(program) = litestream() else {
        eprintln!("skipped: there is no litestream");
        return;
    };
    let shop = Shop::new();
    let server = Running::on(&shop.data);
    let replica = tempfile::tempdir().unwrap();
    let url = format!("file://{}", replica.path().join("replica").display());
    let follow = || {
        let mut command = Command::new(&program);
        command.arg("replicate").arg(shop.database()).arg(&url).stdout(Stdio::null()).stderr(Stdio::null());
        Kill(command.spawn().unwrap())
    };
    let mut following = follow();
    for n in 0..6 {
        shop.work(&server, n, 40);
        if n == 3 {
            // It is killed too, and goes on where it was.
            drop(following);
            following = follow();
        }
    }
    // It copies once a second.
    std::thread::sleep(Duration::from_secs(5));
    drop(server);
    drop(following);
    let copy = tempfile::tempdir().unwrap();
    let restored = Command::new(&program).arg("restore").arg("-o").arg(copy.path().join("stockroom.db")).arg(&url).output().unwrap();
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    shop.is_all_in(copy.path());
    looked_over(&shop.data).and_then(|()| shop.ledger.check(&shop.notes.lock().unwrap(), &shop.data)).unwrap();
    let again = Running::on(&shop.data);
    shop.work(&again, 9, 5);
    assert!(again.stop());
}
