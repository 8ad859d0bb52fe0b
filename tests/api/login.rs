//! `/api/auth/v1/…`: sessions of browsers and what protects them.

use serde_json::json;

use crate::support::{ORIGIN, PASSWORD, Person, Shop};

const SESSION: &str = "/api/auth/v1/auth/session";
const LOGIN: &str = "/api/auth/v1/auth/login";

/// The cookies of a browser that logged in: session and CSRF.
fn log_in(shop: &Shop, name: &str) -> (String, String) {
    let csrf = shop.anon.get(SESSION).is(401).cookie("csrftoken").unwrap().to_string();
    let browser = browser(shop, "", &csrf, Some(&csrf));
    let answer = browser.post(LOGIN, json!({"username": name, "password": PASSWORD})).is(200);
    let (session, fresh) = (answer.cookie("sessionid").unwrap().to_string(), answer.cookie("csrftoken").unwrap().to_string());
    assert_ne!(fresh, csrf, "a new one for the new session");
    (session, fresh)
}

fn browser(shop: &Shop, session: &str, csrf: &str, header: Option<&str>) -> Person {
    let cookie = format!("sessionid={session}; csrftoken={csrf}");
    let mut headers = vec![("Cookie", cookie.as_str())];
    headers.extend(header.map(|h| ("X-CSRFToken", h)));
    shop.with_headers(&headers)
}

#[test]
fn a_browser_logs_in_works_and_logs_out() {
    let shop = Shop::new();
    let before = shop.anon.get(SESSION).is(401);
    assert_eq!(
        (&before["status"], &before["meta"]["is_authenticated"], &before["data"]["flows"][0]["id"]),
        (&json!(401), &json!(false), &json!("login"))
    );
    let (session, csrf) = log_in(&shop, "store");
    let browser = browser(&shop, &session, &csrf, Some(&csrf));
    let me = browser.get(SESSION).is(200);
    assert_eq!((&me["meta"]["is_authenticated"], &me["data"]["user"]["username"]), (&json!(true), &json!("store")));
    assert_eq!((&me["data"]["user"]["id"], &me["data"]["user"]["has_usable_password"]), (&json!(shop.store.id), &json!(true)));
    browser.post("/api/stock/location/", json!({"name": "Shelf"})).is(201);
    assert_eq!(browser.post(LOGIN, json!({"username": "store", "password": PASSWORD})).is(409)["status"], 409);
    let out = browser.delete(SESSION).is(401);
    assert_eq!(out["meta"]["is_authenticated"], false);
    assert_eq!(out.cookie("sessionid"), Some(""), "the cookie is taken away");
    browser.get("/api/stock/location/").is(401);
    browser.get(SESSION).is(401);
}

#[test]
fn whoever_changes_something_proves_that_a_page_of_ours_asked() {
    let shop = Shop::new();
    let (session, csrf) = log_in(&shop, "store");
    let body = || json!({"name": "Shelf"});
    let path = "/api/stock/location/";
    browser(&shop, &session, &csrf, None).get(path).is(200);
    browser(&shop, &session, &csrf, None).options(path).is(200);
    let forged = "0".repeat(csrf.len());
    for header in [None, Some(""), Some("x"), Some(forged.as_str()), Some(&csrf[1..])] {
        for verb in ["POST", "PUT", "PATCH", "DELETE"] {
            browser(&shop, &session, &csrf, header).json(verb, path, body()).is(403);
        }
        browser(&shop, &session, &csrf, header).delete(SESSION).is(403);
    }
    browser(&shop, &session, "", Some("")).post(path, body()).is(403);
    assert_eq!(shop.rows("stock_location"), 0);
    let from = |origin: &str| {
        let cookie = format!("sessionid={session}; csrftoken={csrf}");
        shop.with_headers(&[("Cookie", &cookie), ("X-CSRFToken", &csrf), ("Origin", origin)])
    };
    for origin in ["http://evil.test", "null", "https://shop.test", "http://shop.test.evil.test", "http://shop.test:81", ""] {
        from(origin).post(path, body()).is(403);
    }
    assert_eq!(shop.rows("stock_location"), 0);
    from(ORIGIN).post(path, body()).is(201);
    // Tokens and passwords ride on no cookie: nothing to prove.
    shop.store.post(path, json!({"name": "Other"})).is(201);
    let both = shop.with_headers(&[("Authorization", &format!("Token {}", shop.store.token)), ("Cookie", &format!("sessionid={session}"))]);
    both.post(path, json!({"name": "Third"})).is(201);
}

