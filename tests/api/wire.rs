//! What holds of every address: headers, verbs, media types, who is let in (CONVENTIONS §§0, 1.1, 12).

use serde_json::{Value, json};
use stockroom::engine::call::Verb;
use stockroom::router::{Target, routes};

use crate::support::{Answer, ORIGIN, Shop};

/// A path for a route: the first key, or a word that exists.
fn path_of(route: &str) -> String {
    let word = match route {
        r if r.starts_with("api/settings/global/") => "PART_SALABLE",
        r if r.starts_with("api/settings/user/") => "SEARCH_PREVIEW_RESULTS",
        r if r.starts_with("api/generic/") => "StockStatus",
        _ => "none",
    };
    // `{text}` is a model first.
    let route = route.replacen("{text}", "part", 1).replace("{text}", "name");
    format!("/{}", route.replace("{id}", "1").replace("{above}", "1").replace("{word}", word))
}

fn keys(answer: &Answer) -> Vec<&str> {
    answer.json.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn every_answer_carries_the_headers_of_the_contract() {
    let shop = Shop::new();
    let answer = shop.admin.get("/api/part/").is(200);
    assert_eq!(answer.header("Content-Type"), Some("application/json"), "no charset: the Python client insists");
    assert_eq!(answer.header("X-InvenTree-API"), Some("511"));
    assert_eq!(answer.header("Allow"), Some("GET, HEAD, OPTIONS, PATCH, POST, PUT"));
    assert_ne!(answer.header("X-InvenTree-ReqId"), shop.admin.get("/api/part/").header("X-InvenTree-ReqId"));
    // Errors, and answers without a body, carry them too: the support layer looks at every answer.
    shop.anon.get("/api/part/").is(401);
    shop.admin.get("/api/nowhere/").is(404);
    shop.admin.get("/nowhere").is(404);
}

#[test]
fn every_route_describes_itself_to_whoever_may_look() {
    let shop = Shop::new();
    let item = shop.stock(shop.part("Nut"), 1.0);
    assert_eq!(item, 1);
    shop.place("Shelf");
    for (route, target) in routes() {
        let answer = shop.admin.options(&path_of(route));
        if matches!(target, Target::One(_)) && answer.status == 404 {
            continue; // There is no such object yet.
        }
        let answer = answer.is(200);
        for key in ["name", "description", "renders", "parses", "actions"] {
            assert!(!answer[key].is_null(), "{route}: {key}");
        }
        assert_eq!(answer.header("Allow"), Some(target.allow().as_str()), "{route}");
        let anon = shop.anon.options(&path_of(route));
        assert_eq!(anon.status, if target.is_open() { 200 } else { 401 }, "{route}");
    }
}

#[test]
fn options_offers_only_what_the_user_may_do() {
    let shop = Shop::new();
    shop.part("Nut");
    let actions = |answer: Answer| answer["actions"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert!(actions(shop.admin.options("/api/part/").is(200)).contains(&"POST".to_string()));
    assert!(!actions(shop.reader.options("/api/part/").is(200)).contains(&"POST".to_string()));
    assert!(!actions(shop.reader.options("/api/part/1/").is(200)).contains(&"PUT".to_string()));
    shop.norole.options("/api/part/").is(403);
    let post = shop.admin.options("/api/part/").is(200)["actions"]["POST"].clone();
    assert_eq!(post["name"]["type"], "string");
    assert_eq!(post["name"]["required"], true);
    assert_eq!(post["name"]["max_length"], 100);
    assert_eq!(post["category"]["type"], "related field");
    assert_eq!(post["category"]["api_url"], "/api/part/category/");
    assert_eq!(post["pk"]["read_only"], true);
}

#[test]
fn without_a_login_every_route_but_the_open_ones_is_closed() {
    let shop = Shop::new();
    for (route, target) in routes() {
        for verb in target.verbs() {
            let answer = shop.anon.json(verb.name(), &path_of(route), json!({}));
            if target.is_open() {
                assert_ne!(answer.json["detail"], "Log in first.", "{route}");
            } else {
                let answer = answer.is(401);
                assert_eq!(answer.header("WWW-Authenticate"), Some("Token"), "{route}");
            }
        }
    }
}

#[test]
fn without_a_role_every_model_is_closed() {
    let shop = Shop::new();
    let before = shop.state();
    for (route, target) in routes() {
        for verb in target.verbs() {
            let resource = match target {
                Target::List(r) | Target::One(r) | Target::Act(r, _) => r,
                Target::Hand(_) => continue,
            };
            let own = matches!(resource.access, stockroom::identity::Access::Login);
            let open = own || verb == Verb::Get && !matches!(resource.access, stockroom::identity::Access::Role);
            if !open {
                shop.norole.json(verb.name(), &path_of(route), json!({})).is(403);
            }
        }
    }
    assert_eq!(shop.state(), before);
}

#[test]
fn credentials_that_are_wrong_are_401_even_where_nobody_must_log_in() {
    let shop = Shop::new();
    shop.anon.get("/api/").is(200);
    for value in ["Token inv-nonsense", "Token ", "Token", "Basic !!!", "Basic bm9ib2R5", "Bearer inv-x", "token x y z"] {
        shop.with_headers(&[("Authorization", value)]).get("/api/").is(401);
    }
}

#[test]
fn the_keyword_of_a_token_has_any_case() {
    let shop = Shop::new();
    for keyword in ["Token", "token", "TOKEN"] {
        let person = shop.with_headers(&[("Authorization", &format!("{keyword} {}", shop.admin.token))]);
        assert_eq!(person.get("/api/user/me/").is(200)["username"], "admin");
    }
    shop.with_headers(&[("Authorization", &format!("Bearer {}", shop.admin.token))]).get("/api/user/me/").is(401);
}

#[test]
fn who_is_known_but_may_not_gets_403_with_a_detail() {
    let shop = Shop::new();
    let answer = shop.reader.post("/api/part/", json!({"name": "Nut"})).is(403);
    assert_eq!(keys(&answer), ["detail"]);
    assert!(answer.header("WWW-Authenticate").is_none());
    assert_eq!(shop.rows("part"), 0);
    shop.norole.get("/api/part/").is(403);
    shop.norole.get("/api/part/1/").is(403);
    // Whether the object exists is nobody's business who may not look.
    let part = shop.part("Nut");
    shop.norole.get(&format!("/api/part/{part}/")).is(403);
    shop.store.patch(&format!("/api/part/{part}/"), json!({"name": "Bolt"})).is(403);
    shop.store.delete(&format!("/api/part/{part}/")).is(403);
}

#[test]
fn an_unknown_address_names_itself() {
    let shop = Shop::new();
    for verb in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        shop.anon.raw(verb, "/api/nowhere/", &[], b"").is(401);
        let answer = shop.admin.raw(verb, "/api/nowhere/", &[], b"").is(404);
        assert_eq!(keys(&answer), ["detail", "url"]);
        assert_eq!(answer["url"], format!("{ORIGIN}/api/nowhere/"));
    }
    for path in
        ["/api/part", "/api/part/abc/", "/api/part//", "/api/part/1", "/api/part/-1/", "/api/part/1.5/", "/api/part/99999999999999999999/"]
    {
        shop.admin.get(path).is(404);
    }
}

#[test]
fn an_object_that_is_not_there_is_404_with_a_detail_alone() {
    let shop = Shop::new();
    for path in [
        "/api/part/77/",
        "/api/part/category/77/",
        "/api/stock/77/",
        "/api/stock/location/77/",
        "/api/stock/location-type/77/",
        "/api/user/77/",
    ] {
        for (verb, body) in [("GET", json!({})), ("PATCH", json!({})), ("PUT", json!({})), ("DELETE", json!({}))] {
            let answer = shop.admin.json(verb, path, body).is(404);
            assert_eq!(keys(&answer), ["detail"], "{verb} {path}");
        }
    }
    shop.admin.get("/api/part/999999999999999999/").is(404);
    shop.admin.options("/api/part/77/").is(404);
}

#[test]
fn a_verb_that_an_address_lacks_is_405() {
    let shop = Shop::new();
    for (verb, path) in [
        ("DELETE", "/api/part/"),
        ("POST", "/api/part/1/"),
        ("GET", "/api/stock/add/"),
        ("POST", "/api/part/category/tree/"),
        ("PUT", "/api/"),
        ("PATCH", "/api/stock/track/1/"),
        ("POST", "/api/stock/track/"),
        ("POST", "/api/user/ruleset/"),
        ("PATCH", "/api/user/tokens/1/"),
        ("TRACE", "/api/part/"),
        ("BREW", "/api/part/"),
    ] {
        let answer = shop.admin.raw(verb, path, &[], b"").is(405);
        assert!(answer["detail"].as_str().unwrap().contains(verb), "{}", answer.text());
        assert!(answer.header("Allow").is_some());
    }
}

#[test]
fn only_json_can_be_had() {
    let shop = Shop::new();
    let asks = |accept: &str| shop.admin.raw("GET", "/api/part/", &[("Accept", accept)], b"").status;
    for accept in ["application/json", "*/*", "application/*", "text/html, */*;q=0.1", "application/json; indent=4", "", "APPLICATION/JSON"]
    {
        assert_eq!(asks(accept), 200, "{accept}");
    }
    for accept in ["text/html", "image/png, text/plain", "application/json;q=0", "application/xml"] {
        assert_eq!(asks(accept), 406, "{accept}");
    }
    shop.admin.get("/api/part/?format=json").is(200);
    shop.admin.get("/api/part/?format=xml").is(404);
    shop.admin.get("/api/part/?format=api").is(404);
}

#[test]
fn bodies_of_other_types_are_415_and_broken_ones_400() {
    let shop = Shop::new();
    let send = |kind: &str, body: &[u8]| shop.admin.raw("POST", "/api/part/", &[("Content-Type", kind)], body);
    send("text/plain", b"name=Nut").is(415);
    send("application/xml", b"<a/>").is(415);
    send("", b"{}").is(415);
    assert_eq!(keys(&send("application/json", b"{\"name\": ").is(400)), ["detail"]);
    assert_eq!(keys(&send("application/json", b"\xff\xfe").is(400)), ["detail"]);
    send("multipart/form-data; boundary=x", b"nothing").is(400);
    send("multipart/form-data", b"--x--").is(400);
    send("application/json; charset=utf-8", b"{\"name\": \"Nut\"}").is(201);
    // An empty body is an object without keys, whatever its type.
    send("text/plain", b"").refuses("name");
    assert_eq!(shop.rows("part"), 1);
}

#[test]
fn head_is_answered_wherever_get_is() {
    let shop = Shop::new();
    for path in ["/api/", "/api/part/", "/api/stock/?limit=1", "/api/user/me/", "/", "/api/part/77/"] {
        let (get, head) = (shop.admin.get(path), shop.admin.raw("HEAD", path, &[], b""));
        assert_eq!((get.status, get.header("Content-Type")), (head.status, head.header("Content-Type")), "{path}");
    }
    shop.admin.raw("HEAD", "/api/stock/add/", &[], b"").is(405);
    shop.anon.raw("HEAD", "/api/part/", &[], b"").is(401);
}

#[test]
fn unknown_and_read_only_keys_are_passed_over() {
    let shop = Shop::new();
    let body = json!({"name": "Nut", "pk": 77, "level": 9, "in_stock": 5, "creation_user": 3, "full_name": "x", "nonsense": {"a": [1]}});
    let part = shop.admin.post("/api/part/", body).is(201);
    assert_eq!((&part["pk"], &part["full_name"]), (&json!(1), &json!("Nut")));
    let changed = shop.admin.patch("/api/part/1/", json!({"pk": 5, "creation_date": "1999-01-01", "what": null})).is(200);
    assert_eq!(changed["pk"], 1);
    assert_ne!(changed["creation_date"], "1999-01-01");
    let place = shop.admin.post("/api/stock/location/", json!({"name": "Shelf", "pathstring": "x/y", "items": 4})).is(201);
    assert_eq!((&place["pathstring"], &place["items"], &place["level"]), (&json!("Shelf"), &Value::Null, &json!(0)));
}

#[test]
fn put_wants_every_required_field_and_patch_none() {
    let shop = Shop::new();
    let part = shop.part_with("Nut", json!({"description": "round", "IPN": "N-1"}));
    let path = format!("/api/part/{part}/");
    shop.admin.put(&path, json!({"description": "square"})).refuses("name");
    let put = shop.admin.put(&path, json!({"name": "Nut M3"})).is(200);
    assert_eq!(
        (&put["name"], &put["description"], &put["IPN"]),
        (&json!("Nut M3"), &json!("round"), &json!("N-1")),
        "what is left out stays"
    );
    let patch = shop.admin.patch(&path, json!({"description": "flat"})).is(200);
    assert_eq!((&patch["name"], &patch["description"]), (&json!("Nut M3"), &json!("flat")));
    shop.admin.patch(&path, json!({})).is(200);
}

#[test]
fn forms_and_multipart_are_read_like_json() {
    let shop = Shop::new();
    let form = shop
        .admin
        .form("POST", "/api/part/", &[("name", "Nut & Bolt"), ("description", "a=b"), ("active", "on"), ("minimum_stock", "2.5")])
        .is(201);
    assert_eq!(
        (&form["name"], &form["description"], &form["active"], &form["minimum_stock"]),
        (&json!("Nut & Bolt"), &json!("a=b"), &json!(true), &json!(2.5))
    );
    let multi = shop.admin.multipart("POST", "/api/part/", &[("name", "Wäscheklammer"), ("active", "true"), ("category", "")], &[]).is(201);
    assert_eq!((&multi["name"], &multi["category"]), (&json!("Wäscheklammer"), &Value::Null));
    let path = format!("/api/part/{}/", form.pk());
    assert_eq!(shop.admin.form("PATCH", &path, &[("description", "")]).is(200)["description"], "");
    // The last of several values counts.
    assert_eq!(shop.admin.form("PATCH", &path, &[("description", "one"), ("description", "two")]).is(200)["description"], "two");
    shop.admin.multipart("PATCH", &path, &[], &[("description", "a.txt", b"text")]).refuses("description");
}

#[test]
fn a_flag_that_a_form_leaves_out_is_as_in_a_new_row() {
    let shop = Shop::new();
    let part = shop.admin.form("POST", "/api/part/", &[("name", "Nut")]).is(201);
    assert_eq!((&part["active"], &part["component"], &part["purchaseable"]), (&json!(true), &json!(true), &json!(true)));
    let part = shop.admin.post("/api/part/", json!({"name": "Bolt"})).is(201);
    assert_eq!((&part["active"], &part["component"], &part["purchaseable"]), (&json!(true), &json!(true), &json!(true)));
    // PATCH changes nothing that it does not name.
    let path = format!("/api/part/{}/", part.pk());
    assert_eq!(shop.admin.form("PATCH", &path, &[("description", "x")]).is(200)["active"], true);
}

#[test]
fn flags_are_read_in_many_words() {
    let shop = Shop::new();
    let path = format!("/api/part/{}/", shop.part("Nut"));
    for (word, want) in [
        ("true", true),
        ("False", false),
        ("yes", true),
        ("no", false),
        ("1", true),
        ("0", false),
        ("on", true),
        ("off", false),
        ("T", true),
        ("f", false),
    ] {
        assert_eq!(shop.admin.patch(&path, json!({"salable": word})).is(200)["salable"], want, "{word}");
        assert_eq!(shop.admin.form("PATCH", &path, &[("salable", word)]).is(200)["salable"], want, "{word}");
    }
    for (number, want) in [(json!(1), true), (json!(0), false), (json!(true), true)] {
        assert_eq!(shop.admin.patch(&path, json!({"salable": number})).is(200)["salable"], want);
    }
    for junk in [json!("maybe"), json!(2), json!(null), json!([]), json!({}), json!("")] {
        shop.admin.patch(&path, json!({"salable": junk})).refuses("salable");
    }
}

#[test]
fn the_language_of_a_client_changes_no_shape() {
    let shop = Shop::new();
    let german = shop.admin.raw("POST", "/api/part/", &[("Accept-Language", "de"), ("Content-Type", "application/json")], b"{}");
    german.refuses("name");
}

#[test]
fn pages_are_served_outside_the_api() {
    let shop = Shop::new();
    let home = shop.anon.get("/").is(200);
    assert_eq!(home.header("Content-Type"), Some("text/html; charset=utf-8"));
    assert!(home.header("Content-Security-Policy").unwrap().contains("default-src 'none'"));
    shop.anon.get("/static/stockroom/page.css").is(200);
    shop.anon.get("/static/../Cargo.toml").is(404);
    shop.anon.get("/static/stockroom/").is(404);
    shop.anon.raw("POST", "/", &[], b"").is(405);
    assert_eq!(shop.anon.get("/api-doc/").is(302).header("Location"), Some("/?next=/api-doc/"));
    shop.admin.get("/api-doc/").is(200);
    // Proxies ask here whether to serve a file: a token or a session opens, a password does not.
    shop.anon.get("/auth/").is(401);
    shop.admin.get("/auth/").is(200);
    shop.with_headers(&[("Authorization", &format!("Bearer {}", shop.admin.token))]).get("/auth/").is(200);
    shop.with_password("admin", crate::support::PASSWORD).get("/auth/").is(401);
    shop.anon.get("/media/part_images/x.png").is(401);
    shop.admin.get("/media/part_images/x.png").is(404);
    shop.anon.get("/favicon.ico").is(302);
}
