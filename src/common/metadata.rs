//! `/api/metadata/…`: a JSON object that programs keep with an object of ours, whatever it is.

use rusqlite::Connection;
use serde_json::{Map, Value};

use crate::db;
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::engine::write::mode_of;
use crate::engine::{input, read};
use crate::error::{Error, Result, invalid};
use crate::identity::{Access, Right, Role};
use crate::router::{self, RESOURCES, Target};

static FIELDS: &[Field] = &[any("metadata").required().says("Metadata", "Whatever a program wants to keep")];

/// Any role opens the door; the object's own rights are asked behind it.
static EVERYBODY: &[Role] = &[
    Role::ADMIN,
    Role::PART_CATEGORY,
    Role::PART,
    Role::STOCK_LOCATION,
    Role::STOCK,
    Role::BOM,
    Role::BUILD,
    Role::PURCHASE_ORDER,
    Role::SALES_ORDER,
    Role::RETURN_ORDER,
    Role::TRANSFER_ORDER,
];

const BASE: Endpoint = Endpoint {
    access: Access::Role,
    roles: EVERYBODY,
    title: "metadata",
    input: FIELDS,
    input_schema: "Metadata",
    output: FIELDS,
    output_schema: "Metadata",
    verbs: &[(Verb::Get, show), (Verb::Put, change), (Verb::Patch, change)],
    ..Endpoint::BASE
};

/// By key, and by another field that names one object.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: "api/metadata/{text}/{id}/",
        word: "model",
        operations: &["metadata_pk_retrieve", "metadata_pk_update", "metadata_pk_partial_update"],
        ..BASE
    },
    Endpoint {
        path: "api/metadata/{text}/{text}/{text}/",
        word: "model,lookup_field,lookup_value",
        operations: &["metadata_retrieve", "metadata_update", "metadata_partial_update"],
        ..BASE
    },
];

/// Where clients of API versions before 436 look for it. Whoever follows a 308 sends the body again; the answer to GET is what the contract says.
pub static OLD: Endpoint = Endpoint {
    access: Access::Anyone,
    documented: false,
    title: "metadata",
    verbs: &[(Verb::Get, |call| moved(call, 301)), (Verb::Put, |call| moved(call, 308)), (Verb::Patch, |call| moved(call, 308))],
    ..Endpoint::BASE
};

fn moved(call: &Call, status: u16) -> Result<Reply> {
    let of = call.path.strip_suffix("metadata/").and_then(router::find);
    let Some((Target::One(resource), Some(id))) = of.map(|found| (found.target, found.id)) else {
        return Err(Error::Internal("an address of metadata belongs to nothing".into()));
    };
    let reply = Reply { kind: "text/html", ..Reply::empty(status) };
    Ok(reply.with("Location", format!("/api/metadata/{}/pk/{id}/", resource.model)))
}

/// A word of the address without its percent signs.
fn plain(word: &str) -> String {
    let query = word.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(query.as_bytes()).map(|(text, _)| text.into_owned()).collect()
}

/// The object that the address names, if the caller may touch it: even reading takes the right to change, as the contract has it.
fn object(call: &Call, conn: &Connection) -> Result<(&'static Resource, i64)> {
    let word = |at: usize| call.words.get(at).map(|w| plain(w)).unwrap_or_default();
    let model = word(0).to_ascii_lowercase();
    let Some(resource) = RESOURCES.iter().copied().find(|r| r.metadata && r.model == model) else {
        return Err(Error::Refused(format!("No model \"{model}\" keeps metadata.")));
    };
    let right = if call.verb == Verb::Get && resource.access != Access::Role { Right::View } else { Right::Change };
    if !call.user.may(right, resource) {
        return Err(Error::denied());
    }
    let (field, value) = (word(1), word(2));
    let id = match call.id {
        Some(id) => id,
        None if matches!(field.as_str(), "pk" | "id") => value.parse().map_err(|_| Error::no_such(resource.title))?,
        None => {
            let column = resource.field(&field).filter(|f| matches!(f.kind, Kind::Text(_)) && !f.secret).and_then(|f| match f.source {
                Source::Column(column) => Some(column),
                _ => None,
            });
            let Some(column) = column else { return Err(Error::Refused(format!("No {} is found by \"{field}\".", resource.title))) };
            let sql = format!("SELECT id FROM \"{}\" WHERE \"{column}\" = ?1 LIMIT 2", resource.table);
            match db::column::<i64>(conn, &sql, [&value])?.as_slice() {
                [id] => *id,
                [] => return Err(Error::no_such(resource.title)),
                _ => return Err(Error::Refused(format!("Several objects have this {field}."))),
            }
        }
    };
    read::must_exist(call, conn, resource, id)?;
    if let (Some(guard), true) = (resource.guard, right == Right::Change) {
        guard(conn, call, id)?;
    }
    Ok((resource, id))
}

fn kept(conn: &Connection, resource: &Resource, id: i64) -> Result<Map<String, Value>> {
    let text: Option<String> = db::one(conn, &format!("SELECT metadata FROM \"{}\" WHERE id = ?1", resource.table), [id])?;
    Ok(text.and_then(|t| serde_json::from_str(&t).ok()).unwrap_or_default())
}

fn answer(metadata: Map<String, Value>) -> Reply {
    Reply::value(&serde_json::json!({ "metadata": metadata }))
}

fn show(call: &Call) -> Result<Reply> {
    let conn = call.db().read()?;
    let (resource, id) = object(call, &conn)?;
    Ok(answer(kept(&conn, resource, id)?))
}

/// PUT replaces everything, PATCH the keys that it names.
fn change(call: &Call) -> Result<Reply> {
    call.write(|tx, call| {
        let (resource, id) = object(call, tx)?;
        let input = input::read(tx, FIELDS, &call.content, mode_of(call.verb))?;
        let mut given = match input.get("metadata") {
            Some(input::Value::Json(Value::Object(given))) => given.clone(),
            None => Map::new(),
            Some(_) => return invalid("metadata", "An object is expected here."),
        };
        if call.verb == Verb::Patch {
            let mut all = kept(tx, resource, id)?;
            all.append(&mut given);
            given = all;
        }
        let text = Value::Object(given.clone()).to_string();
        db::run(tx, &format!("UPDATE \"{}\" SET metadata = ?2 WHERE id = ?1", resource.table), (id, text))?;
        Ok(answer(given))
    })
}
