//! Backups: one file with everything, made while the server runs, verified before it counts, and given back only when it is whole.
//!
//! A backup is a tar archive, packed by gzip where its name says so: the database as SQLite's online backup copied it in one step, the
//! media files, and last the manifest with the SHA-256 of each. The secret key is in it only on demand: whoever has both may open what
//! lies sealed. Giving one back happens beside the data first; then a plan is written down, by which the exchange is finished even
//! after a power cut.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::db::Opening;
use crate::durable;
use crate::engine::moment;
use crate::identity::token::hex;
use crate::media;
use crate::records::files;
use crate::site::{Site, VERSION};
use crate::upgrade;

/// The form of backups that this program writes and reads.
const FORM: u32 = 1;
const MANIFEST: &str = "manifest.json";
const DATABASE: &str = "stockroom.db";
const KEY: &str = "secret.key";
/// What the exchange of a data folder's contents still has to do.
const PLAN: &str = "restore.plan";
/// Names of backups in a folder of them: this, the moment, and an extension.
const PREFIX: &str = "stockroom-";
const SUFFIX: &str = ".tar.gz";
/// How often a backup is begun anew because files were deleted meanwhile.
const TRIES: usize = 5;

/// What a backup says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Always `stockroom backup`.
    what: String,
    form: u32,
    /// The version of the program that wrote it.
    pub version: String,
    /// ISO 8601, UTC.
    pub created: String,
    /// By name: bytes and SHA-256.
    files: BTreeMap<String, (u64, String)>,
    /// Media files that rows name and that were not there.
    pub missing: Vec<String>,
}

impl Manifest {
    /// Media files in it.
    pub fn media(&self) -> usize {
        self.files.keys().filter(|name| name.starts_with("media/")).count()
    }

    /// Bytes of all files, unpacked.
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|file| file.0).sum()
    }
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> String + '_ {
    move |e| format!("{}: {e}", path.display())
}

/// Makes a backup. A folder as the target gets a file named by the moment, and keeps the newest `keep` of them.
/// Gives its path and what is in it; the file appears under its name once it is whole, durable and verified.
///
/// # Errors
/// A text for people; what was there before is as it was.
pub fn make(site: &Site, target: &Path, with_key: bool, keep: Option<usize>) -> Result<(PathBuf, Manifest), String> {
    let folder = target.is_dir().then_some(target);
    let path = match folder {
        Some(folder) => folder.join(format!("{PREFIX}{}{SUFFIX}", stamp(moment::now()))),
        None => target.to_path_buf(),
    };
    let partial = beside(&path, "part");
    let made = write(site, &partial, is_packed(&path), with_key).and_then(|()| verify(&partial));
    let manifest = match made {
        Ok(manifest) => manifest,
        Err(e) => {
            // What is not whole helps nobody.
            let _ = std::fs::remove_file(&partial);
            return Err(e);
        }
    };
    std::fs::rename(&partial, &path).map_err(at(&path))?;
    durable::entry(&path).map_err(at(&path))?;
    if let (Some(folder), Some(keep)) = (folder, keep) {
        // Never this one, even if others were made while the clock was ahead.
        for old in listed(folder).into_iter().rev().filter(|other| *other != path).skip(keep.max(1) - 1) {
            std::fs::remove_file(&old).map_err(at(&old))?;
        }
    }
    Ok((path, manifest))
}

/// The backups in a folder that got them by moment, oldest first.
pub fn listed(folder: &Path) -> Vec<PathBuf> {
    let ours = |name: &str| name.starts_with(PREFIX) && name.ends_with(SUFFIX) && name.len() == PREFIX.len() + 15 + SUFFIX.len();
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(ours))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// Backups that a server makes by itself.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The folder that they go to.
    pub folder: PathBuf,
    /// Hours between two.
    pub every: u32,
    /// How many are kept.
    pub keep: usize,
}

