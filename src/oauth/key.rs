//! The key that signs identity tokens: RSA with 2048 bits, made when it is first needed, kept sealed.

use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use rsa::pkcs1v15::SigningKey;
use rsa::rand_core::UnwrapErr;
use rsa::signature::{SignatureEncoding, Signer};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BoxedUint, RsaPrivateKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::told;
use crate::db;
use crate::engine::call::{Call, Reply};
use crate::error::{Error, Result};
use crate::identity::seal;

/// Bits of the key.
const SIZE: usize = 2048;
/// Bytes of each of its primes.
const PRIME: usize = SIZE / 16;

fn failed(e: impl std::fmt::Display) -> Error {
    Error::Internal(format!("the signing key: {e}"))
}

/// The key of a running server, once it was read or made.
#[derive(Default)]
pub struct Keeper(Mutex<Option<RsaPrivateKey>>);

/// The key; made now, if there is none. Making one takes seconds, so whoever asks meanwhile waits for the same.
fn key(call: &Call) -> Result<RsaPrivateKey> {
    let mut keeper = call.site.signing.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(key) = &*keeper {
        return Ok(key.clone());
    }
    let kept: Option<Vec<u8>> = db::one(&*call.db().read()?, "SELECT sealed FROM oauth_key WHERE id = 1", [])?;
    let key = match kept {
        Some(sealed) => unsealed(call, &sealed)?,
        None => {
            let made = RsaPrivateKey::new(&mut UnwrapErr(getrandom::SysRng), SIZE).map_err(failed)?;
            let primes: Vec<u8> = made.primes().iter().flat_map(|prime| bytes(prime, PRIME)).collect();
            let sealed = seal::seal(&call.site.secret, "oauth key", 0, &primes)?;
            call.write(move |tx, _| db::run(tx, "INSERT INTO oauth_key (id, sealed) VALUES (1, ?1)", [sealed]))?;
            made
        }
    };
    Ok(keeper.insert(key).clone())
}

fn unsealed(call: &Call, sealed: &[u8]) -> Result<RsaPrivateKey> {
    let primes =
        seal::open(&call.site.secret, "oauth key", 0, sealed)?.ok_or_else(|| failed("it was sealed under another secret key file"))?;
    let (p, q) = primes.split_at_checked(PRIME).ok_or_else(|| failed("it is damaged"))?;
    let number = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, u32::try_from(PRIME * 8).unwrap_or(0)).map_err(|_| failed("it is damaged"));
    RsaPrivateKey::from_p_q(number(p)?, number(q)?, BoxedUint::from(65_537_u32)).map_err(failed)
}

/// The last so many bytes of a number.
fn bytes(number: &BoxedUint, length: usize) -> Vec<u8> {
    let all = number.to_be_bytes();
    all.get(all.len().saturating_sub(length)..).unwrap_or_default().to_vec()
}

/// The public half as a JSON Web Key (RFC 7517); its name is the thumbprint of RFC 7638.
fn public(key: &RsaPrivateKey) -> Value {
    let (n, e) = (BASE64.encode(bytes(key.n().as_ref(), SIZE / 8)), BASE64.encode([1, 0, 1]));
    let print = BASE64.encode(Sha256::digest(format!("{{\"e\":\"{e}\",\"kty\":\"RSA\",\"n\":\"{n}\"}}").as_bytes()));
    json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": print, "n": n, "e": e})
}

/// `.well-known/jwks.json`
///
/// # Errors
/// The key cannot be read or made.
pub fn published(call: &Call) -> Result<Reply> {
    Ok(told(200, &json!({"keys": [public(&key(call)?)]})))
}

/// Signs claims: a JSON Web Token with RS256.
///
/// # Errors
/// The key cannot be read or made.
pub fn sign(call: &Call, claims: &Value) -> Result<String> {
    let key = key(call)?;
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": public(&key)["kid"]});
    let text = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
    let signature = SigningKey::<Sha256>::new(key).try_sign(text.as_bytes()).map_err(failed)?;
    Ok(format!("{text}.{}", BASE64.encode(signature.to_bytes())))
}
