//! `/api/auth/v1/…`: passwords, addresses and sessions of one's own, and what is not offered.

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::post_office::PostOffice;
use crate::support::{Answer, PASSWORD, Shop};

const NONE: Value = Value::Null;
const FRESH: &str = "nine green lamps";

fn codes(answer: &Answer) -> Vec<(&str, &str)> {
    answer["errors"].as_array().unwrap().iter().map(|e| (e["param"].as_str().unwrap(), e["code"].as_str().unwrap())).collect()
}

#[test]
fn without_a_session_nothing_is_told() {
    let shop = Shop::new();
    let nobody = Browser::new(&shop);
    for (verb, path) in [
        ("GET", "auth/sessions"),
        ("DELETE", "auth/sessions"),
        ("POST", "auth/reauthenticate"),
        ("POST", "account/password/change"),
        ("GET", "account/email"),
        ("POST", "account/email"),
        ("PUT", "account/email"),
        ("PATCH", "account/email"),
        ("DELETE", "account/email"),
        ("GET", "account/authenticators"),
        ("GET", "account/authenticators/totp"),
        ("POST", "account/authenticators/totp"),
        ("DELETE", "account/authenticators/totp"),
        ("GET", "account/authenticators/recovery-codes"),
        ("POST", "account/authenticators/recovery-codes"),
        ("POST", "auth/2fa/reauthenticate"),
        ("GET", "account/providers"),
        ("DELETE", "account/providers"),
        ("GET", "account/phone"),
        ("POST", "account/phone"),
    ] {
        let answer = nobody.auth(verb, path, if verb == "GET" { NONE } else { json!({"email": "a@b.test"}) }).is(401);
        assert_eq!(answer["meta"]["is_authenticated"], false, "{verb} {path}");
        // A token is no session.
        let full = format!("/api/auth/v1/{path}");
        shop.store.raw(verb, &full, &[], b"").is(401);
    }
    assert_eq!(shop.rows("user_mail"), 0);
}

#[test]
fn a_new_password_ends_every_session() {
    let shop = Shop::new();
    let (here, there) = (Browser::of(&shop, "store"), Browser::of(&shop, "store"));
    let change = |body: Value| here.auth("POST", "account/password/change", body);
    assert_eq!(codes(&change(json!({}))), [("current_password", "required"), ("new_password", "required")]);
    assert_eq!(codes(&change(json!({"current_password": "no", "new_password": FRESH}))), [("current_password", "enter_current_password")]);
    let weak = change(json!({"current_password": PASSWORD, "new_password": "12345"})).is(400);
    assert!(codes(&weak).iter().all(|c| *c == ("new_password", "password_too_weak")));
    assert!(here.is_in() && there.is_in());
    change(json!({"current_password": PASSWORD, "new_password": FRESH})).is(401);
    assert!(!here.is_in() && !there.is_in());
    shop.with_password("store", FRESH).get("/api/stock/").is(200);
    shop.with_password("store", PASSWORD).get("/api/stock/").is(401);
}

#[test]
fn sessions_are_listed_and_ended_by_their_owner() {
    let shop = Shop::new();
    let (here, there, other) = (Browser::of(&shop, "store"), Browser::of(&shop, "store"), Browser::of(&shop, "reader"));
    let listed = here.auth("GET", "auth/sessions", NONE).is(200);
    let list = listed["data"].as_array().unwrap();
    assert_eq!(list.len(), 2);
    let id = |current: bool| list.iter().find(|s| s["is_current"] == current).unwrap()["id"].as_i64().unwrap();
    let end = |ids: Value| here.auth("DELETE", "auth/sessions", json!({"sessions": ids}));
    let foreign: i64 = shop.find("SELECT s.id FROM session s JOIN user u ON u.id = s.user WHERE u.username = 'reader'");
    for bad in [json!([foreign]), json!([id(false), foreign]), json!(["x"]), json!("x"), json!([99999])] {
        end(bad).is(400);
    }
    assert!(there.is_in() && other.is_in());
    assert_eq!(end(json!([id(false)])).is(200)["data"].as_array().unwrap().len(), 1);
    assert!(here.is_in() && !there.is_in() && other.is_in());
    end(json!([id(true)])).is(401);
    assert!(!here.is_in() && other.is_in());
}

