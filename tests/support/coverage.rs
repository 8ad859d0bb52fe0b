//! Which routes the scenarios of this process reached. An address counts as reached when it did what it is for: answered with success.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use stockroom::router::Target;

/// `VERB route`, as in `tests/uncovered.txt`.
static HITS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
/// Shops that are open now.
static SHOPS: AtomicUsize = AtomicUsize::new(0);
/// Shops that were opened so far.
static OPENED: AtomicUsize = AtomicUsize::new(0);

/// An open shop is counted until this is dropped.
pub struct Open;

/// Counts a shop.
pub fn open() -> Open {
    SHOPS.fetch_add(1, SeqCst);
    OPENED.fetch_add(1, SeqCst);
    Open
}

impl Drop for Open {
    fn drop(&mut self) {
        SHOPS.fetch_sub(1, SeqCst);
    }
}

/// How many shops are open, and how many there were.
pub fn shops() -> (usize, usize) {
    (SHOPS.load(SeqCst), OPENED.load(SeqCst))
}

/// Notes a request; where things moved is an answer too. A few addresses do what they are for with another status; their description names it.
pub fn note(verb: &str, path: &str, status: u16) {
    let path = path.split('?').next().unwrap_or_default();
    if let Some(route) = route_of(path)
        && ((200..400).contains(&status) || is_named(route, verb, status))
    {
        HITS.lock().unwrap().insert(format!("{verb} {route}"));
    }
}

/// Is this the status that the address names for its good answer?
fn is_named(route: &str, verb: &str, status: u16) -> bool {
    let Some(Target::Hand(endpoint)) = stockroom::router::routes().get(route).copied() else { return false };
    let place = endpoint.verbs.iter().position(|(one, _)| one.name() == verb);
    place.and_then(|i| endpoint.statuses.get(i)).is_some_and(|named| *named == status.to_string())
}

/// The route by which a path is answered.
fn route_of(path: &str) -> Option<&'static str> {
    let routes = stockroom::router::routes();
    let path = path.strip_prefix('/')?;
    if let Some((route, _)) = routes.get_key_value(path) {
        return Some(route);
    }
    let fits = |route: &str| {
        let (pattern, given): (Vec<&str>, Vec<&str>) = (route.split('/').collect(), path.split('/').collect());
        let same = |(p, g): (&&str, &&str)| match *p {
            "{id}" | "{above}" => !g.is_empty() && g.bytes().all(|b| b.is_ascii_digit()),
            "{word}" | "{text}" => !g.is_empty(),
            p => p == *g,
        };
        pattern.len() == given.len() && pattern.iter().zip(&given).all(same)
    };
    routes.keys().copied().find(|route| fits(route))
}

/// Everything that was reached.
pub fn hits() -> BTreeSet<String> {
    HITS.lock().unwrap().clone()
}
