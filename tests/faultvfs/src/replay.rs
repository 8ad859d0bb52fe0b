//! What a disk may hold after a power cut.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::{Event, Inner, Node, State, Volume};

/// Bytes that reach a disk whole or not at all.
const SECTOR: usize = 512;

/// A change of a file that is not synced.
enum Loose {
    Write { at: usize, bytes: Vec<u8> },
    Truncate(usize),
}

#[derive(Default)]
struct File {
    synced: Vec<u8>,
    loose: Vec<Loose>,
}

/// Which of the operations that were not synced reach the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survivors {
    /// None.
    Nothing,
    /// All: the process was killed, the system went on.
    Everything,
    /// The first ones, the last of them in part.
    First,
    /// Some, in any order.
    Some,
    /// Some sectors of some of them.
    Torn,
    /// The same, and what was never written where a file grew is not zero but anything.
    Garbage,
}

impl Survivors {
    /// All of them.
    pub const ALL: [Survivors; 6] =
        [Survivors::Nothing, Survivors::Everything, Survivors::First, Survivors::Some, Survivors::Torn, Survivors::Garbage];
}

/// Goes through what happened on a volume, from its beginning.
pub struct Replay {
    volume: Arc<State>,
    at: usize,
    files: HashMap<u64, File>,
    /// Entries that are on the disk, and entries as the program sees them, as far as SQLite makes and deletes them.
    durable: BTreeMap<PathBuf, BTreeMap<String, Node>>,
    seen: BTreeMap<PathBuf, BTreeMap<String, Node>>,
    notes: Vec<u64>,
}

/// Chance from a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n.max(1)).unwrap()).unwrap()
    }

    fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }
}

impl Replay {
    /// At the beginning of what a volume noted.
    pub fn of(volume: &Volume) -> Replay {
        let state = volume.state.clone();
        let files = state.base.files.iter().map(|(key, bytes)| (*key, File { synced: bytes.clone(), loose: Vec::new() })).collect();
        let (durable, seen) = (state.base.folders.clone(), state.base.folders.clone());
        Replay { volume: state, at: 0, files, durable, seen, notes: Vec::new() }
    }

    /// Goes on until so many events have happened.
    pub fn advance(&mut self, to: usize) {
        let state = self.volume.clone();
        let inner: &Inner = &state.inner();
        while self.at < to.min(inner.events.len()) {
            self.take(&inner.events[self.at]);
            self.at += 1;
        }
    }

    /// Is the next event something that happens on the disk?
    pub fn next_is_operation(&self) -> bool {
        self.volume.inner().events.get(self.at).is_some_and(|event| !matches!(event, Event::Note(_)))
    }

