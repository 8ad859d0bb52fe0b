//! Secrets that the server must be able to read again lie sealed in the database, under a key derived from the secret key file:
//! a copy of the database alone reveals none.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};

use super::token::{keyed, random};
use crate::error::{Error, Result};
use crate::site::Secret;

/// Bytes of the nonce, which stands before the sealed text.
const NONCE: usize = 12;

fn cipher(secret: &Secret, purpose: &str) -> Result<ChaCha20Poly1305> {
    ChaCha20Poly1305::new_from_slice(&keyed(secret, "seal", &[purpose.as_bytes()])?).map_err(|e| Error::Internal(e.to_string()))
}

/// Seals some bytes for a purpose and a user: nothing sealed for another opens in their place.
///
/// # Errors
/// The system has no random numbers.
pub fn seal(secret: &Secret, purpose: &str, user: i64, plain: &[u8]) -> Result<Vec<u8>> {
    let nonce: [u8; NONCE] = random()?;
    let payload = Payload { msg: plain, aad: &user.to_be_bytes() };
    let sealed = cipher(secret, purpose)?.encrypt(&nonce.into(), payload).map_err(|e| Error::Internal(e.to_string()))?;
    Ok([&nonce[..], &sealed].concat())
}

/// Opens what [`seal`] sealed; `None` if it is damaged, or of another purpose, user or data folder.
///
/// # Errors
/// None in practice: the key has the right length.
pub fn open(secret: &Secret, purpose: &str, user: i64, sealed: &[u8]) -> Result<Option<Vec<u8>>> {
    let Some((nonce, text)) = sealed.split_at_checked(NONCE) else { return Ok(None) };
    let Ok(nonce) = <[u8; NONCE]>::try_from(nonce) else { return Ok(None) };
    Ok(cipher(secret, purpose)?.decrypt(&nonce.into(), Payload { msg: text, aad: &user.to_be_bytes() }).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_purpose_and_user_open_it() {
        let key = Secret([3; 32]);
        let sealed = seal(&key, "totp", 7, b"hidden").unwrap();
        assert_eq!(open(&key, "totp", 7, &sealed).unwrap().as_deref(), Some(&b"hidden"[..]));
        assert!(!sealed.windows(6).any(|w| w == b"hidden"));
        assert_ne!(seal(&key, "totp", 7, b"hidden").unwrap(), sealed, "never twice the same");
        for (key, purpose, user) in [(&Secret([4; 32]), "totp", 7), (&key, "codes", 7), (&key, "totp", 8)] {
            assert_eq!(open(key, purpose, user, &sealed).unwrap(), None);
        }
        assert_eq!(open(&key, "totp", 7, &sealed[1..]).unwrap(), None);
        assert_eq!(open(&key, "totp", 7, b"short").unwrap(), None);
    }
}
