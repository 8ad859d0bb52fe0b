//! The media that come with records: which files rows name, and how they come in and go out.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::load::Report;
use super::models;
use crate::db;
use crate::error::Result;
use crate::media::{self, Arrived};
use crate::router::FILE_COLUMNS;
use crate::site::Site;

/// The columns that name files, of the tables that records fill: what was made to be fetched once is no part of an inventory.
fn columns() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    FILE_COLUMNS.iter().filter(|(table, _)| models::MODELS.iter().copied().flatten().any(|model| model.table == *table))
}

/// The names of all files that rows name.
///
/// # Errors
/// The database cannot be asked.
pub fn named(conn: &Connection) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for (table, column) in columns() {
        let sql = format!("SELECT DISTINCT \"{column}\" FROM \"{table}\" WHERE \"{column}\" IS NOT NULL AND \"{column}\" <> ''");
        names.extend(db::column::<String>(conn, &sql, [])?);
    }
    Ok(names)
}

/// Where media come from.
enum Source {
    Nowhere,
    Folder(PathBuf),
    /// An archive: where each file lies in it.
    Archive(File, HashMap<String, (u64, u64)>),
}

impl Source {
    fn of(path: Option<&Path>) -> std::io::Result<Source> {
        let Some(path) = path else { return Ok(Source::Nowhere) };
        if path.is_dir() {
            let path = path.canonicalize()?;
            // InvenTree's own folder may be given, or what contains it.
            let inner = path.join("media");
            return Ok(Source::Folder(if inner.is_dir() { inner } else { path }));
        }
        let mut places = HashMap::new();
        let mut archive = tar::Archive::new(File::open(path)?);
        for entry in archive.entries_with_seek()? {
            let entry = entry?;
            if entry.header().entry_type().is_file() {
                let name = entry.path()?.to_string_lossy().into_owned();
                let name = name.trim_start_matches("./");
                places.insert(name.strip_prefix("media/").unwrap_or(name).to_string(), (entry.raw_file_position(), entry.size()));
            }
        }
        Ok(Source::Archive(File::open(path)?, places))
    }

    /// The file of that name.
    fn open(&mut self, name: &str) -> std::io::Result<Option<Box<dyn Read + '_>>> {
        match self {
            Source::Nowhere => Ok(None),
            Source::Folder(folder) => match media::path_of(folder, name) {
                Some(path) => Ok(Some(Box::new(File::open(path)?))),
                None => Ok(None),
            },
            Source::Archive(file, places) => match places.get(name) {
                Some((offset, size)) => {
                    file.seek(SeekFrom::Start(*offset))?;
                    Ok(Some(Box::new(file.take(*size))))
                }
                None => Ok(None),
            },
        }
    }
}

/// Copies the files that rows name to their places; where another file has a name already the rows follow to a new one. They are durable
/// when this returns, and go again unless they are told to stay.
///
/// # Errors
/// A text for people.
pub fn bring(site: &Site, conn: &Connection, from: Option<&Path>, report: &mut Report) -> std::result::Result<Arrived, String> {
    let say = |e: &dyn std::fmt::Display| format!("the media: {e}");
    let mut source = Source::of(from).map_err(|e| say(&e))?;
    let mut arrived = Arrived::default();
    let folder = site.folder.join("media");
    for name in named(conn).map_err(|e| say(&e))? {
        let found = match source.open(&name).map_err(|e| say(&e))? {
            Some(mut bytes) => media::take_in(&folder, &name, &mut bytes, &mut arrived).map_err(|e| say(&e))?,
            None => {
                report.missing.push(name);
                continue;
            }
        };
        report.files += 1;
        for size in media::SIZES {
            if let Some(mut bytes) = source.open(&media::small_name(&name, size)).map_err(|e| say(&e))? {
                media::take_in(&folder, &media::small_name(&found, size), &mut bytes, &mut arrived).map_err(|e| say(&e))?;
            }
        }
        if found != name {
            for (table, column) in columns() {
                let sql = format!("UPDATE \"{table}\" SET \"{column}\" = ?2 WHERE \"{column}\" = ?1");
                db::run(conn, &sql, (&name, &found)).map_err(|e| say(&e))?;
            }
        }
    }
    arrived.durable().map_err(|e| say(&e))?;
    Ok(arrived)
}

/// Copies the files that rows name, and their small images, into a folder. Gives their number, and the names of those that are missing.
///
/// # Errors
/// A text for people.
pub fn carry(site: &Site, conn: &Connection, to: &Path) -> std::result::Result<(usize, Vec<String>), String> {
    let say = |path: &Path, e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let folder = site.folder.join("media");
    let (mut copied, mut missing) = (0, Vec::new());
    for name in named(conn).map_err(|e| e.to_string())? {
        if media::path_of(&folder, &name).is_none() {
            missing.push(name);
            continue;
        }
        copied += 1;
        for name in std::iter::once(name.clone()).chain(media::SIZES.iter().map(|size| media::small_name(&name, size))) {
            let Some(path) = media::path_of(&folder, &name) else { continue };
            let target = to.join(&name);
            if let Some(place) = target.parent() {
                std::fs::create_dir_all(place).map_err(|e| say(place, &e))?;
            }
            std::fs::copy(&path, &target).map_err(|e| say(&target, &e))?;
        }
    }
    Ok((copied, missing))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{Form, Place};
    use super::*;

    #[test]
    fn what_records_spell_as_files_are_files() {
        let fields = models::MODELS.iter().copied().flatten().flat_map(|model| model.fields.iter().map(|field| (model.table, field)));
        let spelt = fields.filter_map(|(table, field)| match (field.form, field.place) {
            (Form::File, Place::Column(column)) => Some((table, column)),
            _ => None,
        });
        assert_eq!(spelt.collect::<BTreeSet<_>>(), columns().copied().collect());
    }
}
