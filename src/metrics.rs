//! `/metrics`: figures for those who watch the server, in Prometheus' text format. They are counted always and shown on demand
//! (`serve --metrics`): to who asks from this machine, and to staff with a token.

use std::fmt::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::engine::moment;
use crate::error::Result;
use crate::site::{Site, VERSION};

/// Upper bounds of the buckets for the time that answers take, in microseconds.
const BUCKETS: [u64; 10] = [500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 500_000, 2_000_000, 10_000_000];
/// Methods that are told apart; others count as the last.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];
/// Classes of status codes, from 2xx on.
const CLASSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];
/// Clock ticks a second in `/proc`; the same on every Linux that this runs on.
const TICKS: f64 = 100.0;

/// What the server counts of itself.
#[derive(Default)]
pub struct Metrics {
    answers: [[AtomicU64; CLASSES.len()]; METHODS.len()],
    times: [AtomicU64; BUCKETS.len()],
    microseconds: AtomicU64,
}

impl Metrics {
    /// Counts an answer.
    pub fn note(&self, method: &str, status: u16, took: Duration) {
        let method = METHODS.iter().position(|known| *known == method).unwrap_or(METHODS.len() - 1);
        let class = usize::from(status / 100).saturating_sub(2).min(CLASSES.len() - 1);
        if let Some(count) = self.answers.get(method).and_then(|classes| classes.get(class)) {
            count.fetch_add(1, Relaxed);
        }
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(count) = BUCKETS.iter().position(|bound| took <= *bound).and_then(|bucket| self.times.get(bucket)) {
            count.fetch_add(1, Relaxed);
        }
        self.microseconds.fetch_add(took, Relaxed);
    }

    /// The text that Prometheus reads.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn text(&self, site: &Site) -> Result<String> {
        let mut page = Page::default();
        page.family("stockroom_build_info", "gauge", "The version that runs.");
        page.sample(&format!("stockroom_build_info{{version=\"{VERSION}\"}}"), 1);
        page.family("stockroom_requests_total", "counter", "Answers, by method and class of status.");
        let mut all = 0;
        for (method, classes) in METHODS.iter().zip(&self.answers) {
            for (class, count) in CLASSES.iter().zip(classes) {
                let count = count.load(Relaxed);
                all += count;
                if count > 0 {
                    page.sample(&format!("stockroom_requests_total{{method=\"{method}\",status=\"{class}\"}}"), count);
                }
            }
        }
        page.family("stockroom_request_duration_seconds", "histogram", "How long answers took.");
        let mut below = 0;
        for (bound, count) in BUCKETS.iter().zip(&self.times) {
            below += count.load(Relaxed);
            page.sample(&format!("stockroom_request_duration_seconds_bucket{{le=\"{}\"}}", seconds(*bound)), below);
        }
        page.sample("stockroom_request_duration_seconds_bucket{le=\"+Inf\"}", all);
        page.sample("stockroom_request_duration_seconds_sum", seconds(self.microseconds.load(Relaxed)));
        page.sample("stockroom_request_duration_seconds_count", all);
        storage(site, &mut page)?;
        process(site, &mut page);
        Ok(page.0)
    }
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a text cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{name} {value}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
        self.family(name, kind, help);
        self.sample(name, value);
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn seconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1e6
}

/// What lies on the disk.
fn storage(site: &Site, page: &mut Page) -> Result<()> {
    let size = |name: &str| std::fs::metadata(site.folder.join(name)).map_or(0, |facts| facts.len());
    page.one("stockroom_database_bytes", "gauge", "Size of the database file.", size("stockroom.db"));
    page.one("stockroom_wal_bytes", "gauge", "Size of the write-ahead log.", size("stockroom.db-wal"));
    let (commits, changes) = site.db.written();
    page.one("stockroom_commits_total", "counter", "Transactions made durable; several requests may share one.", commits);
    page.one("stockroom_changes_total", "counter", "Changes that were asked of the writer.", changes);
    page.one("stockroom_slow_queries_total", "counter", "Queries slower than --slow-query allows.", crate::db::slow_queries());
    if let Some(free) = free_space(&site.folder) {
        page.one("stockroom_disk_free_bytes", "gauge", "Room left on the data folder's disk.", free);
    }
    let conn = site.db.read()?;
    page.family("stockroom_rows", "gauge", "Rows of the large tables.");
    let mut statement = conn.prepare_cached("SELECT name, rows FROM row_count ORDER BY name")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (name, count): (String, i64) = (row.get(0)?, row.get(1)?);
        page.sample(&format!("stockroom_rows{{table=\"{name}\"}}"), count);
    }
    if let Some(newest) = site.backups.as_ref().and_then(|schedule| crate::backup::listed(&schedule.folder).pop())
        && let Some(age) = std::fs::metadata(newest).and_then(|facts| facts.modified()).ok().and_then(|at| at.elapsed().ok())
    {
        page.one("stockroom_backup_age_seconds", "gauge", "Age of the newest backup.", age.as_secs());
    }
    Ok(())
}

/// What the kernel knows of the process; where there is no `/proc` these are missing.
fn process(site: &Site, page: &mut Page) {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
    let field = |text: &str, name: &str| -> Option<u64> {
        text.lines().find_map(|line| line.strip_prefix(name)?.trim_start_matches(':').split_whitespace().next()?.parse().ok())
    };
    let (status, io, stat) = (read("status"), read("io"), read("stat"));
    if let Some(kib) = field(&status, "VmRSS") {
        page.one("process_resident_memory_bytes", "gauge", "Memory in use.", kib * 1024);
    }
    if let Some(written) = field(&io, "write_bytes") {
        page.one("stockroom_disk_written_bytes_total", "counter", "Bytes sent to the disk: what wears an SD card.", written);
    }
    // After the name in brackets: the 12th and 13th fields are ticks in user and kernel mode.
    let ticks: Vec<f64> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2).filter_map(|t| t.parse().ok()).collect();
    page.one("process_cpu_seconds_total", "counter", "Processor time used.", ticks.iter().sum::<f64>() / TICKS);
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        page.one("process_open_fds", "gauge", "Open file descriptors.", open.count());
    }
    page.one("process_start_time_seconds", "gauge", "When the server started, since 1970.", site.started / 1000);
    page.one("stockroom_clock_seconds", "gauge", "The server's clock, since 1970: boards without one may be wrong.", moment::now() / 1000);
}

/// Bytes that are left for us on the disk of a folder.
pub fn free_space(folder: &Path) -> Option<u64> {
    let facts = rustix::fs::statvfs(folder).ok()?;
    facts.f_bavail.checked_mul(facts.f_frsize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_fall_into_their_buckets() {
        let metrics = Metrics::default();
        metrics.note("GET", 200, Duration::from_micros(400));
        metrics.note("GET", 404, Duration::from_micros(600));
        metrics.note("TRACE", 500, Duration::from_secs(60));
        assert_eq!(metrics.times.iter().map(|count| count.load(Relaxed)).sum::<u64>(), 2);
        assert_eq!(metrics.answers[0][0].load(Relaxed) + metrics.answers[0][2].load(Relaxed) + metrics.answers[6][3].load(Relaxed), 3);
    }
}