impl Schedule {
    /// Is the newest backup older than it may be?
    fn due(&self) -> bool {
        let now = moment::now();
        let (oldest, newest) = (stamp(now - i64::from(self.every) * 60 * 60 * 1000), stamp(now));
        // Those of the future were made while the clock was wrong.
        !listed(&self.folder).iter().any(|path| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let moment = name.trim_start_matches(PREFIX).trim_end_matches(SUFFIX);
            moment >= oldest.as_str() && moment <= newest.as_str()
        })
    }

    /// Makes the backup that is due, if one is; says whether it did.
    ///
    /// # Errors
    /// A text for people: the folder is not there (a stick that was taken out), or the backup failed.
    pub fn keep_up(&self, site: &Site) -> Result<bool, String> {
        if !self.folder.is_dir() {
            return Err(format!("the folder for backups, {}, is not there", self.folder.display()));
        }
        if !self.due() {
            return Ok(false);
        }
        make(site, &self.folder, false, Some(self.keep)).map(|_| true)
    }
}

/// `20261122-184500`, UTC.
pub(crate) fn stamp(at: moment::Moment) -> String {
    moment::exact(at).chars().filter(char::is_ascii_digit).take(14).enumerate().fold(String::new(), |mut text, (i, digit)| {
        if i == 8 {
            text.push('-');
        }
        text.push(digit);
        text
    })
}

fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "gz" || extension == "tgz")
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    PathBuf::from(format!("{}.{extension}", path.display()))
}

/// An empty file that only its owner may read.
pub(crate) fn private_file(path: &Path) -> Result<(), String> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).map(|_| ()).map_err(at(path))
}

fn write(site: &Site, path: &Path, packed: bool, with_key: bool) -> Result<(), String> {
    for _ in 0..TRIES {
        // What a row names may be deleted between the copy of the database and that of the file; then both are copied anew.
        if write_once(site, path, packed, with_key)? {
            return Ok(());
        }
    }
    Err("media files are deleted faster than they can be copied; try again".into())
}

/// Writes the archive; false if a file went away under its hands.
fn write_once(site: &Site, path: &Path, packed: bool, with_key: bool) -> Result<bool, String> {
    let say = at(path);
    let snapshot = Snapshot::take(site, &beside(path, "db"))?;
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).map_err(&say)?;
    let out: Box<dyn Write> = if packed {
        Box::new(flate2::write::GzEncoder::new(BufWriter::new(file.try_clone().map_err(&say)?), flate2::Compression::default()))
    } else {
        Box::new(BufWriter::new(file.try_clone().map_err(&say)?))
    };
    let mut archive = tar::Builder::new(out);
    let mut manifest = Manifest {
        what: "stockroom backup".into(),
        form: FORM,
        version: VERSION.into(),
        created: moment::exact(moment::now()),
        files: BTreeMap::new(),
        missing: Vec::new(),
    };
    let mut add = |name: &str, from: &Path| -> Result<(), String> {
        let facts = append(&mut archive, name, from).map_err(at(from))?;
        manifest.files.insert(name.to_string(), facts);
        Ok(())
    };
    add(DATABASE, &snapshot.path)?;
    if with_key {
        add(KEY, &site.folder.join(KEY))?;
    }
    let (media_folder, mut missing) = (site.folder.join("media"), Vec::new());
    for name in snapshot.named()? {
        let Some(from) = media::path_of(&media_folder, &name) else {
            if !snapshot.still_named(site, &name)? {
                return Ok(false);
            }
            missing.push(name);
            continue;
        };
        add(&format!("media/{name}"), &from)?;
        for size in media::SIZES {
            let small = media::small_name(&name, size);
            if let Some(from) = media::path_of(&media_folder, &small) {
                add(&format!("media/{small}"), &from)?;
            }
        }
    }
    manifest.missing = missing;
    let text = serde_json::to_vec_pretty(&manifest).map_err(|e| e.to_string())?;
    let mut head = header(text.len() as u64);
    archive.append_data(&mut head, MANIFEST, text.as_slice()).map_err(&say)?;
    let mut out = archive.into_inner().map_err(&say)?;
    out.flush().map_err(&say)?;
    drop(out);
    file.sync_all().map_err(&say)?;
    Ok(true)
}

