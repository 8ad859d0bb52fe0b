//! The database: one writer that commits in groups, several readers, migrations.
//!
//! The writer is a thread with a connection of its own. It runs what waits for it, each piece in a savepoint, commits once for all of
//! them, and only then answers: requests that wait together share one fsync, and none is answered before it.

use std::any::Any;
use std::collections::HashMap;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use crate::engine::moment::{self, Moment};
use crate::error::{BUSY as BUSY_TEXT, DAMAGED as DAMAGED_TEXT, Error, READ_ONLY as READ_ONLY_TEXT, Result};
use crate::identity::User;
use crate::upgrade::{self, explain};

/// The tables, as people read them; version 1 of the database.
pub const SCHEMA: &str = concat!(
    include_str!("identity/schema.sql"),
    include_str!("common/schema.sql"),
    include_str!("mail/schema.sql"),
    include_str!("oauth/schema.sql"),
    include_str!("order/schema.sql"),
    include_str!("build/schema.sql"),
    include_str!("../schema.sql"),
    include_str!("report/schema.sql"),
    include_str!("machine/schema.sql"),
    include_str!("common/gone.sql"),
);
/// What leads from one version to the next, oldest first; the first entry leads from 1 to 2.
const MIGRATIONS: &[&str] = &[];

/// How databases are opened; tests open theirs on disks that fail, and with steps of their own.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Opening {
    /// SQLite's way to the disk, by its name; none for the usual one.
    pub vfs: Option<&'static std::ffi::CStr>,
    /// The steps from version 1 on.
    pub migrations: &'static [&'static str],
}

impl Default for Opening {
    fn default() -> Opening {
        Opening { vfs: None, migrations: MIGRATIONS }
    }
}

impl Opening {
    /// Opens a connection, and nothing else.
    pub(crate) fn open(&self, path: &Path, how: OpenFlags) -> rusqlite::Result<Connection> {
        match self.vfs {
            Some(vfs) => Connection::open_with_flags_and_vfs(path, how, vfs),
            None => Connection::open_with_flags(path, how),
        }
    }
}

/// Readers at most; there is one more than there are cores, and further requests wait. Each costs its page cache and its statements.
const READERS: usize = 4;
/// Prepared statements kept for each connection.
const STATEMENTS: usize = 256;
/// Requests that share a commit at most.
const GROUP: usize = 128;
/// How long another process may hold the database.
pub(crate) const BUSY: Duration = Duration::from_secs(5);

/// Queries slower than this many milliseconds go to the log; 0 for none. Process-wide, for SQLite calls a plain function.
static SLOW: AtomicU64 = AtomicU64::new(0);
static SLOW_QUERIES: AtomicU64 = AtomicU64::new(0);

/// From now on connections that are opened write slow queries to the log, without the values in them.
pub fn watch_slow_queries(milliseconds: Option<u64>) {
    SLOW.store(milliseconds.unwrap_or(0), SeqCst);
}

/// How many there were.
pub fn slow_queries() -> u64 {
    SLOW_QUERIES.load(SeqCst)
}

fn note_slow(event: TraceEvent<'_>) {
    if let TraceEvent::Profile(statement, took) = event
        && took.as_millis() >= u128::from(SLOW.load(SeqCst))
    {
        SLOW_QUERIES.fetch_add(1, SeqCst);
        log::warn!("slow query, {} ms: {}", took.as_millis(), statement.sql());
    }
}

/// An open data folder's database.
pub struct Db {
    path: PathBuf,
    opening: Opening,
    idle: Mutex<(Vec<Connection>, usize)>,
    returned: Condvar,
    readers: usize,
    jobs: Option<Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    changes: Arc<Changes>,
}

/// How often rows of the watched tables were changed and committed, which caches compare; and how many transactions and changes there were.
#[derive(Default)]
struct Changes {
    committed: AtomicU64,
    pending: AtomicU64,
    commits: AtomicU64,
    changes: AtomicU64,
}

/// Tables whose rows other parts of the server keep in memory.
const WATCHED: [&str; 6] = ["user", "user_group", "user_group_member", "ruleset", "token", "session"];

