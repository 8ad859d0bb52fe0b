//! Second factors: authenticator apps and recovery codes.

use serde_json::{Value, json};
use stockroom::engine::moment;
use stockroom::identity::otp;

use crate::support::browser::Browser;
use crate::support::{PASSWORD, Shop};

const APP: &str = "account/authenticators/totp";
const CODES: &str = "account/authenticators/recovery-codes";
const NONE: Value = Value::Null;

/// The bytes of a secret that an app was shown.
fn bytes(base32: &str) -> Vec<u8> {
    let (mut bits, mut have, mut out) = (0_u32, 0, Vec::new());
    for c in base32.bytes() {
        let five = if c.is_ascii_uppercase() { c - b'A' } else { c - b'2' + 26 };
        bits = bits << 5 | u32::from(five);
        have += 5;
        if have >= 8 {
            have -= 8;
            out.push(u8::try_from(bits >> have & 255).unwrap());
        }
    }
    out
}

fn code(secret: &[u8], steps: i64) -> String {
    otp::code_at(secret, moment::now() + steps * 30_000).unwrap()
}

/// Sets up an app; gives its secret. The code of this moment is used up.
fn set_up(browser: &Browser<'_>) -> Vec<u8> {
    let asked = browser.auth("GET", APP, NONE).is(404);
    let secret = bytes(asked["meta"]["secret"].as_str().unwrap());
    assert_eq!(secret.len(), 20);
    let done = browser.auth("POST", APP, json!({"code": code(&secret, 0)})).is(200);
    assert_eq!((&done["data"]["type"], &done["meta"]["recovery_codes_generated"]), (&json!("totp"), &json!(true)));
    secret
}

