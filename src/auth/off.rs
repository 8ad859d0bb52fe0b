//! What is not offered, answered as the contract has it where it is switched off.

use serde_json::json;

use super::{Here, OPEN, Wrong, envelope, guard, session};
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::{Endpoint, Handler};
use crate::error::Result;

/// An address whose flow can never be under way.
pub const fn conflicts(path: &'static str, operations: &'static [&'static str], verbs: &'static [(Verb, Handler)]) -> Endpoint {
    Endpoint { path, title: "not offered", operations, statuses: &["409", "409"], verbs, ..OPEN }
}

/// There is no such flow under way.
pub fn conflict(call: &Call) -> Result<Reply> {
    if !call.verb.safe() {
        guard(call)?;
    }
    Ok(envelope(409, json!({})))
}

/// The same, where one must have logged in.
pub fn conflict_of_caller(call: &Call) -> Result<Reply> {
    if Here::of(call)?.is_none() { session::nobody(call) } else { conflict(call) }
}

/// It is switched off.
pub fn forbidden(call: &Call) -> Result<Reply> {
    guard(call)?;
    Ok(envelope(403, json!({})))
}

/// An empty list, for whoever logged in.
pub fn nothing(call: &Call) -> Result<Reply> {
    if Here::of(call)?.is_none() { session::nobody(call) } else { Ok(envelope(200, json!({"data": []}))) }
}

/// No account of another provider is connected.
pub fn no_such_account(call: &Call) -> Result<Reply> {
    match Here::of(call)? {
        None => session::nobody(call),
        Some(_) => Ok(Wrong::one("account", "account_not_found", "There is no such account.")),
    }
}

/// No provider is configured.
pub fn no_such_provider(call: &Call) -> Result<Reply> {
    guard(call)?;
    Ok(Wrong::one("provider", "invalid", "There is no such provider."))
}

/// Tokens of this kind are not handed out.
pub fn no_such_token(_: &Call) -> Result<Reply> {
    Ok(Wrong::one("refresh_token", "invalid_or_expired_token", "This token is not valid."))
}