#[test]
fn addresses_without_a_mail_server() {
    let shop = Shop::new();
    let me = Browser::of(&shop, "store");
    let call = |verb: &str, body: Value| me.auth(verb, "account/email", body);
    let shown = |answer: Answer| -> Vec<(String, bool)> {
        answer.is(200)["data"].as_array().unwrap().iter().map(|a| (a["email"].as_str().unwrap().into(), a["primary"] == true)).collect()
    };
    let (first, second) = (("store@shop.test".to_string(), true), ("second@shop.test".to_string(), false));
    assert_eq!(shown(call("GET", NONE)), std::slice::from_ref(&first));
    assert_eq!(shown(call("POST", json!({"email": "second@shop.test"}))), [first, second]);
    for (body, code) in [
        (json!({}), "required"),
        (json!({"email": "nonsense"}), "invalid"),
        (json!({"email": "READER@shop.test"}), "email_taken"),
        (json!({"email": "Second@shop.test"}), "email_taken"),
    ] {
        assert_eq!(codes(&call("POST", body).is(400)), [("email", code)]);
    }
    assert_eq!(codes(&call("DELETE", json!({"email": "store@shop.test"})).is(400)), [("email", "cannot_remove_primary_email")]);
    for verb in ["DELETE", "PUT"] {
        assert_eq!(codes(&call(verb, json!({"email": "reader@shop.test"})).is(400)), [("email", "unknown_email")]);
    }
    call("PUT", json!({"email": "second@shop.test"})).is(403);
    call("PATCH", json!({"email": "second@shop.test"})).is(400);
    let swapped = shown(call("PATCH", json!({"email": "second@shop.test", "primary": true})));
    assert_eq!(swapped, [("second@shop.test".to_string(), true), ("store@shop.test".to_string(), false)]);
    assert_eq!(shop.store.get("/api/user/me/").is(200)["email"], "second@shop.test");
    assert_eq!(shown(call("DELETE", json!({"email": "store@shop.test"}))).len(), 1);
    // One that was verified yields to none that was not.
    shop.sql("UPDATE user SET email_verified = 1");
    call("POST", json!({"email": "third@shop.test"})).is(200);
    assert_eq!(
        codes(&call("PATCH", json!({"email": "third@shop.test", "primary": true})).is(400)),
        [("email", "unverified_primary_email")]
    );
}

#[test]
fn an_address_is_proven_by_the_link_sent_to_it() {
    let office = PostOffice::open(false);
    let shop = Shop::with(|site| site.mail = Some(office.mailer()));
    let me = Browser::of(&shop, "store");
    let key = || office.link().split_once("key=").unwrap().1.to_string();
    me.auth("POST", "account/email", json!({"email": "second@shop.test"})).is(200);
    let lost = key();
    me.auth("PUT", "account/email", json!({"email": "second@shop.test"})).is(200);
    let sent = key();
    let path = "/api/auth/v1/auth/email/verify";
    let about = me.with_header(path, ("X-Email-Verification-Key", &sent)).is(200);
    assert_eq!((&about["data"]["email"], &about["data"]["user"]["username"]), (&json!("second@shop.test"), &json!("store")));
    me.with_header(path, ("X-Email-Verification-Key", "x")).is(400);
    Browser::new(&shop).auth("POST", "auth/email/verify", json!({"key": "x"})).is(400);
    me.auth("POST", "auth/email/verify", json!({"key": sent})).is(200);
    me.auth("POST", "auth/email/verify", json!({"key": sent})).is(400);
    let list = me.auth("GET", "account/email", NONE).is(200);
    assert_eq!((&list["data"][1]["verified"], &list["data"][0]["verified"]), (&json!(true), &json!(false)));
    me.auth("PUT", "account/email", json!({"email": "second@shop.test"})).is(403);
    // The page does the same, by a button.
    shop.sql("UPDATE user_mail SET verified = 0");
    let visitor = Browser::new(&shop);
    visitor.visit(&format!("/accounts/verify/?key={lost}")).is(200);
    assert_eq!(shop.find::<i64>("SELECT verified FROM user_mail"), 0, "a look does nothing");
    visitor.submit("/accounts/verify/", &[("key", &lost)]).is(200);
    assert_eq!(shop.find::<i64>("SELECT verified FROM user_mail"), 1);
    visitor.visit(&format!("/accounts/verify/?key={lost}")).is(400);
    // A removed address takes its links with it.
    me.auth("DELETE", "account/email", json!({"email": "second@shop.test"})).is(200);
}

