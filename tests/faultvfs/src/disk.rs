//! A watched folder: what happens in it, and what shall go wrong.

use std::collections::{BTreeMap, HashSet};
use std::ffi::{CStr, c_char, c_int};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// A file or folder by which its entry leads to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    File(u64),
    Folder,
}

/// What happened.
pub(crate) enum Event {
    /// SQLite made a file.
    Create {
        folder: PathBuf,
        name: String,
        file: u64,
    },
    Delete {
        folder: PathBuf,
        name: String,
    },
    Write {
        file: u64,
        at: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        file: u64,
        length: usize,
    },
    /// SQLite synced a file.
    Sync {
        file: u64,
    },
    /// Somebody else synced a file, with these contents.
    Whole {
        file: u64,
        bytes: Vec<u8>,
    },
    /// A folder was synced, with these entries.
    Entries {
        folder: PathBuf,
        entries: BTreeMap<String, Node>,
    },
    /// The test says that something began or was acknowledged.
    Note(u64),
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Files of databases can no longer grow.
    Full,
    /// Nothing can be written or synced.
    Write,
    /// Nothing of databases can be read, written or synced.
    Dead,
    /// Writes work, syncs fail.
    Sync,
    /// The process is killed.
    Kill,
}

#[derive(Default)]
pub(crate) struct Inner {
    pub(crate) events: Vec<Event>,
    pub(crate) operations: usize,
    fault: Option<(Fault, usize, usize)>,
    /// Files that SQLite has opened; their syncs are written down by the VFS.
    pub(crate) ours: HashSet<u64>,
}

/// What is on the disk at the beginning.
#[derive(Clone, Default)]
pub(crate) struct Base {
    pub(crate) files: BTreeMap<u64, Vec<u8>>,
    pub(crate) folders: BTreeMap<PathBuf, BTreeMap<String, Node>>,
}

pub(crate) struct State {
    pub(crate) folder: PathBuf,
    pub(crate) base: Base,
    inner: Mutex<Inner>,
}

impl State {
    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an operation, and says what goes wrong with it.
    pub(crate) fn operation(&self) -> Option<Fault> {
        let mut inner = self.inner();
        inner.operations += 1;
        let now = inner.operations;
        let fault = inner.fault.filter(|(_, from, to)| (*from..*to).contains(&now)).map(|fault| fault.0);
        if fault == Some(Fault::Kill) {
            unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
        }
        fault
    }

    /// What goes wrong just now, without counting.
    pub(crate) fn now(&self) -> Option<Fault> {
        let inner = self.inner();
        inner.fault.filter(|(_, from, to)| (*from..*to).contains(&(inner.operations + 1))).map(|fault| fault.0)
    }

    pub(crate) fn note(&self, event: Event) {
        self.inner().events.push(event);
    }
}

static VOLUMES: Mutex<Vec<Weak<State>>> = Mutex::new(Vec::new());

/// The volume that a path lies in.
pub(crate) fn volume_of(path: &Path) -> Option<Arc<State>> {
    let mut volumes = VOLUMES.lock().unwrap_or_else(PoisonError::into_inner);
    volumes.retain(|volume| volume.strong_count() > 0);
    volumes.iter().filter_map(Weak::upgrade).find(|volume| path.starts_with(&volume.folder))
}

fn entries(folder: &Path) -> BTreeMap<String, Node> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(facts) = entry.metadata() else { continue };
        let node = if facts.is_dir() { Node::Folder } else { Node::File(facts.ino()) };
        found.insert(entry.file_name().to_string_lossy().into_owned(), node);
    }
    found
}

impl Base {
    fn read(&mut self, folder: &Path) {
        let found = entries(folder);
        for (name, node) in &found {
            match node {
                Node::Folder => self.read(&folder.join(name)),
                Node::File(file) => drop(self.files.insert(*file, std::fs::read(folder.join(name)).unwrap_or_default())),
            }
        }
        self.folders.insert(folder.to_path_buf(), found);
    }
}

/// A folder on a disk that can fail. It should lie on a file system in memory: keys of files must not be used again, and its own
/// durability does not matter.
pub struct Volume {
    pub(crate) state: Arc<State>,
}

impl Volume {
    /// Watches the files in a folder that are opened from now on; what is in it counts as durable.
    pub fn watch(folder: &Path) -> Volume {
        crate::register();
        let folder = folder.canonicalize().unwrap();
        let mut base = Base::default();
        base.read(&folder);
        let state = Arc::new(State { folder, base, inner: Mutex::default() });
        VOLUMES.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&state));
        Volume { state }
    }

    /// How much has happened.
    pub fn events(&self) -> usize {
        self.state.inner().events.len()
    }

    /// How many operations there were.
    pub fn operations(&self) -> usize {
        self.state.inner().operations
    }

    /// Writes a word of the test between what happens.
    pub fn note(&self, word: u64) {
        self.state.note(Event::Note(word));
    }

    /// From the operation on that comes after `after` more, `many` of them go wrong.
    pub fn fail(&self, fault: Fault, after: usize, many: usize) {
        let mut inner = self.state.inner();
        let from = inner.operations + after + 1;
        inner.fault = Some((fault, from, from.saturating_add(many)));
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        self.state.inner().fault = None;
    }
}

/// The path behind a descriptor, and what it is.
fn behind(fd: c_int) -> Option<(PathBuf, std::fs::Metadata)> {
    let path = std::fs::read_link(format!("/proc/self/fd/{fd}")).ok()?;
    let facts = std::fs::metadata(format!("/proc/self/fd/{fd}")).ok()?;
    Some((path, facts))
}

fn sync(fd: c_int, number: libc::c_long) -> c_int {
    let real = || c_int::try_from(unsafe { libc::syscall(number, fd) }).unwrap_or(-1);
    let Some((path, facts)) = behind(fd) else { return real() };
    let Some(volume) = volume_of(&path) else { return real() };
    if facts.is_file() && volume.inner().ours.contains(&facts.ino()) {
        return real();
    }
    if let Some(Fault::Write | Fault::Dead | Fault::Sync) = volume.operation() {
        unsafe { *libc::__errno_location() = libc::EIO };
        return -1;
    }
    let event = if facts.is_dir() {
        Event::Entries { entries: entries(&path), folder: path }
    } else {
        Event::Whole { file: facts.ino(), bytes: std::fs::read(format!("/proc/self/fd/{fd}")).unwrap_or_default() }
    };
    volume.note(event);
    real()
}

/// Takes the place of the C library's in every program with this crate.
#[unsafe(no_mangle)]
pub extern "C" fn fsync(fd: c_int) -> c_int {
    sync(fd, libc::SYS_fsync)
}

/// Likewise.
#[unsafe(no_mangle)]
pub extern "C" fn fdatasync(fd: c_int) -> c_int {
    sync(fd, libc::SYS_fdatasync)
}

/// Likewise: a deletion may reach the disk before the next sync, or not.
///
/// # Safety
/// As the C library's: `path` points to a text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    let name = PathBuf::from(unsafe { CStr::from_ptr(path) }.to_string_lossy().into_owned());
    let rc = unsafe { libc::syscall(libc::SYS_unlinkat, libc::AT_FDCWD, path, 0) };
    if let (0, Some(volume), Some(folder), Some(name)) = (rc, volume_of(&name), name.parent(), name.file_name()) {
        volume.note(Event::Delete { folder: folder.to_path_buf(), name: name.to_string_lossy().into_owned() });
    }
    c_int::try_from(rc).unwrap_or(-1)
}