/// A piece of work for the writer; it gets the connection, or why there is no transaction to be had, and says how it is to be answered
/// once the fate of its group is known.
type Job = Box<dyn FnOnce(std::result::Result<&Connection, Lost>) -> Answer + Send>;
type Answer = Box<dyn FnOnce(std::result::Result<(), Lost>) + Send>;
/// A change.
type Work = Box<dyn FnOnce(&Tx<'_>) -> Result<Value> + Send>;
/// What a change returns, whatever its type.
type Value = Box<dyn Any + Send>;

/// Why a group's changes were not kept.
#[derive(Clone, Copy)]
enum Lost {
    Full,
    Busy,
    /// The transaction ended before its commit.
    Storage,
    /// The commit itself failed: after a power cut its last bytes may turn out to have reached the disk all the same.
    Doubt,
    ReadOnly,
    Damaged,
}

impl Lost {
    fn of(error: &rusqlite::Error, otherwise: Lost) -> Lost {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, NotADatabase, ReadOnly};
        match error.sqlite_error_code() {
            Some(DiskFull) => Lost::Full,
            Some(DatabaseBusy | DatabaseLocked) => Lost::Busy,
            Some(ReadOnly) => Lost::ReadOnly,
            Some(DatabaseCorrupt | NotADatabase) => Lost::Damaged,
            _ => otherwise,
        }
    }
}

impl From<Lost> for Error {
    fn from(lost: Lost) -> Error {
        match lost {
            Lost::Full => Error::Full,
            Lost::Busy => Error::Unavailable(BUSY_TEXT),
            Lost::Storage => Error::Unavailable("The storage device reported an error; nothing was changed."),
            Lost::Doubt => Error::InDoubt,
            Lost::ReadOnly => Error::Unavailable(READ_ONLY_TEXT),
            Lost::Damaged => Error::Unavailable(DAMAGED_TEXT),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A transaction: the connection, who writes, and the one moment at which all of it happens.
pub struct Tx<'a> {
    conn: &'a Connection,
    /// Who asked for it.
    pub user: &'a User,
    /// UTC milliseconds.
    pub now: Moment,
}

impl<'a> Tx<'a> {
    /// A transaction that somebody else opened and ends.
    pub fn of(conn: &'a Connection, user: &'a User, now: Moment) -> Tx<'a> {
        Tx { conn, user, now }
    }

    /// The key of whoever asked for it; none for the system itself.
    pub fn author(&self) -> Option<i64> {
        Some(self.user.id).filter(|id| *id != 0)
    }
}

impl Deref for Tx<'_> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        self.conn
    }
}

/// A reader, given back when dropped.
pub struct Reader<'a> {
    db: &'a Db,
    conn: Option<Connection>,
}

impl Deref for Reader<'_> {
    type Target = Connection;
    #[expect(clippy::expect_used, reason = "only drop takes it")]
    fn deref(&self) -> &Connection {
        self.conn.as_ref().expect("a reader has its connection until it is dropped")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            lock(&self.db.idle).0.push(conn);
            self.db.returned.notify_one();
        }
    }
}

impl Db {
    /// Opens the database, makes it if there is none, and brings it to this version.
    ///
    /// # Errors
    /// A text for people: not a database, not ours, from a newer version, not writable.
    pub fn open(path: &Path) -> std::result::Result<Db, String> {
        Db::open_with(path, Opening::default())
    }

