//! Tests only: disks that lose what was not synced, fill up, or fail.
//!
//! A [`Volume`] watches a folder. SQLite reaches it through a VFS of ours ([`NAME`]) that passes everything on to the usual one and writes
//! down what was written, cut off, synced and deleted; `fsync` and `fdatasync` of the whole program are ours too, so that what `std::fs`
//! makes durable (files and folders alike) stands in the same list, in the order in which it happened. From that list [`Replay`] lays out
//! what a disk may hold if the power goes after any of those operations. Faults (a full disk, a broken one, a kill) happen while the
//! program runs, from the operation on that the test names.

mod clock;
mod disk;
mod replay;
mod vfs;

pub use clock::set_clock;
pub use disk::{Fault, Volume};
pub use replay::{Replay, Survivors};
pub use vfs::{NAME, register};
