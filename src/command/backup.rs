//! `stockroom backup`, `verify` and `restore`

use std::path::{Path, PathBuf};

use stockroom::backup::{self, Manifest, Schedule};
use stockroom::site::Site;

use super::{Options, say};

/// Hours between two backups that a server makes by itself, and how many are kept.
const EVERY: u32 = 24;
const KEEP: usize = 7;

/// Saves everything in one file.
pub fn make(options: &Options, target: &str) -> Result<(), String> {
    let site = Site::open(&options.folder())?;
    let (path, manifest) = backup::make(&site, Path::new(target), options.with_key, options.keep)?;
    say(&format!("{} was written and verified: {}.\n{}", path.display(), summary(&manifest), missing(&manifest)))
}

/// Reads a backup and says what is in it.
pub fn verify(file: &str) -> Result<(), String> {
    let manifest = backup::verify(Path::new(file))?;
    say(&format!("{file} is whole: {}, of {}.\n{}", summary(&manifest), manifest.created, missing(&manifest)))
}

/// Puts a backup in place of the data.
pub fn restore(options: &Options, file: &str) -> Result<(), String> {
    let (aside, manifest) = backup::restore(&options.folder(), Path::new(file))?;
    // A backup of an older version is brought to this one now, not at the next start.
    Site::open(&options.folder())?;
    let kept = aside.map(|path| format!("What was there is in {}; delete it when all is well.\n", path.display())).unwrap_or_default();
    say(&format!("The backup of {} was restored: {}.\n{kept}{}", manifest.created, summary(&manifest), missing(&manifest)))
}

/// What the command line and the environment say of backups that a server makes by itself.
pub fn schedule(options: &Options) -> Result<Option<Schedule>, String> {
    fn number<T: std::str::FromStr>(given: Option<T>, variable: &str, otherwise: T) -> Result<T, String> {
        match (given, std::env::var(variable)) {
            (Some(number), _) => Ok(number),
            (None, Ok(text)) => text.trim().parse().map_err(|_| format!("{variable}={text}: a number is expected")),
            (None, Err(_)) => Ok(otherwise),
        }
    }
    let folder = options.backup.clone().or_else(|| std::env::var_os("STOCKROOM_BACKUP").map(PathBuf::from));
    let Some(folder) = folder else { return Ok(None) };
    let every = number(options.backup_every, "STOCKROOM_BACKUP_EVERY", EVERY)?.max(1);
    let keep = number(options.keep, "STOCKROOM_BACKUP_KEEP", KEEP)?.max(1);
    Ok(Some(Schedule { folder, every, keep }))
}

fn summary(manifest: &Manifest) -> String {
    format!("database and {} media files, {:.1} MB unpacked", manifest.media(), mb(manifest.bytes()))
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn missing(manifest: &Manifest) -> String {
    manifest.missing.iter().map(|name| format!("Missing when it was made: {name}\n")).collect()
}
