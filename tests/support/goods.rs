//! Things on the shelves: each line makes one, the way a client would.

use serde_json::{Value, json};

use super::Shop;

/// An object with the keys of another one added.
pub fn with(mut base: Value, more: &Value) -> Value {
    if let (Some(base), Some(more)) = (base.as_object_mut(), more.as_object()) {
        base.extend(more.iter().map(|(k, v)| (k.clone(), v.clone())));
    }
    base
}

#[allow(clippy::needless_pass_by_value, reason = "tests read better without a & before every json!")]
impl Shop {
    /// A part of this name; gives its key.
    #[track_caller]
    pub fn part(&self, name: &str) -> i64 {
        self.part_with(name, json!({}))
    }

    #[track_caller]
    pub fn part_with(&self, name: &str, more: Value) -> i64 {
        self.admin.post("/api/part/", with(json!({"name": name}), &more)).is(201).pk()
    }

    /// A category at the top.
    #[track_caller]
    pub fn category(&self, name: &str) -> i64 {
        self.category_with(name, json!({}))
    }

    #[track_caller]
    pub fn category_with(&self, name: &str, more: Value) -> i64 {
        self.admin.post("/api/part/category/", with(json!({"name": name}), &more)).is(201).pk()
    }

    /// A place at the top.
    #[track_caller]
    pub fn place(&self, name: &str) -> i64 {
        self.place_with(name, json!({}))
    }

    #[track_caller]
    pub fn place_with(&self, name: &str, more: Value) -> i64 {
        self.admin.post("/api/stock/location/", with(json!({"name": name}), &more)).is(201).pk()
    }

    /// An item of so much of a part.
    #[track_caller]
    pub fn stock(&self, part: i64, quantity: f64) -> i64 {
        self.stock_with(part, quantity, json!({}))
    }

    #[track_caller]
    pub fn stock_with(&self, part: i64, quantity: f64, more: Value) -> i64 {
        self.admin.post("/api/stock/", with(json!({"part": part, "quantity": quantity}), &more)).is(201).pk()
    }

    /// How much an item holds, in millionths.
    #[track_caller]
    pub fn quantity(&self, item: i64) -> i64 {
        self.find(&format!("SELECT quantity FROM stock_item WHERE id = {item}"))
    }

    /// Is the item still there?
    pub fn has_item(&self, item: i64) -> bool {
        self.find::<i64>(&format!("SELECT count(*) FROM stock_item WHERE id = {item}")) == 1
    }

    /// The kinds of events of an item, oldest first.
    pub fn events(&self, item: i64) -> Vec<i64> {
        let answer = self.admin.get(&format!("/api/stock/track/?item={item}&ordering=date")).is(200);
        answer.numbers("tracking_type")
    }

    /// What the newest event of an item says.
    pub fn last_event(&self, item: i64) -> Value {
        self.admin.get(&format!("/api/stock/track/?item={item}&limit=1")).is(200)["results"][0].clone()
    }
}

#[allow(clippy::needless_pass_by_value, reason = "tests read better without a & before every json!")]
impl Shop {
    /// A company that buys and sells.
    #[track_caller]
    pub fn partner(&self, name: &str) -> i64 {
        let body = json!({"name": name, "is_supplier": true, "is_customer": true, "currency": "USD"});
        self.admin.post("/api/company/", body).is(201).pk()
    }

    /// What every kind of row can do: made, listed, read, replaced, changed, and deleted if `gone`; gives its key.
    #[track_caller]
    pub fn walk(&self, path: &str, body: Value, change: Value, gone: bool) -> i64 {
        let key = self.admin.post(path, body.clone()).is(201).pk();
        let one = format!("{path}{key}/");
        assert!(self.admin.get(&format!("{path}?limit=50")).is(200)["count"].as_i64().unwrap() > 0);
        assert_eq!(self.admin.get(&one).is(200).pk(), key);
        self.admin.put(&one, with(body, &change)).is(200);
        let changed = self.admin.patch(&one, change.clone()).is(200);
        for (name, value) in change.as_object().unwrap() {
            assert_eq!(&changed[name.as_str()], value, "{path} {name}");
        }
        self.admin.get(&format!("{one}metadata/")).is(301);
        if gone {
            self.reader.delete(&one).is(403);
            self.admin.delete(&one).is(204);
            self.admin.get(&one).is(404);
        }
        key
    }
}
