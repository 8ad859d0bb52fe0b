//! Mail: the log, the test, the link to log in by.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::post_office::{PostOffice, mailer};
use crate::support::{Answer, PASSWORD, Shop};

const LOG: &str = "/api/admin/email/";
const TEST: &str = "/api/admin/email/test/";
const LINK: &str = "/api/email/generate/";

/// The log, once so many mails in it have met their end.
fn settled(shop: &Shop, rows: i64) -> Answer {
    for _ in 0..100 {
        if shop.find::<i64>("SELECT count(*) FROM email_message WHERE status <> 'A'") >= rows {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    shop.admin.get(LOG).is(200)
}

#[test]
fn the_log_is_for_superusers() {
    let shop = Shop::new();
    assert_eq!(shop.admin.get(LOG).is(200).json, json!([]));
    for person in [&shop.staff, &shop.reader, &shop.norole] {
        person.get(LOG).is(403);
        person.post(TEST, json!({"email": "a@shop.test"})).is(403);
        person.delete_with(LOG, json!({"all": true})).is(403);
    }
    shop.anon.get(LOG).is(401);
    assert!(shop.admin.get(&format!("{LOG}no-such-key/")).is(404)["url"].is_null());
}

#[test]
fn without_a_mail_server_nothing_is_said_to_be_sent() {
    let shop = Shop::new();
    assert_eq!(shop.anon.get("/api/").is(200)["email_configured"], false);
    shop.admin.post(TEST, json!({"email": "a@shop.test"})).is(400);
    for body in [json!({"email": "store@shop.test"}), json!({"email": "nobody@shop.test"}), json!({"email": "no address"})] {
        assert_eq!(shop.anon.post(LINK, body).is(200).json, json!({"status": "ok"}));
    }
    shop.anon.post(LINK, json!({})).refuses("email");
    shop.anon.post(LINK, json!([1])).refuses("non_field_errors");
    assert_eq!((shop.rows("email_message"), shop.rows("mail_key")), (0, 0));
}

#[test]
fn a_mail_is_sent_and_noted() {
    let office = PostOffice::open(false);
    let shop = Shop::with(|site| site.mail = Some(office.mailer()));
    assert_eq!(shop.anon.get("/api/").is(200)["email_configured"], true);
    shop.admin.post(TEST, json!({"email": "nonsense"})).refuses("email");
    assert_eq!(shop.admin.post(TEST, json!({"email": "a@shop.test"})).is(200)["email"], "a@shop.test");
    let letter = office.letter();
    for line in ["To: a@shop.test", "From: \"Stock room\" <stock@shop.test>", "Subject: Test mail"] {
        assert!(letter.contains(line), "{line}: {letter}");
    }
    let log = settled(&shop, 1);
    let row = &log[0];
    assert_eq!(
        (&row["status"], &row["direction"], &row["to"], &row["priority"]),
        (&json!("S"), &json!("O"), &json!("a@shop.test"), &json!(3))
    );
    assert!(letter.contains(row["message_id_key"].as_str().unwrap()));
    assert_eq!(row["pk"], row["global_id"]);
    let one = format!("{LOG}{}/", row["pk"].as_str().unwrap());
    assert_eq!(shop.admin.get(&one).is(200).json, *row);
    shop.reader.get(&one).is(403);
    shop.admin.patch(&one, json!({"subject": "x"})).is(405);
    assert_eq!(shop.admin.get(&format!("{LOG}?search=test&ordering=-timestamp&limit=1")).is(200)["count"], 1);
    shop.admin.delete(&one).is(204);
    shop.admin.get(&one).is(404);
    for n in 0..3 {
        shop.admin.post(TEST, json!({"email": format!("{n}@shop.test")})).is(200);
    }
    let first = settled(&shop, 3)[0]["pk"].clone();
    shop.admin.delete_with(LOG, json!({"items": ["no-such-key"]})).is(400);
    shop.admin.delete_with(LOG, json!({"items": [first, 1]})).is(200);
    assert_eq!(shop.rows("email_message"), 2);
    shop.admin.delete_with(LOG, json!({"all": true})).is(200);
    assert_eq!(shop.rows("email_message"), 0);
}

#[test]
fn a_mail_that_was_not_taken_is_noted_as_failed() {
    let office = PostOffice::open(true);
    let shop = Shop::with(|site| site.mail = Some(office.mailer()));
    shop.admin.post(TEST, json!({"email": "a@shop.test"})).is(400);
    let row = settled(&shop, 1)[0].clone();
    assert_eq!((&row["status"], &row["error_code"]), (&json!("F"), &json!("smtp")));
    assert!(row["error_message"].as_str().unwrap().contains("nobody of that name") && row["error_timestamp"].is_string());
    // Nobody listens there.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let shop = Shop::with(|site| site.mail = Some(mailer(closed)));
    shop.admin.post(TEST, json!({"email": "a@shop.test"})).is(400);
    assert_eq!(settled(&shop, 1)[0]["status"], "F");
    // A request that sends on the side does not fail for it.
    shop.anon.post(LINK, json!({"email": "store@shop.test"})).is(200);
    assert_eq!(settled(&shop, 2).list().len(), 2);
}

#[test]
fn a_link_logs_in_once_for_five_minutes() {
    let office = PostOffice::open(false);
    let shop = Shop::with(|site| site.mail = Some(office.mailer()));
    shop.anon.post(LINK, json!({"email": "nobody@shop.test"})).is(200);
    assert!(office.is_quiet());
    shop.anon.post(LINK, json!({"email": "store@shop.test"})).is(200);
    let link = office.link();
    let key = link.split_once("key=").unwrap().1.to_string();
    assert!(!settled(&shop, 1).text().contains(&key));
    let browser = Browser::new(&shop);
    for _ in 0..2 {
        browser.visit(&link).is(200);
    }
    assert!(!browser.is_in(), "a look does nothing");
    browser.submit_forged("/accounts/link/", &[("key", &key)]).is(403);
    browser.submit("/accounts/link/", &[("key", &key)]).is(303);
    assert!(browser.is_in());
    let late = Browser::new(&shop);
    late.submit("/accounts/link/", &[("key", &key)]).is(400);
    late.visit(&link).is(400);
    shop.anon.post(LINK, json!({"email": "store@shop.test"})).is(200);
    let link = office.link();
    let life: i64 = shop.find("SELECT expires - created FROM mail_key WHERE used = 0");
    assert_eq!(life, 300_000);
    shop.sql("UPDATE mail_key SET expires = expires - 300001");
    late.visit(&link).is(400);
    // A new password makes links worthless.
    shop.sql("DELETE FROM mail_key");
    shop.anon.post(LINK, json!({"email": "store@shop.test"})).is(200);
    let link = office.link();
    shop.admin.put(&format!("/api/user/{}/set-password/", shop.store.id), json!({"password": PASSWORD, "override_warning": true})).is(200);
    late.visit(&link).is(400);
}
