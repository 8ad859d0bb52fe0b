//! The table of all addresses, generated from the descriptions; and the way of a request through it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use crate::barcode;
use crate::common::{
    about, attachment, config, content_type, currency, custom_state, data_output, error_report, export, flag, generate, icon, metadata,
    news, notes_image, notification, parameter, plugin, plugin_setting, project_code, search, selection, setting, status, tag, task, unit,
    version_text, webhook,
};
use crate::company::{address, company, contact, manufacturer_part, price_break, supplier_part};
use crate::db;
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::{Action, Endpoint, Field, Lookup, Resource, Verbs};
use crate::engine::{options, read, write};
use crate::error::{Error, Result, WHOLE, invalid};
use crate::identity::scope::{self, Scopes};
use crate::identity::{Access, Right, Role, User};
use crate::media;
use crate::part::{category, category_parameter, part, price, pricing, related, stocktake, test_template, thumb};
use crate::stock::{item, location, location_type, test, track};
use crate::users::{group, me, owner, preference, ruleset, token, user};

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
    &pricing::PRICING,
    &stocktake::STOCKTAKE,
    &thumb::THUMBS,
    &thumb::THUMB,
    &location_type::LOCATION_TYPE,
    &location::LOCATION,
    &location::LOCATION_TREE,
    &crate::bom::item::BOM_ITEM,
    &crate::bom::substitute::SUBSTITUTE,
    &crate::build::BUILD,
    &crate::build::line::BUILD_LINE,
    &crate::build::item::BUILD_ITEM,
    &item::ITEM,
    &track::TRACKING,
    &test::RESULT,
    &company::COMPANY,
    &contact::CONTACT,
    &address::ADDRESS,
    &manufacturer_part::MANUFACTURER_PART,
    &supplier_part::SUPPLIER_PART,
    &price_break::PRICE_BREAK,
    &crate::order::PURCHASE_ORDER,
    &crate::order::purchase_line::PURCHASE_LINE,
    &crate::order::purchase::EXTRA_LINE,
    &crate::order::SALES_ORDER,
    &crate::order::sales_line::SALES_LINE,
    &crate::order::sales::EXTRA_LINE,
    &crate::order::SHIPMENT,
    &crate::order::sales_line::ALLOCATION,
    &crate::order::RETURN_ORDER,
    &crate::order::return_::RETURN_LINE,
    &crate::order::return_::EXTRA_LINE,
    &crate::order::TRANSFER_ORDER,
    &crate::order::transfer::TRANSFER_LINE,
    &crate::order::transfer::ALLOCATION,
    &user::USER,
    &group::GROUP,
    &ruleset::RULESET,
    &owner::OWNER,
    &token::TOKEN,
    &me::ME,
    &me::PROFILE,
    &me::OLD_PROFILE,
    &project_code::PROJECT_CODE,
    &unit::CUSTOM_UNIT,
    &parameter::template::TEMPLATE,
    &parameter::PARAMETER,
    &selection::LIST,
    &selection::ENTRY,
    &tag::TAG,
    &attachment::ATTACHMENT,
    &barcode::history::HISTORY,
    &content_type::CONTENT_TYPE,
    &custom_state::CUSTOM_STATE,
    &crate::mail::log::MESSAGE,
    &setting::GLOBAL,
    &setting::USER,
    &setting::NOTIFICATION,
    &plugin::PLUGIN,
    &plugin_setting::SETTING,
    &notification::NOTIFICATION,
    &error_report::REPORT,
    &news::NEWS,
    &notes_image::NOTES_IMAGE,
    &data_output::DATA_OUTPUT,
    &task::PENDING,
    &task::SCHEDULED,
    &task::FAILED,
];