    /// The same, opened in another way.
    ///
    /// # Errors
    /// Likewise.
    #[doc(hidden)]
    pub fn open_with(path: &Path, opening: Opening) -> std::result::Result<Db, String> {
        upgrade::look(path, &opening)?;
        let changes = Arc::new(Changes::default());
        let mut conn = connect(path, &opening, false).map_err(|e| explain(path, &e))?;
        upgrade::migrate(path, &mut conn, &opening).map_err(|e| format!("{}: {e}", path.display()))?;
        // Where SQLite gave up a transaction, statements that come after must not be kept each by itself.
        let committing = Arc::new(AtomicBool::new(false));
        let asked = committing.clone();
        conn.commit_hook(Some(move || !asked.load(SeqCst))).map_err(|e| explain(path, &e))?;
        let seen = changes.clone();
        conn.update_hook(Some(move |_: rusqlite::hooks::Action, _: &str, table: &str, _: i64| {
            if WATCHED.contains(&table) {
                seen.pending.fetch_add(1, SeqCst);
            }
        }))
        .map_err(|e| explain(path, &e))?;
        let readers = std::thread::available_parallelism().map_or(2, |cores| cores.get() + 1).min(READERS);
        let (jobs, work) = channel();
        let counted = changes.clone();
        let writer = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || write_all(&conn, &work, &counted, &committing))
            .map_err(|e| format!("the writer's thread cannot be started: {e}"))?;
        Ok(Db {
            path: path.to_path_buf(),
            opening,
            idle: Mutex::default(),
            returned: Condvar::new(),
            readers,
            jobs: Some(jobs),
            writer: Some(writer),
            changes,
        })
    }

    /// A number that grows whenever a committed change touched users, groups, roles, tokens or sessions.
    pub fn identity_version(&self) -> u64 {
        self.changes.committed.load(SeqCst)
    }

    /// Transactions made durable, and changes that were asked for, since the start.
    pub fn written(&self) -> (u64, u64) {
        (self.changes.commits.load(SeqCst), self.changes.changes.load(SeqCst))
    }

    /// A connection to read with. It sees whatever is committed; give it back before you wait for anything.
    ///
    /// # Errors
    /// The database cannot be opened.
    pub fn read(&self) -> Result<Reader<'_>> {
        let mut idle = lock(&self.idle);
        loop {
            if let Some(conn) = idle.0.pop() {
                return Ok(Reader { db: self, conn: Some(conn) });
            }
            if idle.1 < self.readers {
                idle.1 += 1;
                drop(idle);
                return match connect(&self.path, &self.opening, true) {
                    Ok(conn) => Ok(Reader { db: self, conn: Some(conn) }),
                    Err(e) => {
                        lock(&self.idle).1 -= 1;
                        Err(e.into())
                    }
                };
            }
            idle = self.returned.wait(idle).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }

    /// A connection of one's own that may write, for commands that make one great change by themselves; requests wait for it meanwhile.
    ///
    /// # Errors
    /// The database cannot be opened.
    pub fn alone(&self) -> rusqlite::Result<Connection> {
        connect(&self.path, &self.opening, false)
    }

    /// Runs `work` in the writer's thread, in a savepoint of its own, and returns once it is durable.
    /// If `work` fails or panics nothing of it stays.
    ///
    /// # Errors
    /// What `work` returned, or that the commit failed.
    pub fn write<T: Send + 'static>(
        &self,
        user: impl Into<Arc<User>>,
        work: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let value = self.run(user.into(), Box::new(move |tx| work(tx).map(|value| Box::new(value) as Value)))?;
        value.downcast().map(|value| *value).map_err(|_| Error::Internal("a change answered with something else".into()))
    }

    /// The same for any value: one copy of the channel's code in the program, not one for each type that a change returns.
    fn run(&self, user: Arc<User>, work: Work) -> Result<Value> {
        let (answer, answered) = sync_channel(1);
        let job: Job = Box::new(move |conn| {
            let conn = match conn {
                Ok(conn) => conn,
                Err(lost) => return Box::new(move |_| drop(answer.send(Ok(Err(lost.into()))))),
            };
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                step(conn, "SAVEPOINT request")?;
                work(&Tx { conn, user: &user, now: moment::now() })
            }));
            let ended = end_savepoint(conn, matches!(outcome, Ok(Ok(_))));
            Box::new(move |durable| {
                // A refusal or a panic changed nothing, whatever became of the others.
                let outcome = outcome.map(|result| result.and_then(|value| ended.and(durable).map(|()| value).map_err(Error::from)));
                // Whoever asked may have gone.
                drop(answer.send(outcome));
            })
        });
        let gone = || Error::Unavailable("The server is stopping.");
        self.jobs.as_ref().ok_or_else(gone)?.send(job).map_err(|_| gone())?;
        match answered.recv() {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => Err(gone()),
        }
    }

    /// Writes everything that the log holds into the database file; for the end of the process.
    ///
    /// # Errors
    /// The disk does not let us.
    pub fn checkpoint(&self) -> Result<()> {
        let conn = connect(&self.path, &self.opening, false)?;
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}

impl Drop for Db {
    /// Waits for the writer: what was taken on is finished.
    fn drop(&mut self) {
        // The last one to leave brings the log in, which readers cannot.
        lock(&self.idle).0.clear();
        self.jobs = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            log::error!("the writer ended badly");
        }
    }
}

/// The writer's thread, until nobody can send it work any more.
fn write_all(conn: &Connection, work: &Receiver<Job>, changes: &Changes, committing: &AtomicBool) {
    while let Ok(first) = work.recv() {
        if let Err(e) = step(conn, "BEGIN IMMEDIATE") {
            log::error!("no transaction: {e}");
            let lost = Lost::of(&e, Lost::Storage);
            // Whoever came meanwhile has waited as long: one after the other they would wait for minutes.
            for job in std::iter::once(first).chain(work.try_iter()) {
                job(Err(lost))(Err(lost));
            }
            continue;
        }
        let mut answers = vec![first(Ok(conn))];
        while answers.len() < GROUP
            && !conn.is_autocommit()
            && let Ok(next) = work.try_recv()
        {
            answers.push(next(Ok(conn)));
        }
        // In a disaster (a full disk, a broken device) SQLite gives up the whole transaction by itself.
        committing.store(true, SeqCst);
        let durable = if conn.is_autocommit() { Err(Lost::Storage) } else { step(conn, "COMMIT").map_err(|e| lost(&e, Lost::Doubt)) };
        committing.store(false, SeqCst);
        if durable.is_err()
            && !conn.is_autocommit()
            && let Err(e) = conn.execute_batch("ROLLBACK")
        {
            log::error!("rollback: {e}");
        }
        changes.commits.fetch_add(u64::from(durable.is_ok()), SeqCst);
        changes.changes.fetch_add(answers.len() as u64, SeqCst);
        let changed = changes.pending.swap(0, SeqCst);
        changes.committed.fetch_add(changed, SeqCst);
        for answer in answers {
            answer(durable);
        }
    }
}

