//! `/api/user/tokens/` and `/api/user/me/token/`

use serde_json::json;
use stockroom::engine::moment;

use crate::support::{PASSWORD, Shop};

fn in_days(days: i64) -> String {
    moment::days_after(&moment::day(moment::now()), days).unwrap()
}

#[test]
fn the_same_name_gives_the_same_token() {
    let shop = Shop::new();
    for path in ["/api/user/me/token/", "/api/user/token/"] {
        let basic = shop.with_password("reader", PASSWORD);
        let ask = |name: &str| basic.get(&format!("{path}?name={name}")).is(200);
        let first = ask("phone");
        assert_eq!(first.keys(), ["token", "name", "expiry"]);
        let token = first["token"].as_str().unwrap();
        assert!(token.len() == 53 && token.starts_with("inv-") && token.ends_with(&moment::day(moment::now()).replace('-', "")));
        assert_eq!((&first["name"], &first["expiry"]), (&json!("phone"), &json!(in_days(365))));
        assert_eq!(ask("phone")["token"], first["token"]);
        assert_ne!(ask("tablet")["token"], first["token"]);
        assert_eq!(ask("%20my%20phone%0A")["name"], "my-phone");
        assert_eq!(ask(&"x".repeat(300))["name"].as_str().unwrap().len(), 100);
        basic.get(&format!("{path}?name=%3Cb%3Ex%3C/b%3E")).refuses("non_field_errors");
        let other = shop.with_password("store", PASSWORD).get(&format!("{path}?name=phone")).is(200);
        assert_ne!(other["token"], first["token"]);
        assert_eq!(shop.with_token(token).get("/api/user/me/").is(200)["username"], "reader");
        shop.anon.get(path).is(401);
    }
}

#[test]
fn asking_for_a_token_logs_the_browser_in() {
    let shop = Shop::new();
    let answer = shop.with_password("reader", PASSWORD).get("/api/user/token/").is(200);
    let (session, csrf) = (answer.cookie("sessionid").unwrap(), answer.cookie("csrftoken").unwrap());
    let set: Vec<_> = answer.headers.iter().filter(|h| h.0 == "Set-Cookie").map(|h| h.1.clone()).collect();
    assert!(set.iter().any(|c| c.starts_with("sessionid=") && c.contains("HttpOnly") && c.contains("Max-Age=1209600")), "{set:?}");
    assert!(set.iter().any(|c| c.starts_with("csrftoken=") && !c.contains("HttpOnly")), "{set:?}");
    let browser = shop.with_headers(&[("Cookie", &format!("sessionid={session}; csrftoken={csrf}"))]);
    let again = browser.get("/api/user/token/").is(200);
    assert!(again.cookie("sessionid").is_none(), "there is a session already");
    assert_eq!(again["token"], answer["token"]);
}

#[test]
fn a_token_is_shown_whole_only_once() {
    let shop = Shop::new();
    let made = shop.reader.post("/api/user/tokens/", json!({"name": "scanner"})).is(201);
    let token = made["token"].as_str().unwrap().to_string();
    assert_eq!(shop.with_token(&token).get("/api/user/me/").is(200)["username"], "reader");
    let id = made["id"].as_i64().unwrap();
    let list = shop.reader.get("/api/user/tokens/?search=scanner").is(200);
    let shown = list[0]["token"].as_str().unwrap().to_string();
    assert_eq!(shown.len(), token.len());
    assert!(shown.starts_with(&token[..8]) && shown.ends_with(&token[41..]) && shown.matches('*').count() == 33, "{shown}");
    assert_eq!(shop.reader.get(&format!("/api/user/tokens/{id}/")).is(200)["token"], json!(shown));
    for (field, want) in [
        ("active", json!(true)),
        ("revoked", json!(false)),
        ("expiry", json!(in_days(365))),
        ("in_use", json!(false)),
        ("user", json!(shop.reader.id)),
    ] {
        assert_eq!(list[0][field], want, "{field}");
    }
    let seen = shop.with_token(&token).get(&format!("/api/user/tokens/{id}/")).is(200);
    assert_eq!((&seen["in_use"], &seen["last_seen"]), (&json!(true), &json!(moment::day(moment::now()))));
}

#[test]
fn the_database_holds_no_token() {
    let shop = Shop::new();
    let made = shop.reader.post("/api/user/tokens/", json!({"name": "scanner"})).is(201);
    let token = made["token"].as_str().unwrap().to_string();
    let session = shop.reader.get("/api/user/me/token/").is(200).cookie("sessionid").unwrap().to_string();
    shop.with_token(&token).get("/api/user/me/").is(200);
    let secret_of = |token: &str| token[12..36].as_bytes().to_vec();
    for name in ["stockroom.db", "stockroom.db-wal"] {
        let bytes = std::fs::read(shop.path().join(name)).unwrap();
        for secret in [
            token.as_bytes().to_vec(),
            secret_of(&token),
            secret_of(&shop.admin.token),
            session.as_bytes().to_vec(),
            PASSWORD.as_bytes().to_vec(),
        ] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret), "{name} holds {}", String::from_utf8_lossy(&secret));
        }
    }
    // The masked token is there, so the search above would find what is there.
    let wal = std::fs::read(shop.path().join("stockroom.db-wal")).unwrap();
    assert!(wal.windows(12).any(|w| w == &token.as_bytes()[41..]));
}

