//! The table of all addresses, generated from the descriptions; and the way of a request through it.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use crate::common::{about, plugin, project_code, setting, status};
use crate::company::{address, company, contact, manufacturer_part, price_break, supplier_part};
use crate::db;
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::{Action, Endpoint, Lookup, Resource, Verbs};
use crate::engine::{options, read, write};
use crate::error::{Error, Result};
use crate::identity::scope::{self, Scopes};
use crate::identity::{Access, Right, Role, User};
use crate::part::{category, category_parameter, part, price, related, test_template};
use crate::stock::{item, location, location_type, test, track};
use crate::users::{group, me, owner, ruleset, token, user};

/// All resources that have addresses.
pub static RESOURCES: &[&Resource] = &[
    &category::CATEGORY,
    &category::CATEGORY_TREE,
    &category_parameter::CATEGORY_PARAMETER,
    &part::PART,
    &part::REQUIREMENTS,
    &price::SALE_BREAK,
    &price::INTERNAL_BREAK,
    &related::RELATED,
    &test_template::TEST_TEMPLATE,
    &location_type::LOCATION_TYPE,
    &location::LOCATION,
    &location::LOCATION_TREE,
    &item::ITEM,
    &track::TRACKING,
    &test::RESULT,
    &company::COMPANY,
    &contact::CONTACT,
    &address::ADDRESS,
    &manufacturer_part::MANUFACTURER_PART,
    &supplier_part::SUPPLIER_PART,
    &price_break::PRICE_BREAK,
    &user::USER,
    &group::GROUP,
    &ruleset::RULESET,
    &owner::OWNER,
    &token::TOKEN,
    &me::ME,
    &me::PROFILE,
    &me::OLD_PROFILE,
    &project_code::PROJECT_CODE,
    &crate::mail::log::MESSAGE,
    &setting::GLOBAL,
    &setting::USER,
    &plugin::PLUGIN,
];

/// All addresses by hand.
pub static ENDPOINTS: &[&[Endpoint]] = &[
    about::ENDPOINTS,
    status::ENDPOINTS,
    &me::ROLES_OF,
    &me::TOKEN_OF,
    std::slice::from_ref(&user::SET_PASSWORD),
    std::slice::from_ref(&part::SERIALS),
    std::slice::from_ref(&crate::stock::serials::SERIALS),
    crate::auth::ENDPOINTS,
    crate::mail::log::ENDPOINTS,
];