    /// The words of the test up to here.
    pub fn notes(&self) -> &[u64] {
        &self.notes
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::Note(word) => self.notes.push(*word),
            Event::Create { folder, name, file } => {
                self.files.insert(*file, File::default());
                self.seen.entry(folder.clone()).or_default().insert(name.clone(), Node::File(*file));
            }
            Event::Delete { folder, name } => drop(self.seen.entry(folder.clone()).or_default().remove(name)),
            Event::Write { file, at, bytes } => {
                self.files.entry(*file).or_default().loose.push(Loose::Write { at: *at, bytes: bytes.clone() });
            }
            Event::Truncate { file, length } => self.files.entry(*file).or_default().loose.push(Loose::Truncate(*length)),
            Event::Sync { file } => {
                let file = self.files.entry(*file).or_default();
                for change in file.loose.drain(..) {
                    apply(&mut file.synced, &change);
                }
            }
            Event::Whole { file, bytes } => drop(self.files.insert(*file, File { synced: bytes.clone(), loose: Vec::new() })),
            Event::Entries { folder, entries } => {
                self.durable.insert(folder.clone(), entries.clone());
                self.seen.insert(folder.clone(), entries.clone());
            }
        }
    }

    /// Lays out what the disk may hold if the power goes now, in an empty folder.
    pub fn lay_out(&self, to: &Path, survivors: Survivors, seed: u64) {
        let mut dice = Dice(seed ^ 0x5EED);
        let mut images: HashMap<u64, Vec<u8>> = HashMap::new();
        let mut keys: Vec<&u64> = self.files.keys().collect();
        keys.sort();
        for key in keys {
            images.insert(*key, image(&self.files[key], survivors, &mut dice));
        }
        self.folder(&self.volume.folder, to, &images, survivors, &mut dice);
    }

    fn folder(&self, from: &Path, to: &Path, images: &HashMap<u64, Vec<u8>>, survivors: Survivors, dice: &mut Dice) {
        std::fs::create_dir_all(to).unwrap();
        let none = BTreeMap::new();
        let (durable, seen) = (self.durable.get(from).unwrap_or(&none), self.seen.get(from).unwrap_or(&none));
        let mut names: Vec<&String> = durable.keys().chain(seen.keys()).collect();
        names.sort();
        names.dedup();
        for name in names {
            let (kept, new) = (durable.get(name), seen.get(name));
            let node = match survivors {
                Survivors::Nothing => kept,
                Survivors::Everything => new,
                _ if dice.coin() => kept,
                _ => new,
            };
            match node {
                // A power cut leaves nothing of shared memory; what lies there under its name may be anything.
                Some(Node::File(_)) if name.ends_with("-shm") => {
                    std::fs::write(to.join(name), (0..512).flat_map(|_| dice.next().to_le_bytes()).collect::<Vec<u8>>()).unwrap();
                }
                Some(Node::File(key)) => std::fs::write(to.join(name), images.get(key).map_or(&[][..], Vec::as_slice)).unwrap(),
                Some(Node::Folder) => self.folder(&from.join(name), &to.join(name), images, survivors, dice),
                None => {}
            }
        }
    }
}

fn apply(bytes: &mut Vec<u8>, change: &Loose) {
    match change {
        Loose::Truncate(length) => bytes.resize(*length, 0),
        Loose::Write { at, bytes: new } => {
            if bytes.len() < at + new.len() {
                bytes.resize(at + new.len(), 0);
            }
            bytes[*at..at + new.len()].copy_from_slice(new);
        }
    }
}

/// A file of which some of the loose changes arrived.
fn image(file: &File, survivors: Survivors, dice: &mut Dice) -> Vec<u8> {
    let mut bytes = file.synced.clone();
    let first = dice.below(file.loose.len() + 1);
    // Half of them, nearly none or nearly all.
    let odds = [2, 8, 32][dice.below(3)];
    let most = dice.coin();
    for (n, change) in file.loose.iter().enumerate() {
        let chance = (dice.below(odds) != 0) == most;
        match survivors {
            Survivors::Nothing => break,
            Survivors::Everything => apply(&mut bytes, change),
            Survivors::First if n < first => apply(&mut bytes, change),
            Survivors::First if n == first => tear(&mut bytes, change, dice, false),
            Survivors::First => break,
            Survivors::Some if chance => apply(&mut bytes, change),
            Survivors::Some => {}
            Survivors::Torn | Survivors::Garbage if chance => apply(&mut bytes, change),
            Survivors::Torn | Survivors::Garbage => tear(&mut bytes, change, dice, survivors == Survivors::Garbage),
        }
    }
    bytes
}

/// Only some of a write's sectors arrive.
fn tear(bytes: &mut Vec<u8>, change: &Loose, dice: &mut Dice, garbage: bool) {
    let Loose::Write { at, bytes: new } = change else { return };
    let (mut begin, length) = (0, bytes.len());
    while begin < new.len() {
        let place = at + begin;
        let end = (begin + SECTOR - place % SECTOR).min(new.len());
        if dice.coin() {
            apply(bytes, &Loose::Write { at: place, bytes: new[begin..end].to_vec() });
        } else if garbage && place >= length {
            apply(bytes, &Loose::Write { at: place, bytes: (begin..end).map(|_| u8::try_from(dice.next() & 0xff).unwrap()).collect() });
        }
        begin = end;
    }
}
