//! One running server: its data folder, its database, its secret, and what it remembers.

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::db::{Db, Opening};
use crate::engine::moment::{self, Moment};
use crate::error::Result;
use crate::identity::login::Identity;
use crate::{durable, upgrade};

/// The secret key of a data folder; tokens are derived from it.
#[derive(Clone, Copy)]
pub struct Secret(pub [u8; 32]);

/// A running server.
pub struct Site {
    /// The database.
    pub db: Db,
    /// The data folder.
    pub folder: PathBuf,
    /// The secret key.
    pub secret: Secret,
    /// Who is logged in.
    pub identity: Identity,
    /// When it started.
    pub started: Moment,
    /// The mail server, where one is configured.
    pub mail: Option<crate::mail::Mailer>,
    /// Is the OAuth provider (the flag OIDC) on?
    pub oauth: bool,
    /// The key of the OAuth provider.
    pub signing: crate::oauth::key::Keeper,
    /// The address under which people reach this server, where it was told; without a slash at its end.
    pub url: Option<String>,
    /// More talkative answers for developers.
    pub debug: bool,
    /// Are the figures of the server shown at `/metrics`?
    pub metrics: bool,
    /// Backups that the server makes by itself.
    pub backups: Option<crate::backup::Schedule>,
    /// The words of the command line that set something.
    pub options: Vec<&'static str>,
}

/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The version of the API that it speaks.
pub const API_VERSION: i64 = 511;
/// The version of the server whose API that is.
pub const SPEAKS: &str = "1.4.0";

impl Site {
    /// Opens a data folder, and makes what is missing in it.
    ///
    /// # Errors
    /// A text for people.
    pub fn open(folder: &Path) -> std::result::Result<Site, String> {
        Site::open_with(folder, Opening::default())
    }

    /// The same, its database opened in another way.
    ///
    /// # Errors
    /// Likewise.
    #[doc(hidden)]
    pub fn open_with(folder: &Path, opening: Opening) -> std::result::Result<Site, String> {
        let say = |e: std::io::Error| format!("the data folder {} cannot be used: {e}", folder.display());
        // What is in it is nobody else's business on this machine.
        durable::folder(folder).map_err(say)?;
        let folder = folder.canonicalize().map_err(say)?;
        crate::backup::resume(&folder)?;
        // First the database: what cannot be used is left as it is.
        let path = folder.join("stockroom.db");
        upgrade::look(&path, &opening)?;
        if std::fs::metadata(&path).is_ok_and(|facts| facts.len() == 0) && !crate::media::all(&folder).is_empty() {
            return Err(format!("{}: the database is empty, but there are files in media/; restore a backup", path.display()));
        }
        let known = known_secret(&folder)?;
        std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(say)?;
        let db = Db::open_with(&path, opening)?;
        durable::folder(&folder.join("media")).map_err(say)?;
        let secret = known.map_or_else(|| new_secret(&folder), Ok)?;
        durable::entry(&path).map_err(say)?;
        db.write(crate::identity::User::system(), crate::common::setting::fill).map_err(|e| format!("settings: {e}"))?;
        Ok(Site {
            db,
            folder,
            secret,
            identity: Identity::new(),
            started: moment::now(),
            mail: None,
            oauth: false,
            signing: crate::oauth::key::Keeper::default(),
            url: None,
            debug: false,
            metrics: false,
            backups: None,
            options: Vec::new(),
        })
    }
}

/// Reads the secret key, if there is one.
fn known_secret(folder: &Path) -> std::result::Result<Option<Secret>, String> {
    let path = folder.join("secret.key");
    match std::fs::read(&path) {
        Ok(bytes) => <[u8; 32]>::try_from(bytes)
            .map(|key| Some(Secret(key)))
            .map_err(|_| format!("the secret key {} is damaged: it must be 32 bytes", path.display())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(format!("the secret key {} cannot be used: {e}", path.display())),
    }
}

/// Makes a secret key that only the owner of the file may read. Tokens depend on it: it is durable when this returns.
fn new_secret(folder: &Path) -> std::result::Result<Secret, String> {
    use std::io::Write;
    let path = folder.join("secret.key");
    let say = |e: std::io::Error| format!("the secret key {} cannot be used: {e}", path.display());
    let key: [u8; 32] = crate::identity::token::random().map_err(|e| e.to_string())?;
    // Whole or not at all; if another process was faster, its key counts.
    let mut file = tempfile::Builder::new().prefix(".secret-").tempfile_in(folder).map_err(say)?;
    file.write_all(&key).and_then(|()| file.as_file().sync_all()).map_err(say)?;
    match file.persist_noclobber(&path) {
        Err(e) if e.error.kind() != std::io::ErrorKind::AlreadyExists => return Err(say(e.error)),
        _ => {}
    }
    durable::entry(&path).map_err(say)?;
    known_secret(folder)?.ok_or_else(|| format!("the secret key {} is gone", path.display()))
}

/// The value of a global setting, as text.
///
/// # Errors
/// The database cannot be asked.
pub fn setting(conn: &Connection, key: &str) -> Result<String> {
    crate::common::setting::value(conn, key)
}

/// Registers the functions by which descriptions reach tables of the program.
///
/// # Errors
/// SQLite does not take them.
pub fn functions(conn: &Connection) -> rusqlite::Result<()> {
    crate::common::setting::functions(conn)?;
    crate::part::name::functions(conn)?;
    crate::users::models::functions(conn)?;
    crate::stock::track::functions(conn)?;
    crate::build::build::functions(conn)?;
    crate::order::state::functions(conn)
}
