//! What passkeys sign, and how that is checked (WebAuthn level 3, sections 7.1 and 7.2). No user and no SQL in here.
//!
//! Statements about a passkey's make (attestation) are not asked for; one that comes nevertheless is not looked at, and nobody is
//! trusted more for it: whoever registers has just proven who it is by other means.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use minicbor::Decoder;
use minicbor::data::Type;
use p256::elliptic_curve::point::AffineCoordinates;
use rsa::BoxedUint;
use rsa::signature::Verifier;
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Base64 as WebAuthn writes it; padding is not sent, but borne.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// Bytes as WebAuthn writes them.
pub fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// Bytes of a credential's name at most (section 4).
const LONGEST_ID: usize = 1023;
/// Bytes of each part of an answer at most; the largest real ones, of keys whose makers sign them, have a few thousand.
const LONGEST_PART: usize = 32 * 1024;
/// Bytes of RSA keys, least and most.
const RSA_SIZES: std::ops::RangeInclusive<usize> = 256..=512;

/// Somebody was there and touched it.
const PRESENT: u8 = 1;
/// It made sure who, by a PIN or a finger.
const VERIFIED: u8 = 1 << 2;
/// It may be copied to other devices, and it was.
const MAY_BE_COPIED: u8 = 1 << 3;
const COPIED: u8 = 1 << 4;
/// A new key follows.
const HAS_KEY: u8 = 1 << 6;
/// Extensions follow.
const HAS_MORE: u8 = 1 << 7;

/// Why an answer is refused; for the log, not for the visitor.
pub struct Refused(pub &'static str);

type Outcome<T> = std::result::Result<T, Refused>;

/// The site for which a passkey answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Where its pages come from: `https://shop.example`.
    pub origin: String,
    /// The name under which passkeys know it: the host alone.
    pub id: String,
}

impl Party {
    /// The site behind an address; a path counts for nothing, nor does a port that goes without saying.
    pub fn of(address: &str) -> Party {
        let address = address.to_ascii_lowercase();
        let (scheme, rest) = address.split_once("://").unwrap_or(("http", &address));
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, port),
            _ => (authority, ""),
        };
        let usual = matches!((scheme, port), (_, "") | ("http", "80") | ("https", "443"));
        let origin = if usual { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{port}") };
        Party { origin, id: host.to_string() }
    }
}

/// What an answer has to fit.
pub struct Expected<'a> {
    /// The random bytes that it was to sign.
    pub challenge: &'a [u8],
    /// For whom.
    pub party: &'a Party,
    /// Must the passkey have made sure who is there?
    pub verified: bool,
}

/// A passkey that was made just now.
pub struct Made {
    /// Its name.
    pub id: Vec<u8>,
    /// Its public key, as it came (COSE).
    pub key: Vec<u8>,
    /// How often it has signed; 0 if it does not count.
    pub count: u32,
    /// Did it make sure who is there?
    pub verified: bool,
    /// Can it be found without its name? Only the browser knows, and may keep it to itself.
    pub discoverable: Option<bool>,
}

/// The algorithms that new passkeys may use, the best liked first.
pub fn algorithms() -> Value {
    [ES256, EDDSA, RS256].into_iter().map(|alg| json!({"type": "public-key", "alg": alg})).collect()
}

/// Bytes of a field, which are sent as Base64.
fn bytes(answer: &Value, field: &str) -> Outcome<Vec<u8>> {
    let text = answer[field].as_str().ok_or(Refused("a part is missing"))?;
    if text.len() > LONGEST_PART {
        return Err(Refused("a part is too long"));
    }
    BASE64.decode(text).map_err(|_| Refused("a part is no Base64"))
}

/// The name of the credential that answers.
fn name(credential: &Value) -> Outcome<Vec<u8>> {
    if credential["type"] != "public-key" {
        return Err(Refused("it is no public key"));
    }
    let (id, raw) = (bytes(credential, "id")?, bytes(credential, "rawId")?);
    if id == raw && !id.is_empty() && id.len() <= LONGEST_ID { Ok(id) } else { Err(Refused("its name is none")) }
}