#[test]
fn a_forgotten_password_is_set_anew_by_the_link_in_a_mail() {
    let office = PostOffice::open(false);
    let shop = Shop::with(|site| site.mail = Some(office.mailer()));
    let browser = Browser::new(&shop);
    let ask = |email: &str| browser.auth("POST", "auth/password/request", json!({"email": email}));
    ask("nobody@shop.test").is(200);
    assert_eq!(codes(&ask("nonsense").is(400)), [("email", "invalid")]);
    assert_eq!(codes(&ask("").is(400)), [("email", "required")]);
    assert!(office.is_quiet());
    ask("STORE@shop.test").is(200);
    let link = office.link();
    assert!(link.starts_with("/accounts/reset/?key="));
    let key = link.split_once("key=").unwrap().1.to_string();
    let stored: i64 = shop.find(&format!("SELECT count(*) FROM mail_key WHERE hex(digest) LIKE '%{key}%' OR email LIKE '%{key}%'"));
    assert_eq!((stored, shop.rows("mail_key")), (0, 1), "a digest alone is kept");
    let log = shop.admin.get("/api/admin/email/").is(200);
    assert!(!log.text().contains(&key) && log[0]["to"] == "store@shop.test", "nor in the log");
    let path = "/api/auth/v1/auth/password/reset";
    assert_eq!(browser.with_header(path, ("X-Password-Reset-Key", &key)).is(200)["data"]["user"]["username"], "store");
    assert_eq!(codes(&browser.with_header(path, ("X-Password-Reset-Key", "x")).is(400)), [("key", "invalid_password_reset")]);
    let inside = Browser::of(&shop, "store");
    let reset = |key: &str, password: &str| browser.auth("POST", "auth/password/reset", json!({"key": key, "password": password}));
    reset(&key, "12345").is(400);
    reset("x", FRESH).is(400);
    assert!(inside.is_in());
    reset(&key, FRESH).is(401);
    assert!(!inside.is_in());
    assert_eq!(codes(&reset(&key, "another green lamp").is(400)), [("key", "invalid_password_reset")]);
    shop.with_password("store", FRESH).get("/api/stock/").is(200);
    // By the page, and only while the key is young.
    ask("store@shop.test").is(200);
    let link = office.link();
    let key = link.split_once("key=").unwrap().1.to_string();
    browser.visit(&link).is(200);
    browser.submit_forged("/accounts/reset/", &[("key", &key), ("password", PASSWORD)]).is(403);
    browser.submit("/accounts/reset/", &[("key", &key), ("password", "123")]).is(400);
    browser.submit("/accounts/reset/", &[("key", &key), ("password", "ten yellow brooms")]).is(200);
    shop.with_password("store", "ten yellow brooms").get("/api/stock/").is(200);
    ask("store@shop.test").is(200);
    let link = office.link();
    shop.sql("UPDATE mail_key SET expires = 1");
    browser.visit(&link).is(400);
    // Enough is enough: nobody's mailbox is filled from here.
    ask("store@shop.test").is(200);
    assert!(office.is_quiet());
    // Closed accounts and closed settings get nothing.
    shop.set("LOGIN_ENABLE_PWD_FORGOT", "false");
    ask("reader@shop.test").is(200);
    shop.set("LOGIN_ENABLE_PWD_FORGOT", "true");
    shop.sql("UPDATE user SET is_active = 0 WHERE username = 'reader'");
    ask("reader@shop.test").is(200);
    assert!(office.is_quiet());
}

