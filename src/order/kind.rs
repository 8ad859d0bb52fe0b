//! What the four kinds of orders have in common: the rules of an order's own fields, and what a new one may take over from another.

use super::reference::{self, Numbered};
use super::state::Edge;
use crate::common::notification::{self, Notice};
use crate::common::{parameter, setting, status};
use crate::db::{self, Tx};
use crate::engine::describe::Resource;
use crate::engine::input::{Input, Value};
use crate::engine::moment;
use crate::engine::write::Change;
use crate::error::{Result, WHOLE, invalid};
use crate::users::owner::users_of;

/// The state of an order that was carried out, in all four kinds.
pub const COMPLETE: i64 = 30;

/// A kind of order.
pub struct Kind {
    /// The orders.
    pub resource: &'static Resource,
    /// Their class of states.
    pub class: &'static str,
    /// The states of orders that are still to be carried out.
    pub open: &'static [i64],
    /// What references look like.
    pub numbered: Numbered,
    /// The setting by which somebody must be responsible.
    pub responsible: &'static str,
    /// The setting by which orders can be changed when they are complete; empty if they always can.
    pub editable: &'static str,
    /// The column of the company; empty if there is none.
    pub company: &'static str,
    /// The columns that a copy of a line takes over.
    pub line_columns: &'static str,
    /// There are extra lines.
    pub extra_lines: bool,
    /// How an order goes from state to state.
    pub edges: &'static [Edge],
    /// The category of the news that there is a new one.
    pub news: &'static str,
}

impl Kind {
    /// The table of the lines.
    pub fn lines(&self) -> String {
        format!("{}_line", self.resource.table)
    }

    /// The state of an order.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn status(&self, tx: &Tx<'_>, order: i64) -> Result<i64> {
        Ok(db::one(tx, &format!("SELECT status FROM \"{}\" WHERE id = ?1", self.resource.table), [order])?.unwrap_or_default())
    }

    /// Is it still to be carried out?
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn is_open(&self, tx: &Tx<'_>, order: i64) -> Result<bool> {
        Ok(self.open.contains(&self.status(tx, order)?))
    }

    /// A complete order stays as it is, with its lines, unless a setting says otherwise.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn locked(&self, tx: &Tx<'_>, order: i64) -> Result<bool> {
        Ok(self.status(tx, order)? == COMPLETE && !self.editable.is_empty() && !setting::is_on(tx, self.editable)?)
    }

    /// Notes that an order, or what belongs to it, was changed.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn touch(&self, tx: &Tx<'_>, order: i64) -> Result<()> {
        db::run(tx, &format!("UPDATE \"{}\" SET updated_at = ?2 WHERE id = ?1", self.resource.table), [order, tx.now]).map(|_| ())
    }
}

/// Before an order is written.
///
/// # Errors
/// The database cannot be asked.
pub fn check(change: &mut Change<'_>, kind: &'static Kind) -> Result<()> {
    let tx = change.tx;
    change.set("updated_at", Value::Int(tx.now));
    if change.creates() {
        change.set("created_by", tx.author().into());
        if change.text("creation_date").is_empty() {
            change.set("creation_date", Value::Text(moment::day(tx.now)));
        }
    } else if kind.locked(tx, change.key())? {
        change.wrong("reference", "This order is complete and stays as it is.");
        return Ok(());
    }
    if change.changes("reference") {
        reference::check(change, kind.numbered)?;
    }
    if setting::is_on(tx, kind.responsible)? && change.int("responsible").is_none() {
        change.wrong("responsible", "Somebody must be responsible for the order.");
    }
    let (start, target) = (change.text("start_date"), change.text("target_date"));
    if !start.is_empty() && !target.is_empty() && start > target {
        change.wrong("target_date", "The target comes before the start.");
        change.wrong("start_date", "The start comes after the target.");
    }
    if !kind.company.is_empty() {
        let company = change.int(kind.company);
        for (field, table) in [("contact", "contact"), ("address", "address")] {
            if let (Some(key), Some(company)) = (change.int(field), company)
                && db::one::<i64>(tx, &format!("SELECT company FROM {table} WHERE id = ?1"), [key])? != Some(company)
            {
                change.wrong(field, "This belongs to another company.");
            }
        }
    }
    if change.new.sent("status_custom_key")
        && let Some(key) = change.new.int("status_custom_key")
    {
        let now = if change.creates() { 10 } else { change.was_int("status").unwrap_or_default() };
        if key == now {
            change.set("status_custom_key", Value::Null);
        } else if status::logical(tx, kind.class, key)? != Some(now) {
            change.wrong("status_custom_key", "This state is none of those that the order's state has in detail.");
        }
    }
    Ok(())
}