impl Expected<'_> {
    /// What the browser says it was asked, by whom, and for what.
    fn client(&self, kind: &str, said: &[u8]) -> Outcome<()> {
        let said: Value = serde_json::from_slice(said).map_err(|_| Refused("the browser's part is no JSON"))?;
        let challenge = bytes(&said, "challenge")?;
        if said["type"] != kind {
            return Err(Refused("it answers another kind of question"));
        }
        if !bool::from(challenge.ct_eq(self.challenge)) {
            return Err(Refused("it answers another challenge"));
        }
        if said["origin"] != *self.party.origin {
            return Err(Refused("it was given to another site"));
        }
        // Our pages are in nobody's frame.
        if said["crossOrigin"] == true || said.get("topOrigin").is_some() {
            return Err(Refused("it was given inside a page of another site"));
        }
        Ok(())
    }

    /// What the passkey says: flags, counter, and the rest.
    fn authenticator<'a>(&self, said: &'a [u8]) -> Outcome<(u8, u32, &'a [u8])> {
        const SHORT: Refused = Refused("the passkey's part is too short");
        let (site, rest) = said.split_at_checked(32).ok_or(SHORT)?;
        let (&flags, rest) = rest.split_first().ok_or(SHORT)?;
        let (count, rest) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
        if site != Sha256::digest(self.party.id.as_bytes()).as_slice() {
            return Err(Refused("the passkey meant another site"));
        }
        if flags & PRESENT == 0 {
            return Err(Refused("nobody was there"));
        }
        if self.verified && flags & VERIFIED == 0 {
            return Err(Refused("the passkey did not make sure who was there"));
        }
        if flags & COPIED != 0 && flags & MAY_BE_COPIED == 0 {
            return Err(Refused("its flags contradict each other"));
        }
        Ok((flags, u32::from_be_bytes(*count), rest))
    }

    /// A passkey that the browser made.
    ///
    /// # Errors
    /// It does not fit, or its key is none that can be checked.
    pub fn made(&self, credential: &Value) -> Outcome<Made> {
        let (id, answer) = (name(credential)?, &credential["response"]);
        self.client("webauthn.create", &bytes(answer, "clientDataJSON")?)?;
        let object = bytes(answer, "attestationObject")?;
        let (flags, count, rest) = self.authenticator(said(&object).map_err(|_| Refused("the passkey's part is damaged"))?)?;
        if flags & HAS_KEY == 0 {
            return Err(Refused("there is no key in it"));
        }
        // 16 bytes tell the model, which is nobody's business here.
        let (length, rest) = rest.get(16..).and_then(<[u8]>::split_first_chunk::<2>).ok_or(Refused("the key is missing"))?;
        let (named, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(Refused("the key is missing"))?;
        if named != id {
            return Err(Refused("browser and passkey name it differently"));
        }
        let mut decoder = Decoder::new(rest);
        Key::read(&mut decoder)?;
        let key = rest.get(..decoder.position()).unwrap_or_default().to_vec();
        if flags & HAS_MORE != 0 && (!matches!(decoder.datatype(), Ok(Type::Map)) || decoder.skip().is_err()) {
            return Err(Refused("the extensions are damaged"));
        }
        if decoder.position() != rest.len() {
            return Err(Refused("something follows that should not"));
        }
        let discoverable = credential["clientExtensionResults"]["credProps"]["rk"].as_bool();
        Ok(Made { id, key, count, verified: flags & VERIFIED != 0, discoverable })
    }
}

/// The passkey's own part of what it says when it is made.
fn said(object: &[u8]) -> std::result::Result<&[u8], minicbor::decode::Error> {
    let mut decoder = Decoder::new(object);
    let mut found: &[u8] = &[];
    for _ in 0..decoder.map()?.unwrap_or(0) {
        match decoder.str()? {
            "authData" => found = decoder.bytes()?,
            _ => decoder.skip()?,
        }
    }
    Ok(found)
}

