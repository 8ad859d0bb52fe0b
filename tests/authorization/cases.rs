//! The operations of the router's table, with a real path for each.

use serde_json::{Value, json};
use stockroom::engine::call::Verb;
use stockroom::router::{Target, routes};

use crate::support::seed::OTHER;
use crate::support::{Answer, Shop};

/// Something to ask.
pub struct Case {
    /// What stands in the table.
    pub label: String,
    pub verb: &'static str,
    pub path: String,
    /// Null for none.
    pub body: Value,
    /// A word about the answer beside its status.
    pub look: Option<fn(&Shop, &Answer) -> String>,
    /// It changes something even if it is refused.
    pub spoils: bool,
}

impl Case {
    pub fn new(label: impl Into<String>, verb: &'static str, path: impl Into<String>, body: Value) -> Case {
        Case { label: label.into(), verb, path: path.into(), body, look: None, spoils: false }
    }
}

/// Tables whose rows belong to a user, by the column `user`.
const OWNED: [&str; 5] = ["token", "notification", "data_output", "barcode_scan", "notification_setting"];

/// The words of addresses: what the address begins with, and the word that is there.
const WORDS: [(&str, &str); 15] = [
    ("api/admin/config/", "STOCKROOM_DATA"),
    ("api/admin/email/", "mail-1"),
    ("api/background-task/", "nothing"),
    ("api/contenttype/model/", "part"),
    ("api/contenttype/", "33"),
    ("api/flags/", "OIDC"),
    ("api/generic/status/", "StockStatus"),
    ("api/metadata/", ""),
    ("api/order/calendar/", "purchase-order"),
    ("api/plugins/ui/features/", "panel"),
    ("api/plugins/", ""),
    ("api/settings/global/", "INVENTREE_INSTANCE"),
    ("api/settings/user/", "DATE_DISPLAY_FORMAT"),
    ("api/settings/notification/", ""),
    ("api/webhook/", "nothing"),
];

/// The keys that stand for `{id}` in a route.
fn keys(shop: &Shop, route: &str, target: &Target, caller: i64) -> Vec<(&'static str, i64)> {
    let table = match target {
        Target::List(resource) | Target::One(resource) | Target::Act(resource, _) => resource.table,
        Target::Hand(_) if route.starts_with("api/stock/") => "stock_item",
        Target::Hand(_) if route.starts_with("api/bom/") => "bom_item",
        Target::Hand(_) if route.starts_with("api/user/") => "user",
        Target::Hand(_) => "part",
    };
    keys_of(shop, table, caller)
}

/// Keys of a table, with what the label says of them: where rows belong to users, one of the caller's and one of another's.
pub fn keys_of(shop: &Shop, table: &str, caller: i64) -> Vec<(&'static str, i64)> {
    let first = || shop.find::<Option<i64>>(&format!("SELECT min(id) FROM \"{table}\"")).unwrap_or(1);
    let other: i64 = shop.find(&format!("SELECT id FROM user WHERE username = '{OTHER}'"));
    if table == "user" {
        return vec![("[own]", caller), ("[other's]", other)];
    }
    if OWNED.contains(&table) {
        let of = |user: i64| shop.find::<Option<i64>>(&format!("SELECT min(id) FROM \"{table}\" WHERE user = {user}"));
        return vec![("[own]", of(caller).unwrap_or_else(first)), ("[other's]", of(other).unwrap())];
    }
    vec![("", first())]
}

/// Every verb of every route.
pub fn operations(shop: &Shop, caller: i64) -> Vec<Case> {
    let plugin: String = shop.find("SELECT key FROM plugin ORDER BY id LIMIT 1");
    let setting: String = shop.find("SELECT key FROM plugin_setting ORDER BY id LIMIT 1");
    let owner: String = shop.find("SELECT plugin FROM plugin_setting ORDER BY id LIMIT 1");
    let list: i64 = shop.find("SELECT min(id) FROM selection_list");
    let mut all = Vec::new();
    for (route, target) in routes() {
        // Old addresses of metadata say where the new ones are, to everybody and without a look at anything: one stands for all.
        if route.ends_with("/metadata/") && !matches!(route, "api/part/{id}/metadata/") {
            continue;
        }
        let mut path = route.replace("{above}", &list.to_string());
        path = match route {
            _ if route.starts_with("api/metadata/{text}/{id}") => path.replace("{text}", "part").replace("{id}", "1"),
            _ if route.starts_with("api/metadata/") => {
                path.replacen("{text}", "part", 1).replacen("{text}", "pk", 1).replacen("{text}", "1", 1)
            }
            _ if route.contains("settings/{word}") && route.starts_with("api/plugins/{text}") => {
                path.replace("{text}", &owner).replace("{word}", &setting)
            }
            _ if route.starts_with("api/plugins/{text}") || route == "api/plugins/{word}/" => {
                path.replace("{text}", &plugin).replace("{word}", &plugin)
            }
            _ => path,
        };
        if let Some((_, word)) = WORDS.iter().find(|(start, _)| !start.is_empty() && route.starts_with(start)) {
            path = path.replace("{word}", word).replace("{text}", word);
        }
        let keys = if path.contains("{id}") { keys(shop, route, &target, caller) } else { vec![("", 0)] };
        for verb in target.verbs() {
            for (whose, key) in &keys {
                let label = format!("/{route}{whose}\t{}", verb.name());
                let path = format!("/{}", path.replace("{id}", &key.to_string()));
                let body =
                    if verb == Verb::Get || verb == Verb::Delete && !matches!(target, Target::List(_)) { Value::Null } else { json!({}) };
                all.push(Case {
                    spoils: route.starts_with("api/auth/v1/") && verb != Verb::Get,
                    ..Case::new(label, verb.name(), path, body)
                });
            }
        }
    }
    all
}
