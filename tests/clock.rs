//! A clock that is set back: a board without one of its own starts with any time, until the network tells it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod support;

use serde_json::json;
use support::Shop;
use support::browser::Browser;
use support::errands::token_for;
use support::process::looked_over;

/// What was given out while the clock was ahead goes on counting; numbers go on growing; the daily rounds and backups go on.
#[test]
fn a_clock_that_is_set_back_breaks_nothing() {
    const DAY: i64 = 24 * 3600;
    let stick = tempfile::tempdir().unwrap();
    let schedule = stockroom::backup::Schedule { folder: stick.path().to_path_buf(), every: 24, keep: 2 };
    let shop = Shop::with(|site| site.backups = Some(schedule));
    let round = || stockroom::common::daily::round(&shop.server.site_shared()).unwrap();
    let failures = || shop.rows("failed_task");
    faultvfs::set_clock(300 * DAY);
    let company = shop.partner("Both");
    let order = || {
        let made = shop.admin.post("/api/order/po/", json!({"supplier": company})).is(201);
        (made["reference"].as_str().unwrap().to_string(), made.pk())
    };
    let token = {
        let site = shop.server.site();
        shop.with_token(&token_for(site, "traveller"))
    };
    let part = token.post("/api/part/", json!({"name": "Nut"})).is(201).pk();
    let item = token.post("/api/stock/", json!({"part": part, "quantity": 10})).is(201).json[0]["pk"].as_i64().unwrap();
    let browser = Browser::of(&shop, "store");
    round();
    assert_eq!(stockroom::backup::listed(stick.path()).len(), 1);
    faultvfs::set_clock(0);
    token.get("/api/user/me/").is(200);
    shop.admin.get("/api/user/me/").is(200);
    assert!(browser.is_in(), "a session goes on");
    let again = Browser::of(&shop, "store");
    assert!(again.is_in() && browser.is_in(), "a new one beside it too");
    let (first, key) = order();
    faultvfs::set_clock(-30 * DAY);
    let (second, later) = order();
    assert!(second > first && later > key, "{first} {second}");
    assert!(token.post("/api/part/", json!({"name": "Bolt"})).is(201).pk() > part);
    token.post("/api/stock/add/", json!({"items": [{"pk": item, "quantity": 5}]})).is(201);
    token.post("/api/stock/remove/", json!({"items": [{"pk": item, "quantity": 1}]})).is(201);
    assert_eq!((shop.quantity(item), shop.events(item).len()), (14_000_000, 3));
    let told = shop.admin.get(&format!("/api/stock/track/?item={item}&ordering=-pk")).is(200);
    assert!(told.list().iter().all(|row| row["date"].is_string()));
    shop.admin.post(&format!("/api/order/po/{later}/issue/"), json!({})).is(201);
    for ahead in [-30 * DAY, 0] {
        faultvfs::set_clock(ahead);
        round();
    }
    assert_eq!(failures(), 0);
    let kept = stockroom::backup::listed(stick.path());
    assert!(kept.iter().any(|path| stockroom::backup::verify(path).is_ok()) && kept.len() == 2, "{kept:?}");
    let newest = kept.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).min().unwrap();
    assert!(newest.as_str() < "stockroom-2099", "{newest}");
    shop.server.site().db.checkpoint().unwrap();
    looked_over(shop.path()).unwrap();
}
