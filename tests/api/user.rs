//! `/api/user/`, `/api/user/me/`, `/api/user/owner/`

use serde_json::{Value, json};
use stockroom::identity::ROLES;

use crate::support::{PASSWORD, Shop};

fn at(user: i64) -> String {
    format!("/api/user/{user}/")
}

fn ann() -> Value {
    json!({"username": "ann", "first_name": "Ann", "last_name": "Lee", "email": "ann@shop.test"})
}

#[test]
fn a_new_user_cannot_log_in_before_a_password_is_set() {
    let shop = Shop::new();
    let made = shop.staff.post("/api/user/", ann()).is(201);
    for (field, want) in [
        ("username", json!("ann")),
        ("is_active", json!(true)),
        ("is_staff", json!(false)),
        ("is_superuser", json!(false)),
        ("groups", json!([])),
    ] {
        assert_eq!(made[field], want, "{field}");
    }
    assert!(made.json.get("password").is_none());
    for word in ["", "!", "ann", PASSWORD] {
        shop.with_password("ann", word).get("/api/user/me/").is(401);
    }
    let path = format!("{}set-password/", at(made.pk()));
    assert_eq!(shop.admin.put(&path, json!({"password": PASSWORD})).is(200).json, json!({}));
    assert_eq!(shop.with_password("ann", PASSWORD).get("/api/user/me/").is(200)["username"], "ann");
    shop.with_password("ann", "wrong").get("/api/user/me/").is(401);
    let stored: String = shop.find("SELECT password FROM user WHERE username = 'ann'");
    assert!(stored.starts_with("pbkdf2_sha256$") && !stored.contains(PASSWORD));
    // Another password: the one that was just accepted is no longer.
    shop.sql(&format!("UPDATE user SET password = '{}' WHERE username = 'ann'", crate::support::cheap_hash("another good word")));
    shop.with_password("ann", PASSWORD).get("/api/user/me/").is(401);
    shop.with_password("ann", "another good word").get("/api/user/me/").is(200);
}

#[test]
fn passwords_have_rules_that_can_be_overridden() {
    let shop = Shop::new();
    let user = shop.staff.post("/api/user/", ann()).is(201).pk();
    let path = format!("{}set-password/", at(user));
    for weak in ["short1", "1234567890123", "password123", "Ann@shop.test", "annleeann"] {
        let answer = shop.admin.put(&path, json!({"password": weak}));
        if weak == "annleeann" && answer.status == 200 {
            continue; // A matter of degree.
        }
        answer.refuses_barely("password");
    }
    shop.admin.put(&path, json!({})).refuses("password");
    shop.admin.put(&path, json!({"password": ""})).is(400);
    shop.admin.put(&path, json!({"password": null})).refuses("password");
    shop.admin.put(&path, json!({"password": "x".repeat(200)})).refuses("password");
    shop.admin.patch(&path, json!({"password": "short1", "override_warning": true})).is(200);
    shop.with_password("ann", "short1").get("/api/user/me/").is(200);
    shop.admin.put("/api/user/77/set-password/", json!({"password": PASSWORD})).is(404);
    for person in [&shop.staff, &shop.reader, &shop.norole] {
        person.put(&path, json!({"password": PASSWORD})).is(403);
        person.put(&format!("{}set-password/", at(person.id)), json!({"password": PASSWORD})).is(403);
    }
}

#[test]
fn everybody_who_is_logged_in_reads_users_and_few_write() {
    let shop = Shop::new();
    let boss = shop.hire("boss", &[("admin", &["view", "add", "change", "delete"])]);
    assert_eq!(shop.norole.get("/api/user/").is(200).list().len(), 6);
    assert!(shop.norole.get(&at(shop.admin.id)).is(200)["profile"].get("theme").is_none(), "what is shown to others");
    let before = shop.state();
    for person in [&shop.norole, &shop.reader, &shop.store, &boss] {
        person.post("/api/user/", ann()).is(403);
        person.patch(&at(person.id), json!({"first_name": "X"})).is(403);
        person.put(&at(person.id), ann()).is(403);
        person.delete(&at(shop.norole.id)).is(403);
    }
    // Staff without the role admin is not enough either.
    shop.sql(&format!("UPDATE user SET is_staff = 1 WHERE id = {}", shop.norole.id));
    shop.norole.post("/api/user/", ann()).is(403);
    shop.sql(&format!("UPDATE user SET is_staff = 0 WHERE id = {}", shop.norole.id));
    assert_eq!(shop.state(), before);
}

