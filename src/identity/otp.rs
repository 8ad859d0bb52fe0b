//! One-time codes: those of authenticator apps (RFC 6238: SHA-1, 6 digits, 30 seconds) and recovery codes. No user and no SQL in here.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

use crate::error::{Error, Result};

/// Seconds for which a code of an app stands.
const STEP: i64 = 30;
/// Steps by which a clock may be wrong, either way.
const SKEW: i64 = 1;
/// Recovery codes of an account.
pub const RECOVERY_CODES: u32 = 10;
/// Digits of a recovery code.
const RECOVERY_DIGITS: usize = 8;

/// HMAC, cut down to so many digits (RFC 4226, section 5.3).
fn digits(key: &[u8], counter: u64, digits: usize) -> Result<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).map_err(|e| Error::Internal(e.to_string()))?;
    mac.update(&counter.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash.last().copied().unwrap_or(0) & 15);
    let four = hash.get(offset..offset + 4).and_then(|b| <[u8; 4]>::try_from(b).ok()).unwrap_or_default();
    let number = u32::from_be_bytes(four) & 0x7fff_ffff;
    let all = format!("{number:010}");
    Ok(all.get(all.len() - digits..).unwrap_or_default().to_string())
}

/// The step at which an app shows this code, if that is now or next to it and after `last`, the step that was used before.
///
/// # Errors
/// None in practice: HMAC takes keys of any length.
pub fn step_of(secret: &[u8], code: &str, now_ms: i64, last: i64) -> Result<Option<i64>> {
    let (now, code) = (now_ms.div_euclid(STEP * 1000), plain(code));
    let mut found = None;
    for step in (now - SKEW)..=(now + SKEW) {
        let right = digits(secret, u64::try_from(step).unwrap_or(0), 6)?;
        if step > last && bool::from(right.as_bytes().ct_eq(code.as_bytes())) {
            found = found.or(Some(step));
        }
    }
    Ok(found)
}

/// The code that an app shows at a moment; for tests.
///
/// # Errors
/// See [`step_of`].
pub fn code_at(secret: &[u8], now_ms: i64) -> Result<String> {
    digits(secret, u64::try_from(now_ms.div_euclid(STEP * 1000)).unwrap_or(0), 6)
}

/// The recovery codes that a seed stands for.
///
/// # Errors
/// See [`step_of`].
pub fn recovery_codes(seed: &[u8]) -> Result<Vec<String>> {
    (0..RECOVERY_CODES).map(|i| digits(seed, u64::from(i), RECOVERY_DIGITS)).collect()
}

/// The number of the recovery code that this is; all are compared, whichever fits.
///
/// # Errors
/// See [`step_of`].
pub fn recovery_index(seed: &[u8], code: &str) -> Result<Option<u32>> {
    let code = plain(code);
    let mut found = None;
    for (i, right) in (0..).zip(recovery_codes(seed)?) {
        if bool::from(right.as_bytes().ct_eq(code.as_bytes())) {
            found = Some(i);
        }
    }
    Ok(found)
}

/// A code as it is meant: people write it with blanks and hyphens.
fn plain(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect()
}

/// Base32 (RFC 4648) without padding, as authenticator apps take secrets.
pub fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut out = String::new();
    for chunk in bytes.chunks(5) {
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().skip(3).zip(chunk) {
            *to = *from;
        }
        let bits = u64::from_be_bytes(word);
        for i in 0..(chunk.len() * 8).div_ceil(5) {
            let place = usize::try_from(bits >> (35 - 5 * i) & 31).unwrap_or(0);
            out.push(char::from(LETTERS.get(place).copied().unwrap_or(b'A')));
        }
    }
    out
}

/// The `otpauth` address that an app reads from a QR code.
pub fn url(issuer: &str, name: &str, secret: &[u8]) -> String {
    // The label of such an address takes %20, not +.
    let escape = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    let (issuer, name) = (escape(issuer), escape(name));
    format!("otpauth://totp/{issuer}:{name}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period=30", base32(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, the last six of the eight digits there.
    #[test]
    fn the_codes_of_the_standard() {
        let key = b"12345678901234567890";
        for (second, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (2_000_000_000, "279037")] {
            assert_eq!(code_at(key, second * 1000).unwrap(), code);
            assert_eq!(step_of(key, code, second * 1000, 0).unwrap(), Some(second / 30));
        }
    }

    #[test]
    fn a_code_stands_a_step_longer_and_never_twice() {
        let (key, now) = (b"12345678901234567890", 1_111_111_109_000);
        let step = now / 30_000;
        assert_eq!(step_of(key, " 081 804", now + 30_000, 0).unwrap(), Some(step));
        assert_eq!(step_of(key, "081804", now - 30_000, 0).unwrap(), Some(step));
        assert_eq!(step_of(key, "081804", now + 60_000, 0).unwrap(), None);
        assert_eq!(step_of(key, "081804", now, step).unwrap(), None, "used before");
        for wrong in ["", "81804", "081805", "0818040", "abcdef"] {
            assert_eq!(step_of(key, wrong, now, 0).unwrap(), None);
        }
    }

    #[test]
    fn base32_is_that_of_the_standard() {
        for (plain, text) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB")] {
            assert_eq!(base32(plain.as_bytes()), text);
        }
        let shown = url("My shop", "a&b", b"12345678901234567890");
        assert!(shown.starts_with("otpauth://totp/My%20shop:a%26b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=My%20shop&"));
    }

    #[test]
    fn recovery_codes_follow_from_their_seed() {
        let codes = recovery_codes(b"seed").unwrap();
        assert_eq!(codes.len(), 10);
        assert!(codes.iter().all(|c| c.len() == 8));
        assert_eq!(recovery_index(b"seed", &codes[4]).unwrap(), Some(4));
        assert_eq!(recovery_index(b"other", &codes[4]).unwrap(), None);
    }
}
