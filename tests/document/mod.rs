//! The OpenAPI document as the descriptions make it: what `assets/openapi.json` must say, and what writes it.

mod schema;

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use schema::{Schemas, name_of};
use serde::Serialize;
use serde_json::ser::PrettyFormatter;
use serde_json::{Map, Value, json};
use stockroom::db::SCHEMA;
use stockroom::engine::call::{JSON, Verb};
use stockroom::engine::describe::{Answers, Endpoint, Field, Filter, Lookup, Reads, Resource};
use stockroom::identity::{Access, Right, Role, scope};
use stockroom::router::{self, Target};
use stockroom::site::API_VERSION;

/// Media types of a request's body.
const BODIES: [&str; 3] = [JSON, "application/x-www-form-urlencoded", "multipart/form-data"];

/// One address of the table.
struct Address {
    /// Without the leading slash, with `{id}`, `{above}`, `{word}` and `{text}`.
    path: &'static str,
    /// What stands there.
    what: Target,
}

/// The document that the descriptions make.
pub fn document() -> Value {
    let conn = Connection::open_in_memory().expect("a database");
    conn.execute_batch(SCHEMA).expect("the tables");
    let mut schemas = Schemas::new(&conn);
    let (mut paths, mut tags) = (Map::new(), BTreeSet::new());
    for address in router::routes().into_iter().map(|(path, what)| Address { path, what }).filter(Address::is_shown) {
        let mut operations = Map::new();
        for (place, verb) in address.what.verbs().into_iter().enumerate() {
            if matches!(address.what, Target::Hand(endpoint) if !endpoint.documented_verbs.is_empty() && !endpoint.documented_verbs.contains(&verb))
            {
                continue;
            }
            operations.insert(verb.name().to_ascii_lowercase(), address.operation(verb, place, &mut schemas));
        }
        tags.extend(address.tag());
        paths.insert(format!("/{}", address.shown_path()), operations.into());
    }
    let tags: Vec<Value> = tags.into_iter().map(|name| json!({ "name": name })).collect();
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "InvenTree API",
            "version": API_VERSION.to_string(),
            "description": "What stockroom answers of InvenTree's REST API: an inventory of parts, places and stock.",
            "license": {"name": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": tags,
        "paths": paths,
        "components": {"responses": refusals(), "schemas": schemas.finish(), "securitySchemes": security_schemes()},
    })
}

/// The same as text: a line for each value, so that changes can be compared, and no indentation, which would be two fifths of the program's
/// copy of it.
pub fn pretty() -> String {
    let mut text = Vec::new();
    let mut writer = serde_json::Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b""));
    document().serialize(&mut writer).expect("values that JSON can write");
    text.push(b'\n');
    String::from_utf8(text).expect("JSON is UTF-8")
}

impl Address {
    /// Addresses outside `/api/` and those that are kept for old clients do not stand in the document.
    fn is_shown(&self) -> bool {
        let documented = match self.what {
            Target::List(resource) | Target::One(resource) | Target::Act(resource, _) => resource.documented,
            Target::Hand(endpoint) => endpoint.documented,
        };
        documented && self.path.starts_with("api/")
    }

