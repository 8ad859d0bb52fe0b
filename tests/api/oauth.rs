//! `/o/…`: OAuth 2 and OpenID Connect.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stockroom::identity::User;
use stockroom::oauth::client::{self, New};

use crate::support::browser::Browser;
use crate::support::{Answer, PASSWORD, Person, Shop};

/// The program that every server knows.
const KNOWN: &str = "zDFnsiRheJIOKNx6aCQ0quBxECg1QBHtVFDPloJ6";
const BACK: &str = "http://localhost:29170";
const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters-0123";
const NONE: Value = Value::Null;

fn open() -> Shop {
    Shop::with(|site| site.oauth = true)
}

fn challenge() -> String {
    BASE64.encode(Sha256::digest(VERIFIER.as_bytes()))
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A request for consent, with changes.
fn asking(scope: &str, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = [
        ("response_type", "code"),
        ("client_id", KNOWN),
        ("redirect_uri", BACK),
        ("scope", scope),
        ("state", "s-1"),
        ("nonce", "n-1"),
        ("code_challenge", &challenge()),
        ("code_challenge_method", "S256"),
    ]
    .map(|(k, v)| (k.to_string(), v.to_string()))
    .to_vec();
    for (name, value) in changes {
        all.retain(|pair| pair.0 != *name);
        if !value.is_empty() {
            all.push(((*name).into(), (*value).into()));
        }
    }
    all
}

fn slices(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect()
}

fn visit(browser: &Browser<'_>, pairs: &[(String, String)]) -> Answer {
    browser.visit(&format!("/o/authorize/?{}", encoded(&slices(pairs))))
}

/// What the program is told at its address.
fn told(answer: &Answer, at: &str) -> std::collections::BTreeMap<String, String> {
    let place = answer.header("Location").unwrap_or_else(|| panic!("{}", answer.text()));
    let query = place.strip_prefix(at).unwrap_or_else(|| panic!("{place}")).trim_start_matches(['?', '&']);
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// A code for which the user gave consent.
fn code(shop: &Shop, name: &str, scope: &str, changes: &[(&str, &str)]) -> String {
    let browser = Browser::of(shop, name);
    let asked = asking(scope, changes);
    visit(&browser, &asked).is(200);
    let mut form = slices(&asked);
    form.push(("allow", "yes"));
    let back = browser.submit("/o/authorize/", &form).is(302);
    let at = asked.iter().find(|pair| pair.0 == "redirect_uri").unwrap();
    told(&back, &at.1)["code"].clone()
}

fn trade(shop: &Shop, code: &str) -> Answer {
    let pairs =
        [("grant_type", "authorization_code"), ("code", code), ("client_id", KNOWN), ("redirect_uri", BACK), ("code_verifier", VERIFIER)];
    shop.anon.form("POST", "/o/token/", &pairs)
}

fn renew(shop: &Shop, refresh: &str) -> Answer {
    shop.anon.form("POST", "/o/token/", &[("grant_type", "refresh_token"), ("refresh_token", refresh), ("client_id", KNOWN)])
}

fn text<'a>(answer: &'a Answer, key: &str) -> &'a str {
    answer[key].as_str().unwrap_or_else(|| panic!("{key}: {}", answer.text()))
}

fn bearer(shop: &Shop, token: &str) -> Person {
    shop.with_headers(&[("Authorization", &format!("Bearer {token}"))])
}

/// The bearer of a token with these scopes.
fn with_scopes(shop: &Shop, name: &str, scope: &str) -> Person {
    let answer = trade(shop, &code(shop, name, scope, &[])).is(200);
    bearer(shop, text(&answer, "access_token"))
}

/// Registers a program with a secret.
fn program(shop: &Shop, redirects: &[&str], acts_as: Option<i64>) -> (String, String) {
    let new = New { name: "Reports".into(), redirects: redirects.iter().map(|r| (*r).into()).collect(), confidential: true, acts_as };
    let made = shop.server.site().db.write(User::system(), move |tx| client::add(tx, &new)).unwrap();
    (made.0, made.1.unwrap())
}

