//! Passkeys: as second factors, in place of a password, and as proof of identity.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::passkey::{PRESENT, Passkey, Signs, VERIFIED};
use crate::support::{Answer, ORIGIN, PASSWORD, Shop};

const KEYS: &str = "account/authenticators/webauthn";
const LOGIN: &str = "auth/webauthn/login";
const SECOND: &str = "auth/webauthn/authenticate";
const PROVE: &str = "auth/webauthn/reauthenticate";
const NONE: Value = Value::Null;

fn ask(browser: &Browser<'_>, path: &str) -> Value {
    let answer = browser.auth("GET", path, NONE).is(200);
    serde_json::from_str(&answer.text()).unwrap()
}

fn send(browser: &Browser<'_>, path: &str, credential: Value) -> Answer {
    browser.auth("POST", path, json!({ "credential": credential }))
}

/// Registers a passkey that stands for a password.
fn register(browser: &Browser<'_>, key: &mut Passkey) -> Answer {
    let made = key.made(&ask(browser, &format!("{KEYS}?passwordless")));
    send(browser, KEYS, made)
}

/// It is refused, and nobody gets in by it.
#[track_caller]
fn refused(answer: Answer) {
    let answer = answer.is(400);
    assert_eq!((&answer["errors"][0]["code"], &answer["errors"][0]["param"]), (&json!("incorrect_code"), &json!("credential")));
}

/// Asks for a login by passkey alone and answers.
fn log_in(browser: &Browser<'_>, key: &mut Passkey) -> Answer {
    let answer = key.answer(&ask(browser, LOGIN));
    send(browser, LOGIN, answer)
}

#[test]
fn passkeys_are_registered_listed_renamed_and_removed() {
    let shop = Shop::new();
    let (me, other) = (Browser::of(&shop, "store"), Browser::of(&shop, "store"));
    let options = ask(&me, KEYS);
    let options = &options["data"]["creation_options"]["publicKey"];
    assert_eq!((&options["rp"]["id"], &options["user"]["name"]), (&json!("shop.test"), &json!("store")));
    assert_eq!(options["authenticatorSelection"]["userVerification"], "discouraged");
    assert_eq!(options["excludeCredentials"], json!([]));
    let algorithms: Vec<i64> = options["pubKeyCredParams"].as_array().unwrap().iter().map(|p| p["alg"].as_i64().unwrap()).collect();
    assert_eq!(algorithms, [-7, -8, -257]);
    let mut key = Passkey::new("one");
    let made = key.made(&ask(&me, &format!("{KEYS}?passwordless")));
    let done = me.auth("POST", KEYS, json!({"name": " Blue key ", "credential": made})).is(200);
    let id = done["data"]["id"].as_i64().unwrap();
    assert_eq!((&done["data"]["type"], &done["data"]["name"]), (&json!("webauthn"), &json!("Blue key")));
    assert_eq!((&done["data"]["is_passwordless"], &done["data"]["last_used_at"]), (&json!(true), &NONE));
    assert_eq!(done["meta"]["recovery_codes_generated"], true);
    assert!(me.is_in() && !other.is_in(), "who got in without it is out");
    assert_eq!(ask(&me, KEYS)["data"]["creation_options"]["publicKey"]["excludeCredentials"][0]["id"], made["id"]);
    let mut second = Passkey { attested: "packed", ..Passkey::new("two") };
    let second = register(&me, &mut second).is(200);
    assert_eq!((&second["data"]["name"], &second["meta"]["recovery_codes_generated"]), (&json!("Passkey 2"), &json!(false)));
    let kinds: Vec<Value> =
        me.auth("GET", "account/authenticators", NONE).is(200)["data"].as_array().unwrap().iter().map(|a| a["type"].clone()).collect();
    assert_eq!(kinds, ["recovery_codes", "webauthn", "webauthn"]);

    let rename = |body: Value| me.auth("PUT", KEYS, body);
    assert_eq!(rename(json!({"id": id, "name": "Red key"})).is(200)["data"]["name"], "Red key");
    let foreign = json!({"id": id + 100, "name": "x"});
    for (body, param, code) in [
        (json!({"name": "x"}), "id", "required"),
        (json!({"id": id}), "name", "required"),
        (json!({"id": id, "name": "x".repeat(101)}), "name", "max_length"),
        (foreign, "id", "invalid_choice"),
        (json!({"id": "x", "name": "x"}), "id", "invalid_choice"),
    ] {
        let wrong = rename(body).is(400);
        assert_eq!((&wrong["errors"][0]["param"], &wrong["errors"][0]["code"]), (&json!(param), &json!(code)));
    }
    let reader = Browser::of(&shop, "reader");
    reader.auth("PUT", KEYS, json!({"id": id, "name": "mine"})).is(400);
    reader.auth("DELETE", KEYS, json!({"authenticators": [id]})).is(400);
    let remove = |ids: Value| me.auth("DELETE", KEYS, json!({ "authenticators": ids }));
    let recovery: i64 = shop.find("SELECT id FROM authenticator WHERE type = 'recovery_codes'");
    for bad in [json!([]), json!("x"), json!(["x"]), json!([id, 99_999]), json!([recovery])] {
        remove(bad).is(400);
    }
    assert_eq!(shop.rows("passkey"), 2);
    remove(json!([id])).is(200);
    assert_eq!((shop.rows("passkey"), shop.rows("authenticator")), (1, 2));
    remove(json!([second["data"]["id"]])).is(200);
    assert_eq!((shop.rows("passkey"), shop.rows("authenticator")), (0, 0));
    assert!(Browser::of(&shop, "store").is_in(), "the password is enough again");
}

