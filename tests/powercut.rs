//! The power goes: at every operation on the disk, with everything that a disk may do to what was not synced. The database opens, is sound,
//! and holds every request that was acknowledged; every file that a row names is there.
//!
//! `cargo test --test powercut` tries some hundred cuts; `cargo test --test powercut -- --ignored` ten thousand (POWERCUT_CUTS and
//! POWERCUT_SEED choose others).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use faultvfs::{Replay, Survivors, Volume};
use stockroom::db::Opening;
use stockroom::identity::User;
use stockroom::server::Server;
use stockroom::site::Site;
use support::dice::Dice;
use support::errands::{Direct, Errands, Hand, Ledger, token_for};
use support::process::looked_over;

/// People who work at once.
const PEOPLE: usize = 3;

fn opening() -> Opening {
    faultvfs::register();
    Opening { vfs: Some(faultvfs::NAME), ..Opening::default() }
}

fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// A working day on a watched disk, written down.
struct Day {
    volume: Arc<Volume>,
    ledger: Ledger,
    _folder: tempfile::TempDir,
}

/// People work at once; meanwhile the log is brought into the database in all the ways that there are, and the server is stopped and
/// started once.
fn day(seed: u64, rounds: usize) -> Day {
    let folder = self::folder();
    let path = folder.path().join("data");
    let token = token_for(&Site::open_with(&path, opening()).unwrap(), &format!("user-{seed}"));
    let volume = Arc::new(Volume::watch(&path));
    let told = volume.clone();
    let ledger = Ledger::new(move |word| told.note(word));
    for half in 0..2 {
        let server = Server::new(Site::open_with(&path, opening()).unwrap(), Vec::new());
        let hand = Direct { server: server.clone(), token: token.clone() };
        std::thread::scope(|scope| {
            for n in 0..PEOPLE {
                let (hand, ledger) = (&hand, &ledger);
                scope.spawn(move || Errands::new(n, seed * 2 + half, hand, ledger).run(rounds));
            }
            scope.spawn(|| {
                let mut dice = Dice::new(seed + half);
                for _ in 0..4 {
                    std::thread::sleep(std::time::Duration::from_millis(3 + u64::try_from(dice.below(40)).unwrap()));
                    let how = *dice.pick(&["PASSIVE", "FULL", "RESTART", "TRUNCATE"]);
                    let conn = server.site().db.alone().unwrap();
                    // Others may hold it; then it has done what it could.
                    let _ = conn.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |_| Ok(()));
                }
            });
        });
        if half == 0 {
            server.site().db.checkpoint().unwrap();
        }
    }
    Day { volume, ledger, _folder: folder }
}

/// Where to cut: every operation of the day, or as many of them, at even distances, as there are cuts.
fn places(events: usize, cuts: usize) -> impl Iterator<Item = usize> {
    (0..cuts).map(move |n| 1 + n * events.saturating_sub(1) / cuts.max(1))
}

/// Cuts the power so many times; gives how often an acknowledged request was looked for.
fn cut(day: &Day, seed: u64, cuts: usize) -> usize {
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    let events = day.volume.events();
    let looked = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let looked = &looked;
            scope.spawn(move || {
                let mut replay = Replay::of(&day.volume);
                for (n, place) in places(events, cuts).enumerate().filter(|(n, _)| n % workers == worker) {
                    replay.advance(place);
                    let survivors = Survivors::ALL[n % Survivors::ALL.len()];
                    let chance = seed.wrapping_mul(1_000_003).wrapping_add(u64::try_from(n).unwrap());
                    let folder = self::folder();
                    let path: PathBuf = folder.path().join("data");
                    replay.lay_out(&path, survivors, chance);
                    let fine = looked_over(&path).and_then(|()| day.ledger.check(replay.notes(), &path));
                    if let Err(e) = fine {
                        let kept = folder.keep();
                        panic!("seed {seed}, cut {n} after event {place} of {events}, {survivors:?}, in {}:\n{e}", kept.display());
                    }
                    looked.fetch_add(Ledger::acknowledged(replay.notes()), SeqCst);
                }
            });
        }
    });
    looked.into_inner()
}

#[test]
fn every_acknowledged_request_outlives_a_power_cut() {
    let day = day(1, 25);
    let acknowledged = cut(&day, 1, 200);
    assert!(acknowledged > 2000, "{acknowledged}");
}