fn header(size: u64) -> tar::Header {
    let mut head = tar::Header::new_gnu();
    head.set_size(size);
    head.set_mode(0o600);
    head
}

/// Puts a file into the archive; gives its size and digest as they were written.
fn append(archive: &mut tar::Builder<Box<dyn Write>>, name: &str, from: &Path) -> std::io::Result<(u64, String)> {
    let file = File::open(from)?;
    let size = file.metadata()?.len();
    // Never more than was announced: the file could grow.
    let mut reader = Digested { inner: BufReader::new(file).take(size), digest: Sha256::new() };
    archive.append_data(&mut header(size), name, &mut reader)?;
    Ok((size, hex(&reader.digest.finalize())))
}

/// A reader that digests what passes.
struct Digested<R> {
    inner: R,
    digest: Sha256,
}

impl<R: Read> Read for Digested<R> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(to)?;
        self.digest.update(to.get(..n).unwrap_or_default());
        Ok(n)
    }
}

/// A copy of the database at one moment, gone when dropped.
struct Snapshot {
    path: PathBuf,
    conn: Option<Connection>,
}

impl Snapshot {
    fn take(site: &Site, path: &Path) -> Result<Snapshot, String> {
        let say = |e: &dyn std::fmt::Display| format!("the copy of the database: {e}");
        private_file(path)?;
        let mut snapshot = Snapshot { path: path.to_path_buf(), conn: None };
        let mut copy = Connection::open(path).map_err(|e| say(&e))?;
        {
            let source = site.db.read().map_err(|e| say(&e))?;
            // In one step: readers and the writer go on, and nothing makes it begin anew.
            let backup = rusqlite::backup::Backup::new(&source, &mut copy).map_err(|e| say(&e))?;
            if backup.step(-1).map_err(|e| say(&e))? != rusqlite::backup::StepResult::Done {
                return Err(say(&"the database is busy; try again"));
            }
        }
        // In a backup the database is one file.
        copy.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).map_err(|e| say(&e))?;
        sound(&copy).map_err(|e| say(&e))?;
        snapshot.conn = Some(copy);
        Ok(snapshot)
    }

    /// The media files that its rows name.
    fn named(&self) -> Result<Vec<String>, String> {
        let Some(conn) = &self.conn else { return Ok(Vec::new()) };
        files::named(conn).map(|names| names.into_iter().collect()).map_err(|e| e.to_string())
    }

    fn still_named(&self, site: &Site, name: &str) -> Result<bool, String> {
        let conn = site.db.read().map_err(|e| e.to_string())?;
        crate::router::names_file(&conn, name).map_err(|e| e.to_string())
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        self.conn = None;
        // Left over it would only take room.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Is a database whole?
pub(crate) fn sound(conn: &Connection) -> Result<(), String> {
    let verdict: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(|e| e.to_string())?;
    if verdict != "ok" {
        return Err(format!("the database is damaged: {verdict}"));
    }
    let dangling: i64 = conn.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).map_err(|e| e.to_string())?;
    if dangling > 0 { Err(format!("{dangling} rows of the database refer to rows that are not there")) } else { Ok(()) }
}