#[test]
fn staff_gives_nobody_more_than_it_has() {
    let shop = Shop::new();
    let before = shop.state();
    let with = |more: Value| crate::support::goods::with(ann(), &more);
    let refused = shop.staff.post("/api/user/", with(json!({"is_superuser": true}))).is(403);
    assert!(refused["is_superuser"].is_string(), "{}", refused.text());
    assert!(shop.staff.patch(&at(shop.staff.id), json!({"is_superuser": true})).is(403)["is_superuser"].is_string());
    assert!(shop.staff.patch(&at(shop.reader.id), json!({"is_superuser": "on"})).is(403)["is_superuser"].is_string());
    shop.staff.form("PATCH", &at(shop.reader.id), &[("is_superuser", "1")]).is(403);
    // A superuser is not staff's to change, lock out, demote, regroup or delete.
    for body in [
        json!({"is_superuser": false}),
        json!({"is_active": false}),
        json!({"first_name": "X"}),
        json!({"group_ids": []}),
        json!({"is_staff": false}),
        json!({}),
    ] {
        shop.staff.patch(&at(shop.admin.id), body).is(403);
    }
    shop.staff.delete(&at(shop.admin.id)).is(403);
    assert_eq!(shop.state(), before);
    shop.staff.post("/api/user/", with(json!({"is_superuser": false, "is_staff": true}))).is(201);
    assert_eq!(shop.admin.patch(&at(shop.staff.id), json!({"is_superuser": true})).is(200)["is_superuser"], true);
    shop.staff.patch(&at(shop.admin.id), json!({"first_name": "X"})).is(200);
}

#[test]
fn the_last_superuser_stays() {
    let shop = Shop::new();
    shop.admin.delete(&at(shop.admin.id)).is(400);
    shop.admin.delete("/api/user/me/").is(400);
    shop.admin.patch(&at(shop.admin.id), json!({"is_active": false})).is(400);
    shop.admin.patch(&at(shop.admin.id), json!({"is_superuser": false})).is(400);
    shop.admin.patch(&at(shop.staff.id), json!({"is_superuser": true})).is(200);
    shop.admin.patch(&at(shop.admin.id), json!({"is_superuser": false})).is(200);
    shop.admin.get("/api/part/").is(403);
    shop.staff.delete(&at(shop.admin.id)).is(204);
    shop.admin.get("/api/part/").is(401);
}

#[test]
fn whoever_is_made_inactive_is_out_at_once() {
    let shop = Shop::new();
    shop.reader.get("/api/part/").is(200);
    let basic = shop.with_password("reader", PASSWORD);
    basic.get("/api/part/").is(200);
    let cookie = shop.reader.get("/api/user/me/token/").is(200).cookie("sessionid").unwrap().to_string();
    let session = shop.with_headers(&[("Cookie", &format!("sessionid={cookie}"))]);
    session.get("/api/part/").is(200);
    shop.staff.patch(&at(shop.reader.id), json!({"is_active": false})).is(200);
    for person in [&shop.reader, &basic, &session] {
        person.get("/api/part/").is(401);
        person.get("/api/user/me/").is(401);
    }
    assert_eq!(shop.admin.get("/api/user/?is_active=false").is(200).texts("username"), ["reader"]);
    shop.staff.patch(&at(shop.reader.id), json!({"is_active": true})).is(200);
    shop.reader.get("/api/part/").is(200);
    session.get("/api/part/").is(401);
}

#[test]
fn rights_come_and_go_at_once() {
    let shop = Shop::new();
    let part = shop.part("Nut");
    let path = format!("/api/part/{part}/");
    let group: i64 = shop.find("SELECT id FROM user_group WHERE name = 'readers'");
    let ruleset: i64 =
        shop.find("SELECT id FROM ruleset WHERE name = 'part' AND \"group\" = (SELECT id FROM user_group WHERE name = 'readers')");
    shop.reader.patch(&path, json!({"description": "x"})).is(403);
    shop.staff.patch(&format!("/api/user/ruleset/{ruleset}/"), json!({"can_change": true})).is(200);
    shop.reader.patch(&path, json!({"description": "x"})).is(200);
    shop.staff.patch(&format!("/api/user/ruleset/{ruleset}/"), json!({"can_change": false})).is(200);
    shop.reader.patch(&path, json!({"description": "y"})).is(403);
    shop.staff.patch(&at(shop.norole.id), json!({"group_ids": [group]})).is(200);
    shop.norole.get(&path).is(200);
    shop.staff.patch(&at(shop.norole.id), json!({"group_ids": []})).is(200);
    shop.norole.get(&path).is(403);
    shop.staff.delete(&format!("/api/user/group/{group}/")).is(204);
    shop.reader.get(&path).is(403);
}