/// An answer by which somebody wants to be let in.
pub struct Answer {
    /// The name of the passkey that gave it.
    pub id: Vec<u8>,
    /// Whose it says it is; passkeys that were found by their name may leave it out.
    pub handle: Option<Vec<u8>>,
    client: Vec<u8>,
    data: Vec<u8>,
    signature: Vec<u8>,
}

impl Answer {
    /// Takes an answer apart.
    ///
    /// # Errors
    /// Something is missing or no Base64.
    pub fn read(credential: &Value) -> Outcome<Answer> {
        let answer = &credential["response"];
        Ok(Answer {
            id: name(credential)?,
            handle: if answer["userHandle"].is_null() { None } else { Some(bytes(answer, "userHandle")?) },
            client: bytes(answer, "clientDataJSON")?,
            data: bytes(answer, "authenticatorData")?,
            signature: bytes(answer, "signature")?,
        })
    }

    /// Checks it with the key that was registered; tells the passkey's counter.
    ///
    /// # Errors
    /// It does not fit.
    pub fn check(&self, key: &[u8], expected: &Expected<'_>) -> Outcome<u32> {
        expected.client("webauthn.get", &self.client)?;
        let (_, count, _) = expected.authenticator(&self.data)?;
        let signed = [&self.data[..], &Sha256::digest(&self.client)].concat();
        if Key::read(&mut Decoder::new(key))?.signed(&signed, &self.signature) { Ok(count) } else { Err(Refused("the signature is wrong")) }
    }
}

/// Numbers of algorithms (IANA's COSE registry).
const ES256: i64 = -7;
const EDDSA: i64 = -8;
const RS256: i64 = -257;

/// A public key by which signatures are checked.
enum Key {
    Es256(p256::ecdsa::VerifyingKey),
    EdDsa(ed25519_compact::PublicKey),
    Rs256(rsa::pkcs1v15::VerifyingKey<Sha256>),
}

/// What a COSE key says (RFC 9052, 9053 and 8230), before it is understood.
#[derive(Default)]
struct Parts<'a> {
    family: i64,
    algorithm: i64,
    curve: i64,
    /// By their labels, -1 to -3: of RSA modulus and exponent, of the others the curve's name (a number), x and y.
    parts: [&'a [u8]; 3],
}

impl<'a> Parts<'a> {
    fn read(decoder: &mut Decoder<'a>) -> std::result::Result<Parts<'a>, minicbor::decode::Error> {
        let mut found = Parts::default();
        for _ in 0..decoder.map()?.unwrap_or(0) {
            match (decoder.i64()?, decoder.datatype()?) {
                (1, _) => found.family = decoder.i64()?,
                (3, _) => found.algorithm = decoder.i64()?,
                (-1, kind) if kind != Type::Bytes => found.curve = decoder.i64()?,
                (label @ -3..=-1, Type::Bytes) => {
                    if let Some(place) = usize::try_from(-1 - label).ok().and_then(|at| found.parts.get_mut(at)) {
                        *place = decoder.bytes()?;
                    }
                }
                _ => decoder.skip()?,
            }
        }
        Ok(found)
    }
}

impl Key {
    fn read(decoder: &mut Decoder<'_>) -> Outcome<Key> {
        let Parts { family, algorithm, curve, parts: [first, x, y] } = Parts::read(decoder).map_err(|_| Refused("the key is damaged"))?;
        match (family, algorithm, curve) {
            (2, ES256, 1) => p256_key(x, y).map(Key::Es256),
            (1, EDDSA, 6) => ed25519_compact::PublicKey::from_slice(x).ok().map(Key::EdDsa),
            (3, RS256, 0) => rsa_key(first, x).map(|key| Key::Rs256(rsa::pkcs1v15::VerifyingKey::new(key))),
            _ => None,
        }
        .ok_or(Refused("the key is of a kind that cannot be checked"))
    }