#[test]
fn keys_of_every_algorithm_are_checked() {
    let shop = Shop::new();
    let me = Browser::of(&shop, "store");
    let rsa = rsa::RsaPrivateKey::new(&mut rsa::rand_core::UnwrapErr(getrandom::SysRng), 2048).unwrap();
    let keys = [
        Passkey::new("p256"),
        Passkey::that("ed25519", Signs::EdDsa(ed25519_compact::KeyPair::from_seed(ed25519_compact::Seed::new([7; 32])))),
        Passkey::that("rsa", Signs::Rs256(Box::new(rsa::pkcs1v15::SigningKey::new(rsa)))),
    ];
    for mut key in keys {
        register(&me, &mut key).is(200);
        let browser = Browser::new(&shop);
        let mut answer = key.answer(&ask(&browser, LOGIN));
        let right = answer["response"]["signature"].clone();
        let mut bytes = BASE64.decode(right.as_str().unwrap()).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        answer["response"]["signature"] = BASE64.encode(bytes).into();
        refused(send(&browser, LOGIN, answer));
        assert_eq!(log_in(&browser, &mut key).is(200)["data"]["user"]["username"], "store");
        assert!(browser.is_in());
    }
}

#[test]
fn a_passkey_stands_for_both_steps() {
    let shop = Shop::new();
    let me = Browser::of(&shop, "store");
    let mut key = Passkey::new("one");
    register(&me, &mut key).is(200);
    let open = Browser::new(&shop).auth("GET", "auth/session", NONE).is(401);
    assert_eq!(open["data"]["flows"], json!([{"id": "login"}, {"id": "mfa_login_webauthn"}]));
    let mfa = shop.anon.get("/api/auth/v1/config").is(200)["data"]["mfa"].clone();
    assert_eq!(mfa, json!({"supported_types": ["totp", "recovery_codes", "webauthn"], "passkey_login_enabled": true}));
    let browser = Browser::new(&shop);
    let options = ask(&browser, LOGIN);
    let options = &options["data"]["request_options"]["publicKey"];
    assert_eq!((&options["rpId"], &options["allowCredentials"]), (&json!("shop.test"), &json!([])));
    assert_eq!(options["userVerification"], "required");
    let done = log_in(&browser, &mut key).is(200);
    let method = &done["data"]["methods"][0];
    assert_eq!((&method["method"], &method["type"], &method["passwordless"]), (&json!("mfa"), &json!("webauthn"), &json!(true)));
    browser.json("GET", "/api/stock/", NONE).is(200);
    assert!(!browser.auth("GET", "account/authenticators", NONE).is(200)["data"][1]["last_used_at"].is_null());
    send(&browser, LOGIN, key.again(&NONE)).is(409);
    // Without touching anything first: the question itself brings the token.
    let asked = shop.anon.get(&format!("/api/auth/v1/{LOGIN}")).is(200);
    assert!(asked.cookie("csrftoken").is_some() && asked.cookie("sessionid").is_none());
    shop.anon.post(&format!("/api/auth/v1/{LOGIN}"), json!({"credential": {}})).is(403);
    // Closed accounts stay closed.
    shop.sql("UPDATE user SET is_active = 0 WHERE username = 'store'");
    let browser = Browser::new(&shop);
    log_in(&browser, &mut key).is(401);
    assert!(!browser.is_in());
}

