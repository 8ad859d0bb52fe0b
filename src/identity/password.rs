//! Passwords: how they are stored, compared and judged. No user, no SQL and no HTTP in here.
//!
//! The stored form is Django's, so that accounts move over from an InvenTree database with their passwords.

use std::collections::HashMap;
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::packed::{packed, unpack};

/// Rounds for new passwords: the figure OWASP gives for PBKDF2-HMAC-SHA256. Django's own default is higher, but a
/// Raspberry Pi 4 has no SHA instructions and must still log somebody in within about a second.
pub const ITERATIONS: u32 = 600_000;

/// More rounds than this in a stored hash are a mistake or an attack; it would hold a core for minutes.
const MOST_ITERATIONS: u32 = 10_000_000;

const ALGORITHM: &str = "pbkdf2_sha256";
const SALT_CHARACTERS: usize = 22; // 131 bits
const UNUSABLE: char = '!';
const UNUSABLE_CHARACTERS: usize = 40;

const SHORTEST: usize = 8;
const TOO_SIMILAR: f64 = 0.7;

/// Verifications at once. A Pi has four cores; two of them stay free for everybody who is logged in already.
const AT_ONCE: usize = 2;
/// How long accepted Basic credentials are known without counting rounds again.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);
const MOST_REMEMBERED: usize = 256;

/// Text of `length` letters and digits (A–Z, a–z, 0–9) from the system's randomness, each equally likely.
///
/// # Panics
/// When the system has no randomness to give; nothing that needs a secret may go on then.
#[must_use]
pub fn random_text(length: usize) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const FAIR: u8 = 248; // 4 × 62: bytes from here on would favour the first letters
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let bytes: [u8; 32] = random();
        let fair = bytes.iter().filter(|byte| **byte < FAIR);
        text.extend(fair.take(length - text.len()).map(|byte| char::from(ALPHABET[usize::from(byte % 62)])));
    }
    text
}

#[expect(clippy::expect_used, reason = "a predictable key or salt would be worse than a request that fails")]
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

/// The stored form of a new password: `pbkdf2_sha256$<iterations>$<salt>$<base64>`. Takes a good part of a second.
#[must_use]
pub fn hash(plain: &str) -> String {
    encode(plain, &random_text(SALT_CHARACTERS), ITERATIONS)
}

/// The stored form of an account without a password: no text matches it, and no two are equal.
#[must_use]
pub fn unusable() -> String {
    format!("{UNUSABLE}{}", random_text(UNUSABLE_CHARACTERS))
}

/// Whether this account has a password that could match at all: not `!…`, and in the one format that is read here.
#[must_use]
pub fn usable(encoded: &str) -> bool {
    Stored::read(encoded).is_some()
}

/// Whether `plain` is the password behind `encoded`. An unusable, unknown or absurdly costly form matches nothing.
/// Counts all the rounds, on the caller's thread; a request goes through [`Verifier::check`] instead.
#[must_use]
pub fn verify(plain: &str, encoded: &str) -> bool {
    Stored::read(encoded).is_some_and(|stored| stored.matches(plain))
}

fn encode(plain: &str, salt: &str, iterations: u32) -> String {
    let key = derive(plain, salt, iterations);
    format!("{ALGORITHM}${iterations}${salt}${}", BASE64.encode(key))
}

fn derive(plain: &str, salt: &str, iterations: u32) -> [u8; 32] {
    pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(plain.as_bytes(), salt.as_bytes(), iterations)
}

struct Stored<'a> {
    iterations: u32,
    salt: &'a str,
    key: Vec<u8>,
}

impl<'a> Stored<'a> {
    fn read(encoded: &'a str) -> Option<Self> {
        let mut parts = encoded.split('$');
        let (algorithm, iterations, salt, key) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if algorithm != ALGORITHM || salt.is_empty() || parts.next().is_some() {
            return None;
        }
        let iterations = iterations.parse().ok().filter(|count| (1..=MOST_ITERATIONS).contains(count))?;
        let key = BASE64.decode(key).ok().filter(|key| key.len() == 32)?;
        Some(Stored { iterations, salt, key })
    }

    fn matches(&self, plain: &str) -> bool {
        derive(plain, self.salt, self.iterations).ct_eq(self.key.as_slice()).into()
    }
}

/// What speaks against a new password, one sentence for each broken rule; empty when it is good enough.
///
/// The rules are those that a Django installation has by default, so that a password accepted there is accepted
/// here. `attributes` are the account's own words: user name, first name, last name, e-mail address.
#[must_use]
pub fn weaknesses(plain: &str, attributes: &[&str]) -> Vec<String> {
    let lower = plain.to_lowercase();
    let broken = [
        (attributes.iter().any(|value| resembles(&lower, value)), "Too much like the name or e-mail address of the account."),
        (plain.chars().count() < SHORTEST, "Too short: a password needs 8 characters or more."),
        (is_common(lower.trim()), "Too well known: this is among the first passwords that an attacker tries."),
        (!plain.is_empty() && plain.chars().all(char::is_numeric), "Only digits: a password needs letters or other signs as well."),
    ];
    broken.into_iter().filter(|(is_broken, _)| *is_broken).map(|(_, text)| text.to_owned()).collect()
}