#[test]
fn an_app_is_set_up_and_asked_for_from_then_on() {
    let shop = Shop::new();
    let (first, other) = (Browser::of(&shop, "store"), Browser::of(&shop, "store"));
    let asked = first.auth("GET", APP, NONE).is(404);
    let url = asked["meta"]["totp_url"].as_str().unwrap();
    assert!(url.starts_with("otpauth://totp/") && url.contains(asked["meta"]["secret"].as_str().unwrap()), "{url}");
    assert_ne!(first.auth("GET", APP, NONE).is(404)["meta"]["secret"], asked["meta"]["secret"], "another one each time");
    let wrong = first.auth("POST", APP, json!({"code": "000000"})).is(400);
    assert_eq!((&wrong["errors"][0]["code"], &wrong["errors"][0]["param"]), (&json!("incorrect_code"), &json!("code")));
    first.auth("POST", APP, json!({})).is(400);
    let secret = set_up(&first);
    assert!(first.is_in() && !other.is_in(), "who got in without it is out");
    assert_eq!(first.auth("GET", APP, NONE).is(200)["data"]["type"], "totp");
    first.auth("POST", APP, json!({"code": code(&secret, 0)})).is(409);
    let kinds: Vec<Value> =
        first.auth("GET", "account/authenticators", NONE).is(200)["data"].as_array().unwrap().iter().map(|a| a["type"].clone()).collect();
    assert_eq!(kinds, ["totp", "recovery_codes"]);
    let stored: Vec<u8> = shop.find("SELECT secret FROM authenticator WHERE type = 'totp'");
    assert!(!stored.windows(20).any(|w| w == secret), "sealed");

    let browser = Browser::new(&shop);
    let half = browser.log_in("store").is(401);
    let flow = half["data"]["flows"].as_array().unwrap().iter().find(|f| f["id"] == "mfa_authenticate").unwrap();
    assert_eq!((&flow["is_pending"], &half["meta"]["is_authenticated"]), (&json!(true), &json!(false)));
    browser.json("GET", "/api/stock/", NONE).is(401);
    assert!(browser.auth("GET", "auth/session", NONE).is(401).text().contains("mfa_authenticate"));
    assert_eq!(
        browser.auth("POST", "auth/2fa/authenticate", json!({"code": code(&secret, 0)})).is(400)["errors"][0]["code"],
        "incorrect_code"
    );
    let done = browser.auth("POST", "auth/2fa/authenticate", json!({"code": code(&secret, 1)})).is(200);
    let methods: Vec<&str> = done["data"]["methods"].as_array().unwrap().iter().map(|m| m["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["password", "mfa"]);
    browser.json("GET", "/api/stock/", NONE).is(200);
    browser.auth("POST", "auth/2fa/authenticate", json!({"code": code(&secret, 0)})).is(409);
}

#[test]
fn the_pages_ask_for_the_code_too() {
    let shop = Shop::new();
    let secret = set_up(&Browser::of(&shop, "store"));
    let browser = Browser::new(&shop);
    let page = browser.submit("/accounts/login/", &[("username", "store"), ("password", PASSWORD), ("next", "/api-doc/")]).is(200);
    assert!(page.text().contains("one-time-code") && !browser.is_in());
    assert!(browser.visit("/accounts/code/").is(200).text().contains("one-time-code"));
    let give = |code: &str| browser.submit("/accounts/code/", &[("code", code), ("next", "/api-doc/")]);
    give("000000").is(400);
    browser.submit_forged("/accounts/code/", &[("code", &code(&secret, 1))]).is(403);
    assert_eq!(give(&code(&secret, 1)).is(303).header("Location"), Some("/api-doc/"));
    assert!(browser.is_in());
    give("000000").is(400);
    assert!(!Browser::new(&shop).visit("/accounts/code/").is(200).text().contains("one-time-code"));
}

#[test]
fn a_recovery_code_lets_in_once() {
    let shop = Shop::new();
    let browser = Browser::of(&shop, "store");
    browser.auth("GET", CODES, NONE).is(404);
    assert_eq!(browser.auth("POST", CODES, NONE).is(400)["errors"][0]["code"], "cannot_generate_recovery_codes");
    set_up(&browser);
    let codes = |browser: &Browser<'_>, verb: &str| -> Vec<String> {
        let shown = browser.auth(verb, CODES, NONE).is(200);
        shown["data"]["unused_codes"].as_array().unwrap().iter().map(|c| c.as_str().unwrap().to_string()).collect()
    };
    let old = codes(&browser, "GET");
    let all = codes(&browser, "POST");
    assert!(old.len() == 10 && all.len() == 10 && old != all);
    for (code, status) in [(&old[0], 400), (&all[3], 200), (&all[3], 400)] {
        let browser = Browser::new(&shop);
        browser.log_in("store").is(401);
        browser.auth("POST", "auth/2fa/authenticate", json!({"code": code})).is(status);
    }
    let left = browser.auth("GET", CODES, NONE).is(200);
    assert_eq!((&left["data"]["total_code_count"], &left["data"]["unused_code_count"]), (&json!(10), &json!(9)));
    assert!(!codes(&browser, "GET").contains(&all[3]));
}

#[test]
fn guessing_ends_the_login_and_then_closes_the_door_for_a_while() {
    let shop = Shop::new();
    let secret = set_up(&Browser::of(&shop, "store"));
    let guess = |browser: &Browser<'_>| browser.auth("POST", "auth/2fa/authenticate", json!({"code": "000000"})).status;
    for _ in 0..2 {
        let browser = Browser::new(&shop);
        browser.log_in("store").is(401);
        // Answers come later and later; their number is what counts here.
        shop.server.site().identity.attempts.succeeded([127, 0, 0, 1].into(), "store", std::time::Instant::now());
        assert_eq!((0..6).map(|_| guess(&browser)).collect::<Vec<_>>(), [400, 400, 400, 400, 400, 409]);
        shop.server.site().identity.attempts.succeeded([127, 0, 0, 1].into(), "store", std::time::Instant::now());
    }
    let browser = Browser::new(&shop);
    browser.log_in("store").is(401);
    let right = || json!({"code": code(&secret, 1)});
    assert_eq!(browser.auth("POST", "auth/2fa/authenticate", right()).is(400)["errors"][0]["code"], "too_many_login_attempts");
    shop.sql("UPDATE code_failure SET at = at - 1000000");
    browser.auth("POST", "auth/2fa/authenticate", right()).is(200);
    assert_eq!(shop.rows("code_failure"), 0);
}

#[test]
fn what_concerns_security_wants_a_fresh_proof() {
    let shop = Shop::new();
    let browser = Browser::of(&shop, "store");
    let secret = set_up(&browser);
    let old = || shop.sql("UPDATE session SET proven = proven - 400000");
    old();
    for (verb, path) in [("DELETE", APP), ("GET", CODES), ("POST", CODES)] {
        let asked = browser.auth(verb, path, NONE).is(401);
        assert_eq!(asked["meta"]["is_authenticated"], true);
        assert_eq!(
            asked["data"]["flows"],
            json!([{"id": "reauthenticate"}, {"id": "mfa_reauthenticate", "types": ["recovery_codes", "totp"]}])
        );
    }
    assert_eq!(
        browser.auth("POST", "auth/reauthenticate", json!({"password": "wrong"})).is(400)["errors"][0]["code"],
        "incorrect_password"
    );
    browser.auth("POST", "auth/reauthenticate", json!({})).is(400);
    browser.auth("POST", "auth/reauthenticate", json!({"password": PASSWORD})).is(200);
    browser.auth("GET", CODES, NONE).is(200);
    old();
    browser.auth("POST", "auth/2fa/reauthenticate", json!({"code": "1"})).is(400);
    browser.auth("POST", "auth/2fa/reauthenticate", json!({"code": code(&secret, 1)})).is(200);
    browser.auth("DELETE", APP, NONE).is(200);
    browser.auth("DELETE", APP, NONE).is(404);
    assert_eq!(shop.rows("authenticator"), 0);
    assert!(Browser::of(&shop, "store").is_in(), "the password is enough again");
}

#[test]
fn a_password_alone_opens_no_session_where_a_factor_is_set_up() {
    let shop = Shop::new();
    set_up(&Browser::of(&shop, "store"));
    let before = shop.rows("session");
    let token = shop.with_password("store", PASSWORD).get("/api/user/me/token/?name=phone").is(200);
    assert!(token.cookie("sessionid").is_none());
    assert_eq!(shop.rows("session"), before);
    shop.with_token(token["token"].as_str().unwrap()).get("/api/stock/").is(200);
}

#[test]
fn a_server_that_wants_factors_wants_them_first() {
    let shop = Shop::new();
    let browser = Browser::of(&shop, "store");
    shop.admin.patch("/api/settings/global/LOGIN_ENFORCE_MFA/", json!({"value": true, "manual_confirm": true})).is(200);
    let refused = browser.json("GET", "/api/stock/", NONE).is(401);
    assert_eq!(refused["id"], "mfa_register");
    browser.json("GET", "/api/user/me/token/", NONE).is(401);
    browser.json("GET", "/api/user/me/", NONE).is(200);
    browser.json("PATCH", "/api/user/me/", json!({"first_name": "x"})).is(401);
    browser.visit("/auth/").is(401);
    shop.store.get("/api/stock/").is(200);
    set_up(&browser);
    browser.json("GET", "/api/stock/", NONE).is(200);
    browser.visit("/auth/").is(200);
}