#[test]
fn visitors_register_where_they_may() {
    let office = PostOffice::open(false);
    let shop = Shop::with(|site| site.mail = Some(office.mailer()));
    let body = |name: &str, email: &str| json!({"username": name, "email": email, "password": FRESH});
    let sign_up = |body: Value| Browser::new(&shop).auth("POST", "auth/signup", body);
    sign_up(body("new", "new@shop.test")).is(403);
    assert_eq!(shop.anon.get("/api/").is(200)["settings"]["registration_enabled"], false);
    shop.set("LOGIN_ENABLE_REG", "true");
    assert_eq!(shop.anon.get("/api/").is(200)["settings"]["registration_enabled"], true);
    assert_eq!(shop.anon.get("/api/auth/v1/config").is(200)["data"]["account"]["is_open_for_signup"], true);
    let group: i64 = shop.find("SELECT id FROM user_group ORDER BY id LIMIT 1");
    shop.set("SIGNUP_GROUP", &group.to_string());
    for (body, what) in [
        (json!({}), vec![("username", "required"), ("password", "required")]),
        (body("Store", "x@shop.test"), vec![("username", "username_taken")]),
        (body("a b", "x@shop.test"), vec![("username", "invalid")]),
        (body("new", "STORE@shop.test"), vec![("email", "email_taken")]),
        (body("new", "x"), vec![("email", "invalid")]),
        (json!({"username": "new", "password": FRESH, "password2": "other"}), vec![("password2", "mismatch")]),
    ] {
        assert_eq!(codes(&sign_up(body).is(400)), what);
    }
    assert_eq!(codes(&sign_up(json!({"username": "new", "password": "123"})).is(400))[0], ("password", "password_too_weak"));
    let made = sign_up(body("new", "new@shop.test")).is(200);
    assert_eq!(made["data"]["user"]["username"], "new");
    assert!(office.link().starts_with("/accounts/verify/"));
    assert_eq!(shop.find::<i64>("SELECT count(*) FROM user_group_member m JOIN user u ON u.id = m.user WHERE u.username = 'new'"), 1);
    assert_eq!(shop.find::<i64>("SELECT is_staff + is_superuser FROM user WHERE username = 'new'"), 0);
    Browser::of(&shop, "store").auth("POST", "auth/signup", body("newer", "")).is(409);
    shop.set("LOGIN_MAIL_REQUIRED", "true");
    assert_eq!(codes(&sign_up(json!({"username": "newer", "password": FRESH})).is(400)), [("email", "required")]);
    // Domains count only once the address is proven.
    shop.set("LOGIN_SIGNUP_MAIL_RESTRICTION", "@good.test, @fine.test");
    assert_eq!(codes(&sign_up(body("newer", "a@good.test.evil.test")).is(400)), [("email", "email_domain")]);
    let waits = sign_up(body("newer", "a@FINE.test")).is(401);
    assert!(waits.text().contains("verify_email"));
    shop.with_password("newer", FRESH).get("/api/user/me/").is(401);
    let key = office.link().split_once("key=").unwrap().1.to_string();
    Browser::new(&shop).auth("POST", "auth/email/verify", json!({"key": key})).is(401);
    shop.with_password("newer", FRESH).get("/api/user/me/").is(200);
    // The link reopens nothing that an administrator closes later.
    shop.sql("UPDATE user SET is_active = 0 WHERE username = 'newer'");
    Browser::new(&shop).auth("POST", "auth/email/verify", json!({"key": key})).is(400);
    shop.with_password("newer", FRESH).get("/api/user/me/").is(401);
}