/// What an address leads to.
#[derive(Clone, Copy)]
pub enum Target {
    /// A resource's list.
    List(&'static Resource),
    /// One of its objects.
    One(&'static Resource),
    /// One of its actions.
    Act(&'static Resource, &'static Action),
    /// An address by hand.
    Hand(&'static Endpoint),
}

/// Addresses with `{id}` and `{word}`, without the leading slash.
static ROUTES: LazyLock<HashMap<String, Target>> = LazyLock::new(|| {
    let mut routes = HashMap::new();
    for resource in RESOURCES {
        let base = format!("api/{}/", resource.path);
        let list = [Verbs::LIST, Verbs::CREATE, Verbs::BULK_UPDATE, Verbs::BULK_DELETE].into_iter().any(|v| resource.verbs.has(v));
        if list {
            routes.insert(base.clone(), Target::List(resource));
        }
        if [Verbs::DETAIL, Verbs::UPDATE, Verbs::DELETE].into_iter().any(|v| resource.verbs.has(v)) {
            let one = match resource.lookup {
                Lookup::Caller => base.clone(),
                Lookup::Word(_) => format!("{base}{{word}}/"),
                Lookup::Key if resource.path.contains("{id}") => base.clone(),
                Lookup::Key => format!("{base}{{id}}/"),
            };
            routes.insert(one, Target::One(resource));
        }
        for action in resource.actions {
            routes.insert(format!("{base}{}/", action.path), Target::Act(resource, action));
        }
    }
    for endpoint in ENDPOINTS.iter().copied().flatten() {
        routes.insert(endpoint.path.into(), Target::Hand(endpoint));
    }
    routes
});

/// All addresses with their targets, sorted; for documents and tests.
pub fn routes() -> BTreeMap<&'static str, Target> {
    ROUTES.iter().map(|(path, target)| (path.as_str(), *target)).collect()
}

/// Where a path leads, with the key and the words that it names.
pub fn find(path: &str) -> Option<(Target, Option<i64>, Vec<&str>)> {
    // A path that spells a pattern's own braces is no address.
    let path = path.strip_prefix('/').filter(|path| !path.contains('{'))?;
    if let Some(target) = ROUTES.get(path) {
        return Some((*target, None, Vec::new()));
    }
    let segments: Vec<&str> = path.split('/').collect();
    let number = |s: &str| !s.is_empty() && s.len() <= 18 && s.bytes().all(|b| b.is_ascii_digit());
    let id = segments.iter().copied().find(|s| number(s)).and_then(|s| s.parse().ok());
    if id.is_some() {
        let pattern: Vec<&str> = segments.iter().map(|s| if number(s) { "{id}" } else { s }).collect();
        if let Some(target) = ROUTES.get(&pattern.join("/")) {
            return Some((*target, id, Vec::new()));
        }
    }
    for at in (1..segments.len()).rev() {
        let word = *segments.get(at)?;
        if word.is_empty() || !word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
            continue;
        }
        let mut pattern = segments.clone();
        if let Some(place) = pattern.get_mut(at) {
            *place = "{word}";
        }
        if let Some(target) = ROUTES.get(&pattern.join("/")) {
            // The keys of settings have no hyphens, and with one there is no such address in the contract.
            let key = matches!(target, Target::One(resource) if resource.lookup == Lookup::Word("key"));
            return (!key || !word.contains('-')).then_some((*target, None, vec![word]));
        }
    }
    None
}

impl Target {
    /// The verbs that the address answers, beside OPTIONS.
    pub fn verbs(&self) -> Vec<Verb> {
        let pick = |table: &[(Verbs, &[Verb])], resource: &Resource| {
            table.iter().filter(|(v, _)| resource.verbs.has(*v)).flat_map(|(_, verbs)| verbs.iter().copied()).collect()
        };
        match self {
            Target::List(resource) => pick(
                &[
                    (Verbs::LIST, &[Verb::Get]),
                    (Verbs::CREATE, &[Verb::Post]),
                    (Verbs::BULK_UPDATE, &[Verb::Put, Verb::Patch]),
                    (Verbs::BULK_DELETE, &[Verb::Delete]),
                ],
                resource,
            ),
            Target::One(resource) => pick(
                &[(Verbs::DETAIL, &[Verb::Get]), (Verbs::UPDATE, &[Verb::Put, Verb::Patch]), (Verbs::DELETE, &[Verb::Delete])],
                resource,
            ),
            Target::Act(..) => vec![Verb::Post],
            Target::Hand(endpoint) => endpoint.verbs.iter().map(|v| v.0).collect(),
        }
    }

    /// The value of the header `Allow`.
    pub fn allow(&self) -> String {
        let mut names: Vec<&str> = self.verbs().iter().map(|v| v.name()).collect();
        if names.contains(&"GET") {
            names.push("HEAD");
        }
        names.push("OPTIONS");
        names.sort_unstable();
        names.join(", ")
    }

    /// May this user use the verb here? Nobody else decides.
    pub fn may(&self, user: &User, verb: Verb) -> bool {
        let right = Right::of(verb);
        match self {
            // What is the caller's own is the caller's to change.
            Target::One(resource) if resource.lookup == Lookup::Caller => user.known(),
            Target::List(resource) | Target::One(resource) => user.may(right, resource),
            Target::Act(resource, action) => user.may(right, resource) && action.needs.iter().all(|(role, right)| user.has(*role, *right)),
            Target::Hand(endpoint) => {
                let open = Resource { access: endpoint.access, roles: endpoint.roles, ..Resource::BASE };
                user.may(right, &open)
            }
        }
    }

    /// Do the scopes of an access token reach this far? They only narrow what the user may do.
    pub fn within(&self, scopes: Scopes, verb: Verb) -> bool {
        let (access, roles) = match self {
            Target::List(resource) | Target::One(resource) => (resource.access, resource.roles),
            // As documented; what the action does to its resource is checked against the narrowed user.
            Target::Act(..) => (Access::Login, &[] as &[Role]),
            Target::Hand(endpoint) => (endpoint.access, endpoint.roles),
        };
        access == Access::Anyone || scopes.has_one(&scope::needed(access, roles, Right::of(verb)))
    }