/// After an order was written.
///
/// # Errors
/// 400 if there is no such order to copy from.
pub fn saved(change: &mut Change<'_>, kind: &'static Kind) -> Result<()> {
    if change.creates() {
        if let Some(Value::Object(from)) = change.new.get("duplicate").cloned() {
            duplicate(change, kind, &from)?;
        }
        if let Some(owner) = change.int("responsible") {
            let reference = change.text("reference");
            let message = format!("You are responsible for the new {} {reference}.", kind.resource.title);
            tell(change.tx, kind, change.key(), (kind.news, "New order", &message), &[owner])?;
        }
    }
    Ok(())
}

/// Takes over what the request names from another order of the kind.
fn duplicate(change: &Change<'_>, kind: &'static Kind, from: &Input) -> Result<()> {
    let (tx, to, of) = (change.tx, change.key(), from.int("order_id").unwrap_or_default());
    let table = kind.resource.table;
    if of == to || db::one::<i64>(tx, &format!("SELECT 1 FROM \"{table}\" WHERE id = ?1"), [of])?.is_none() {
        return invalid(WHOLE, "There is no such order to copy from.");
    }
    let shared = "line, quantity, reference, notes, link, project_code";
    if from.flag("copy_lines") && !kind.line_columns.is_empty() {
        let columns = format!("{shared}, {}", kind.line_columns);
        let lines = kind.lines();
        let sql = format!("INSERT INTO {lines} (\"order\", {columns}) SELECT ?1, {columns} FROM {lines} WHERE \"order\" = ?2 ORDER BY id");
        db::run(tx, &sql, [to, of])?;
    }
    if from.flag("copy_extra_lines") && kind.extra_lines {
        let columns = format!("{shared}, description, price, price_currency");
        let sql = format!(
            "INSERT INTO {table}_extra_line (\"order\", {columns}) SELECT ?1, {columns} FROM {table}_extra_line WHERE \"order\" = ?2 ORDER BY id"
        );
        db::run(tx, &sql, [to, of])?;
    }
    if from.flag("copy_parameters") {
        parameter::copy(tx, &format!("order.{}", kind.resource.model), of, to)?;
    }
    Ok(())
}

/// Tells these owners, users or groups, something about an order; not whoever did it.
///
/// # Errors
/// The database cannot be written.
pub fn tell(tx: &Tx<'_>, kind: &'static Kind, order: i64, news: (&'static str, &str, &str), owners: &[i64]) -> Result<()> {
    let (category, name, message) = news;
    let mut users = Vec::new();
    for owner in owners {
        users.extend(users_of(tx, Some(*owner))?);
    }
    users.retain(|user| Some(*user) != tx.author());
    let notice = Notice { category, name, message, target: (kind.resource.model, order), role: kind.resource.roles.first().copied() };
    notification::send(tx, &notice, &users)
}

/// The owner responsible for an order.
///
/// # Errors
/// The database cannot be asked.
pub fn responsible(tx: &Tx<'_>, kind: &Kind, order: i64) -> Result<Option<i64>> {
    db::one(tx, &format!("SELECT responsible FROM \"{}\" WHERE id = ?1", kind.resource.table), [order])
}

/// Tells those who are responsible for open orders, and who made them, of those that should have been done yesterday.
///
/// # Errors
/// The database cannot be written.
pub fn tell_of_overdue(tx: &Tx<'_>) -> Result<()> {
    let Some(yesterday) = moment::days_after(&moment::day(tx.now), -1) else { return Ok(()) };
    for kind in [&super::purchase::PURCHASE, &super::sales::SALES, &super::return_::RETURN, &super::transfer::TRANSFER] {
        let (table, title) = (kind.resource.table, kind.resource.title);
        for order in db::column::<i64>(tx, &format!("SELECT id FROM \"{table}\" WHERE target_date = ?1"), [&yesterday])? {
            if !kind.is_open(tx, order)? {
                continue;
            }
            let sql = format!("SELECT reference FROM \"{table}\" WHERE id = ?1");
            let reference: String = db::one(tx, &sql, [order])?.unwrap_or_default();
            let sql =
                format!("SELECT w.id FROM \"{table}\" o JOIN owner w ON w.id = o.responsible OR w.user = o.created_by WHERE o.id = ?1");
            let owners: Vec<i64> = db::column(tx, &sql, [order])?;
            let message = format!("The {title} {reference} was to be done by {yesterday}.");
            tell(tx, kind, order, ("order.overdue", "Overdue order", &message), &owners)?;
        }
    }
    Ok(())
}