/// Reads a backup from beginning to end; `each` gets every file with its safe name.
fn read(path: &Path, each: &mut dyn FnMut(&str, &mut dyn Read) -> Result<(), String>) -> Result<Manifest, String> {
    let say = at(path);
    let mut file = File::open(path).map_err(&say)?;
    let mut magic = [0; 2];
    let packed = file.read(&mut magic).map_err(&say)? == 2 && magic == [0x1f, 0x8b];
    file.rewind().map_err(&say)?;
    let bytes: Box<dyn Read> =
        if packed { Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(file))) } else { Box::new(BufReader::new(file)) };
    let mut archive = tar::Archive::new(bytes);
    let mut found: BTreeMap<String, (u64, String)> = BTreeMap::new();
    let mut manifest: Option<Manifest> = None;
    for entry in archive.entries().map_err(&say)? {
        let entry = entry.map_err(&say)?;
        let name = entry.path().map_err(&say)?.to_str().unwrap_or_default().to_string();
        if !entry.header().entry_type().is_file() || !is_ours(&name) {
            return Err(format!("{}: {name:?} does not belong into a backup; nothing was taken from it", path.display()));
        }
        let size = entry.size();
        let mut reader = Digested { inner: entry, digest: Sha256::new() };
        if name == MANIFEST {
            manifest = Some(serde_json::from_reader(&mut reader).map_err(|e| format!("{}: the manifest: {e}", path.display()))?);
            continue;
        }
        each(&name, &mut reader)?;
        std::io::copy(&mut reader, &mut std::io::sink()).map_err(&say)?;
        found.insert(name, (size, hex(&reader.digest.finalize())));
    }
    let manifest = manifest.ok_or_else(|| format!("{}: it is not whole, or no backup", path.display()))?;
    if manifest.what != "stockroom backup" || manifest.form > FORM {
        return Err(format!("{}: this is no backup that this version reads", path.display()));
    }
    if let Some(name) = manifest.files.keys().chain(found.keys()).find(|name| manifest.files.get(*name) != found.get(*name)) {
        return Err(format!("{}: {name} is not what was saved", path.display()));
    }
    if !found.contains_key(DATABASE) {
        return Err(format!("{}: there is no database in it", path.display()));
    }
    Ok(manifest)
}

/// May a file of this name be in a backup? None leads out of the data folder.
fn is_ours(name: &str) -> bool {
    let safe = |name: &str| {
        !name.is_empty() && name.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', '\0']))
    };
    matches!(name, MANIFEST | DATABASE | KEY) || name.strip_prefix("media/").is_some_and(safe)
}

/// Reads a backup and holds every file against its manifest.
///
/// # Errors
/// It is not whole.
pub fn verify(path: &Path) -> Result<Manifest, String> {
    read(path, &mut |_, _| Ok(()))
}

/// What is put in place of what.
#[derive(Serialize, Deserialize)]
struct Plan {
    /// The folder with what is to come, inside the data folder.
    fresh: String,
    /// The folder for what was there.
    aside: String,
}

/// Gives a backup back: it is unpacked and checked beside the data, then exchanged for them; what was there is kept aside.
/// No server may be running on the folder. Gives where the old data are, if there were any, and what came.
///
/// # Errors
/// A text for people; the data are as they were.
pub fn restore(folder: &Path, backup: &Path) -> Result<(Option<PathBuf>, Manifest), String> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at(folder))?;
    let _lock = lock(folder)?;
    finish(folder)?;
    let stamp = stamp(moment::now());
    let (fresh, aside) = (format!("restore-{stamp}"), format!("before-restore-{stamp}"));
    let place = folder.join(&fresh);
    let unpacked = unpack(backup, &place);
    let manifest = match unpacked {
        Ok(manifest) => manifest,
        Err(e) => {
            // Nothing of it is used.
            let _ = std::fs::remove_dir_all(&place);
            return Err(e);
        }
    };
    let had_data = folder.join(DATABASE).exists();
    let plan = serde_json::to_vec(&Plan { fresh, aside: aside.clone() }).map_err(|e| e.to_string())?;
    let path = folder.join(PLAN);
    let partial = beside(&path, "part");
    File::create(&partial).and_then(|mut file| file.write_all(&plan).and_then(|()| file.sync_all())).map_err(at(&partial))?;
    std::fs::rename(&partial, &path).map_err(at(&path))?;
    durable::entry(&path).map_err(at(&path))?;
    finish(folder)?;
    Ok((had_data.then(|| folder.join(aside)), manifest))
}