    /// Is the address open to people who did not log in?
    pub fn is_open(&self) -> bool {
        matches!(self, Target::Hand(endpoint) if endpoint.access == Access::Anyone)
    }

    /// Answers the request; rights and verb were checked.
    ///
    /// # Errors
    /// Whatever the handler refuses.
    pub fn answer(&self, call: Call) -> Result<Reply> {
        let call = match self {
            Target::One(resource) => find_key(call, resource)?,
            _ => call,
        };
        let call = &call;
        match self {
            Target::List(resource) => match call.verb {
                Verb::Get => read::list(call, resource),
                Verb::Post => write::create(call, resource),
                Verb::Put | Verb::Patch => write::update_all(call, resource),
                Verb::Delete => write::delete_all(call, resource),
                Verb::Options => options::options(call, resource, false),
            },
            Target::One(resource) => match call.verb {
                Verb::Get => read::detail(call, resource),
                Verb::Put | Verb::Patch => write::update(call, resource),
                Verb::Delete => write::delete(call, resource),
                Verb::Options => options::options(call, resource, true),
                Verb::Post => Err(Error::Method(call.verb.name().into())),
            },
            Target::Act(resource, action) if call.verb == Verb::Options => {
                options::of_fields(call, resource.title, resource.model, &[("POST", action.input)])
            }
            Target::Act(resource, action) => write::act(call, resource, action),
            Target::Hand(endpoint) if call.verb == Verb::Options => {
                let described: Vec<_> = endpoint
                    .verbs
                    .iter()
                    .filter(|(verb, _)| !matches!(verb, Verb::Patch) && self.may(&call.user, *verb))
                    .map(|(verb, _)| (verb.name(), if verb.safe() { endpoint.output } else { endpoint.input }))
                    .collect();
                options::of_fields(call, endpoint.title, endpoint.model, &described)
            }
            Target::Hand(endpoint) => match endpoint.verbs.iter().find(|v| v.0 == call.verb) {
                Some((_, run)) => run(call),
                None => Err(Error::Method(call.verb.name().into())),
            },
        }
    }
}

/// The request with the key of the row that the address names by a word, or that is the caller's.
fn find_key(call: Call, resource: &Resource) -> Result<Call> {
    match resource.lookup {
        Lookup::Key => Ok(call),
        Lookup::Caller => {
            let id = call.user.id;
            Ok(call.with_key(id))
        }
        Lookup::Word(column) => {
            let scope = resource.scope.map_or("", |scope| scope(&call));
            let scope = if scope.is_empty() { "1" } else { scope };
            let sql = format!("SELECT t.id FROM \"{}\" t WHERE t.\"{column}\" = :word COLLATE NOCASE AND ({scope})", resource.table);
            let found: Option<i64> = {
                let conn = call.db().read()?;
                if sql.contains(":user") {
                    db::one(&conn, &sql, rusqlite::named_params! {":word": call.word(), ":user": call.user.id})?
                } else {
                    db::one(&conn, &sql, rusqlite::named_params! {":word": call.word()})?
                }
            };
            Ok(call.with_key(found.ok_or_else(|| Error::no_such(resource.title))?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found() {
        assert!(matches!(find("/api/part/"), Some((Target::List(r), None, _)) if r.path == "part"));
        assert!(matches!(find("/api/part/12/"), Some((Target::One(r), Some(12), _)) if r.path == "part"));
        assert!(matches!(find("/api/stock/add/"), Some((Target::Act(..), None, _))));
        assert!(matches!(find("/api/settings/global/PART_SALABLE/"), Some((Target::One(_), None, w)) if w == ["PART_SALABLE"]));
        assert!(find("/api/settings/global/no-such-key/").is_none());
        assert!(find("/api/part").is_none());
        assert!(find("/api/part/abc/").is_none());
        assert!(find("/api/part/99999999999999999999/").is_none());
    }
}