#[test]
fn users_are_found_changed_and_deleted() {
    let shop = Shop::new();
    let group: i64 = shop.find("SELECT id FROM user_group WHERE name = 'readers'");
    let made = shop.staff.post("/api/user/", crate::support::goods::with(ann(), &json!({"group_ids": [group]}))).is(201);
    assert_eq!(made["groups"], json!([{"pk": group, "name": "readers"}]));
    shop.staff.post("/api/user/", ann()).refuses("username");
    shop.staff.post("/api/user/", json!({"username": "bob"})).refuses("first_name");
    for name in ["a b", "a/b", "a<b", "ä'"] {
        shop.staff.post("/api/user/", crate::support::goods::with(ann(), &json!({"username": name}))).refuses("username");
    }
    shop.staff.post("/api/user/", crate::support::goods::with(ann(), &json!({"username": "bob", "email": "no mail"}))).refuses("email");
    shop.staff.post("/api/user/", crate::support::goods::with(ann(), &json!({"username": "bob", "group_ids": [77]}))).refuses("group_ids");
    assert_eq!(shop.rows("user"), 6, "nobody was half made");
    let user = made.pk();
    let changed =
        shop.staff.patch(&at(user), json!({"first_name": "Anna", "username": "other", "email": "x@y.z", "is_staff": true})).is(200);
    assert_eq!(
        (&changed["username"], &changed["first_name"], &changed["email"], &changed["is_staff"]),
        (&json!("ann"), &json!("Anna"), &json!("ann@shop.test"), &json!(true))
    );
    shop.staff.put(&at(user), json!({"first_name": "A"})).refuses("last_name");
    shop.staff.put(&at(user), json!({"first_name": "A", "last_name": "B"})).is(200);
    let found = |query: &str| shop.norole.get(&format!("/api/user/?ordering=username&{query}")).is(200).texts("username").join(" ");
    assert_eq!(found("search=ann"), "ann");
    assert_eq!(found("is_staff=true"), "admin ann staff");
    assert_eq!(found("is_superuser=true"), "admin");
    shop.staff.delete(&at(user)).is(204);
    shop.staff.get(&at(user)).is(404);
    assert_eq!(shop.find::<i64>("SELECT count(*) FROM owner WHERE user IS NOT NULL"), 5);
}

#[test]
fn what_a_user_did_outlives_the_user() {
    let shop = Shop::new();
    let part = shop.part("Nut");
    let item = shop.stock(part, 5.0);
    shop.store.post("/api/stock/count/", json!({"items": [{"pk": item, "quantity": 1}]})).is(201);
    shop.staff.delete(&at(shop.store.id)).is(204);
    let row = shop.reader.get("/api/stock/track/?limit=1").is(200)["results"][0].clone();
    assert_eq!((&row["user"], &row["tracking_type"]), (&json!(null), &json!(10)));
    assert_eq!(shop.find::<i64>(&format!("SELECT count(*) FROM token WHERE user = {}", shop.store.id)), 0);
}

#[test]
fn people_change_their_own_names_and_nothing_else() {
    let shop = Shop::new();
    let me = shop.norole.get("/api/user/me/").is(200);
    assert_eq!(
        me.keys(),
        ["pk", "username", "first_name", "last_name", "email", "groups", "is_staff", "is_superuser", "is_active", "profile"]
    );
    for key in [
        "language",
        "theme",
        "widgets",
        "displayname",
        "position",
        "status",
        "location",
        "active",
        "contact",
        "type",
        "organisation",
        "primary_group",
    ] {
        assert!(me["profile"].get(key).is_some(), "{key}");
    }
    let grab = json!({"first_name": "No", "is_superuser": true, "is_staff": true, "group_ids": [1], "password": "x", "pk": 1});
    let changed = shop.norole.patch("/api/user/me/", grab).is(200);
    assert_eq!(
        (&changed["first_name"], &changed["is_superuser"], &changed["is_staff"], &changed["username"]),
        (&json!("No"), &json!(false), &json!(false), &json!("norole"))
    );
    assert_eq!(shop.find::<i64>(&format!("SELECT count(*) FROM user_group_member WHERE user = {}", shop.norole.id)), 0);
    shop.norole.put("/api/user/me/", json!({"first_name": "No"})).refuses("last_name");
    shop.norole.patch("/api/user/me/", json!({"username": "admin"})).refuses("username");
    let whole = json!({"username": "norole", "first_name": "", "last_name": "Role", "email": "n@shop.test"});
    assert_eq!(shop.norole.put("/api/user/me/", whole).is(200)["last_name"], "Role");
    shop.anon.get("/api/user/me/").is(401);
    shop.norole.delete("/api/user/me/").is(204);
    shop.norole.get("/api/user/me/").is(401);
}