/// Whether the lower-cased password is nearly the same letters as the value, or as one word of it.
fn resembles(lower: &str, value: &str) -> bool {
    let value = value.to_lowercase();
    let words = value.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.chain([value.as_str()]).any(|word| {
        let (length, others) = (lower.chars().count(), word.chars().count());
        // A word of a tenth of the length can never reach the limit, however its letters fall.
        others > 0 && length < 10 * others && likeness(lower, word) >= TOO_SIMILAR
    })
}

/// Twice the number of characters that the two have in common, order aside, over the number of characters of both:
/// 0 for nothing in common, 1 for the same letters (`SequenceMatcher.quick_ratio` in Python).
fn likeness(left: &str, right: &str) -> f64 {
    let mut left_over: HashMap<char, usize> = HashMap::new();
    for c in right.chars() {
        *left_over.entry(c).or_default() += 1;
    }
    let mut common = 0;
    for c in left.chars() {
        if let Some(count) = left_over.get_mut(&c).filter(|count| **count > 0) {
            *count -= 1;
            common += 1;
        }
    }
    share(2 * common, left.chars().count() + right.chars().count())
}

fn share(part: usize, whole: usize) -> f64 {
    // Passwords are far shorter than 2^32 characters; a longer one counts as that long.
    let exact = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if whole == 0 { 1.0 } else { exact(part) / exact(whole) }
}

fn is_common(lower: &str) -> bool {
    static COMMON: LazyLock<String> = LazyLock::new(|| unpack(packed!("common-passwords.txt")).unwrap_or_default());
    COMMON.lines().any(|common| common == lower)
}

/// Checks the passwords of requests: few at once, and known credentials without the rounds.
///
/// Basic authentication sends the password with every request. Credentials that were right are therefore known for
/// five minutes, under a keyed digest of user, stored form and password: a changed password has another stored form
/// and never matches, and neither the passwords nor anything that could be guessed against are kept.
/// Whether the user is still active is for the caller to look up each time.
pub struct Verifier {
    key: [u8; 64], // HMAC's own size, so that making one cannot fail
    /// What an unknown name is compared with, so that it takes as long as a known one.
    decoy: String,
    known: Mutex<HashMap<[u8; 32], Instant>>,
    running: Mutex<usize>,
    freed: Condvar,
}

impl Default for Verifier {
    fn default() -> Self {
        Self::new()
    }
}

impl Verifier {
    /// A verifier that knows nobody yet. One for the whole process.
    #[must_use]
    pub fn new() -> Self {
        let no_key = BASE64.encode(random::<32>());
        Verifier {
            key: random(),
            decoy: format!("{ALGORITHM}${ITERATIONS}${}${no_key}", random_text(SALT_CHARACTERS)),
            known: Mutex::default(),
            running: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    /// Whether `plain` is the password of this user, whose stored form is `encoded`. May wait for its turn.
    /// An account without a usable password takes as long as any other.
    #[must_use]
    pub fn check(&self, user: i64, encoded: &str, plain: &str) -> bool {
        self.check_at(user, encoded, plain, Instant::now())
    }

    /// Takes the time of one check that fails: for a name that nobody has.
    pub fn burn(&self, plain: &str) {
        let _turn = self.turn();
        // Through a black box, or the compiler might see that nobody wants the answer.
        std::hint::black_box(verify(plain, &self.decoy));
    }

    fn check_at(&self, user: i64, encoded: &str, plain: &str, now: Instant) -> bool {
        let Some(stored) = Stored::read(encoded) else {
            self.burn(plain);
            return false;
        };
        let digest = self.digest(user, encoded, plain);
        if self.knows(&digest, now) {
            return true;
        }
        let _turn = self.turn();
        // A page opens eight requests at once: the first did the work while the others waited here.
        if self.knows(&digest, now) {
            return true;
        }
        let right = stored.matches(plain);
        if right {
            self.remember(digest, now);
        }
        right
    }

    fn digest(&self, user: i64, encoded: &str, plain: &str) -> [u8; 32] {
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&self.key.into());
        mac.update(&user.to_be_bytes());
        mac.update(encoded.as_bytes());
        mac.update(&[0]); // the stored form has no NUL in it: where it ends is beyond doubt
        mac.update(plain.as_bytes());
        mac.finalize().into_bytes().into()
    }

    fn knows(&self, digest: &[u8; 32], now: Instant) -> bool {
        lock(&self.known).get(digest).is_some_and(|until| now < *until)
    }

    fn remember(&self, digest: [u8; 32], now: Instant) {
        let mut known = lock(&self.known);
        if known.len() >= MOST_REMEMBERED {
            known.retain(|_, until| now < *until);
        }
        if known.len() >= MOST_REMEMBERED {
            let oldest = known.iter().min_by_key(|(_, until)| **until).map(|(digest, _)| *digest);
            oldest.and_then(|digest| known.remove(&digest));
        }
        known.insert(digest, now + REMEMBERED);
    }

    fn turn(&self) -> Turn<'_> {
        let running = lock(&self.running);
        let mut running = self.freed.wait_while(running, |running| *running >= AT_ONCE).unwrap_or_else(PoisonError::into_inner);
        *running += 1;
        Turn(self)
    }
}