/// Runs a statement without values, prepared once.
fn step(conn: &Connection, sql: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.execute([]).map(|_| ())
}

/// Keeps or undoes one request's changes.
fn end_savepoint(conn: &Connection, keep: bool) -> std::result::Result<(), Lost> {
    if conn.is_autocommit() {
        return Err(Lost::Storage);
    }
    if !keep {
        step(conn, "ROLLBACK TO request").map_err(|e| lost(&e, Lost::Storage))?;
    }
    step(conn, "RELEASE request").map_err(|e| lost(&e, Lost::Storage))
}

fn lost(error: &rusqlite::Error, otherwise: Lost) -> Lost {
    log::error!("commit: {error}");
    Lost::of(error, otherwise)
}

/// The one place that opens a connection.
fn connect(path: &Path, opening: &Opening, read_only: bool) -> rusqlite::Result<Connection> {
    let how = if read_only { OpenFlags::SQLITE_OPEN_READ_ONLY } else { OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE };
    let conn = opening.open(path, how | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    // Otherwise SQLite looks at the values, such as that of a LIMIT, and plans a kept statement anew each time they are bound.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // mmap_size 0: a read error of an SD card must be an error, not a crash. Negative cache sizes are KiB.
    conn.execute_batch("PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;")?;
    if read_only {
        conn.execute_batch("PRAGMA cache_size = -512")?;
    } else {
        conn.execute_batch(
            "PRAGMA cache_size = -1024; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216; PRAGMA wal_autocheckpoint = 4000; PRAGMA recursive_triggers = OFF;",
        )?;
    }
    if SLOW.load(SeqCst) > 0 {
        conn.trace_v2(TraceEventCodes::SQLITE_TRACE_PROFILE, Some(note_slow));
    }
    regexp(&conn)?;
    crate::site::functions(&conn)?;
    Ok(conn)
}

/// `x REGEXP pattern`, case-insensitive and in linear time; the pattern was checked when the filter was read.
fn regexp(conn: &Connection) -> rusqlite::Result<()> {
    let compiled: Mutex<HashMap<String, regex::Regex>> = Mutex::default();
    conn.create_scalar_function("regexp", 2, FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC, move |call| {
        let Some(text) = call.get_raw(1).as_str_or_null().ok().flatten() else { return Ok(false) };
        let pattern: String = call.get(0)?;
        let mut compiled = lock(&compiled);
        if let Some(regex) = compiled.get(&pattern) {
            return Ok(regex.is_match(text));
        }
        let regex = regex_of(&pattern).map_err(|e| rusqlite::Error::UserFunctionError(Box::new(e)))?;
        let matches = regex.is_match(text);
        compiled.clear();
        compiled.insert(pattern, regex);
        Ok(matches)
    })
}

/// A case-insensitive pattern of bounded size.
///
/// # Errors
/// The pattern is malformed, or needs what a linear-time engine lacks.
pub fn regex_of(pattern: &str) -> std::result::Result<regex::Regex, regex::Error> {
    regex::RegexBuilder::new(pattern).case_insensitive(true).size_limit(1 << 20).build()
}

/// One value, or nothing where there is no row.
///
/// # Errors
/// The query fails.
pub fn one<T: rusqlite::types::FromSql>(conn: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<Option<T>> {
    Ok(conn.prepare_cached(sql)?.query_row(params, |row| row.get::<_, Option<T>>(0)).optional()?.flatten())
}

/// The first column of all rows.
///
/// # Errors
/// The query fails.
pub fn column<T: rusqlite::types::FromSql>(conn: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<Vec<T>> {
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params, |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Runs one statement; returns the number of rows it changed.
///
/// # Errors
/// The statement fails.
pub fn run(conn: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<usize> {
    Ok(conn.prepare_cached(sql)?.execute(params)?)
}
