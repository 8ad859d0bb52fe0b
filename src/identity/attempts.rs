//! Wrong passwords make their sender wait. A right one is always accepted at once, whoever else is guessing:
//! nobody can lock a storekeeper out by knowing the name.
//!
//! The caller checks the password first. When it was wrong: [`Attempts::failed`], then [`Attempts::enter`], and
//! while it holds the guard it sleeps for [`Attempts::delay`] before it answers; without a guard it answers at once
//! that there are too many attempts. When it was right: [`Attempts::succeeded`].

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a failure counts.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Failures that cost nothing: people mistype.
const FREE: u32 = 3;
const FIRST_DELAY: Duration = Duration::from_millis(250);
const LONGEST_DELAY: Duration = Duration::from_secs(4);
/// Failures remembered, 64 bytes each. Two verifications at a time, each a good part of a second on a Pi, make about
/// as many in one window; past that the oldest go.
const MOST_FAILURES: usize = 4096;
/// Callers that may sleep at once; each holds a connection of the pool.
const MOST_SLEEPERS: usize = 16;

/// The failures of the last quarter of an hour, by address and by name. One for the whole process.
///
/// Wrong guesses for one name from many addresses slow down, and so do those for many names from one address.
#[derive(Default)]
pub struct Attempts {
    failures: Mutex<VecDeque<Failure>>, // oldest first
    sleepers: AtomicUsize,
    names: RandomState,
}

struct Failure {
    at: Instant,
    address: IpAddr,
    /// Keyed hash of the name. The sender chooses the name, at any length; and this is no list of names to leak.
    name: u64,
}

/// A place among the sleepers; given back when it goes.
#[must_use]
pub struct Guard<'a>(&'a AtomicUsize);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Attempts {
    /// No failures yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a wrong password for `name` (known or not) from `address`.
    pub fn failed(&self, address: IpAddr, name: &str, now: Instant) {
        let failure = Failure { at: now, address: network(address), name: self.digest(name) };
        let mut failures = self.failures(now);
        if failures.len() >= MOST_FAILURES {
            failures.pop_front();
        }
        failures.push_back(failure);
    }

    /// Forgets the failures for this name from this address: somebody mistyped. Those for the name from elsewhere,
    /// and for other names from here, still count; or else a guesser could wipe the slate with an account of his own.
    pub fn succeeded(&self, address: IpAddr, name: &str, now: Instant) {
        let (address, name) = (network(address), self.digest(name));
        self.failures(now).retain(|failure| failure.address != address || failure.name != name);
    }

    /// How long the answer to a wrong password is held back, the failures noted so far (with this one) considered:
    /// nothing for the first three, then 0.25 s, doubled with each further one up to 4 s.
    #[must_use]
    pub fn delay(&self, address: IpAddr, name: &str, now: Instant) -> Duration {
        let (address, name) = (network(address), self.digest(name));
        let (mut from_here, mut for_name) = (0_u32, 0_u32);
        for failure in self.failures(now).iter() {
            from_here += u32::from(failure.address == address);
            for_name += u32::from(failure.name == name);
        }
        match from_here.max(for_name).checked_sub(FREE + 1) {
            None => Duration::ZERO,
            Some(doublings) => FIRST_DELAY.saturating_mul(1 << doublings.min(16)).min(LONGEST_DELAY),
        }
    }

    /// A place to sleep in while the answer is held back; `None` when sixteen callers sleep already: then the answer
    /// goes out at once and says that there are too many attempts.
    pub fn enter(&self) -> Option<Guard<'_>> {
        let one_more = |sleepers: usize| (sleepers < MOST_SLEEPERS).then_some(sleepers + 1);
        self.sleepers.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok().map(|_| Guard(&self.sleepers))
    }

    /// The failures that still count.
    fn failures(&self, now: Instant) -> MutexGuard<'_, VecDeque<Failure>> {
        // The queue is whole after every single step, so a panic of another thread spoils nothing.
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        while failures.front().is_some_and(|oldest| now.saturating_duration_since(oldest.at) >= WINDOW) {
            failures.pop_front();
        }
        failures
    }

    fn digest(&self, name: &str) -> u64 {
        self.names.hash_one(name.trim().to_lowercase())
    }
}