#[test]
fn a_login_needs_the_csrf_token_and_the_right_password() {
    let shop = Shop::new();
    let good = json!({"username": "store", "password": PASSWORD});
    shop.anon.post(LOGIN, good.clone()).is(403);
    browser(&shop, "", "abc", Some("abd")).post(LOGIN, good.clone()).is(403);
    browser(&shop, "", "", Some("")).post(LOGIN, good).is(403);
    let asks = browser(&shop, "", "abc", Some("abc"));
    let missing =
        |body| asks.post(LOGIN, body).is(400)["errors"].as_array().unwrap().iter().map(|e| e["param"].clone()).collect::<Vec<_>>();
    assert_eq!(missing(json!({})), ["username", "password"]);
    assert_eq!(missing(json!([1])), ["username", "password"]);
    assert_eq!(missing(json!({"username": 5, "password": {}})), ["password"]);
    for body in [json!({"username": "store", "password": "wrong"}), json!({"username": 5, "password": 5})] {
        let refused = asks.post(LOGIN, body).is(400);
        assert_eq!(refused["errors"][0]["code"], "username_password_mismatch");
        assert_eq!(refused["errors"][0]["param"], "password");
        assert!(refused.cookie("sessionid").is_none());
    }
    assert_eq!(shop.rows("session"), 0);
}

#[test]
fn a_session_that_is_not_known_or_over_is_nobody() {
    let shop = Shop::new();
    let (session, csrf) = log_in(&shop, "store");
    for wrong in ["", "x", &session[1..], &format!("{session}0"), &session.to_uppercase()] {
        browser(&shop, wrong, &csrf, Some(&csrf)).get("/api/stock/").is(401);
    }
    let browser = browser(&shop, &session, &csrf, Some(&csrf));
    browser.get("/api/stock/").is(200);
    shop.sql("UPDATE session SET expires = 1");
    browser.get("/api/stock/").is(401);
}

#[test]
fn a_new_password_ends_all_sessions() {
    let shop = Shop::new();
    let sessions: Vec<_> = (0..2).map(|_| log_in(&shop, "store")).collect();
    let other = log_in(&shop, "reader");
    let open = |(session, csrf): &(String, String)| browser(&shop, session, csrf, Some(csrf)).get("/api/stock/").status == 200;
    assert!(sessions.iter().all(open));
    shop.admin.put(&format!("/api/user/{}/set-password/", shop.store.id), json!({"password": "nine green lamps"})).is(200);
    assert!(!sessions.iter().any(open) && open(&other));
    shop.store.get("/api/stock/").is(200);
}

#[test]
fn logging_out_ends_one_session_alone() {
    let shop = Shop::new();
    let (first, second) = (log_in(&shop, "store"), log_in(&shop, "store"));
    browser(&shop, &first.0, &first.1, Some(&first.1)).delete(SESSION).is(401);
    browser(&shop, &first.0, &first.1, None).get("/api/stock/").is(401);
    browser(&shop, &second.0, &second.1, None).get("/api/stock/").is(200);
    // Without a session it changes nothing and says the same.
    shop.anon.delete(SESSION).is(401);
}

#[test]
fn a_user_keeps_no_more_than_fifty_sessions() {
    let shop = Shop::new();
    let first = log_in(&shop, "store");
    for _ in 0..55 {
        shop.store.get("/api/user/me/token/").is(200);
    }
    assert_eq!(shop.rows("session"), 50);
    browser(&shop, &first.0, &first.1, None).get("/api/stock/").is(401);
}

#[test]
fn the_options_of_the_login_are_open() {
    let shop = Shop::new();
    let config = shop.anon.get("/api/auth/v1/config").is(200);
    assert_eq!(config["data"]["account"]["is_open_for_signup"], false);
    for key in ["account", "socialaccount", "mfa", "usersessions"] {
        assert!(config["data"][key].is_object(), "{key}");
    }
    shop.admin.get("/api/auth/v1/config/").is(404);
}

#[test]
fn basic_takes_any_password_and_refuses_nonsense() {
    use base64::Engine;
    let shop = Shop::new();
    shop.sql(&format!("UPDATE user SET password = '{}' WHERE username = 'reader'", crate::support::cheap_hash("a:b:ü ")));
    shop.with_password("reader", "a:b:ü ").get("/api/part/").is(200);
    for raw in [&b"reader"[..], b"", b":", b"\xff\xfe:x", b"reader:\0"] {
        let value = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(raw));
        shop.with_headers(&[("Authorization", &value)]).get("/api/part/").is(401);
    }
    // The name counts in any case, the password does not.
    shop.with_password("READER", "a:b:ü ").get("/api/part/").is(200);
    shop.with_password("reader", "A:b:ü ").get("/api/part/").is(401);
}