#[test]
fn a_passkey_is_the_second_step_of_a_login() {
    let shop = Shop::new();
    let mut key = Passkey { flags: PRESENT, ..Passkey::new("one") };
    let me = Browser::of(&shop, "store");
    let made = key.made(&ask(&me, KEYS));
    assert_eq!(send(&me, KEYS, made).is(200)["data"]["is_passwordless"], false);
    let browser = Browser::new(&shop);
    browser.auth("GET", SECOND, NONE).is(409);
    send(&browser, SECOND, json!({})).is(409);
    let half = browser.log_in("store").is(401);
    let flow = half["data"]["flows"].as_array().unwrap().iter().find(|f| f["id"] == "mfa_authenticate").unwrap();
    assert_eq!((&flow["types"], &flow["is_pending"]), (&json!(["recovery_codes", "webauthn"]), &json!(true)));
    browser.json("GET", "/api/stock/", NONE).is(401);
    let options = ask(&browser, SECOND);
    assert_eq!(options["data"]["request_options"]["publicKey"]["allowCredentials"].as_array().unwrap().len(), 1);
    assert_eq!(options["data"]["request_options"]["publicKey"]["userVerification"], "preferred");
    let answer = key.answer(&options);
    let done = send(&browser, SECOND, answer).is(200);
    let methods: Vec<&str> = done["data"]["methods"].as_array().unwrap().iter().map(|m| m["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["password", "mfa"]);
    browser.json("GET", "/api/stock/", NONE).is(200);
    // Made without a PIN it does not stand for a password, even if it has one now.
    key.flags = VERIFIED;
    refused(log_in(&Browser::new(&shop), &mut key));
    // A recovery code does as well; a token goes on working.
    let codes = me.auth("GET", "account/authenticators/recovery-codes", NONE).is(200);
    let browser = Browser::new(&shop);
    browser.log_in("store").is(401);
    browser.auth("POST", "auth/2fa/authenticate", json!({"code": codes["data"]["unused_codes"][0]})).is(200);
    shop.store.get("/api/stock/").is(200);
}

#[test]
fn an_app_and_a_passkey_live_side_by_side() {
    let shop = Shop::new();
    let me = Browser::of(&shop, "store");
    register(&me, &mut Passkey::new("one")).is(200);
    me.auth("GET", "account/authenticators/totp", NONE).is(404);
    me.auth("DELETE", "account/authenticators/totp", NONE).is(404);
    shop.sql("INSERT INTO authenticator (user, type, secret, created) SELECT id, 'totp', x'00', 0 FROM user WHERE username = 'store'");
    me.auth("DELETE", "account/authenticators/totp", NONE).is(200);
    assert_eq!((shop.rows("passkey"), shop.rows("authenticator")), (1, 2), "passkey and recovery codes stay");
    shop.admin.patch("/api/settings/global/LOGIN_ENFORCE_MFA/", json!({"value": true, "manual_confirm": true})).is(200);
    me.json("GET", "/api/stock/", NONE).is(200);
    Browser::of(&shop, "reader").json("GET", "/api/stock/", NONE).is(401);
}

#[test]
fn a_passkey_proves_anew_who_it_is() {
    let shop = Shop::new();
    let me = Browser::of(&shop, "store");
    let mut key = Passkey::new("one");
    let id = register(&me, &mut key).is(200)["data"]["id"].clone();
    let old = || shop.sql("UPDATE session SET proven = proven - 400000");
    old();
    for (verb, body) in [
        ("GET", NONE),
        ("POST", json!({"credential": {}})),
        ("PUT", json!({"id": id, "name": "x"})),
        ("DELETE", json!({"authenticators": [id]})),
    ] {
        let asked = me.auth(verb, KEYS, body).is(401);
        let flows = json!([{"id": "reauthenticate"}, {"id": "mfa_reauthenticate", "types": ["recovery_codes", "webauthn"]}]);
        assert_eq!((&asked["meta"]["is_authenticated"], &asked["data"]["flows"]), (&json!(true), &flows));
    }
    let options = ask(&me, PROVE);
    key.answer(&options);
    refused(send(&me, PROVE, Passkey { origin: "https://evil.test".into(), ..Passkey::new("one") }.again(&options)));
    me.auth("GET", KEYS, NONE).is(401);
    let answer = key.answer(&ask(&me, PROVE));
    let done = send(&me, PROVE, answer).is(200);
    assert_eq!(done["data"]["methods"].as_array().unwrap().len(), 2);
    me.auth("GET", KEYS, NONE).is(200);
    // Without a session there is nothing to prove, and a token is none.
    let nobody = Browser::new(&shop);
    for (verb, path, body) in [
        ("GET", KEYS, NONE),
        ("POST", KEYS, json!({})),
        ("PUT", KEYS, json!({})),
        ("DELETE", KEYS, json!({})),
        ("GET", PROVE, NONE),
        ("POST", PROVE, json!({})),
    ] {
        nobody.auth(verb, path, body).is(401);
        shop.store.raw(verb, &format!("/api/auth/v1/{path}"), &[], b"").is(401);
    }
}

/// Whatever is wrong with an answer, it opens nothing; afterwards the right one still does.
#[test]
fn answers_that_do_not_fit_are_refused() {
    let shop = Shop::new();
    let me = Browser::of(&shop, "store");
    let mut key = Passkey::new("one");
    register(&me, &mut key).is(200);
    let handle = key.handle.clone();
    let browser = Browser::new(&shop);
    let bad: [fn(&mut Passkey); 8] = [
        |key| key.origin = "https://shop.test".into(),
        |key| key.origin = "http://evil.test".into(),
        |key| key.host = "evil.test".into(),
        |key| key.flags = PRESENT,
        |key| key.flags = 4,
        |key| key.flags = VERIFIED | 0x10,
        |key| key.handle = None,
        |key| key.handle = Some("OTk5".into()),
    ];
    for spoil in bad {
        let mut spoilt = Passkey { handle: handle.clone(), count: 1, ..Passkey::new("one") };
        spoil(&mut spoilt);
        refused(log_in(&browser, &mut spoilt));
    }
    // Of another name, with another's key under this name, for another purpose, twice, in another browser, never asked for.
    refused(log_in(&browser, &mut Passkey { handle: handle.clone(), ..Passkey::new("unknown") }));
    refused(log_in(&browser, &mut Passkey { id: key.id.clone(), handle: handle.clone(), ..Passkey::new("other") }));
    let made =
        key.made(&json!({"data": {"creation_options": {"publicKey": ask(&browser, LOGIN)["data"]["request_options"]["publicKey"]}}}));
    refused(send(&browser, LOGIN, made));
    key.handle = handle;
    refused(send(&browser, LOGIN, key.again(&json!({}))));
    let (first, _second) = (ask(&browser, LOGIN), ask(&browser, LOGIN));
    refused(send(&browser, LOGIN, key.answer(&first)));
    let options = ask(&browser, LOGIN);
    ask(&Browser::new(&shop), LOGIN);
    refused(send(&Browser::new(&shop), LOGIN, key.answer(&options)));
    for broken in [json!({}), json!({"type": "public-key"}), json!({"id": "!", "rawId": "!", "type": "public-key"})] {
        ask(&browser, LOGIN);
        refused(send(&browser, LOGIN, broken));
    }
    for (body, code) in [(json!({}), "required"), (json!({"credential": null}), "required"), (json!({"credential": "x"}), "invalid")] {
        for (browser, path) in [(&browser, LOGIN), (&me, PROVE), (&me, KEYS)] {
            assert_eq!(browser.auth("POST", path, body.clone()).is(400)["errors"][0]["code"], code);
        }
    }
    assert!(!browser.is_in());
    let answer = key.answer(&ask(&browser, LOGIN));
    send(&browser, LOGIN, answer.clone()).is(200);
    browser.auth("DELETE", "auth/session", NONE).is(401);
    refused(send(&browser, LOGIN, answer));
}

#[test]
fn a_counter_that_goes_back_is_a_copy() {
    let shop = Shop::new();
    let me = Browser::of(&shop, "store");
    let mut key = Passkey { count: 7, ..Passkey::new("one") };
    register(&me, &mut key).is(200);
    let login = |key: &Passkey| {
        let browser = Browser::new(&shop);
        let options = ask(&browser, LOGIN);
        send(&browser, LOGIN, key.again(&options))
    };
    refused(login(&key));
    key.count = 0;
    refused(login(&key));
    key.count = 8;
    login(&key).is(200);
    refused(login(&key));
    let browser = Browser::new(&shop);
    browser.log_in("store").is(401);
    refused(send(&browser, SECOND, key.again(&ask(&browser, SECOND))));
    refused(send(&me, PROVE, key.again(&ask(&me, PROVE))));
    // Those that do not count say 0 each time.
    let mut zero = Passkey::new("zero");
    register(&me, &mut zero).is(200);
    login(&zero).is(200);
    login(&zero).is(200);
}

#[test]
fn nobody_gets_in_by_the_passkey_of_another() {
    let shop = Shop::new();
    let (me, reader) = (Browser::of(&shop, "store"), Browser::of(&shop, "reader"));
    let (mut mine, mut theirs) = (Passkey::new("mine"), Passkey::new("theirs"));
    register(&me, &mut mine).is(200);
    register(&reader, &mut theirs).is(200);
    let browser = Browser::new(&shop);
    browser.log_in("store").is(401);
    for handle in [theirs.handle.clone(), mine.handle.clone(), None] {
        let mut theirs = Passkey { handle, ..Passkey::new("theirs") };
        let answer = theirs.answer(&ask(&browser, SECOND));
        refused(send(&browser, SECOND, answer));
    }
    assert!(!browser.is_in());
    let answer = theirs.answer(&ask(&me, PROVE));
    refused(send(&me, PROVE, answer));
    // A name that is taken is taken by everybody's.
    let mut again = Passkey { id: mine.id.clone(), ..Passkey::new("again") };
    register(&reader, &mut again).is(409);
    register(&me, &mut mine).is(409);
    assert_eq!(shop.rows("passkey"), 2);
}

#[test]
fn registrations_that_do_not_fit_are_refused() {
    let shop = Shop::new();
    let me = Browser::of(&shop, "store");
    let bad: [fn(&mut Passkey); 5] = [
        |key| key.origin = "https://evil.test".into(),
        |key| key.host = "evil.test".into(),
        |key| key.flags = PRESENT,
        |key| key.flags = 0,
        |key| key.id = vec![1; 1024],
    ];
    for spoil in bad {
        let mut key = Passkey::new("one");
        spoil(&mut key);
        refused(register(&me, &mut key));
    }
    let mut key = Passkey::new("one");
    let options = ask(&me, KEYS);
    let whole = key.made(&options);
    for (field, value) in [
        ("clientDataJSON", json!(null)),
        ("clientDataJSON", json!("e30")),
        ("attestationObject", json!("oA")),
        ("attestationObject", json!("")),
        ("attestationObject", json!("x".repeat(40_000))),
    ] {
        ask(&me, KEYS);
        let mut made = key.made(&ask(&me, KEYS));
        made["response"][field] = value;
        refused(send(&me, KEYS, made));
    }
    refused(send(&me, KEYS, whole.clone()));
    let mut renamed = key.made(&ask(&me, KEYS));
    renamed["id"] = "AAAA".into();
    refused(send(&me, KEYS, renamed));
    me.auth("POST", KEYS, json!({"credential": {}, "name": "x".repeat(101)})).is(400);
    assert_eq!(shop.rows("passkey"), 0);
    // Another user's question is not this one's.
    let reader = Browser::of(&shop, "reader");
    let made = key.made(&ask(&reader, KEYS));
    refused(send(&me, KEYS, made));
    shop.sql("UPDATE session SET proven = 0");
    me.auth("GET", KEYS, NONE).is(401);
}

#[test]
fn a_server_that_knows_its_address_asks_for_that() {
    let shop = Shop::with(|site| site.url = Some("https://stock.shop.example:8443/inventory".into()));
    let me = Browser::of(&shop, "store");
    let mut key = Passkey::new("one");
    let options = ask(&me, &format!("{KEYS}?passwordless"));
    assert_eq!(options["data"]["creation_options"]["publicKey"]["rp"]["id"], "stock.shop.example");
    assert_eq!(key.origin, ORIGIN);
    let made = key.made(&options);
    refused(send(&me, KEYS, made));
    let mut key = Passkey { origin: "https://stock.shop.example:8443".into(), host: "stock.shop.example".into(), ..Passkey::new("one") };
    register(&me, &mut key).is(200);
    log_in(&Browser::new(&shop), &mut key).is(200);
}

#[test]
fn the_pages_offer_passkeys_to_whom_they_serve() {
    let shop = Shop::new();
    let browser = Browser::new(&shop);
    let page = browser.visit("/accounts/login/?next=/api-doc/").is(200);
    assert!(page.text().contains("data-path=\"/api/auth/v1/auth/webauthn/login\" data-next=\"/api-doc/\""));
    assert!(page.header("Content-Security-Policy").unwrap().contains("script-src 'self'"));
    assert!(!browser.visit("/accounts/verify/").is(400).header("Content-Security-Policy").unwrap().contains("script-src"));
    register(&Browser::of(&shop, "store"), &mut Passkey::new("one")).is(200);
    let page = browser.submit("/accounts/login/", &[("username", "store"), ("password", PASSWORD)]).is(200);
    for page in [page, browser.visit("/accounts/code/").is(200), browser.submit("/accounts/code/", &[("code", "0")]).is(400)] {
        assert!(page.text().contains("data-path=\"/api/auth/v1/auth/webauthn/authenticate\""));
    }
    // Whoever has an app alone is not asked for a passkey.
    shop.sql("INSERT INTO authenticator (user, type, secret, created) SELECT id, 'totp', x'00', 0 FROM user WHERE username = 'reader'");
    let page = Browser::new(&shop).submit("/accounts/login/", &[("username", "reader"), ("password", PASSWORD)]).is(200);
    assert!(page.text().contains("one-time-code") && !page.text().contains("passkey"));
}

#[test]
fn registration_by_passkey_is_switched_off() {
    let shop = Shop::new();
    for verb in ["GET", "POST", "PUT"] {
        Browser::of(&shop, "store").auth(verb, "auth/webauthn/signup", json!({})).is(404);
    }
}