    /// The name of what `{word}` stands for.
    fn word(&self) -> &'static str {
        let (given, column) = match self.what {
            Target::List(resource) | Target::One(resource) | Target::Act(resource, _) => match resource.lookup {
                Lookup::Word(column) => (resource.word, column),
                _ => (resource.word, "word"),
            },
            Target::Hand(endpoint) => (endpoint.word, "word"),
        };
        if given.is_empty() { column } else { given }
    }

    /// The document's names for what the path names, and whether each is a key.
    fn named(&self) -> Vec<(&'static str, bool)> {
        let below = self.path.contains("{above}");
        let mut words = self.word().split(',');
        let places = self.path.split('/').filter(|s| s.starts_with('{'));
        let mut name = |place| match place {
            "{id}" if below => self.word(),
            "{above}" | "{id}" => "id",
            _ => words.next().unwrap_or("word"),
        };
        places.map(|place| (name(place), matches!(place, "{above}" | "{id}"))).collect()
    }

    fn shown_path(&self) -> String {
        let mut names = self.named().into_iter();
        let segment = |s: &str| match s.starts_with('{') {
            true => names.next().map_or_else(String::new, |(name, _)| format!("{{{name}}}")),
            false => s.to_string(),
        };
        self.path.split('/').map(segment).collect::<Vec<_>>().join("/")
    }

    /// The segments below `api/` that name something.
    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').skip(1).filter(|s| !s.is_empty() && !s.starts_with('{'))
    }

    /// Operations are grouped by the first segment.
    fn tag(&self) -> Option<&'static str> {
        self.names().next()
    }

    /// The segments and what is done there; lists and objects have words of their own for the same verb.
    fn operation_id(&self, verb: Verb, place: usize) -> String {
        if let Target::Hand(Endpoint { operations, .. }) | Target::List(Resource { operations, .. }) = self.what
            && let Some(name) = operations.get(place)
        {
            return (*name).into();
        }
        let many = matches!(self.what, Target::List(_));
        let done = match verb {
            Verb::Get if many => "list",
            Verb::Get => "retrieve",
            Verb::Post => "create",
            Verb::Put if many => "bulk_update",
            Verb::Put => "update",
            Verb::Patch if many => "bulk_partial_update",
            Verb::Patch => "partial_update",
            Verb::Delete if many => "bulk_destroy",
            Verb::Delete => "destroy",
            Verb::Options => "options",
        };
        let mut words: Vec<String> = self.names().map(|s| s.replace('-', "_")).collect();
        if words.is_empty() {
            words.push("root".into());
        }
        words.push(done.into());
        words.join("_")
    }

    fn operation(&self, verb: Verb, place: usize, schemas: &mut Schemas<'_>) -> Value {
        let mut operation = Map::new();
        operation.insert("operationId".into(), self.operation_id(verb, place).into());
        let (title, what) = match self.what {
            Target::List(resource) => (resource.title, " (list)"),
            Target::One(resource) => (resource.title, ""),
            Target::Act(resource, _) => (resource.title, " (action)"),
            Target::Hand(endpoint) => (endpoint.title, ""),
        };
        operation.insert("summary".into(), format!("{title}{what}").into());
        if let Some(tag) = self.tag() {
            operation.insert("tags".into(), json!([tag]));
        }
        let parameters = self.parameters(verb);
        if !parameters.is_empty() {
            operation.insert("parameters".into(), parameters.into());
        }
        let asked = self.request(verb, schemas);
        if let Some((schema, required)) = asked.clone() {
            let content: Map<String, Value> = BODIES.iter().map(|kind| ((*kind).into(), json!({ "schema": schema }))).collect();
            let mut body = json!({ "content": content });
            if required {
                body["required"] = true.into();
            }
            operation.insert("requestBody".into(), body);
        }
        operation.insert("security".into(), self.security(verb));
        let takes_body = asked.is_some();
        let mut responses = self.responses(verb, place, asked.map(|a| a.0), schemas);
        self.refused(takes_body, &mut responses);
        operation.insert("responses".into(), responses.into());
        operation.into()
    }

    fn parameters(&self, verb: Verb) -> Vec<Value> {
        let mut found = BTreeMap::new();
        for (name, key) in self.named() {
            let kind = if key { "integer" } else { "string" };
            found.insert(name, json!({"in": "path", "name": name, "required": true, "schema": {"type": kind}}));
        }
        match self.what {
            Target::List(resource) if verb == Verb::Get => {
                flags(resource, true, &mut found);
                for filter in resource.filters {
                    found.insert(filter.name, of_filter(filter));
                }
                for (name, help) in [
                    ("limit", "Rows on a page; without it, or with 0, all rows come, as a plain list."),
                    ("offset", "How many rows to pass over."),
                ] {
                    let schema = json!({"type": "integer"});
                    found.insert(name, json!({"in": "query", "name": name, "required": false, "description": help, "schema": schema}));
                }
                if !resource.order.is_empty() {
                    let words: Vec<String> = resource.order.iter().flat_map(|o| [o.name.to_string(), format!("-{}", o.name)]).collect();
                    let help =
                        "What the rows are sorted by; with a hyphen the other way round. Several words with commas between are possible.";
                    let schema = json!({"type": "string", "enum": words});
                    found.insert(
                        "ordering",
                        json!({"in": "query", "name": "ordering", "required": false, "description": help, "schema": schema}),
                    );
                }
                if !resource.search.is_empty() {
                    let places: Vec<&str> = resource.search.iter().flat_map(|s| s.columns).copied().collect();
                    let help = format!("Words that must all occur in: {}.", places.join(", "));
                    let schema = json!({"type": "string"});
                    found.insert(
                        "search",
                        json!({"in": "query", "name": "search", "required": false, "description": help, "schema": schema}),
                    );
                }
            }
            Target::One(resource) if verb == Verb::Get => flags(resource, false, &mut found),
            Target::Hand(endpoint) if verb == Verb::Get => {
                for filter in endpoint.query {
                    found.insert(filter.name, of_filter(filter));
                }
            }
            _ => {}
        }
        found.into_values().collect()
    }

    /// The body that is sent, and whether it must be.
    fn request(&self, verb: Verb, schemas: &mut Schemas<'_>) -> Option<(Value, bool)> {
        let must = |fields: &[Field]| fields.iter().any(|f| f.required && !f.fixed && !f.says_fixed);
        let (schema, required) = match (self.what, verb) {
            (_, Verb::Get | Verb::Options) => return None,
            (Target::List(_), Verb::Delete) => return Some((schemas.bulk(), true)),
            (Target::One(resource), Verb::Delete) if resource.remove_input.is_empty() => return None,
            (Target::One(resource), Verb::Delete) => (schemas.fields("", resource.remove_input.iter()), must(resource.remove_input)),
            (Target::List(resource), _) => (schemas.of(resource, false), must(resource.fields)),
            (Target::One(resource), _) => (schemas.of(resource, true), must(resource.fields)),
            (Target::Act(_, action), _) if action.input.is_empty() => return None,
            (Target::Act(_, action), _) => (schemas.fields(action.schema, action.input.iter()), must(action.input)),
            (Target::Hand(endpoint), _) if endpoint.input.is_empty() => return None,
            (Target::Hand(endpoint), _) => (schemas.fields(endpoint.input_schema, endpoint.input.iter()), must(endpoint.input)),
        };
        Some(if verb == Verb::Patch { (schemas.patched(schema), false) } else { (schema, required) })
    }

    fn responses(&self, verb: Verb, place: usize, asked: Option<Value>, schemas: &mut Schemas<'_>) -> Map<String, Value> {
        let mut answered = |answers, asked| match answers {
            Answers::Request => ("201", asked),
            Answers::Rows(of) => ("201", Some(json!({"type": "array", "items": schemas.of(of, false)}))),
            Answers::Object(name, fields) => ("200", Some(schemas.fields(name, fields.iter()))),
        };
        let (status, schema) = match (self.what, verb) {
            (Target::Act(_, action), _) => answered(action.answers, asked),
            (Target::Hand(Endpoint { writes_answer: Some(answers), .. }), _) if !verb.safe() => answered(*answers, asked),
            (Target::Hand(endpoint), _) => {
                let status = endpoint.statuses.get(place).copied().unwrap_or(if verb == Verb::Delete { "204" } else { "200" });
                let schema = match verb {
                    Verb::Delete => None,
                    _ if endpoint.output_schema == "{}" => Some(json!({"type": "object", "additionalProperties": {}})),
                    _ if endpoint.answers_list => {
                        Some(json!({"type": "array", "items": schemas.fields(endpoint.output_schema, endpoint.output.iter())}))
                    }
                    _ if !endpoint.output.is_empty() => Some(schemas.fields(endpoint.output_schema, endpoint.output.iter())),
                    _ if !endpoint.input.is_empty() => Some(schemas.fields(endpoint.input_schema, endpoint.input.iter())),
                    _ => Some(json!({"type": "object", "additionalProperties": {}})),
                };
                (status, schema)
            }
            (_, Verb::Delete) => ("204", None),
            (Target::List(resource), Verb::Get) => {
                let row = schemas.of(resource, false);
                ("200", Some(if name_of(&row).is_some() { schemas.page_or_all(&row) } else { row }))
            }
            (Target::List(resource), Verb::Post) if resource.creates_several => {
                ("201", Some(json!({"type": "array", "items": schemas.of(resource, false)})))
            }
            (Target::List(resource), Verb::Post) => ("201", Some(schemas.of(resource, false))),
            (Target::List(resource), _) => ("200", Some(schemas.of(resource, false))),
            (Target::One(resource), _) => ("200", Some(schemas.of(resource, true))),
        };
        let mut response = json!({"description": if schema.is_some() { "Done." } else { "Done; there is no body." }});
        if let Some(schema) = schema {
            response["content"] = json!({ JSON: { "schema": schema } });
        }
        Map::from_iter([(status.into(), response)])
    }

    /// How it may be refused, beside what it answers as a rule.
    fn refused(&self, takes_body: bool, responses: &mut Map<String, Value>) {
        let browsers = self.path.starts_with("api/auth/");
        for (status, name, _) in REFUSALS {
            let possible = match *status {
                // Actions and addresses by hand look things up that their bodies name.
                "404" => self.path.contains('{') || matches!(self.what, Target::Act(..) | Target::Hand(_)),
                "409" | "410" => browsers,
                "413" | "415" => takes_body,
                _ => true,
            };
            if possible && !responses.contains_key(*status) {
                responses.insert((*status).into(), json!({ "$ref": format!("#/components/responses/{name}") }));
            }
        }
    }

    /// How to say who asks, and what an OAuth token would have to allow.
    fn security(&self, verb: Verb) -> Value {
        let (access, roles) = match self.what {
            Target::List(resource) | Target::One(resource) => (resource.access, resource.roles),
            // An action's own body belongs to no model: the contract wants no role for it here, whatever is checked later.
            Target::Act(..) => (Access::Login, &[] as &[Role]),
            Target::Hand(endpoint) => (endpoint.access, endpoint.roles),
        };
        let scopes = scope::needed(access, roles, Right::of(verb));
        let mut ways = vec![json!({"tokenAuth": []}), json!({"basicAuth": []}), json!({"cookieAuth": []}), json!({ "oauth2": scopes })];
        if access == Access::Anyone {
            ways.push(json!({}));
        }
        ways.into()
    }
}

