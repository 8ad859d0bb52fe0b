//! Every verb of every route is reached by a scenario, or stands in `tests/uncovered.txt`, which may only shrink.
//!
//! The support layer notes each (verb, route) that answered with success in a set of this process. This test starts last, because the
//! harness takes tests by name; it waits until no other test has a shop open, and then compares the set with the router's table. It is
//! skipped when the harness was told to run a part of the tests only. OPTIONS is no matter of scenarios: every route answers it, and a
//! test of its own proves that for all of them.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::coverage::{hits, shops};

#[test]
fn every_route_is_reached_by_a_scenario() {
    if !whole_run() {
        return;
    }
    settle();
    let hits = hits();
    let listed: BTreeSet<String> = include_str!("../uncovered.txt")
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .map(String::from)
        .collect();
    let routes = stockroom::router::routes();
    let all: BTreeSet<String> =
        routes.iter().flat_map(|(route, target)| target.verbs().into_iter().map(move |verb| format!("{} {route}", verb.name()))).collect();
    let text = |set: Vec<&String>| set.into_iter().map(String::as_str).collect::<Vec<_>>().join("\n  ");
    let missing: Vec<_> = all.difference(&hits).filter(|line| !listed.contains(*line)).collect();
    assert!(missing.is_empty(), "no scenario reaches\n  {}", text(missing));
    let reached: Vec<_> = listed.intersection(&hits).collect();
    assert!(reached.is_empty(), "take these out of tests/uncovered.txt, scenarios reach them now:\n  {}", text(reached));
    let gone: Vec<_> = listed.difference(&all).collect();
    assert!(gone.is_empty(), "take these out of tests/uncovered.txt, they are no routes:\n  {}", text(gone));
}

/// Were all tests asked for? A word that is no option narrows the run.
fn whole_run() -> bool {
    let mut arguments = std::env::args().skip(1);
    let mut all = true;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--test-threads" | "--color" | "--format" | "--logfile" | "-Z" | "--shuffle-seed" => drop(arguments.next()),
            "--skip" | "--ignored" | "--exact" => all = false,
            other => all &= other.starts_with('-'),
        }
    }
    all
}

/// Waits until the other tests are done: no shop open, and none opened for a while.
fn settle() {
    let mut quiet = 0;
    let mut before = shops();
    for _ in 0..6000 {
        std::thread::sleep(Duration::from_millis(50));
        let now = shops();
        quiet = if now.0 == 0 && now == before { quiet + 1 } else { 0 };
        before = now;
        if quiet >= 10 {
            return;
        }
    }
}