/// What counts as one sender: an IPv4 address, or an IPv6 network of 64 bits, which one household has all to itself.
fn network(address: IpAddr) -> IpAddr {
    // A socket that listens on both families shows an IPv4 sender as ::ffff:a.b.c.d; all of those share 64 bits.
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn fail(attempts: &Attempts, from: &str, name: &str, now: Instant) -> Duration {
        attempts.failed(address(from), name, now);
        attempts.delay(address(from), name, now)
    }

    #[test]
    fn the_delay_grows_to_its_cap() {
        let (attempts, now) = (Attempts::new(), Instant::now());
        assert_eq!(attempts.delay(address("10.0.0.1"), "anna", now), Duration::ZERO);
        let delays: Vec<u128> = (0..40).map(|_| fail(&attempts, "10.0.0.1", "anna", now).as_millis()).collect();
        assert_eq!(delays[..9], [0, 0, 0, 250, 500, 1000, 2000, 4000, 4000]);
        assert_eq!(delays[39], 4000);
    }

    #[test]
    fn by_address_and_by_name() {
        let (attempts, now) = (Attempts::new(), Instant::now());
        for guess in 0..6 {
            fail(&attempts, &format!("10.0.0.{guess}"), "anna", now);
            fail(&attempts, "10.9.9.9", &format!("user{guess}"), now);
        }
        let delay = |from, name| attempts.delay(address(from), name, now).as_millis();
        assert_eq!(delay("10.1.1.1", "anna"), 1000, "one name, many addresses");
        assert_eq!(delay("10.1.1.1", " ANNA "), 1000, "however it is written");
        assert_eq!(delay("10.9.9.9", "bert"), 1000, "one address, many names");
        assert_eq!(delay("10.1.1.1", "bert"), 0);
    }

    #[test]
    fn success_forgets_the_pair_only() {
        let (attempts, now) = (Attempts::new(), Instant::now());
        for _ in 0..8 {
            fail(&attempts, "10.0.0.1", "anna", now);
        }
        for _ in 0..5 {
            fail(&attempts, "10.0.0.1", "victim", now);
        }
        attempts.succeeded(address("10.0.0.1"), "anna", now);
        let delay = |from, name| attempts.delay(address(from), name, now).as_millis();
        assert_eq!(delay("10.0.0.2", "anna"), 0);
        assert_eq!(delay("10.0.0.1", "anna"), 500, "the guesses at the other name still count here");
        assert_eq!(delay("10.0.0.2", "victim"), 500);
    }

    #[test]
    fn failures_end_with_the_window() {
        let (attempts, start) = (Attempts::new(), Instant::now());
        for minute in 0..8 {
            fail(&attempts, "10.0.0.1", "anna", start + Duration::from_secs(60 * minute));
        }
        let delay = |minutes: u64| attempts.delay(address("10.0.0.1"), "anna", start + Duration::from_secs(60 * minutes));
        assert_eq!(delay(14).as_millis(), 4000);
        assert_eq!(delay(15).as_millis(), 2000, "the first has ended");
        assert_eq!(delay(18).as_millis(), 250);
        assert_eq!(delay(22), Duration::ZERO);
        assert!(attempts.failures.lock().unwrap().is_empty());
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_go() {
        let (attempts, now) = (Attempts::new(), Instant::now());
        for _ in 0..5 {
            fail(&attempts, "10.0.0.1", "anna", now);
        }
        for guess in 0..4092_u16 {
            let [high, low] = guess.to_be_bytes();
            attempts.failed(IpAddr::from([10, 1, high, low]), &format!("{guess}"), now);
        }
        assert_eq!(attempts.failures.lock().unwrap().len(), MOST_FAILURES);
        assert_eq!(attempts.delay(address("10.0.0.1"), "anna", now).as_millis(), 250, "one of five is gone");
        assert!(size_of::<Failure>() <= 64);
    }

    #[test]
    fn one_household_is_one_sender() {
        assert_eq!(network(address("2001:db8:1:2:3:4:5:6")), network(address("2001:db8:1:2::9")));
        assert_ne!(network(address("2001:db8:1:2::1")), network(address("2001:db8:1:3::1")));
        assert_eq!(network(address("::ffff:10.0.0.1")), address("10.0.0.1"));
        assert_ne!(network(address("::ffff:10.0.0.1")), network(address("::ffff:10.0.0.2")));
        assert_ne!(network(address("10.0.0.1")), network(address("10.0.0.2")));
    }

    #[test]
    fn few_sleep_at_once() {
        let attempts = Attempts::new();
        let mut guards: Vec<_> = (0..MOST_SLEEPERS).map(|_| attempts.enter().unwrap()).collect();
        assert!(attempts.enter().is_none());
        guards.pop();
        guards.push(attempts.enter().unwrap());
        assert!(attempts.enter().is_none());
        drop(guards);
        assert_eq!(attempts.sleepers.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn an_earlier_moment_does_no_harm() {
        let (attempts, now) = (Attempts::new(), Instant::now());
        fail(&attempts, "10.0.0.1", "anna", now + Duration::from_secs(5));
        assert_eq!(fail(&attempts, "10.0.0.1", "anna", now), Duration::ZERO);
    }
}
