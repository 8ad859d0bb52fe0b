//! What people are told of builds.

use super::line::BUILD_LINE;
use crate::common::notification::{self, Notice};
use crate::db::{self, Tx};
use crate::error::Result;
use crate::identity::Role;
use crate::part::watch;
use crate::users::owner::users_of;

fn of(tx: &Tx<'_>, build: i64, column: &str) -> Result<Option<i64>> {
    db::one(tx, &format!("SELECT {column} FROM build WHERE id = ?1"), [build])
}

fn tell(tx: &Tx<'_>, build: i64, category: &'static str, name: &str, message: &str, users: &[i64]) -> Result<()> {
    notification::send(tx, &Notice { category, name, message, target: ("build", build), role: Some(Role::BUILD) }, users)
}

fn reference(tx: &Tx<'_>, build: i64) -> Result<String> {
    Ok(db::one(tx, "SELECT reference FROM build WHERE id = ?1", [build])?.unwrap_or_default())
}

/// A build was ordered: whoever answers for it knows; if stock is short, so do those who watch the assembly.
///
/// # Errors
/// The database cannot be written.
pub fn ordered(tx: &Tx<'_>, build: i64) -> Result<()> {
    let (reference, author) = (reference(tx, build)?, of(tx, build, "issued_by")?);
    let mut users = users_of(tx, of(tx, build, "responsible")?)?;
    users.retain(|user| Some(*user) != author);
    tell(tx, build, "build.new_build", "New build order", &format!("{reference} was ordered, and you answer for it."), &users)?;
    let watching = watch::subscribers(tx, of(tx, build, "part")?.unwrap_or_default())?;
    if watching.is_empty() || !is_short(tx, build)? {
        return Ok(());
    }
    tell(tx, build, "build.stock_required", "Stock is needed", &format!("There is not enough stock for {reference}."), &watching)
}

/// Is there, for any line, less to be had than it needs?
fn is_short(tx: &Tx<'_>, build: i64) -> Result<bool> {
    let available = BUILD_LINE.filters.iter().find(|filter| filter.name == "available").map(|filter| filter.does);
    let Some(crate::engine::describe::Does::Sql(enough)) = available else { return Ok(false) };
    let sql = format!(
        "SELECT 1 FROM build_line t JOIN bom_item q ON q.id = t.bom_item WHERE t.build = ?1 AND q.consumable = 0 AND NOT ({enough}) LIMIT 1"
    );
    Ok(db::one::<i64>(tx, &sql, [build])?.is_some())
}

/// A build is complete: whoever ordered it, answers for it, or watches the assembly knows; so do those of the build above it.
///
/// # Errors
/// The database cannot be written.
pub fn finished(tx: &Tx<'_>, build: i64) -> Result<()> {
    let mut users = concerned(tx, build)?;
    if let Some(above) = of(tx, build, "parent")? {
        users.extend(of(tx, above, "issued_by")?);
        users.extend(users_of(tx, of(tx, above, "responsible")?)?);
    }
    users.retain(|user| Some(*user) != tx.author());
    let message = format!("{} is complete.", reference(tx, build)?);
    tell(tx, build, "build.completed", "Build order complete", &message, &users)
}

/// A build was given up.
///
/// # Errors
/// The database cannot be written.
pub fn cancelled(tx: &Tx<'_>, build: i64) -> Result<()> {
    let mut users = concerned(tx, build)?;
    users.retain(|user| Some(*user) != tx.author());
    let message = format!("{} was cancelled.", reference(tx, build)?);
    tell(tx, build, "build.canceled_build", "Build order cancelled", &message, &users)
}

fn concerned(tx: &Tx<'_>, build: i64) -> Result<Vec<i64>> {
    let mut users = users_of(tx, of(tx, build, "responsible")?)?;
    users.extend(of(tx, build, "issued_by")?);
    users.extend(watch::subscribers(tx, of(tx, build, "part")?.unwrap_or_default())?);
    Ok(users)
}

/// Tells of builds that should have been done by yesterday; once, on the day after.
///
/// # Errors
/// The database cannot be written.
pub fn overdue(tx: &Tx<'_>) -> Result<()> {
    let Some(yesterday) = crate::engine::moment::days_after(&crate::engine::moment::day(tx.now), -1) else { return Ok(()) };
    for build in db::column::<i64>(tx, "SELECT id FROM build WHERE status IN (10, 20, 25) AND target_date = ?1", [yesterday])? {
        let mut users = users_of(tx, of(tx, build, "responsible")?)?;
        users.extend(of(tx, build, "issued_by")?);
        let message = format!("{} should be complete by now.", reference(tx, build)?);
        tell(tx, build, "build.overdue_build_order", "Build order overdue", &message, &users)?;
    }
    Ok(())
}
