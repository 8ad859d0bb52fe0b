//! `kill -9` of the real server under load, again and again on the same data: each time it starts, is sound, and holds every request that it
//! acknowledged, over sockets, since the beginning.
//!
//! `cargo test --test kill9` kills five times; `cargo test --test kill9 -- --ignored` two hundred (KILL9_TIMES and KILL9_SEED choose
//! others).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod support;

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use stockroom::site::Site;
use support::dice::Dice;
use support::errands::{Errands, Ledger, token_for};
use support::process::{Running, Wire, begin, looked_over};

/// Clients at once.
const CLIENTS: usize = 4;

/// Kills so many times; gives how many requests were acknowledged.
fn kill(times: u64, seed: u64) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let token = token_for(&Site::open(&data).unwrap(), "loader");
    let mut dice = Dice::new(seed);
    let (mut ledgers, mut acknowledged) = (Vec::new(), 0);
    for round in 0..times {
        if dice.once_in(5) {
            // Not even the start is left in peace.
            let mut child = begin(&data);
            std::thread::sleep(Duration::from_millis(u64::try_from(dice.below(20)).unwrap()));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let mut server = Running::on(&data);
        let wire = Wire::new(server.port, &token);
        let notes = Arc::new(Mutex::new(Vec::new()));
        let (told, gone) = (notes.clone(), AtomicBool::new(false));
        let ledger = Ledger::new(move |word| told.lock().unwrap().push(word));
        std::thread::scope(|scope| {
            for n in 0..CLIENTS {
                let (wire, ledger, gone) = (&wire, &ledger, &gone);
                scope.spawn(move || Errands::new(n, seed * 100_000 + round, wire, ledger).run_on(gone));
            }
            std::thread::sleep(Duration::from_millis(30 + u64::try_from(dice.below(300)).unwrap()));
            server.kill();
            gone.store(true, SeqCst);
        });
        let notes = notes.lock().unwrap().clone();
        looked_over(&data).and_then(|()| ledger.check(&notes, &data)).unwrap_or_else(|e| panic!("kill {round}, seed {seed}: {e}"));
        acknowledged += Ledger::acknowledged(&notes);
        ledgers.push((ledger, notes));
    }
    for (round, (ledger, notes)) in ledgers.iter().enumerate() {
        // Settings are set anew each time.
        ledger.check_but(notes, &data, "FROM setting").unwrap_or_else(|e| panic!("kill {round}, seed {seed}, at the end: {e}"));
    }
    acknowledged
}

#[test]
fn a_killed_server_has_kept_what_it_acknowledged() {
    assert!(kill(5, 1) > 20);
}

#[test]
#[ignore = "minutes; see RELIABILITY.md"]
fn two_hundred_kills() {
    let number = |name: &str, otherwise: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let (times, seed) = (number("KILL9_TIMES", 200), number("KILL9_SEED", 1));
    println!("seed {seed}: {times} kills, {} acknowledged requests, all there", kill(times, seed));
}