#[test]
fn a_revoked_token_is_dead_and_stays_listed() {
    let shop = Shop::new();
    let made = shop.reader.post("/api/user/tokens/", json!({"name": "scanner"})).is(201);
    let (id, holder) = (made["id"].as_i64().unwrap(), shop.with_token(made["token"].as_str().unwrap()));
    holder.get("/api/part/").is(200);
    shop.reader.delete(&format!("/api/user/tokens/{id}/")).is(204);
    holder.get("/api/part/").is(401);
    holder.get("/api/").is(401);
    let row = shop.reader.get(&format!("/api/user/tokens/{id}/")).is(200);
    assert_eq!((&row["revoked"], &row["active"]), (&json!(true), &json!(false)));
    assert_eq!(shop.reader.get("/api/user/tokens/?revoked=true").is(200).list().len(), 1);
    let again = shop.reader.get("/api/user/me/token/?name=scanner").is(200);
    assert_ne!(again["token"], made["token"], "a revoked one does not come back");
    shop.reader.get("/api/part/").is(200);
}

#[test]
fn an_expired_token_is_dead() {
    let shop = Shop::new();
    let made = shop.reader.post("/api/user/tokens/", json!({"name": "short", "expiry": in_days(0)})).is(201);
    let holder = shop.with_token(made["token"].as_str().unwrap());
    holder.get("/api/part/").is(200);
    shop.sql(&format!("UPDATE token SET expiry = '{}' WHERE name = 'short'", in_days(-1)));
    holder.get("/api/part/").is(401);
    assert_eq!(shop.reader.get("/api/user/tokens/?search=short").is(200)[0]["active"], false);
    assert_ne!(shop.reader.get("/api/user/me/token/?name=short").is(200)["token"], made["token"]);
    for bad in [json!("junk"), json!("2026-02-30"), json!(5), json!(null), json!("")] {
        shop.reader.post("/api/user/tokens/", json!({"expiry": bad})).refuses("expiry");
    }
}

#[test]
fn tokens_of_others_do_not_exist() {
    let shop = Shop::new();
    let id: i64 = shop.find(&format!("SELECT id FROM token WHERE user = {}", shop.store.id));
    let path = format!("/api/user/tokens/{id}/");
    for person in [&shop.reader, &shop.staff, &shop.admin] {
        person.get(&path).is(404);
        person.delete(&path).is(404);
        assert!(!person.get("/api/user/tokens/").is(200).numbers("id").contains(&id));
    }
    shop.reader.get(&format!("{path}?all_users=1")).is(404);
    assert_eq!(shop.reader.get("/api/user/tokens/?all_users=true").is(200).list().len(), 1);
    assert_eq!(shop.reader.get(&format!("/api/user/tokens/?user={}", shop.store.id)).is(200).list().len(), 0);
    shop.store.get("/api/part/").is(200);
    // A superuser may look after all of them, on request.
    assert_eq!(shop.admin.get("/api/user/tokens/?all_users=1").is(200).list().len(), 5);
    shop.admin.get(&format!("{path}?all_users=1")).is(200);
    shop.admin.delete(&format!("{path}?all_users=1")).is(204);
    shop.store.get("/api/part/").is(401);
}

#[test]
fn only_a_superuser_makes_tokens_for_others() {
    let shop = Shop::new();
    let before = shop.rows("token");
    for person in [&shop.reader, &shop.staff] {
        person.post("/api/user/tokens/", json!({"user": shop.admin.id, "name": "grab"})).refuses("user");
    }
    assert_eq!(shop.rows("token"), before);
    let made = shop.admin.post("/api/user/tokens/", json!({"user": shop.norole.id, "name": "gift"})).is(201);
    assert_eq!(shop.with_token(made["token"].as_str().unwrap()).get("/api/user/me/").is(200)["username"], "norole");
    let own = shop.reader.post("/api/user/tokens/", json!({"user": shop.reader.id})).is(201);
    assert_eq!(own["user_detail"]["username"], "reader");
    shop.reader.post("/api/user/tokens/", json!([{"name": "x"}])).is(400);
    shop.reader.post("/api/user/tokens/", json!({"name": "x".repeat(101)})).refuses("name");
    shop.reader.post("/api/user/tokens/", json!({"name": "<i>x</i>"})).refuses("name");
}

#[test]
fn tokens_of_another_secret_key_do_not_come_back() {
    let shop = Shop::new();
    let first = shop.reader.get("/api/user/me/token/?name=phone").is(200)["token"].clone();
    shop.sql("UPDATE token SET seed = randomblob(16) WHERE name = 'phone'");
    assert_ne!(shop.reader.get("/api/user/me/token/?name=phone").is(200)["token"], first);
}