#[test]
fn it_is_off_unless_it_was_switched_on() {
    let shop = Shop::new();
    let page = shop.anon.get("/o/authorize/").is(404);
    assert!(page.header("Content-Type").unwrap().starts_with("text/html"));
    for path in ["/o/.well-known/openid-configuration", "/o/.well-known/jwks.json", "/o/applications/", "/o/userinfo/"] {
        shop.anon.get(path).is(404);
    }
    shop.anon.form("POST", "/o/token/", &[]).is(404);
    bearer(&shop, "x").get("/api/part/").is(401);
    // The contract's parameter holds for one request.
    let query = encoded(&slices(&asking("g:read", &[])));
    let asked = shop.anon.get(&format!("/o/authorize/?oidc=&{query}")).is(302);
    assert!(asked.header("Location").unwrap().starts_with("/accounts/login/?next=%2Fo%2Fauthorize%2F%3Foidc"));
    shop.anon.get(&format!("/o/authorize/?oidc=1&{query}")).is(404);
}

#[test]
fn a_program_gets_what_the_user_allows() {
    let shop = open();
    let nobody = Browser::new(&shop);
    let asked = asking("openid g:read r:view:stock", &[]);
    let login = visit(&nobody, &asked).is(302);
    let next = login.header("Location").unwrap().strip_prefix("/accounts/login/?").unwrap();
    let next = form_urlencoded::parse(next.as_bytes()).next().unwrap().1.into_owned();
    nobody.visit(&format!("/accounts/login/?{}", encoded(&[("next", &next)]))).is(200);
    let led = nobody.submit("/accounts/login/", &[("username", "store"), ("password", PASSWORD), ("next", &next)]).is(303);
    assert_eq!(led.header("Location"), Some(next.as_str()));
    let page = nobody.visit(&next).is(200);
    for word in ["InvenTree default client", "store", "r:view:stock", BACK] {
        assert!(page.text().contains(word), "{word}");
    }
    assert!(page.header("Content-Security-Policy").unwrap().contains(&format!("form-action 'self' {BACK};")));
    let mut form = slices(&asked);
    form.push(("allow", "no"));
    let no = told(&nobody.submit("/o/authorize/", &form).is(302), BACK);
    assert_eq!((no["error"].as_str(), no["state"].as_str()), ("access_denied", "s-1"));
    form.pop();
    form.push(("allow", "yes"));
    nobody.submit_forged("/o/authorize/", &form).is(403);
    let yes = told(&nobody.submit("/o/authorize/", &form).is(302), BACK);
    assert_eq!((yes["state"].as_str(), yes["iss"].as_str()), ("s-1", "http://shop.test/o"));
    let answer = trade(&shop, &yes["code"]).is(200);
    assert_eq!((&answer["token_type"], &answer["scope"]), (&json!("Bearer"), &json!("g:read openid r:view:stock")));
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    let access = text(&answer, "access_token");
    let person = bearer(&shop, access);
    person.get("/api/stock/").is(200);
    assert_eq!(person.get("/api/user/me/").is(200)["username"], "store");
    assert_eq!(
        person.get("/o/userinfo/").is(200).json,
        json!({
            "sub": shop.store.id.to_string(), "preferred_username": "store", "name": "store", "email": "store@shop.test", "email_verified": false
        })
    );
    proves_who(&shop, &answer, access);
    let kept: i64 = shop.find(&format!("SELECT count(*) FROM oauth_token WHERE hex(digest) = upper('{access}')"));
    assert_eq!((kept, shop.rows("oauth_token")), (0, 2), "digests alone");
}