/// All addresses by hand.
pub static ENDPOINTS: &[&[Endpoint]] = &[
    about::ENDPOINTS,
    std::slice::from_ref(&crate::order::calendar::ENDPOINT),
    crate::barcode::order::ENDPOINTS,
    status::ENDPOINTS,
    &me::ROLES_OF,
    &me::TOKEN_OF,
    std::slice::from_ref(&user::SET_PASSWORD),
    std::slice::from_ref(&crate::bom::validate::LINE),
    std::slice::from_ref(&crate::bom::validate::PART),
    std::slice::from_ref(&part::SERIALS),
    std::slice::from_ref(&crate::stock::serials::SERIALS),
    std::slice::from_ref(&unit::ALL),
    content_type::ENDPOINTS,
    metadata::ENDPOINTS,
    std::slice::from_ref(&preference::ENDPOINT),
    plugin::ENDPOINTS,
    plugin_setting::ENDPOINTS,
    flag::ENDPOINTS,
    currency::ENDPOINTS,
    config::ENDPOINTS,
    std::slice::from_ref(&stocktake::GENERATE),
    barcode::scan::ENDPOINTS,
    barcode::link::ENDPOINTS,
    generate::ENDPOINTS,
    task::ENDPOINTS,
    std::slice::from_ref(&notification::READ_ALL),
    std::slice::from_ref(&search::ENDPOINT),
    std::slice::from_ref(&icon::ENDPOINT),
    std::slice::from_ref(&webhook::ENDPOINT),
    std::slice::from_ref(&version_text::ENDPOINT),
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

/// The table of addresses.
#[derive(Default)]
struct Routes {
    /// All of them as they are described: with `{id}`, `{above}`, `{word}` and `{text}`, without the leading slash.
    all: BTreeMap<String, Target>,
    /// Those without words, every number as `{id}`.
    plain: HashMap<String, Target>,
    /// Those with words, by their segments.
    wordy: Vec<(Vec<String>, Target)>,
}

static ROUTES: LazyLock<Routes> = LazyLock::new(|| {
    let mut routes = Routes::default();
    let mut add = |path: String, target: Target| {
        if path.contains("{word}") || path.contains("{text}") {
            routes.wordy.push((path.split('/').map(String::from).collect(), target));
        } else {
            routes.plain.insert(path.replace("{above}", "{id}"), target);
        }
        routes.all.insert(path, target);
    };
    for resource in RESOURCES {
        let base = format!("api/{}/", resource.path);
        let list = [Verbs::LIST, Verbs::CREATE, Verbs::BULK_UPDATE, Verbs::BULK_DELETE].into_iter().any(|v| resource.verbs.has(v));
        if list {
            add(base.clone(), Target::List(resource));
        }
        if [Verbs::DETAIL, Verbs::UPDATE, Verbs::DELETE].into_iter().any(|v| resource.verbs.has(v)) {
            let one = match resource.lookup {
                Lookup::Caller => base.clone(),
                // Keys of settings have no hyphens, and with one there is no such address in the contract.
                Lookup::Word("key") => format!("{base}{{word}}/"),
                Lookup::Word(_) => format!("{base}{{text}}/"),
                Lookup::Key if resource.path.contains("{id}") => base.clone(),
                Lookup::Key => format!("{base}{{id}}/"),
            };
            if resource.metadata && resource.lookup == Lookup::Key {
                add(format!("{one}metadata/"), Target::Hand(&metadata::OLD));
            }
            add(one, Target::One(resource));
        }
        for action in resource.actions {
            add(format!("{base}{}/", action.path), Target::Act(resource, action));
        }
    }
    for endpoint in ENDPOINTS.iter().copied().flatten() {
        add(endpoint.path.into(), Target::Hand(endpoint));
    }
    routes
});

/// All addresses with their targets, sorted; for documents and tests.
pub fn routes() -> BTreeMap<&'static str, Target> {
    ROUTES.all.iter().map(|(path, target)| (path.as_str(), *target)).collect()
}

/// What a path leads to, and what it names.
pub struct Found<'a> {
    /// The address.
    pub target: Target,
    /// The key of the row, where it names one.
    pub id: Option<i64>,
    /// The key of what the row or the list lies below, where it lies below something.
    pub above: Option<i64>,
    /// The words.
    pub words: Vec<&'a str>,
}

fn number(segment: &str) -> Option<i64> {
    let digits = !segment.is_empty() && segment.len() <= 18 && segment.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| segment.parse().ok()).flatten()
}

/// Where a path leads, with the keys and the words that it names.
pub fn find(path: &str) -> Option<Found<'_>> {
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    // A path that spells a pattern's own braces is no address.
    if !path.contains('{') {
        let pattern: Vec<&str> = segments.iter().map(|s| number(s).map_or(*s, |_| "{id}")).collect();
        if let Some(target) = ROUTES.plain.get(&pattern.join("/")) {
            let mut numbers = segments.iter().filter_map(|s| number(s));
            let above = target.is_below().then(|| numbers.next()).flatten();
            return Some(Found { target: *target, id: numbers.next(), above, words: Vec::new() });
        }
    }
    let fits = |(pattern, given): (&String, &&str)| match pattern.as_str() {
        "{id}" => number(given).is_some(),
        "{word}" => !given.is_empty() && given.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'),
        "{text}" => !given.is_empty(),
        literal => literal == *given,
    };
    let matching = ROUTES.wordy.iter().filter(|(pattern, _)| pattern.len() == segments.len() && pattern.iter().zip(&segments).all(fits));
    // The address that says most by itself.
    let (pattern, target) =
        matching.min_by_key(|(pattern, _)| pattern.iter().map(|s| if s.starts_with('{') { s.len() } else { 0 }).sum::<usize>())?;
    let named = |what: &[&str]| -> Vec<&str> {
        pattern.iter().zip(&segments).filter(|(p, _)| what.contains(&p.as_str())).map(|(_, given)| *given).collect()
    };
    let id = named(&["{id}"]).first().and_then(|s| number(s));
    Some(Found { target: *target, id, above: None, words: named(&["{word}", "{text}"]) })
}

