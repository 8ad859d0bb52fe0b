//! `stockroom backup`, `verify` and `restore`: one file with everything, which is whole or refused.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use stockroom::backup;
use stockroom::site::Site;

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    /// A data folder with the sample of records and a picture.
    fn new() -> Bench {
        let bench = Bench { folder: tempfile::tempdir().unwrap() };
        let media = bench.path("from/media/part_images");
        std::fs::create_dir_all(&media).unwrap();
        std::fs::write(media.join("screw.png"), vec![7; 100_000]).unwrap();
        std::fs::write(media.join("screw.thumbnail.png"), b"small").unwrap();
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/records/sample.json");
        bench.done(&["import", &sample.to_string_lossy(), "--media", &bench.text("from")]);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_string_lossy().into_owned()
    }

    fn run(&self, data: &str, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_stockroom")).args(words).arg("--data").arg(self.path(data)).output().unwrap()
    }

    fn done(&self, words: &[&str]) -> String {
        self.done_in("data", words)
    }

    fn done_in(&self, data: &str, words: &[&str]) -> String {
        let output = self.run(data, words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn fails(&self, data: &str, words: &[&str]) -> String {
        let output = self.run(data, words);
        assert!(!output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    fn parts(&self, data: &str) -> Vec<String> {
        let conn = Connection::open(self.path(data).join("stockroom.db")).unwrap();
        let mut statement = conn.prepare("SELECT name FROM part ORDER BY id").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    fn rename(&self, name: &str) {
        let conn = Connection::open(self.path("data").join("stockroom.db")).unwrap();
        conn.execute("UPDATE part SET name = ?1 WHERE id = 70", [name]).unwrap();
    }
}

/// A server on a data folder; it ends with the test.
struct Running {
    child: Child,
    port: u16,
}

impl Running {
    fn on(folder: &Path, words: &[&str]) -> Running {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(env!("CARGO_BIN_EXE_stockroom"))
            .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(folder)
            .args(words)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let running = Running { child, port };
        let patience = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < patience, "the server does not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
        running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_backup_brings_everything_back() {
    let bench = Bench::new();
    let file = bench.text("all.tar.gz");
    assert!(bench.done(&["backup", &file]).contains("2 media files"));
    assert!(bench.done(&["verify", &file]).contains("is whole"));
    bench.rename("Changed");
    std::fs::remove_file(bench.path("data/media/part_images/screw.png")).unwrap();
    std::fs::write(bench.path("data/media/newer.txt"), b"x").unwrap();
    let said = bench.done(&["restore", &file]);
    assert_eq!(bench.parts("data"), ["M3x10", "Washer"]);
    assert_eq!(std::fs::read(bench.path("data/media/part_images/screw.png")).unwrap(), vec![7; 100_000]);
    assert!(!bench.path("data/media/newer.txt").exists());
    let aside: PathBuf = said.lines().find_map(|line| line.strip_prefix("What was there is in ")?.split(';').next()).unwrap().into();
    assert_eq!(std::fs::read(aside.join("media/newer.txt")).unwrap(), b"x");
    assert!(aside.join("stockroom.db").exists());
    assert!(bench.done(&["check"]).contains("All is well"));
    let left: Vec<_> =
        std::fs::read_dir(bench.path("data")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!left.iter().any(|name| name.starts_with("restore")), "{left:?}");
}

#[test]
fn a_backup_goes_to_another_machine() {
    let bench = Bench::new();
    let (plain, full) = (bench.text("plain.tar"), bench.text("full.tar"));
    let key = std::fs::read(bench.path("data/secret.key")).unwrap();
    bench.done(&["backup", &plain]);
    bench.done(&["backup", &full, "--with-key"]);
    let holds = |path: &str| std::fs::read(path).unwrap().windows(32).any(|window| window == key);
    assert!(!holds(&plain), "the secret key is in a backup that did not ask for it");
    assert!(holds(&full));
    bench.done_in("elsewhere", &["restore", &full]);
    assert_eq!(bench.parts("elsewhere"), ["M3x10", "Washer"]);
    assert_eq!(std::fs::read(bench.path("elsewhere/secret.key")).unwrap(), key);
    bench.done_in("third", &["restore", &plain]);
    assert_ne!(std::fs::read(bench.path("third/secret.key")).unwrap(), key);
    assert!(bench.done_in("third", &["check"]).contains("All is well"));
}

#[test]
fn what_is_not_whole_is_refused_and_changes_nothing() {
    let bench = Bench::new();
    let file = bench.path("all.tar");
    bench.done(&["backup", &file.to_string_lossy()]);
    let whole = std::fs::read(&file).unwrap();
    let bad = bench.path("bad.tar");
    let middle = whole.len() / 2;
    let mut flipped = whole.clone();
    flipped[middle] ^= 1;
    let mut foreign = tar::Builder::new(Vec::new());
    let mut head = tar::Header::new_gnu();
    head.set_size(4);
    // The builder refuses such names by itself.
    head.as_old_mut().name[..12].copy_from_slice(b"../evil.txt\0");
    head.set_cksum();
    foreign.append(&head, &b"evil"[..]).unwrap();
    for (what, bytes) in [
        ("cut off", whole[..middle].to_vec()),
        ("a flipped bit", flipped),
        ("empty", Vec::new()),
        ("something else", b"hello".to_vec()),
        ("a name that leads out", foreign.into_inner().unwrap()),
    ] {
        std::fs::write(&bad, bytes).unwrap();
        bench.fails("data", &["verify", &bad.to_string_lossy()]);
        bench.fails("data", &["restore", &bad.to_string_lossy()]);
        assert_eq!(bench.parts("data"), ["M3x10", "Washer"], "{what}");
        assert!(!bench.path("evil.txt").exists(), "{what}");
        let left: Vec<_> = std::fs::read_dir(bench.path("data")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().contains("restore")), "{what}: {left:?}");
    }
}

/// Every point at which the exchange of the data can be interrupted: the next start finishes it.
#[test]
fn an_interrupted_restore_is_finished() {
    let bench = Bench::new();
    let file = bench.text("all.tar");
    bench.done(&["backup", &file]);
    // What `restore` does, step by step; each time one step more, then the power goes.
    let steps: [(&str, &str); 6] = [
        ("media", "aside/media"),
        ("fresh/media", "media"),
        ("secret.key", "aside/secret.key"),
        ("fresh/secret.key", "secret.key"),
        ("stockroom.db", "aside/stockroom.db"),
        ("fresh/stockroom.db", "stockroom.db"),
    ];
    for cut in 0..=steps.len() {
        let data = format!("cut-{cut}");
        bench.done_in(&data, &["restore", &file]);
        bench.done_in(&format!("new-{cut}"), &["restore", &file]);
        let (folder, new) = (bench.path(&data), bench.path(&format!("new-{cut}")));
        Connection::open(new.join("stockroom.db")).unwrap().execute_batch("UPDATE part SET name = 'Fresh' WHERE id = 70").unwrap();
        std::fs::rename(&new, folder.join("fresh")).unwrap();
        std::fs::create_dir(folder.join("aside")).unwrap();
        std::fs::write(folder.join("restore.plan"), r#"{"fresh":"fresh","aside":"aside"}"#).unwrap();
        for (from, to) in &steps[..cut] {
            std::fs::rename(folder.join(from), folder.join(to)).unwrap();
        }
        drop(Site::open(&folder).unwrap());
        assert_eq!(bench.parts(&data), ["Fresh", "Washer"], "cut after step {cut}");
        assert!(folder.join("aside/stockroom.db").exists() && folder.join("media/part_images/screw.png").exists(), "cut after step {cut}");
        assert!(!folder.join("restore.plan").exists() && !folder.join("fresh").exists(), "cut after step {cut}");
        assert!(bench.done_in(&data, &["check"]).contains("All is well"));
    }
}

#[test]
fn a_running_server_is_saved_and_not_overwritten() {
    let bench = Bench::new();
    let running = Running::on(&bench.path("data"), &[]);
    let file = bench.text("live.tar.gz");
    bench.done(&["backup", &file]);
    assert!(bench.fails("data", &["restore", &file]).contains("a server is running"));
    let mut stream = TcpStream::connect(("127.0.0.1", running.port)).unwrap();
    stream.write_all(b"GET /api/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let second = Command::new(env!("CARGO_BIN_EXE_stockroom"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(bench.path("data"))
        .output()
        .unwrap();
    assert!(!second.status.success() && String::from_utf8_lossy(&second.stderr).contains("a server is running"));
    drop(running);
    bench.done(&["restore", &file]);
}

#[test]
fn a_server_makes_backups_by_itself_and_keeps_the_newest() {
    let bench = Bench::new();
    let folder = bench.path("stick");
    std::fs::create_dir(&folder).unwrap();
    for old in ["20200101-000000", "20200102-000000", "20200103-000000"] {
        std::fs::write(folder.join(format!("stockroom-{old}.tar.gz")), b"").unwrap();
    }
    std::fs::write(folder.join("holiday.tar.gz"), b"mine").unwrap();
    let _running = Running::on(&bench.path("data"), &["--backup", &folder.to_string_lossy(), "--keep", "2"]);
    let patience = Instant::now() + Duration::from_secs(20);
    while backup::listed(&folder).len() != 2 || backup::verify(&backup::listed(&folder)[1]).is_err() {
        assert!(Instant::now() < patience, "{:?}", backup::listed(&folder));
        std::thread::sleep(Duration::from_millis(50));
    }
    let names: Vec<String> = backup::listed(&folder).iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(names[0], "stockroom-20200103-000000.tar.gz");
    assert!(folder.join("holiday.tar.gz").exists());
}

#[test]
fn a_check_names_what_is_wrong_and_how_to_mend_it() {
    let bench = Bench::new();
    std::fs::remove_file(bench.path("data/media/part_images/screw.png")).unwrap();
    let output = bench.run("data", &["check"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("part_images/screw.png") && said.contains("to mend it"), "{said}");
    let conn = Connection::open(bench.path("data").join("stockroom.db")).unwrap();
    conn.execute_batch(
        "PRAGMA foreign_keys = OFF; UPDATE part SET category = 4711; UPDATE stock_item SET quantity = 1; UPDATE row_count SET rows = 9",
    )
    .unwrap();
    drop(conn);
    let said = bench.fails("data", &["check"]);
    for finding in ["a row of part refers to a row of part_category", "count their rows wrongly"] {
        assert!(said.contains(finding), "{finding}: {said}");
    }
}