/// The flags that bring optional fields, with what they are where the query is silent.
fn flags(resource: &Resource, in_list: bool, found: &mut BTreeMap<&'static str, Value>) {
    for field in resource.fields {
        let Some((flag, _)) = field.flag() else { continue };
        let parameter = json!({"in": "query", "name": flag, "schema": {"type": "boolean", "default": resource.shows(field, in_list)}});
        found.entry(flag).or_insert(parameter);
    }
}

fn of_filter(filter: &Filter) -> Value {
    let mut parameter = json!({"in": "query", "name": filter.name});
    parameter["schema"] = match filter.reads {
        Reads::Flag => json!({"type": "boolean"}),
        Reads::Number => json!({"type": "number"}),
        Reads::Int | Reads::IntOrNull | Reads::Ref(_) => json!({"type": "integer"}),
        Reads::Date => json!({"type": "string", "format": "date"}),
        Reads::Text | Reads::Regex => json!({"type": "string"}),
        Reads::Ints => {
            parameter["style"] = "form".into();
            parameter["explode"] = false.into();
            json!({"type": "array", "items": {"type": "integer"}})
        }
    };
    match filter.reads {
        Reads::Regex => parameter["description"] = "A regular expression.".into(),
        Reads::IntOrNull => parameter["description"] = "A key, or null for none.".into(),
        _ => {}
    }
    parameter
}