impl Target {
    /// Does its address name what it lies below?
    fn is_below(&self) -> bool {
        matches!(self, Target::List(resource) | Target::One(resource) | Target::Act(resource, _) if resource.path.contains("{above}"))
    }

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
            Target::List(resource) if export::is_wanted(call) && call.verb == Verb::Get => export::run(call, resource),
            Target::List(resource) if export::is_wanted(call) && call.verb == Verb::Options => export::describe(call, resource),
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
            // The browser's login has a shape of its own for what is wrong.
            Target::Hand(endpoint) if !call.verb.safe() && call.content.is_no_object() && !endpoint.path.starts_with("api/auth/v1/") => {
                invalid(WHOLE, "An object is expected here.")
            }
            Target::Hand(endpoint) => match endpoint.verbs.iter().find(|v| v.0 == call.verb) {
                Some((_, run)) => run(call),
                None => Err(Error::Method(call.verb.name().into())),
            },
        }
    }
}

/// May the caller see a row that names this file of the media folder?
///
/// # Errors
/// The database cannot be asked.
pub fn may_see_file(call: &Call, name: &str) -> Result<bool> {
    let name = media::whole_name(name);
    let conn = call.db().read()?;
    for resource in RESOURCES.iter().filter(|resource| call.user.may(Right::View, resource)) {
        for column in resource.fields.iter().filter_map(Field::file_column) {
            let sql = format!("SELECT id FROM \"{}\" WHERE \"{column}\" = ?1", resource.table);
            for key in db::column(&conn, &sql, [&name])? {
                if read::in_scope(call, &conn, resource, key)? {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// Columns that name files and that no address shows: what reports and labels are printed from.
const UNSHOWN: [(&str, &str); 4] =
    [("report_template", "template"), ("label_template", "template"), ("report_snippet", "snippet"), ("report_asset", "asset")];

/// The columns that name files of the media folder: table and column.
pub static FILE_COLUMNS: LazyLock<BTreeSet<(&str, &str)>> = LazyLock::new(|| {
    let shown = RESOURCES.iter().flat_map(|r| r.fields.iter().filter_map(Field::file_column).map(|column| (r.table, column)));
    shown.chain(UNSHOWN).collect()
});

/// Does any row name this file of the media folder?
///
/// # Errors
/// The database cannot be asked.
pub fn names_file(conn: &rusqlite::Connection, name: &str) -> Result<bool> {
    for (table, column) in FILE_COLUMNS.iter() {
        let sql = format!("SELECT 1 FROM \"{table}\" WHERE \"{column}\" = ?1 LIMIT 1");
        if db::one::<i64>(conn, &sql, [name])?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
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
            let scope = resource.scope.map(|scope| scope(&call)).filter(|s| !s.is_empty()).unwrap_or("1".into());
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
        let found = |path: &'static str| find(path).map(|f| (f.target, f.id, f.above, f.words));
        assert!(matches!(found("/api/part/"), Some((Target::List(r), None, None, _)) if r.path == "part"));
        assert!(matches!(found("/api/part/12/"), Some((Target::One(r), Some(12), None, _)) if r.path == "part"));
        assert!(matches!(found("/api/stock/add/"), Some((Target::Act(..), None, None, _))));
        assert!(matches!(found("/api/settings/global/PART_SALABLE/"), Some((Target::One(_), None, None, w)) if w == ["PART_SALABLE"]));
        assert!(matches!(found("/api/selection/3/entry/"), Some((Target::List(_), None, Some(3), _))));
        assert!(matches!(found("/api/selection/3/entry/4/"), Some((Target::One(_), Some(4), Some(3), _))));
        assert!(matches!(found("/api/metadata/part/7/"), Some((Target::Hand(_), Some(7), None, w)) if w == ["part"]));
        assert!(
            matches!(found("/api/metadata/projectcode/code/A-1/"), Some((Target::Hand(_), None, None, w)) if w == ["projectcode", "code", "A-1"])
        );
        assert!(find("/api/settings/global/no-such-key/").is_none());
        assert!(find("/api/part").is_none());
        assert!(find("/api/part/abc/").is_none());
        assert!(find("/api/part/99999999999999999999/").is_none());
    }
}