    fn signed(&self, text: &[u8], signature: &[u8]) -> bool {
        match self {
            Key::Es256(key) => p256::ecdsa::Signature::from_der(signature).is_ok_and(|s| key.verify(text, &s).is_ok()),
            // It takes no key of small order, with which one signature would fit many texts.
            Key::EdDsa(key) => ed25519_compact::Signature::from_slice(signature).is_ok_and(|s| key.verify(text, &s).is_ok()),
            Key::Rs256(key) => rsa::pkcs1v15::Signature::try_from(signature).is_ok_and(|s| key.verify(text, &s).is_ok()),
        }
    }
}

/// The key at these coordinates, if they are a point of the curve. (Reading it as SEC 1 would bring compressed points along.)
fn p256_key(x: &[u8], y: &[u8]) -> Option<p256::ecdsa::VerifyingKey> {
    let (x, y) = (p256::FieldBytes::try_from(x).ok()?, p256::FieldBytes::try_from(y).ok()?);
    let point = p256::AffinePoint::from_coordinates(&x, &y).into_option()?;
    p256::ecdsa::VerifyingKey::from_affine(point).ok()
}

fn rsa_key(modulus: &[u8], exponent: &[u8]) -> Option<rsa::RsaPublicKey> {
    let number = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, u32::try_from(bytes.len() * 8).ok()?).ok();
    if !RSA_SIZES.contains(&modulus.len()) || exponent.is_empty() || exponent.len() > 4 {
        return None;
    }
    let key = rsa::RsaPublicKey::new(number(modulus)?, number(exponent)?).ok()?;
    RSA_SIZES.contains(&key.size()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_its_scheme_host_and_port() {
        for (address, origin, id) in [
            ("http://localhost:8131", "http://localhost:8131", "localhost"),
            ("https://Shop.Example/inventory/", "https://shop.example", "shop.example"),
            ("https://shop.example:443", "https://shop.example", "shop.example"),
            ("http://shop.example:443/", "http://shop.example:443", "shop.example"),
            ("http://[::1]:8000", "http://[::1]:8000", "[::1]"),
            ("http://[::1]", "http://[::1]", "[::1]"),
        ] {
            assert_eq!(Party::of(address), Party { origin: origin.into(), id: id.into() });
        }
    }

    #[test]
    fn keys_of_other_kinds_and_damaged_ones_are_refused() {
        let wrong = |bytes: &[u8]| assert!(Key::read(&mut Decoder::new(bytes)).is_err(), "{bytes:?}");
        wrong(&[]);
        wrong(&[0xa0]);
        wrong(b"\xa3\x01\x02\x03\x26\x20\x01");
        // A point that is on no curve.
        wrong(&[&b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20"[..], &[7; 32], b"\x22\x58\x20", &[9; 32]].concat());
        // An RSA key of 512 bits, and one whose exponent is 1.
        wrong(&[&b"\xa4\x01\x03\x03\x39\x01\x00\x20\x58\x40"[..], &[255; 64], b"\x21\x43\x01\x00\x01"].concat());
        wrong(&[&b"\xa4\x01\x03\x03\x39\x01\x00\x20\x59\x01\x00"[..], &[255; 256], b"\x21\x41\x01"].concat());
        // An even modulus, and one that is 0.
        wrong(&[&b"\xa4\x01\x03\x03\x39\x01\x00\x20\x59\x01\x00"[..], &[254; 256], b"\x21\x43\x01\x00\x01"].concat());
        wrong(&[&b"\xa4\x01\x03\x03\x39\x01\x00\x20\x59\x01\x00"[..], &[0; 256], b"\x21\x43\x01\x00\x01"].concat());
        // The neutral element of Ed25519, for which any signature would do.
        let neutral: Vec<u8> = std::iter::once(1).chain([0; 31]).collect();
        let key = [&b"\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20"[..], &neutral].concat();
        let signed =
            |key: &[u8]| Key::read(&mut Decoder::new(key)).is_ok_and(|key| key.signed(b"text", &[neutral.clone(), vec![0; 32]].concat()));
        assert!(!signed(&key));
        // Deep nesting costs nothing.
        wrong(&[&[0xa1, 0x04][..], &[0x81; 20_000]].concat());
    }
}
