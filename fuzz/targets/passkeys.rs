//! What passkeys and browsers say of themselves: CBOR inside Base64 inside JSON.
#![no_main]
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stockroom::identity::passkey::{Answer, Expected, Party, base64};

fuzz_target!(|data: &[u8]| {
    let party = Party::of("https://shop.example");
    let challenge = [7; 32];
    let expected = Expected { challenge: &challenge, party: &party, verified: false };
    let Some((&kind, rest)) = data.split_first() else { return };
    if kind % 4 == 0 {
        // The whole credential.
        let Ok(credential) = serde_json::from_slice::<Value>(rest) else { return };
        let _ = expected.made(&credential);
        if let Ok(answer) = Answer::read(&credential) {
            let _ = answer.check(rest, &expected);
        }
        return;
    }
    let client = |what: &str| json!({"type": what, "challenge": base64(&challenge), "origin": "https://shop.example"}).to_string();
    let site = Sha256::digest(party.id.as_bytes());
    // flags, counter, model, length and name of the key; then the key by chance
    let said = match kind % 4 {
        1 => rest.to_vec(),
        _ => [&site[..], &[0x41, 0, 0, 0, 1], &[0; 16], &[0, 1, 9], rest].concat(),
    };
    let length = u16::try_from(said.len()).unwrap_or(u16::MAX).to_be_bytes();
    let object = match kind % 4 {
        1 => said.clone(),
        _ => [&[0xa1, 0x68][..], b"authData", &[0x59], &length, &said].concat(),
    };
    let made = json!({
        "type": "public-key", "id": base64(&[9]), "rawId": base64(&[9]),
        "response": {"clientDataJSON": base64(client("webauthn.create").as_bytes()), "attestationObject": base64(&object)},
    });
    let key = expected.made(&made).map_or(rest.to_vec(), |made| made.key);
    let answered = json!({
        "type": "public-key", "id": base64(&[9]), "rawId": base64(&[9]),
        "response": {
            "clientDataJSON": base64(client("webauthn.get").as_bytes()),
            "authenticatorData": base64(&[&site[..], &[1, 0, 0, 0, 1]].concat()),
            "signature": base64(rest.get(..64).unwrap_or(rest)),
        },
    });
    if let Ok(answer) = Answer::read(&answered) {
        assert!(answer.check(&key, &expected).is_err(), "nobody signed this");
    }
});