/// The right to count rounds; given back when it goes, also in a panic.
struct Turn<'a>(&'a Verifier);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *lock(&self.0.running) -= 1;
        self.0.freed.notify_one();
    }
}

/// What these locks guard is right after every single step, so a panic of another thread spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    // From Python: base64(hashlib.pbkdf2_hmac("sha256", password, salt, iterations)).
    const HORSE: &str = "pbkdf2_sha256$1000$saltSALTsaltSALTsalt22$nI2EltMIoEmuW4RDrlSezPytZqkPhYbfJSkZ9E4/f/o=";
    const UMLAUT: &str = "pbkdf2_sha256$600000$NaCl$ihbddVKA5Da+mZCC6cs+rrCmkjvWyWBwemqs9FVj52Q=";

    #[test]
    fn known_vectors() {
        assert_eq!(encode("correct horse", "saltSALTsaltSALTsalt22", 1000), HORSE);
        assert!(verify("correct horse", HORSE));
        assert!(!verify("correct horse ", HORSE));
        assert!(verify("pässwörd", UMLAUT));
    }

    #[test]
    fn a_new_hash_has_the_format_and_matches() {
        let encoded = hash("Wrench-41-blue");
        let parts: Vec<&str> = encoded.split('$').collect();
        assert_eq!(parts[..2], ["pbkdf2_sha256", "600000"]);
        assert_eq!((parts[2].len(), parts[3].len(), parts.len()), (22, 44, 4));
        assert!(parts[2].chars().all(|c| c.is_ascii_alphanumeric()));
        assert!(usable(&encoded) && verify("Wrench-41-blue", &encoded) && !verify("", &encoded));
    }

    #[test]
    fn what_is_no_hash_matches_nothing() {
        let none = unusable();
        assert!(none.len() == 41 && none.starts_with('!') && none[1..].chars().all(|c| c.is_ascii_alphanumeric()));
        assert_ne!(none, unusable());
        let key = "nI2EltMIoEmuW4RDrlSezPytZqkPhYbfJSkZ9E4/f/o=";
        let wrong = [
            none,
            String::new(),
            "!".into(),
            "correct horse".into(),
            HORSE.replace("pbkdf2_sha256", "md5"),
            HORSE.replace("$1000$", "$0$"),
            HORSE.replace("$1000$", "$-1$"),
            HORSE.replace("$1000$", "$10000001$"),
            HORSE.replace("$1000$", "$99999999999999$"),
            format!("{HORSE}$"),
            format!("!{HORSE}"),
            format!("pbkdf2_sha256$1000$${key}"),
            HORSE.replace(key, ""),
            HORSE.replace(key, "nI2E"),
            HORSE.replace(key, "not base64"),
        ];
        for encoded in wrong {
            assert!(!verify("correct horse", &encoded) && !verify("", &encoded) && !usable(&encoded), "{encoded}");
        }
    }

    #[test]
    fn random_text_is_as_long_as_asked() {
        for length in [0, 1, 22, 40, 500] {
            assert_eq!(random_text(length).len(), length);
        }
        assert_ne!(random_text(22), random_text(22));
    }

    #[test]
    fn likeness_agrees_with_python() {
        // difflib.SequenceMatcher(a=…, b=…).quick_ratio()
        let cases = [
            ("abcd", "bcde", 0.75),
            ("", "", 1.0),
            ("a", "", 0.0),
            ("aaaa", "aa", 4.0 / 6.0),
            ("hello world", "dlrow olleh", 1.0),
            ("ünïcode", "unicode", 10.0 / 14.0),
        ];
        for (left, right, expected) in cases {
            assert!((likeness(left, right) - expected).abs() < 1e-12, "{left} {right}");
        }
    }

    #[test]
    fn each_rule_has_its_sentence() {
        let starts = |plain: &str, attributes: &[&str]| -> Vec<String> {
            let texts = weaknesses(plain, attributes);
            texts.iter().map(|text| text.split([':', ' ']).take(2).collect::<Vec<_>>().join(" ")).collect()
        };
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("Wrench-41-blue", &["anna", "Anna", "Berg", "anna.berg@example.org"], &[]),
            ("kq7-Zp", &[], &["Too short"]),
            ("ÄÖÜäöü€%", &[], &[]), // characters count, not bytes
            ("8302947156", &[], &["Only digits"]),
            ("12345678", &[], &["Too well", "Only digits"]),
            ("1234", &[], &["Too short", "Only digits"]),
            (" PassWord1 ", &[], &["Too well"]),
            ("annaberg9", &["x", "anna.berg@example.org"], &[]), // 0.53 against the whole address, less for its words
            ("anna.berg@example", &["anna.berg@example.org"], &["Too much"]),
            ("Storekeeper!", &["storekeeper"], &["Too much"]),
            ("repeekerots", &["storekeeper"], &["Too much"]),
            ("example.org", &["", "anna.berg@example.org"], &["Too much"]),
            ("examples", &["anna.berg@example.org"], &["Too much"]),
            ("jo-hammer-jo", &["jo"], &[]),
            ("", &["", "x"], &["Too short"]),
        ];
        for (plain, attributes, expected) in cases {
            assert_eq!(starts(plain, attributes), *expected, "{plain}");
        }
    }

    #[test]
    fn the_list_of_common_passwords_can_be_searched() {
        let list: Vec<&str> = include_str!("../../assets/common-passwords.txt").lines().collect();
        assert!(list.len() >= 1500, "{}", list.len());
        assert!(list.windows(2).all(|pair| pair[0] < pair[1]), "sorted bytewise, none twice");
        for line in &list {
            assert!(line.len() >= SHORTEST && line.to_lowercase() == **line && line.trim() == *line, "{line}");
        }
        for known in ["password1", "qwertyuiop", "iloveyou1", "1q2w3e4r", "football1", list[0], list[list.len() - 1]] {
            assert!(is_common(known), "{known}");
        }
        assert!(!is_common("wrench-41-blue") && !is_common(""));
    }

    #[test]
    fn known_credentials_cost_nothing_until_they_end() {
        let verifier = Verifier::new();
        let start = Instant::now();
        assert!(verifier.check_at(1, HORSE, "correct horse", start));
        let digest = verifier.digest(1, HORSE, "correct horse");
        assert!(verifier.knows(&digest, start + REMEMBERED - Duration::from_millis(1)));
        assert!(!verifier.knows(&digest, start + REMEMBERED));
        let others = [
            verifier.digest(2, HORSE, "correct horse"),
            verifier.digest(1, UMLAUT, "correct horse"),
            verifier.digest(1, HORSE, "correct horse1"),
            Verifier::new().digest(1, HORSE, "correct horse"),
        ];
        assert!(others.iter().all(|other| !verifier.knows(other, start)));
        assert!(!verifier.check(1, HORSE, "wrong"));
        assert_eq!(lock(&verifier.known).len(), 1, "wrong ones are not kept");
        let changed = encode("correct horse", "another", 1000);
        assert!(!verifier.knows(&verifier.digest(1, &changed, "correct horse"), start));
    }

    #[test]
    fn few_are_remembered_and_the_oldest_go_first() {
        let verifier = Verifier::new();
        let start = Instant::now();
        let digest = |user| verifier.digest(user, HORSE, "correct horse");
        for (second, user) in (0..300).enumerate() {
            verifier.remember(digest(user), start + Duration::from_millis(u64::try_from(second).unwrap()));
        }
        assert_eq!(lock(&verifier.known).len(), MOST_REMEMBERED);
        assert!(!verifier.knows(&digest(43), start) && verifier.knows(&digest(44), start));
        verifier.remember(digest(1000), start + Duration::from_secs(3600));
        assert_eq!(lock(&verifier.known).len(), 1, "what has ended makes room first");
    }

    #[test]
    fn two_at_once_and_the_turn_comes_back() {
        let verifier = Verifier::new();
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let _turn = verifier.turn();
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(5));
                    now.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        assert!(most.load(Ordering::SeqCst) <= AT_ONCE);
        assert_eq!(*lock(&verifier.running), 0);
    }

    #[test]
    fn an_account_without_a_password_takes_as_long_as_an_unknown_name() {
        let verifier = Verifier::new();
        let took = |run: &dyn Fn()| {
            let start = Instant::now();
            run();
            start.elapsed()
        };
        let burnt = took(&|| verifier.burn("guess"));
        let unusable = took(&|| assert!(!verifier.check(1, &unusable(), "guess")));
        assert!(unusable * 5 > burnt && burnt > Duration::from_millis(5), "{burnt:?} {unusable:?}");
        assert!(lock(&verifier.known).is_empty());
    }
}