/// The disk of these tests does lose what was not synced, in all ways, and nothing else.
#[test]
fn what_is_not_synced_may_be_lost() {
    let folder = folder();
    let path = folder.path().join("data");
    std::fs::create_dir(&path).unwrap();
    faultvfs::register();
    let how = rusqlite::OpenFlags::default();
    let open = || rusqlite::Connection::open_with_flags_and_vfs(path.join("stockroom.db"), how, faultvfs::NAME).unwrap();
    open().execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER)").unwrap();
    // Only files that are opened from now on are watched.
    let volume = Volume::watch(&path);
    let conn = open();
    conn.execute_batch("PRAGMA synchronous = FULL; INSERT INTO t VALUES (1); PRAGMA synchronous = OFF").unwrap();
    for n in 2..20 {
        conn.execute("INSERT INTO t VALUES (?1)", [n]).unwrap();
    }
    std::fs::create_dir(path.join("never")).unwrap();
    std::fs::write(path.join("never/synced.txt"), "x").unwrap();
    let mut replay = Replay::of(&volume);
    replay.advance(volume.events());
    let mut kept = std::collections::BTreeSet::new();
    for seed in 0..10 {
        for survivors in Survivors::ALL {
            let folder = self::folder();
            let path = folder.path().join("data");
            replay.lay_out(&path, survivors, seed);
            let conn = rusqlite::Connection::open(path.join("stockroom.db")).unwrap();
            let (most, rows): (i64, i64) =
                conn.query_row("SELECT max(n), count(*) FROM t", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            assert!(most == rows, "what is there is there from the beginning on");
            assert!(survivors != Survivors::Nothing || rows == 1);
            assert!(survivors != Survivors::Everything || rows == 19);
            assert!(!path.join("never").exists());
            kept.insert(rows);
        }
    }
    assert!(kept.len() > 3, "{kept:?}");
}

/// The power goes, comes back, and goes again while the log is brought in.
#[test]
fn a_second_cut_while_the_first_is_mended_loses_nothing() {
    let day = day(2, 25);
    let mut replay = Replay::of(&day.volume);
    for n in 0..6 {
        replay.advance(day.volume.events() * (n + 1) / 7);
        let folder = self::folder();
        let path = folder.path().join("data");
        replay.lay_out(&path, Survivors::ALL[n], 7);
        let second = Volume::watch(&path);
        let site = Site::open_with(&path, opening()).unwrap();
        site.db.write(User::system(), |_| Ok(())).unwrap();
        site.db.checkpoint().unwrap();
        drop(site);
        let mut again = Replay::of(&second);
        let events = second.events();
        assert!(events > 3, "{events}");
        for (m, place) in places(events, 12).enumerate() {
            again.advance(place);
            let other = self::folder();
            let path = other.path().join("data");
            again.lay_out(&path, Survivors::ALL[m % 6], u64::try_from(m).unwrap());
            looked_over(&path).and_then(|()| day.ledger.check(replay.notes(), &path)).unwrap();
        }
    }
}

/// A new folder: whenever the power goes, the next start finds something it can go on with, and a key that it gave tokens from is the same.
#[test]
fn a_first_start_can_be_cut_anywhere() {
    let base = folder();
    let path = base.path().join("data");
    std::fs::create_dir(&path).unwrap();
    let volume = Volume::watch(&path);
    let token = token_for(&Site::open_with(&path, opening()).unwrap(), "first");
    let (events, mut replay) = (volume.events(), Replay::of(&volume));
    for (n, place) in places(events, 60).enumerate() {
        replay.advance(place);
        let folder = self::folder();
        let path = folder.path().join("data");
        replay.lay_out(&path, Survivors::ALL[n % 6], u64::try_from(n).unwrap());
        looked_over(&path).unwrap_or_else(|e| panic!("cut {n} after event {place} of {events}: {e}"));
    }
    replay.advance(events);
    let folder = self::folder();
    let path = folder.path().join("data");
    replay.lay_out(&path, Survivors::Nothing, 0);
    let server = Server::new(Site::open(&path).unwrap(), Vec::new());
    let (status, _) = Direct { server, token }.ask("GET", "/api/user/me/", "application/json", b"").unwrap();
    assert_eq!(status, 200, "a token that was given out is known");
}

/// Ten thousand cuts over many different days.
#[test]
#[ignore = "minutes; see RELIABILITY.md"]
fn ten_thousand_cuts() {
    let number = |name: &str, otherwise: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let (seed, cuts) = (number("POWERCUT_SEED", 1), number("POWERCUT_CUTS", 10_000));
    let (days, started) = (20, std::time::Instant::now());
    let (mut events, mut looked) = (0, 0);
    for n in 0..days {
        let day = day(seed * 1000 + n, 40);
        events += day.volume.events();
        looked += cut(&day, seed * 1000 + n, usize::try_from(cuts / days).unwrap());
        eprintln!("{} cuts, {:?}", (n + 1) * (cuts / days), started.elapsed());
    }
    println!("seed {seed}: {cuts} cuts in {days} days of {events} events; {looked} acknowledged requests were looked for and found");
}