fn unpack(backup: &Path, place: &Path) -> Result<Manifest, String> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(place.join("media")).map_err(at(place))?;
    let manifest = read(backup, &mut |name, bytes| {
        let path = place.join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(at(folder))?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(at(&path))?;
        std::io::copy(bytes, &mut file).and_then(|_| file.sync_all()).map_err(at(&path))
    })?;
    let conn = Connection::open(place.join(DATABASE)).map_err(|e| e.to_string())?;
    sound(&conn)?;
    upgrade::known(&conn, upgrade::newest(&Opening::default()))?;
    drop(conn);
    durable_tree(place)?;
    Ok(manifest)
}

fn durable_tree(place: &Path) -> Result<(), String> {
    for entry in std::fs::read_dir(place).map_err(at(place))?.flatten() {
        if entry.path().is_dir() {
            durable_tree(&entry.path())?;
        }
    }
    File::open(place).and_then(|folder| folder.sync_all()).map_err(at(place))?;
    durable::entry(place).map_err(at(place))
}

/// Finishes an exchange that a power cut interrupted; called before a data folder is opened.
///
/// # Errors
/// It is under way just now, or the disk does not let us.
pub fn resume(folder: &Path) -> Result<(), String> {
    if !folder.join(PLAN).exists() {
        return Ok(());
    }
    let _lock = lock(folder)?;
    finish(folder)
}

/// Does what the plan says, if there is one. Each step can be done twice.
fn finish(folder: &Path) -> Result<(), String> {
    let path = folder.join(PLAN);
    let plan: Plan = match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| format!("{}: {e}", path.display()))?,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(at(&path)(e)),
    };
    if [&plan.fresh, &plan.aside].iter().any(|name| name.is_empty() || name.contains(['/', '\0']) || name.starts_with('.')) {
        return Err(format!("{}: it names folders outside of the data folder", path.display()));
    }
    let (fresh, aside) = (folder.join(&plan.fresh), folder.join(&plan.aside));
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&aside).map_err(at(&aside))?;
    // As long as the new one lies beside, the old one is in its place, or nothing is.
    for name in ["media", KEY, DATABASE] {
        let (new, here) = (fresh.join(name), folder.join(name));
        if !new.exists() {
            continue;
        }
        let logs: &[&str] = if name == DATABASE { &["-wal", "-shm", ""] } else { &[""] };
        for log in logs {
            let (old, kept) = (folder.join(format!("{name}{log}")), aside.join(format!("{name}{log}")));
            if old.exists() && !kept.exists() {
                std::fs::rename(&old, &kept).map_err(at(&old))?;
            }
        }
        durable::entry(&here).map_err(at(&here))?;
        std::fs::rename(&new, &here).map_err(at(&here))?;
        durable::entry(&here).map_err(at(&here))?;
    }
    std::fs::remove_dir_all(&fresh)
        .or_else(|e| if e.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(e) })
        .map_err(at(&fresh))?;
    // Empty where there was nothing before.
    let _ = std::fs::remove_dir(&aside);
    std::fs::remove_file(&path).map_err(at(&path))?;
    durable::entry(&path).map_err(at(&path))
}

/// Holds a data folder for oneself as long as the file lives: what a server does while it runs, and whoever exchanges its contents.
///
/// # Errors
/// Somebody else holds it.
pub fn lock(folder: &Path) -> Result<File, String> {
    let path = folder.join("lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(at(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(format!("a server is running on {}; stop it first", folder.display())),
        Err(std::fs::TryLockError::Error(e)) => Err(at(&path)(e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_a_data_folder_are_taken() {
        for name in ["stockroom.db", "secret.key", "manifest.json", "media/a.png", "media/part_images/x y.thumbnail.png"] {
            assert!(is_ours(name), "{name}");
        }
        for name in ["", "media", "media/", "media//a", "media/../a", "media/.a", "/etc/passwd", "../a", "stockroom.db-wal", "other"] {
            assert!(!is_ours(name), "{name}");
        }
    }

    #[test]
    fn backups_are_named_by_their_moment() {
        assert_eq!(stamp(0), "19700101-000000");
    }
}
