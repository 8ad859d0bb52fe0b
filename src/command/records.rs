//! `stockroom import` and `stockroom export`

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

use stockroom::records::table::{self, Reading};
use stockroom::records::{dump, load};
use stockroom::site::Site;

use super::{Options, say};

/// Names of missing files that are written out.
const MOST_NAMES: usize = 10;

/// Findings in a table that are written out.
const MOST_LINES: usize = 50;

/// Takes a file in: a table of parts and stock if its name ends in .csv or .tsv, else records.
pub fn import(options: &Options, file: &str) -> Result<(), String> {
    let path = Path::new(file);
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
    if matches!(extension.as_str(), "csv" | "tsv" | "txt") { table(options, path) } else { records(options, path, file) }
}

fn table(options: &Options, path: &Path) -> Result<(), String> {
    let pair = |text: &String| text.split_once('=').map(|(header, column)| (header.trim().to_string(), column.trim().to_string()));
    let mapping = options
        .map
        .iter()
        .map(|text| pair(text).ok_or_else(|| format!("--map {text}: HEADER=COLUMN is expected")))
        .collect::<Result<_, _>>()?;
    let reading = Reading { mapping, keep_going: options.keep_going, dry: options.dry_run };
    let site = Arc::new(Site::open(&options.folder())?);
    let outcome = table::load(&site, path, &reading)?;
    let mut text = String::new();
    if !outcome.unused.is_empty() {
        text.push_str(&format!("Columns that nothing is made of: {}\n", outcome.unused.join(", ")));
    }
    text.push_str(&format!("{} lines are right{}", outcome.lines, if outcome.made.is_empty() { ".\n" } else { " and make\n" }));
    for (what, number) in &outcome.made {
        text.push_str(&format!("{number:>9}  {what}\n"));
    }
    say(&text)?;
    for (line, why) in outcome.wrong.iter().take(MOST_LINES) {
        eprintln!("line {line}: {why}");
    }
    let wrong = outcome.wrong.len();
    if wrong > MOST_LINES {
        eprintln!("… and {} more", wrong - MOST_LINES);
    }
    match (outcome.kept, wrong) {
        (true, 0) => say("All of it was imported.\n"),
        (true, _) => say(&format!("The right lines were imported; {wrong} were left out.\n")),
        (false, _) if reading.dry => say(&format!("Nothing was changed: this was a trial. {wrong} lines are wrong.\n")),
        (false, _) => Err(format!("nothing was imported: {wrong} lines are wrong; --keep-going takes the others")),
    }
}

/// Takes a file of records in, with its media.
fn records(options: &Options, path: &Path, file: &str) -> Result<(), String> {
    let site = Site::open(&options.folder())?;
    let size = std::fs::metadata(path).map_err(|e| format!("{file}: {e}"))?.len();
    let mut bar = Bar::new(size);
    let report = load::load(&site, path, options.media.as_deref(), options.replace, &mut |read| bar.show(read));
    bar.end();
    let report = report?;
    site.db.checkpoint().map_err(|e| e.to_string())?;
    let mut text = format!("{} records were imported:\n", report.taken.values().sum::<usize>());
    for (model, number) in &report.taken {
        text.push_str(&format!("{number:>9}  {model}\n"));
    }
    if !report.aside.is_empty() {
        text.push_str("Kept for an export, used by nothing here:\n");
        for (model, number) in &report.aside {
            text.push_str(&format!("{number:>9}  {model}\n"));
        }
    }
    if !report.left.is_empty() {
        text.push_str("Not taken over:\n");
        for ((what, why), number) in &report.left {
            text.push_str(&format!("{number:>9}  {what} ({why})\n"));
        }
    }
    text.push_str(&media_line(
        report.files,
        &report.missing,
        if options.media.is_some() { "the media" } else { "what was given; use --media" },
    ));
    say(&text)
}

/// Writes all records into a file, and the media into a folder.
pub fn export(options: &Options, file: &str) -> Result<(), String> {
    let site = Site::open(&options.folder())?;
    let report = dump::dump(&site, Path::new(file), options.media.as_deref())?;
    let mut text = format!("{} records were exported:\n", report.written.iter().map(|(_, number)| number).sum::<usize>());
    for (model, number) in &report.written {
        text.push_str(&format!("{number:>9}  {model}\n"));
    }
    if options.media.is_some() {
        text.push_str(&media_line(report.files, &report.missing, "the data folder"));
    }
    say(&text)
}

fn media_line(files: usize, missing: &[String], place: &str) -> String {
    let mut text = format!("{files} media files were copied.\n");
    if !missing.is_empty() {
        text.push_str(&format!("{} files are named by records but missing in {place}:\n", missing.len()));
        for name in missing.iter().take(MOST_NAMES) {
            text.push_str(&format!("           {name}\n"));
        }
        if missing.len() > MOST_NAMES {
            text.push_str("           …\n");
        }
    }
    text
}

/// How far a long reading has come; silent where nobody looks on.
struct Bar {
    size: u64,
    shown: u64,
    on: bool,
}

impl Bar {
    const WIDTH: u64 = 40;

    fn new(size: u64) -> Bar {
        Bar { size: size.max(1), shown: u64::MAX, on: std::io::stderr().is_terminal() }
    }

    fn show(&mut self, read: u64) {
        let percent = read.saturating_mul(100) / self.size;
        if !self.on || percent == self.shown {
            return;
        }
        self.shown = percent;
        let full = usize::try_from(percent.min(100) * Bar::WIDTH / 100).unwrap_or_default();
        let empty = usize::try_from(Bar::WIDTH).unwrap_or_default().saturating_sub(full);
        eprint!("\r[{}{}] {percent:>3} %", "#".repeat(full), " ".repeat(empty));
        // A bar that cannot be shown is no loss.
        let _ = std::io::stderr().flush();
    }

    fn end(&self) {
        if self.on {
            eprintln!();
        }
    }
}