/// Statuses of refusals, the names of their descriptions, and what they mean.
const REFUSALS: &[(&str, &str, &str)] = &[
    ("400", "Invalid", "Something about the request is wrong; nothing was changed."),
    ("401", "Unauthenticated", "Who asks is not known here, or must log in for this."),
    ("403", "Denied", "Who asks may not do this."),
    ("404", "NotFound", "There is no such thing, or no such address."),
    ("406", "NotAcceptable", "None of the accepted media types can be produced."),
    ("409", "Conflict", "This can be done only at another moment."),
    ("410", "Gone", "The session has ended."),
    ("413", "TooLarge", "The body is too large."),
    ("415", "MediaType", "Bodies of this type are not read."),
    ("429", "TooMany", "Too many failed attempts; wait a little."),
];

/// The descriptions of refusals.
fn refusals() -> Value {
    let detail = json!({"type": "object", "properties": {"detail": {"type": "string"}}, "additionalProperties": {}});
    let wrong = json!({"anyOf": [
        {"type": "object", "description": "Texts by field, `non_field_errors` for the whole; or `detail`.", "additionalProperties": {}},
        {"type": "array", "description": "Texts; or, for a list that was sent, what is wrong with each of its elements.", "items": {}},
    ]});
    let one = |(status, name, what): &(&str, &str, &str)| {
        let schema = if *status == "400" { &wrong } else { &detail };
        ((*name).to_string(), json!({"description": what, "content": {JSON: {"schema": schema}}}))
    };
    REFUSALS.iter().map(one).collect::<Map<_, _>>().into()
}

fn security_schemes() -> Value {
    let scopes: Map<String, Value> = scope::all().into_iter().map(|(name, what)| (name, what.into())).collect();
    json!({
        "basicAuth": {"type": "http", "scheme": "basic"},
        "cookieAuth": {"type": "apiKey", "in": "cookie", "name": "sessionid"},
        "oauth2": {
            "type": "oauth2",
            "description": "Where the server was started with it. A token can never do more than its user; actions on a resource also take `r:add` of one of its roles.",
            "flows": {
                "authorizationCode": {"authorizationUrl": "/o/authorize/", "tokenUrl": "/o/token/", "refreshUrl": "/o/token/", "scopes": scopes},
                "clientCredentials": {"tokenUrl": "/o/token/", "scopes": scopes},
            },
        },
        "tokenAuth": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Token`, a blank and an API token."},
    })
}
