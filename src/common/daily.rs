//! What the server does by itself, most of it once a day: it forgets what need not be kept, and tells people what has become due.

use std::sync::Arc;
use std::time::Duration;

use crate::common::notification::{self, Notice};
use crate::common::setting;
use crate::db::{self, Tx};
use crate::engine::moment;
use crate::error::Result;
use crate::identity::{Role, User};
use crate::part::pricing;
use crate::site::Site;
use crate::{media, router};

const DAY: i64 = 24 * 60 * 60 * 1000;
/// Bytes of free space below which the log warns, while there is time.
const LEAST_FREE: u64 = 64 << 20;

/// A job: its name, and what it does.
type Job = (&'static str, fn(&Tx<'_>, &Site) -> Result<()>);

static JOBS: &[Job] = &[
    ("delete_old_notifications", |tx, _| forget(tx, "notification", "creation", "INVENTREE_DELETE_NOTIFICATIONS_DAYS")),
    ("delete_old_error_reports", |tx, _| forget(tx, "error_report", "at", "INVENTREE_DELETE_ERRORS_DAYS")),
    ("delete_old_task_failures", |tx, _| forget(tx, "failed_task", "stopped", "INVENTREE_DELETE_TASKS_DAYS")),
    ("delete_unnamed_files", |tx, site| sweep(tx, site)),
    ("tell_of_stale_stock", |tx, _| stale_stock(tx)),
    ("tell_of_overdue_builds", |tx, _| crate::build::notice::overdue(tx)),
    ("tell_of_overdue_orders", |tx, _| crate::order::kind::tell_of_overdue(tx)),
];

/// Runs every job that has not run today, each in a transaction of its own; a failure is written down and keeps no other from running.
///
/// # Errors
/// The database cannot be used.
pub fn run(site: &Arc<Site>) -> Result<()> {
    let db = &site.db;
    for (name, job) in JOBS {
        let last: Option<i64> = db::one(&*db.read()?, "SELECT last_run FROM scheduled_task WHERE name = ?1", [name])?;
        if last.is_some_and(|last| moment::day(last) == moment::day(moment::now())) {
            continue;
        }
        let shared = site.clone();
        let done = db.write(User::system(), move |tx| job(tx, &shared));
        if let Err(error) = &done {
            log::error!("{name}: {error}");
        }
        db.write(User::system(), move |tx| {
            let next = tx.now - tx.now.rem_euclid(DAY) + DAY;
            noted(tx, name, next, done.err().map(|error| error.to_string()))
        })?;
    }
    Ok(())
}

/// How often the server looks for what was left for later.
pub const ROUND: Duration = Duration::from_secs(15 * 60);

/// Does what was left for later, and what is due today. It reads before it writes: where there is nothing to do, the disk stays quiet.
///
/// # Errors
/// The database cannot be used.
pub fn round(site: &Arc<Site>) -> Result<()> {
    look_at_disk(site);
    run(site)?;
    back_up(site)?;
    let queued: i64 = db::one(&*site.db.read()?, "SELECT count(*) FROM part_pricing WHERE scheduled = 1", [])?.unwrap_or(0);
    if queued > 0 {
        site.db.write(User::system(), |tx| pricing::update_queued(tx).map(|_| ()))?;
    }
    Ok(())
}

fn look_at_disk(site: &Site) {
    if let Some(free) = crate::metrics::free_space(&site.folder).filter(|free| *free < LEAST_FREE) {
        log::warn!(
            "only {} MB are left on the disk of {}; once it is full nothing can be changed any more",
            free >> 20,
            site.folder.display()
        );
    }
}

