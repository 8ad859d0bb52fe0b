//! A passkey made of software: does what a security key and the browser before it do, and, where a test wants it, badly.

use rsa::signature::{SignatureEncoding, Signer as _};
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

use super::ORIGIN;

/// The beginning of something in CBOR: its kind and its number or length.
fn head(kind: u8, number: usize) -> Vec<u8> {
    let [.., high, low] = number.to_be_bytes();
    match number {
        0..24 => vec![kind << 5 | low],
        24..256 => vec![kind << 5 | 24, low],
        _ => vec![kind << 5 | 25, high, low],
    }
}

fn int(number: i64) -> Vec<u8> {
    if number < 0 { head(1, usize::try_from(-1 - number).unwrap()) } else { head(0, usize::try_from(number).unwrap()) }
}

fn bytes(content: &[u8]) -> Vec<u8> {
    [head(2, content.len()), content.to_vec()].concat()
}

fn text(content: &str) -> Vec<u8> {
    [head(3, content.len()), content.as_bytes().to_vec()].concat()
}

fn map(pairs: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<u8> {
    [head(5, pairs.len()), pairs.into_iter().flat_map(|(key, value)| [key, value].concat()).collect()].concat()
}

/// How it signs.
pub enum Signs {
    Es256(p256::ecdsa::SigningKey),
    EdDsa(ed25519_compact::KeyPair),
    Rs256(Box<rsa::pkcs1v15::SigningKey<Sha256>>),
}

/// One passkey and the browser in which it is.
pub struct Passkey {
    pub id: Vec<u8>,
    pub signs: Signs,
    pub count: u32,
    pub flags: u8,
    pub origin: String,
    /// The host that it means.
    pub host: String,
    /// Whose it is; told with every answer.
    pub handle: Option<String>,
    /// What the browser is told besides.
    pub attested: &'static str,
}

/// Somebody was there, and it made sure who.
pub const VERIFIED: u8 = 5;
/// Somebody was there.
pub const PRESENT: u8 = 1;

impl Passkey {
    pub fn new(name: &str) -> Passkey {
        let seed = Sha256::digest(name.as_bytes());
        Passkey::that(name, Signs::Es256(p256::ecdsa::SigningKey::from_slice(&seed).unwrap()))
    }

    pub fn that(name: &str, signs: Signs) -> Passkey {
        Passkey {
            id: format!("credential {name}").into_bytes(),
            signs,
            count: 0,
            flags: VERIFIED,
            origin: ORIGIN.into(),
            host: ORIGIN.split("://").nth(1).unwrap().into(),
            handle: None,
            attested: "none",
        }
    }

    fn key(&self) -> Vec<u8> {
        let common = |family, algorithm| vec![(int(1), int(family)), (int(3), int(algorithm))];
        map(match &self.signs {
            Signs::Es256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let (x, y) = point.as_bytes()[1..].split_at(32);
                [common(2, -7), vec![(int(-1), int(1)), (int(-2), bytes(x)), (int(-3), bytes(y))]].concat()
            }
            Signs::EdDsa(key) => [common(1, -8), vec![(int(-1), int(6)), (int(-2), bytes(key.pk.as_slice()))]].concat(),
            Signs::Rs256(key) => {
                let key: &rsa::RsaPrivateKey = (**key).as_ref();
                let (n, e) = (key.n_bytes(), key.e_bytes());
                [common(3, -257), vec![(int(-1), bytes(&n)), (int(-2), bytes(&e))]].concat()
            }
        })
    }

    fn sign(&self, text: &[u8]) -> Vec<u8> {
        match &self.signs {
            Signs::Es256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(text);
                signature.to_der().as_bytes().to_vec()
            }
            Signs::EdDsa(key) => key.sk.sign(text, None).to_vec(),
            Signs::Rs256(key) => key.sign(text).to_vec(),
        }
    }

    fn client(&self, kind: &str, challenge: &Value) -> Vec<u8> {
        json!({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false}).to_string().into_bytes()
    }

    fn data(&self, more: u8) -> Vec<u8> {
        [Sha256::digest(self.host.as_bytes()).as_slice(), &[self.flags | more], &self.count.to_be_bytes()].concat()
    }

    /// What `navigator.credentials.create` gives for the answer of the server.
    pub fn made(&mut self, options: &Value) -> Value {
        let options = &options["data"]["creation_options"]["publicKey"];
        self.handle = options["user"]["id"].as_str().map(String::from);
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let data = [self.data(0x40), vec![0; 16], length.to_vec(), self.id.clone(), self.key()].concat();
        let statement = match self.attested {
            "none" => map(Vec::new()),
            _ => map(vec![(text("alg"), int(-7)), (text("sig"), bytes(b"whatever"))]),
        };
        let object = map(vec![(text("fmt"), text(self.attested)), (text("attStmt"), statement), (text("authData"), bytes(&data))]);
        let id = BASE64.encode(&self.id);
        json!({
            "id": id, "rawId": id, "type": "public-key",
            "response": {
                "clientDataJSON": BASE64.encode(self.client("webauthn.create", &options["challenge"])),
                "attestationObject": BASE64.encode(object),
                "transports": ["usb"],
            },
            "clientExtensionResults": {"credProps": {"rk": options["authenticatorSelection"]["residentKey"] == "required"}},
        })
    }

    /// What `navigator.credentials.get` gives.
    pub fn answer(&mut self, options: &Value) -> Value {
        self.count += 1;
        self.again(options)
    }

    /// The same, with the counter as it is.
    pub fn again(&self, options: &Value) -> Value {
        let client = self.client("webauthn.get", &options["data"]["request_options"]["publicKey"]["challenge"]);
        let data = self.data(0);
        let signature = self.sign(&[&data[..], &Sha256::digest(&client)].concat());
        let id = BASE64.encode(&self.id);
        json!({
            "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": BASE64.encode(client), "authenticatorData": BASE64.encode(data),
                "signature": BASE64.encode(signature), "userHandle": self.handle,
            },
        })
    }
}
