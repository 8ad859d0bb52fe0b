//! Somebody who sits at a browser: keeps cookies, and repeats the CSRF token as pages do.

use std::cell::RefCell;

use serde_json::{Value, json};

use super::{Answer, PASSWORD, Person, Shop};

/// A browser with its cookies.
pub struct Browser<'a> {
    shop: &'a Shop,
    session: RefCell<String>,
    csrf: RefCell<String>,
}

impl<'a> Browser<'a> {
    /// A browser that has just opened a page.
    #[track_caller]
    pub fn new(shop: &'a Shop) -> Browser<'a> {
        let browser = Browser { shop, session: RefCell::default(), csrf: RefCell::default() };
        browser.auth("GET", "auth/session", json!(null)).is(401);
        browser
    }

    /// One in which a user logged in who has no second factor.
    #[track_caller]
    pub fn of(shop: &'a Shop, name: &str) -> Browser<'a> {
        let browser = Browser::new(shop);
        browser.log_in(name).is(200);
        browser
    }

    /// Name and password.
    #[track_caller]
    pub fn log_in(&self, name: &str) -> Answer {
        self.auth("POST", "auth/login", json!({"username": name, "password": PASSWORD}))
    }

    fn person(&self) -> Person {
        let cookie = format!("sessionid={}; csrftoken={}", self.session.borrow(), self.csrf.borrow());
        self.shop.with_headers(&[("Cookie", &cookie), ("X-CSRFToken", &self.csrf.borrow())])
    }

    fn keep(&self, answer: Answer) -> Answer {
        for (name, place) in [("sessionid", &self.session), ("csrftoken", &self.csrf)] {
            if let Some(value) = answer.cookie(name) {
                *place.borrow_mut() = value.into();
            }
        }
        answer
    }

    /// A call below `/api/auth/v1/`.
    #[track_caller]
    pub fn auth(&self, verb: &str, path: &str, body: Value) -> Answer {
        self.json(verb, &format!("/api/auth/v1/{path}"), body)
    }

    /// Any call.
    #[track_caller]
    pub fn json(&self, verb: &str, path: &str, body: Value) -> Answer {
        let answer = if body.is_null() { self.person().raw(verb, path, &[], b"") } else { self.person().json(verb, path, body) };
        self.keep(answer)
    }

    /// With a header more.
    #[track_caller]
    pub fn with_header(&self, path: &str, header: (&str, &str)) -> Answer {
        self.keep(self.person().raw("GET", path, &[header], b""))
    }

    /// A page.
    #[track_caller]
    pub fn visit(&self, path: &str) -> Answer {
        self.json("GET", path, Value::Null)
    }

    /// A form of a page, with its token.
    #[track_caller]
    pub fn submit(&self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let token = self.csrf.borrow().clone();
        let pairs: Vec<_> = pairs.iter().copied().chain([("csrfmiddlewaretoken", token.as_str())]).collect();
        self.keep(self.person().form("POST", path, &pairs))
    }

    /// A form without its token.
    #[track_caller]
    pub fn submit_forged(&self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        self.person().form("POST", path, pairs)
    }

    /// Is somebody logged in here?
    pub fn is_in(&self) -> bool {
        self.auth("GET", "auth/session", json!(null)).status == 200
    }
}