#[test]
fn without_a_mail_server_nobody_registers_and_nothing_is_sent() {
    let shop = Shop::new();
    shop.set("LOGIN_ENABLE_REG", "true");
    let browser = Browser::new(&shop);
    browser.auth("POST", "auth/signup", json!({"username": "new", "password": FRESH})).is(403);
    browser.auth("POST", "auth/password/request", json!({"email": "store@shop.test"})).is(200);
    assert_eq!((shop.rows("mail_key"), shop.rows("email_message")), (0, 0));
}

#[test]
fn what_is_not_offered_says_so() {
    let shop = Shop::new();
    let (nobody, me) = (Browser::new(&shop), Browser::of(&shop, "store"));
    for path in [
        "auth/2fa/trust",
        "auth/2fa/authenticate",
        "auth/email/verify/resend",
        "auth/phone/verify",
        "auth/phone/verify/resend",
        "auth/code/confirm",
        "auth/provider/signup",
    ] {
        assert_eq!(nobody.auth("POST", path, json!({"code": "1", "trust": true})).is(409)["status"], 409, "{path}");
        shop.anon.post(&format!("/api/auth/v1/{path}"), json!({})).is(403);
    }
    nobody.auth("GET", "auth/provider/signup", NONE).is(409);
    nobody.auth("POST", "auth/code/request", json!({"email": "store@shop.test"})).is(403);
    assert_eq!(codes(&nobody.auth("POST", "auth/provider/redirect", json!({"provider": "x"})).is(400)), [("provider", "invalid")]);
    nobody.auth("POST", "auth/provider/token", json!({"provider": "x"})).is(400);
    nobody.auth("POST", "tokens/refresh", json!({"refresh_token": "x"})).is(400);
    assert_eq!(me.auth("GET", "account/providers", NONE).is(200)["data"], json!([]));
    assert_eq!(codes(&me.auth("DELETE", "account/providers", json!({})).is(400)), [("account", "account_not_found")]);
    assert_eq!(me.auth("GET", "account/phone", NONE).is(200)["data"], json!([]));
    me.auth("POST", "account/phone", json!({"phone": "+41"})).is(409);
}

#[test]
fn the_pages_log_in_and_lead_on() {
    let shop = Shop::new();
    let browser = Browser::new(&shop);
    let form = browser.visit("/accounts/login/?next=/api-doc/").is(200);
    assert!(form.text().contains("value=\"/api-doc/\"") && form.header("Content-Security-Policy").is_some());
    let login =
        |next: &str, password: &str| browser.submit("/accounts/login/", &[("username", "store"), ("password", password), ("next", next)]);
    assert!(login("/\"><script>", "wrong").is(400).text().contains("&quot;&gt;&lt;script&gt;"));
    browser.submit_forged("/accounts/login/", &[("username", "store"), ("password", PASSWORD)]).is(403);
    assert!(!browser.is_in());
    assert_eq!(login("/api-doc/", PASSWORD).is(303).header("Location"), Some("/api-doc/"));
    assert!(browser.is_in());
    for elsewhere in ["//evil.test/", "https://evil.test/", "/\\evil.test", "evil"] {
        assert_eq!(login(elsewhere, PASSWORD).is(303).header("Location"), Some("/"), "{elsewhere}");
    }
    browser.visit("/accounts/nothing/").is(404);
    browser.json("DELETE", "/accounts/login/", NONE).is(405);
    let from = shop.with_headers(&[("Cookie", "csrftoken=a"), ("Origin", "https://evil.test")]);
    from.form("POST", "/accounts/login/", &[("csrfmiddlewaretoken", "a"), ("username", "store"), ("password", PASSWORD)]).is(403);
}