#[test]
fn a_profile_is_its_owners() {
    let shop = Shop::new();
    for path in ["/api/user/me/profile/", "/api/user/profile/"] {
        let body =
            json!({"theme": {"primary": "red", "radius": [1, 2]}, "widgets": ["a"], "language": "de", "type": "guest", "status": "away"});
        let profile = shop.norole.patch(path, body).is(200);
        assert_eq!(
            (&profile["theme"], &profile["widgets"], &profile["type"]),
            (&json!({"primary": "red", "radius": [1, 2]}), &json!(["a"]), &json!("guest"))
        );
        assert_eq!(shop.norole.get(path).is(200)["language"], "de");
        shop.norole.put(path, json!({"type": "robot"})).refuses("type");
        shop.norole.put(path, json!({"active": false, "displayname": null})).is(200);
        shop.norole.patch(path, json!({"language": "x".repeat(11)})).refuses("language");
        shop.norole.patch(path, json!({"theme": null, "type": "internal"})).is(200);
    }
    let group: i64 = shop.find("SELECT id FROM user_group WHERE name = 'readers'");
    assert_eq!(
        shop.norole.patch("/api/user/me/profile/", json!({"primary_group": group})).is(200)["primary_group"],
        json!(null),
        "not a member"
    );
    assert_eq!(shop.reader.patch("/api/user/me/profile/", json!({"primary_group": group})).is(200)["primary_group"], json!(group));
    shop.staff.patch(&at(shop.reader.id), json!({"group_ids": []})).is(200);
    assert_eq!(shop.reader.get("/api/user/me/profile/").is(200)["primary_group"], json!(null));
}

#[test]
fn roles_are_told_in_the_words_of_the_contract() {
    let shop = Shop::new();
    for path in ["/api/user/me/roles/", "/api/user/roles/"] {
        let roles = shop.store.get(path).is(200);
        assert_eq!(roles.keys(), ["user", "username", "roles", "permissions", "is_staff", "is_superuser"]);
        assert_eq!(roles["roles"].as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>(), ROLES.map(|r| r.0));
        assert_eq!(roles["roles"]["stock"], json!(["view", "add", "change", "delete"]));
        assert_eq!(roles["roles"]["part"], json!(["view"]));
        assert_eq!(roles["roles"]["build"], json!(null));
        assert_eq!(roles["permissions"]["stockitem"], json!(["add", "change", "delete", "view"]));
        assert_eq!(roles["permissions"]["part"], json!(["view"]));
        assert!(roles["permissions"].get("salesorder").is_none());
        let all = shop.admin.get(path).is(200);
        assert_eq!(all["roles"]["admin"], json!(["view", "add", "change", "delete"]));
        shop.anon.get(path).is(401);
    }
}

#[test]
fn every_user_and_every_group_is_an_owner() {
    let shop = Shop::new();
    let list = shop.norole.get("/api/user/owner/").is(200);
    let names = |of: &str| list.list().iter().filter(|o| o["owner_model"] == of).map(|o| o["name"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(names("user"), ["admin", "staff", "reader", "store", "norole"]);
    assert_eq!(names("group"), ["staffs", "readers", "stores"]);
    let one = shop.norole.get(&format!("/api/user/owner/{}/", list[0]["pk"])).is(200);
    assert_eq!((&one["owner_id"], &one["label"]), (&json!(shop.admin.id), &json!("user")));
    shop.staff.patch(&at(shop.reader.id), json!({"is_active": false, "first_name": "Rita", "last_name": "Read"})).is(200);
    assert_eq!(shop.norole.get("/api/user/owner/?is_active=true").is(200).list().len(), 7);
    assert_eq!(shop.norole.get("/api/user/owner/?search=read").is(200).texts("name"), ["reader", "readers"]);
    shop.set("DISPLAY_FULL_NAMES", "true");
    assert!(shop.norole.get("/api/user/owner/").is(200).texts("name").contains(&"Rita Read"));
    shop.admin.post("/api/user/owner/", json!({})).is(405);
}