/// The identity token is signed with the published key and says what it should.
fn proves_who(shop: &Shop, answer: &Answer, access: &str) {
    use rsa::signature::Verifier;
    let parts: Vec<&str> = text(answer, "id_token").split('.').collect();
    let json = |part: &str| serde_json::from_slice::<Value>(&BASE64.decode(part).unwrap()).unwrap();
    let (header, claims) = (json(parts[0]), json(parts[1]));
    let keys = shop.anon.get("/o/.well-known/jwks.json").is(200);
    let key = &keys["keys"][0];
    assert_eq!((&header["alg"], &header["kid"]), (&json!("RS256"), &key["kid"]));
    let number = |name: &str| rsa::BoxedUint::from_be_slice_vartime(&BASE64.decode(key[name].as_str().unwrap()).unwrap());
    let public = rsa::RsaPublicKey::new(number("n"), number("e")).unwrap();
    let signature = rsa::pkcs1v15::Signature::try_from(BASE64.decode(parts[2]).unwrap().as_slice()).unwrap();
    let verifier = rsa::pkcs1v15::VerifyingKey::<Sha256>::new(public);
    verifier.verify(format!("{}.{}", parts[0], parts[1]).as_bytes(), &signature).unwrap();
    assert!(verifier.verify(b"other", &signature).is_err());
    for (name, value) in [
        ("iss", json!("http://shop.test/o")),
        ("sub", json!(shop.store.id.to_string())),
        ("aud", json!(KNOWN)),
        ("nonce", json!("n-1")),
        ("at_hash", json!(BASE64.encode(&Sha256::digest(access.as_bytes())[..16]))),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    assert!(claims["exp"].as_i64() > claims["iat"].as_i64() && claims["auth_time"].is_i64());
}

#[test]
fn a_request_that_is_not_sound_is_refused() {
    let shop = open();
    let browser = Browser::of(&shop, "store");
    // Nothing is sent to an address that is not known to be the program's.
    for changes in [
        [("client_id", "nobody")],
        [("client_id", "")],
        [("redirect_uri", "http://localhost:29170/")],
        [("redirect_uri", "http://localhost:1")],
        [("redirect_uri", "https://evil.test")],
        [("redirect_uri", "")],
    ] {
        let page = visit(&browser, &asking("g:read", &changes)).is(400);
        assert!(page.header("Location").is_none(), "{changes:?}");
        let asked = asking("g:read", &changes);
        let mut form = slices(&asked);
        form.push(("allow", "yes"));
        assert!(browser.submit("/o/authorize/", &form).is(400).header("Location").is_none());
    }
    let twice = format!("{}&redirect_uri=https%3A%2F%2Fevil.test", encoded(&slices(&asking("g:read", &[]))));
    browser.visit(&format!("/o/authorize/?{twice}")).is(400);
    for (scope, changes, error) in [
        ("g:read", [("response_type", "token")], "unsupported_response_type"),
        ("g:read", [("response_type", "")], "unsupported_response_type"),
        ("g:write", [("x", "")], "invalid_scope"),
        ("g:read", [("code_challenge", "")], "invalid_request"),
        ("g:read", [("code_challenge_method", "plain")], "invalid_request"),
        ("g:read", [("code_challenge_method", "")], "invalid_request"),
        ("g:read", [("code_challenge", "short")], "invalid_request"),
        ("g:read", [("prompt", "none")], "consent_required"),
        ("g:read", [("request", "x")], "request_not_supported"),
    ] {
        let back = told(&visit(&browser, &asking(scope, &changes)).is(302), BACK);
        assert_eq!((back["error"].as_str(), back["iss"].as_str()), (error, "http://shop.test/o"), "{changes:?}");
    }
    let silent = visit(&Browser::new(&shop), &asking("g:read", &[("prompt", "none")])).is(302);
    assert_eq!(told(&silent, BACK)["error"], "login_required");
    assert_eq!(shop.rows("oauth_code"), 0);
    for (verb, path) in [("PUT", "/o/authorize/"), ("GET", "/o/token/"), ("GET", "/o/revoke_token/")] {
        browser.json(verb, path, NONE).is(405);
    }
    browser.visit("/o/nothing/").is(404);
    // What a form carries is shown as text.
    let page = visit(&browser, &asking("g:read", &[("state", "\"><script>")])).is(200);
    assert!(!page.text().contains("<script>"));
}

#[test]
fn a_code_is_good_once_for_its_own_program_and_verifier() {
    let shop = open();
    let refused = |code: &str, changes: &[(&str, &str)]| {
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", KNOWN),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ];
        for (name, value) in changes {
            pairs.retain(|pair| pair.0 != *name);
            pairs.push((name, value));
        }
        let answer = shop.anon.form("POST", "/o/token/", &pairs);
        assert!(answer.status == 400 || answer.status == 401, "{changes:?}");
        text(&answer, "error").to_string()
    };
    for changes in [
        ("code_verifier", "another-verifier-of-more-than-forty-three-characters"),
        ("code_verifier", ""),
        ("redirect_uri", "http://localhost:29171"),
    ] {
        let code = code(&shop, "store", "g:read", &[]);
        assert_eq!(refused(&code, &[changes]), "invalid_grant", "{changes:?}");
        assert_eq!(refused(&code, &[]), "invalid_grant", "one attempt");
    }
    assert_eq!(refused("x", &[]), "invalid_grant");
    assert_eq!(refused("x", &[("grant_type", "password")]), "unsupported_grant_type");
    assert_eq!(refused("x", &[("grant_type", "")]), "invalid_request");
    assert_eq!(refused("x", &[("client_id", "nobody")]), "invalid_client");
    assert_eq!(refused("x", &[("client_secret", "x")]), "invalid_client");
    let (other, secret) = program(&shop, &["https://reports.test/back"], None);
    let mine = code(&shop, "store", "g:read", &[]);
    assert_eq!(refused(&mine, &[("client_id", &other), ("client_secret", &secret)]), "invalid_grant");
    trade(&shop, &mine).is(200);
    let late = code(&shop, "store", "g:read", &[]);
    shop.sql("UPDATE oauth_code SET expires = expires - 61000 WHERE used = 0");
    trade(&shop, &late).is(400);
    let gone = code(&shop, "reader", "g:read", &[]);
    shop.sql("UPDATE user SET is_active = 0 WHERE username = 'reader'");
    trade(&shop, &gone).is(400);
    shop.anon.post("/o/token/", json!({"grant_type": "authorization_code"})).is(400);
    // A second use ends what the first one brought.
    let stolen = code(&shop, "store", "g:read", &[]);
    let answer = trade(&shop, &stolen).is(200);
    let person = bearer(&shop, text(&answer, "access_token"));
    person.get("/api/user/me/").is(200);
    trade(&shop, &stolen).is(400);
    person.get("/api/user/me/").is(401);
    renew(&shop, text(&answer, "refresh_token")).is(400);
}

#[test]
fn a_refresh_token_is_traded_in_and_a_stolen_one_ends_all() {
    let shop = open();
    let first = trade(&shop, &code(&shop, "store", "g:read r:view:stock", &[])).is(200);
    let second = renew(&shop, text(&first, "refresh_token")).is(200);
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!(second["scope"], "g:read r:view:stock");
    bearer(&shop, text(&first, "access_token")).get("/api/user/me/").is(401);
    let person = bearer(&shop, text(&second, "access_token"));
    person.get("/api/stock/").is(200);
    let fewer = |scope: &str, token: &str| {
        let pairs = [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", KNOWN), ("scope", scope)];
        shop.anon.form("POST", "/o/token/", &pairs)
    };
    assert_eq!(text(&fewer("r:add:stock", text(&second, "refresh_token")).is(400), "error"), "invalid_scope");
    let third = fewer("g:read", text(&second, "refresh_token")).is(200);
    assert_eq!(third["scope"], "g:read");
    renew(&shop, text(&first, "refresh_token")).is(400);
    bearer(&shop, text(&third, "access_token")).get("/api/user/me/").is(401);
    renew(&shop, text(&third, "refresh_token")).is(400);
    assert_eq!(shop.rows("oauth_token"), 0);
    // Access tokens are no refresh tokens, and the other way round.
    let last = trade(&shop, &code(&shop, "store", "g:read", &[])).is(200);
    renew(&shop, text(&last, "access_token")).is(400);
    bearer(&shop, text(&last, "refresh_token")).get("/api/user/me/").is(401);
    shop.sql("UPDATE oauth_token SET expires = 1");
    bearer(&shop, text(&last, "access_token")).get("/api/user/me/").is(401);
    renew(&shop, text(&last, "refresh_token")).is(400);
}

#[test]
fn a_token_reaches_as_far_as_its_scopes_and_its_user() {
    let shop = open();
    let place = "/api/stock/location/";
    let reads = with_scopes(&shop, "store", "r:view:stock_location");
    reads.get(place).is(200);
    reads.post(place, json!({"name": "Shelf"})).is(403);
    reads.get("/api/stock/").is(403);
    reads.get("/api/user/me/").is(403);
    let adds = with_scopes(&shop, "store", "r:add:stock_location");
    adds.post(place, json!({"name": "Shelf"})).is(201);
    adds.get(place).is(403);
    // A scope gives nothing that the user has not.
    let all: String = stockroom::identity::scope::all().into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" ");
    let bold = with_scopes(&shop, "store", &all);
    bold.get("/api/part/").is(200);
    bold.post("/api/part/category/", json!({"name": "x"})).is(403);
    bold.get("/api/admin/email/").is(403);
    // A superuser's token is no superuser without the scope.
    let modest = with_scopes(&shop, "admin", "g:read r:view:part");
    modest.get("/api/part/").is(200);
    modest.get("/api/admin/email/").is(403);
    modest.post("/api/part/category/", json!({"name": "x"})).is(403);
    modest.patch("/api/settings/global/INVENTREE_INSTANCE/", json!({"value": "x"})).is(403);
    with_scopes(&shop, "admin", "a:superuser").get("/api/admin/email/").is(200);
    with_scopes(&shop, "admin", "a:superuser").get("/api/part/").is(403);
    with_scopes(&shop, "admin", "a:staff").patch("/api/settings/global/INVENTREE_INSTANCE/", json!({"value": "Shop"})).is(200);
    with_scopes(&shop, "admin", "a:staff").get("/api/version/").is(200);
    // To act on stock takes the right to add stock, not just the documented scope.
    let body = || json!({"items": [{"pk": 1, "quantity": 1}]});
    with_scopes(&shop, "store", "g:read r:view:stock").post("/api/stock/add/", body()).is(403);
    with_scopes(&shop, "store", "g:read r:add:stock").post("/api/stock/add/", body()).is(400);
    // What is open is open to bearers too; the account's own pages are for sessions.
    reads.get("/api/").is(200);
    reads.get("/api/auth/v1/account/email").is(401);
    reads.get("/o/userinfo/").is(403);
    shop.anon.get("/o/userinfo/").is(401);
    bearer(&shop, "x").get("/api/").is(401);
    // A new password takes back what was granted: there is no other place to do that.
    let granted = with_scopes(&shop, "store", "g:read");
    granted.get("/api/user/me/").is(200);
    shop.admin.put(&format!("/api/user/{}/set-password/", shop.store.id), json!({"password": PASSWORD, "override_warning": true})).is(200);
    granted.get("/api/user/me/").is(401);
    let reads = with_scopes(&shop, "store", "r:view:stock_location");
    reads.get(place).is(200);
    // A closed account closes its tokens.
    shop.sql("UPDATE user SET is_active = 0 WHERE username = 'store'");
    reads.get(place).is(401);
}

#[test]
fn a_program_with_a_secret_acts_on_its_own_and_looks_at_its_tokens() {
    let shop = open();
    let (id, secret) = program(&shop, &["https://reports.test/back?x=1"], Some(shop.store.id));
    let as_basic = shop.with_password(&id, &secret);
    let own = |pairs: &[(&str, &str)]| as_basic.form("POST", "/o/token/", pairs);
    let answer = own(&[("grant_type", "client_credentials"), ("scope", "r:view:stock")]).is(200);
    assert!(answer["refresh_token"].is_null() && answer["id_token"].is_null());
    let access = text(&answer, "access_token").to_string();
    bearer(&shop, &access).get("/api/stock/").is(200);
    assert_eq!(text(&own(&[("grant_type", "client_credentials"), ("scope", "openid")]).is(400), "error"), "invalid_scope");
    let wrong = shop.with_password(&id, "wrong").form("POST", "/o/token/", &[("grant_type", "client_credentials")]).is(401);
    assert!(wrong.header("WWW-Authenticate").is_some());
    let public = [("grant_type", "client_credentials"), ("client_id", KNOWN)];
    assert_eq!(text(&shop.anon.form("POST", "/o/token/", &public).is(400), "error"), "unauthorized_client");
    let look = |person: &Person, token: &str| person.form("POST", "/o/introspect/", &[("token", token)]);
    let about = look(&as_basic, &access).is(200);
    assert_eq!((&about["active"], &about["username"], &about["scope"]), (&json!(true), &json!("store"), &json!("r:view:stock")));
    assert_eq!(look(&as_basic, "x").is(200).json, json!({"active": false}));
    look(&shop.anon, &access).is(401);
    shop.anon.form("POST", "/o/introspect/", &[("token", &access), ("client_id", KNOWN)]).is(401);
    let other = program(&shop, &["https://other.test/"], None);
    let as_other = shop.with_password(&other.0, &other.1);
    assert_eq!(look(&as_other, &access).is(200).json, json!({"active": false}), "not its own");
    let revoke = |person: &Person, token: &str| person.form("POST", "/o/revoke_token/", &[("token", token)]).is(200);
    revoke(&as_other, &access);
    bearer(&shop, &access).get("/api/stock/").is(200);
    revoke(&as_basic, &access);
    bearer(&shop, &access).get("/api/stock/").is(401);
    revoke(&as_basic, "x");
    shop.anon.form("POST", "/o/revoke_token/", &[("token", "x")]).is(401);
    // By code, without PKCE: it has a secret. The address has a query of its own already.
    let changes = [
        ("client_id", id.as_str()),
        ("redirect_uri", "https://reports.test/back?x=1"),
        ("code_challenge", ""),
        ("code_challenge_method", ""),
    ];
    let code = code(&shop, "reader", "openid", &changes);
    let pairs = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", "https://reports.test/back?x=1")];
    let answer = own(&pairs).is(200);
    revoke(&as_basic, text(&answer, "refresh_token"));
    assert_eq!(look(&as_basic, text(&answer, "access_token")).is(200)["active"], false, "the whole family");
}

#[test]
fn superusers_register_programs() {
    let shop = open();
    let path = "/o/applications/";
    shop.anon.get(path).is(401);
    let clerk = Browser::of(&shop, "store");
    clerk.json("GET", path, NONE).is(403);
    clerk.json("POST", path, json!({"name": "x", "redirect_uris": ["https://x.test/"]})).is(403);
    let chief = Browser::of(&shop, "admin");
    assert_eq!(chief.json("GET", path, NONE).is(200)[0]["client_id"], KNOWN);
    for body in [
        json!({}),
        json!({"name": "x"}),
        json!({"name": "x", "redirect_uris": ["http://x.test/"]}),
        json!({"name": "x", "redirect_uris": ["javascript:alert(1)"]}),
        json!({"name": "x", "redirect_uris": [1]}),
        json!({"name": "x", "acts_as": 1}),
        json!({"name": "x", "acts_as": 999, "confidential": true}),
    ] {
        chief.json("POST", path, body).is(400);
    }
    let made = chief.json("POST", path, json!({"name": "Reports", "redirect_uris": ["https://x.test/"], "confidential": true})).is(201);
    assert_eq!(text(&made, "client_secret").len(), 64);
    let list = chief.json("GET", path, NONE).is(200);
    assert!(list.list().len() == 2 && !list.text().contains(text(&made, "client_secret")));
    let one = format!("{path}{}/", text(&made, "client_id"));
    clerk.json("DELETE", &one, NONE).is(403);
    let forged = shop.with_headers(&[("Cookie", "sessionid=x; csrftoken=a"), ("X-CSRFToken", "b")]);
    forged.delete(&one).is(401);
    chief.json("DELETE", &one, NONE).is(204);
    chief.json("DELETE", &one, NONE).is(404);
}

#[test]
fn discovery_tells_what_is_possible() {
    let shop = Shop::with(|site| {
        site.oauth = true;
        site.url = Some("https://stock.example.org".into());
    });
    assert_eq!(shop.rows("oauth_key"), 0, "made when it is first needed");
    for path in ["/o/.well-known/openid-configuration", "/o/.well-known/openid-configuration/"] {
        let told = shop.anon.get(path).is(200);
        assert_eq!(told["issuer"], "https://stock.example.org/o");
        assert_eq!(told["token_endpoint"], "https://stock.example.org/o/token/");
        assert_eq!((&told["response_types_supported"], &told["code_challenge_methods_supported"]), (&json!(["code"]), &json!(["S256"])));
        assert_eq!(told["scopes_supported"].as_array().unwrap().len(), 48);
    }
    let key = |shop: &Shop| shop.anon.get("/o/.well-known/jwks.json").is(200)["keys"][0].clone();
    let first = key(&shop);
    assert_eq!((first.clone(), first["d"].is_null()), (key(&shop), true), "one key, its public half alone");
    assert_eq!(shop.rows("oauth_key"), 1);
    let later = shop.restarted(|site| site.oauth = true).get("/o/.well-known/jwks.json").is(200);
    assert_eq!(later["keys"][0], first, "also after a restart");
}

#[test]
fn consent_waits_for_the_factor_that_everybody_must_have() {
    let shop = open();
    let browser = Browser::of(&shop, "store");
    shop.admin.patch("/api/settings/global/LOGIN_ENFORCE_MFA/", json!({"value": true, "manual_confirm": true})).is(200);
    visit(&browser, &asking("g:read", &[])).is(403);
    let asked = asking("g:read", &[]);
    let mut form = slices(&asked);
    form.push(("allow", "yes"));
    browser.submit("/o/authorize/", &form).is(403);
    assert_eq!(shop.rows("oauth_code"), 0);
}