/// Makes the backup that is due. A failure is noted once a day, however often it is tried again.
fn back_up(site: &Arc<Site>) -> Result<()> {
    const NAME: &str = "back_up";
    let Some(schedule) = &site.backups else { return Ok(()) };
    let failure = match schedule.keep_up(site) {
        Ok(false) => return Ok(()),
        Ok(true) => None,
        Err(why) => Some(why),
    };
    if let Some(why) = &failure {
        log::error!("{NAME}: {why}");
        let last: Option<i64> = db::one(&*site.db.read()?, "SELECT max(started) FROM failed_task WHERE name = ?1", [NAME])?;
        if last.is_some_and(|last| last > moment::now() - DAY) {
            return Ok(());
        }
    }
    let next = moment::now() + i64::from(schedule.every) * 60 * 60 * 1000;
    site.db.write(User::system(), move |tx| noted(tx, NAME, next, failure))
}

/// Writes down that a job ran, and how it went.
fn noted(tx: &Tx<'_>, name: &str, next: i64, failure: Option<String>) -> Result<()> {
    db::run(
        tx,
        "INSERT INTO scheduled_task (name, last_run, next_run, success) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (name) DO UPDATE SET last_run = excluded.last_run, next_run = excluded.next_run, success = excluded.success",
        (name, tx.now, next, failure.is_none()),
    )?;
    if let Some(why) = failure {
        let sql = "INSERT INTO failed_task (name, started, stopped, result) VALUES (?1, ?2, ?2, ?3)";
        db::run(tx, sql, (name, tx.now, why))?;
    }
    Ok(())
}

/// Removes files that no row names any more, once they are a day old: rows come after their files. No row means none here and none that
/// is committed: what others deleted in the same transaction comes back if its commit fails.
fn sweep(tx: &Tx<'_>, site: &Site) -> Result<()> {
    let committed = site.db.read()?;
    let old = std::time::SystemTime::now() - Duration::from_millis(DAY.unsigned_abs());
    for (name, changed) in media::all(&site.folder) {
        let whole = media::whole_name(&name);
        let coming = media::is_coming(&site.folder, &name);
        if changed < old && !coming && !router::names_file(tx, &whole)? && !router::names_file(&committed, &whole)? {
            media::remove(&site.folder, &name);
        }
    }
    Ok(())
}

/// Deletes rows that are older than a setting says, in days; 0 keeps them.
fn forget(tx: &Tx<'_>, table: &str, column: &str, days: &str) -> Result<()> {
    let days = setting::number(tx, days)?;
    if days > 0 {
        db::run(tx, &format!("DELETE FROM \"{table}\" WHERE \"{column}\" < ?1"), [tx.now - days * DAY])?;
    }
    Ok(())
}

/// Tells subscribers of parts whose stock is about to expire, or has.
fn stale_stock(tx: &Tx<'_>) -> Result<()> {
    let days = setting::number(tx, "STOCK_STALE_DAYS")?;
    if !setting::is_on(tx, "STOCK_ENABLE_EXPIRY")? || days <= 0 {
        return Ok(());
    }
    let Some(until) = moment::days_after(&moment::day(tx.now), days) else { return Ok(()) };
    let items: Vec<i64> =
        db::column(tx, "SELECT id FROM stock_item WHERE expiry_date IS NOT NULL AND expiry_date < ?1 AND in_stock = 1", [until])?;
    for item in items {
        let sql = "SELECT part FROM stock_item WHERE id = ?1";
        let Some(part) = db::one(tx, sql, [item])? else { continue };
        let name: String = db::one(tx, "SELECT name FROM part WHERE id = ?1", [part])?.unwrap_or_default();
        let day: String = db::one(tx, "SELECT expiry_date FROM stock_item WHERE id = ?1", [item])?.unwrap_or_default();
        let notice = Notice {
            category: "stock.stale",
            name: "Stock is about to expire",
            message: &format!("Stock of {name} expires on {day}."),
            target: ("stockitem", item),
            role: Some(Role::STOCK),
        };
        notification::send(tx, &notice, &crate::part::watch::subscribers(tx, part)?)?;
    }
    Ok(())
}
