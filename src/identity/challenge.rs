//! Questions that passkeys are asked, until they are answered: random, once each, for a few minutes. They are kept in memory, so that a
//! visitor who only looks at the login page writes nothing to disk; a restart forgets them, and the page asks again.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::passkey::{Expected, Party};
use super::token::{digest, random};
use crate::engine::moment::Moment;
use crate::error::Result;

/// How long an answer may take, in milliseconds; as long as browsers wait for a PIN.
const LIFE: i64 = 5 * 60 * 1000;
/// Questions kept, some 200 bytes each; past that the oldest go. Whoever wants to push out a visitor's has to ask for as many in the
/// seconds in which that visitor answers; the password is not concerned.
const MOST: usize = 10_000;

/// What an answer is for. One for the one is none for the other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A new passkey.
    Register,
    /// A login by a passkey alone.
    Login,
    /// The second step of a login.
    Second,
    /// A new proof of identity in a session.
    Prove,
}

/// A question that is open.
#[derive(Clone)]
pub struct Open {
    /// What is to be signed.
    pub challenge: [u8; 32],
    /// For which site; settled when it was asked, whatever name the answer's request goes to.
    pub party: Party,
    /// Must the passkey make sure who is there?
    pub verified: bool,
    until: Moment,
}

impl Open {
    /// What the answer has to fit.
    pub fn expected(&self) -> Expected<'_> {
        Expected { challenge: &self.challenge, party: &self.party, verified: self.verified }
    }
}

/// The open questions, the oldest first, each with the digest of the cookie of the browser that was asked.
#[derive(Default)]
pub struct Challenges(Mutex<VecDeque<([u8; 32], Purpose, Open)>>);

impl Challenges {
    /// Asks a browser; what it was asked before for the same purpose counts no more.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn ask(&self, cookie: &str, purpose: Purpose, party: Party, verified: bool, now: Moment) -> Result<Open> {
        let open = Open { challenge: random()?, party, verified, until: now + LIFE };
        let browser = digest(cookie);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(whose, what, old)| old.until > now && (*whose != browser || *what != purpose));
        if all.len() >= MOST {
            all.pop_front();
        }
        all.push_back((browser, purpose, open.clone()));
        Ok(open)
    }

    /// The question that this browser answers now; it is closed by that, whatever the answer is worth.
    pub fn take(&self, cookie: &str, purpose: Purpose, now: Moment) -> Option<Open> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let browser = digest(cookie);
        let place = all.iter().position(|(whose, what, _)| *whose == browser && *what == purpose)?;
        all.remove(place).map(|(_, _, open)| open).filter(|open| open.until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_answered_once_in_time_by_its_browser() {
        let (all, party) = (Challenges::default(), || Party::of("https://shop.test"));
        let ask = || all.ask("a", Purpose::Login, party(), true, 1000).unwrap().challenge;
        let (first, second) = (ask(), ask());
        assert_ne!(first, second);
        assert!(all.take("b", Purpose::Login, 1000).is_none());
        assert!(all.take("a", Purpose::Prove, 1000).is_none());
        assert_eq!(all.take("a", Purpose::Login, 1000 + LIFE - 1).unwrap().challenge, second);
        assert!(all.take("a", Purpose::Login, 1000).is_none(), "once");
        ask();
        assert!(all.take("a", Purpose::Login, 1000 + LIFE).is_none(), "too late");
    }

    #[test]
    fn the_oldest_yield_when_there_are_too_many() {
        let all = Challenges::default();
        for i in 0..=MOST {
            all.ask(&i.to_string(), Purpose::Login, Party::of("http://localhost"), true, 0).unwrap();
        }
        assert_eq!(all.0.lock().unwrap().len(), MOST);
        assert!(all.take("0", Purpose::Login, 0).is_none());
        assert!(all.take(&MOST.to_string(), Purpose::Login, 0).is_some());
    }
}
