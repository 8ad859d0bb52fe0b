//! How orders go from state to state: one table for each kind, one function that looks it up.

use super::kind::{Kind, responsible, tell};
use crate::common::status;
use crate::db::{self, Tx};
use crate::engine::call::Call;
use crate::engine::moment;
use crate::error::{Error, Result};

/// A step from some states to another one.
pub struct Edge {
    /// The verb.
    pub verb: &'static str,
    /// The states from which it leads.
    pub from: &'static [i64],
    /// The state to which it leads.
    pub to: i64,
    /// The column that notes the day; empty if none does.
    pub stamp: &'static str,
    /// From other states it is refused; otherwise it then does nothing, as the contract has it.
    pub strict: bool,
}

/// Takes a step with the order of the address; says whether it was possible from where the order stands.
///
/// # Errors
/// 400 for a step that is refused from where the order stands.
pub fn step(tx: &Tx<'_>, call: &Call, kind: &'static Kind, verb: &str) -> Result<bool> {
    go(tx, call.key()?, kind, verb)
}

/// The same for any order.
///
/// # Errors
/// 400 for a step that is refused from where the order stands.
pub fn go(tx: &Tx<'_>, order: i64, kind: &'static Kind, verb: &str) -> Result<bool> {
    let Some(edge) = kind.edges.iter().find(|edge| edge.verb == verb) else {
        return Err(Error::Internal(format!("orders know no {verb}")));
    };
    let now = kind.status(tx, order)?;
    if !edge.from.contains(&now) {
        return if edge.strict { Err(refused(kind, now)) } else { Ok(false) };
    }
    put(tx, order, kind, edge.to)?;
    if !edge.stamp.is_empty() {
        let sql = format!("UPDATE \"{}\" SET {} = ?2 WHERE id = ?1", kind.resource.table, edge.stamp);
        db::run(tx, &sql, (order, moment::day(tx.now)))?;
    }
    if let ("issue" | "cancel", Some(owner)) = (verb, responsible(tx, kind, order)?) {
        let (category, name) = if verb == "issue" { ("order.issued", "Order issued") } else { ("order.cancelled", "Order cancelled") };
        let reference: String =
            db::one(tx, &format!("SELECT reference FROM \"{}\" WHERE id = ?1", kind.resource.table), [order])?.unwrap_or_default();
        let label = status::label(tx, kind.class, edge.to)?;
        tell(tx, kind, order, (category, name, &format!("The {} {reference} is now: {label}.", kind.resource.title)), &[owner])?;
    }
    Ok(true)
}

/// Puts an order into a state, whatever it was in before.
///
/// # Errors
/// The database cannot be written.
pub fn put(tx: &Tx<'_>, order: i64, kind: &Kind, to: i64) -> Result<()> {
    let sql = format!("UPDATE \"{}\" SET status = ?2, status_custom_key = NULL, updated_at = ?3 WHERE id = ?1", kind.resource.table);
    db::run(tx, &sql, [order, to, tx.now]).map(|_| ())
}

/// The contract answers this one refusal with a bare list.
fn refused(kind: &Kind, now: i64) -> Error {
    let label = status::states(kind.class).iter().find(|state| state.0 == now).map_or("", |state| state.2);
    Error::Refused(format!("This cannot be done with an order that is: {label}."))
}

/// Registers `state_label(class, number)`, the name of a built-in state.
///
/// # Errors
/// SQLite does not take it.
pub fn functions(conn: &rusqlite::Connection) -> rusqlite::Result<()> {
    use rusqlite::functions::FunctionFlags;
    conn.create_scalar_function("state_label", 2, FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC, |call| {
        let (class, number): (String, i64) = (call.get(0)?, call.get(1)?);
        Ok(status::states(&class).iter().find(|s| s.0 == number).map_or("", |s| s.2).to_string())
    })
}
