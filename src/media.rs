//! Files of the data folder's `media/`: how uploads come in, and how they are given out again.
//!
//! A file lies whole and durable in its place before the row that names it is committed; if the change fails it is removed. So a row never
//! names a file that is not there, and what a power cut leaves is at most a file that nothing names.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageReader, ImageResult, Limits, RgbaImage, imageops};

use crate::durable;
use crate::engine::call::{Call, Reply};
use crate::engine::describe::{Field, Kind};
use crate::engine::input::{Content, Part, Upload};
use crate::error::{Error, Result, WHOLE, invalid};

/// Characters of a stored name, folders included; the contract's columns hold as many.
const LONGEST: usize = 100;
/// Pixels of an image at most, each way, and bytes that decoding may take.
const MOST_PIXELS: u32 = 8192;
const MOST_MEMORY: u64 = 128 << 20;
/// Images in small beside each image: what is put before the extension, and pixels at most each way.
const SMALL: [(&str, u32); 2] = [("thumbnail", 128), ("preview", 256)];
/// The marks of small images alone.
pub const SIZES: [&str; 2] = [SMALL[0].0, SMALL[1].0];

/// Files whose rows are yet to come. Their dates are no help: clocks are set while files arrive.
static COMING: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn coming() -> std::sync::MutexGuard<'static, BTreeSet<PathBuf>> {
    COMING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Files that came with a request and lie in their places; they are removed again unless the change succeeds.
#[derive(Default)]
pub struct Arrived {
    /// Each with the media folder that it lies in.
    paths: Vec<(PathBuf, PathBuf)>,
}

impl Arrived {
    fn add(&mut self, path: PathBuf, media: &Path) {
        coming().insert(path.clone());
        self.paths.push((path, media.to_path_buf()));
    }

    fn take(&mut self, mut other: Arrived) {
        self.paths.append(&mut other.paths);
    }

    /// Brings what was written to the disk, before a row names it.
    ///
    /// # Errors
    /// The disk does not take it.
    pub fn durable(&self) -> Result<()> {
        for (path, media) in &self.paths {
            File::open(path).and_then(|file| file.sync_all()).and_then(|()| durable::entries(path, media)).map_err(lost)?;
        }
        Ok(())
    }

    /// The change is durable: they stay.
    pub fn stay(mut self) {
        self.settle();
    }

    /// They stay if the change is durable, and if nobody knows whether it is: a row must never name what is not there.
    ///
    /// # Errors
    /// What the change returned.
    pub fn after<T>(mut self, outcome: Result<T>) -> Result<T> {
        if matches!(outcome, Ok(_) | Err(Error::InDoubt)) {
            self.settle();
        }
        outcome
    }

    fn settle(&mut self) {
        let mut coming = coming();
        for (path, _) in self.paths.drain(..) {
            coming.remove(&path);
        }
    }
}

impl Drop for Arrived {
    fn drop(&mut self) {
        for (path, _) in &self.paths {
            if let Err(e) = std::fs::remove_file(path) {
                log::warn!("{} is left over: {e}", path.display());
            }
        }
        self.settle();
    }
}

/// Puts the files of a form that belong to file fields into their places; a name that an upload got is found in `Upload::kept`.
/// What is empty or no image where one must be stays where it is: the field's check says so.
///
/// # Errors
/// The files cannot be written.
pub fn receive(call: &Call, fields: &[Field]) -> Result<Arrived> {
    let mut arrived = Arrived::default();
    let Content::Form(parts) = &call.content else { return Ok(arrived) };
    for field in fields.iter().filter(|field| !field.fixed) {
        let Kind::File(must_be_image) = field.kind else { continue };
        let Some((_, Part::File(upload))) = parts.iter().rev().find(|part| part.0 == field.name) else { continue };
        if upload.bytes.is_empty() {
            continue;
        }
        let small = small(upload);
        if must_be_image && small.is_none() {
            continue;
        }
        let folder = field.folder_of(&call.content);
        let name = keep(&call.site.folder.join("media"), &folder, upload, small, &mut arrived)?;
        let _ = upload.kept.set(name);
    }
    Ok(arrived)
}

/// A new file that the server itself fills, below the media folder; it is removed again unless it is told to stay. Gives its name too.
///
/// # Errors
/// It cannot be made.
pub fn new_file(media: &Path, below: &str, stem: &str, extension: &str) -> Result<(Arrived, File, String)> {
    let place = media.join(below);
    durable::folder(&place).map_err(lost)?;
    let mut tail = String::new();
    loop {
        let name = format!("{stem}{tail}{extension}");
        match File::options().write(true).create_new(true).mode(0o600).open(place.join(&name)) {
            Ok(file) => {
                let whole = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
                let mut arrived = Arrived::default();
                arrived.add(place.join(&name), media);
                return Ok((arrived, file, whole));
            }
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => tail = format!("_{}", crate::identity::password::random_text(7)),
            Err(e) => return Err(lost(e)),
        }
    }
}

/// Puts a file under the name that rows have for it already, or, where another file has that name, under one like it. Gives the name.
///
/// # Errors
/// The name leads out of the folder, or the file cannot be written.
pub fn take_in(media: &Path, name: &str, bytes: &mut dyn Read, arrived: &mut Arrived) -> Result<String> {
    if name.split('/').any(|segment| segment.is_empty() || segment.starts_with('.') || segment.contains('\0')) {
        return invalid(WHOLE, format!("{name:?} is no name for a file."));
    }
    let (below, file) = name.rsplit_once('/').unwrap_or(("", name));
    let (stem, extension) = match file.rsplit_once('.') {
        Some((stem, extension)) => (stem, format!(".{extension}")),
        None => (file, String::new()),
    };
    let (kept, mut file, name) = new_file(media, below, stem, &extension)?;
    arrived.take(kept);
    std::io::copy(bytes, &mut file).map_err(lost)?;
    Ok(name)
}

/// What an error of the file system means to whoever asked.
pub fn lost(error: std::io::Error) -> Error {
    match error.raw_os_error() {
        // No room, no room for this user, no room in a file.
        Some(28 | 122 | 27) => Error::Full,
        _ => Error::Unavailable("The file could not be stored; nothing was changed."),
    }
}

/// An image in small.
struct Small {
    /// In the sizes of `SMALL`.
    images: Vec<RgbaImage>,
    /// What a name of such an image ends in.
    extension: &'static str,
}

/// An image in small; none if it is no image that can be read.
fn small(upload: &Upload) -> Option<Small> {
    let mut reader = ImageReader::new(std::io::Cursor::new(upload.bytes.as_slice())).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_PIXELS);
    limits.max_image_height = Some(MOST_PIXELS);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let extension = reader.format()?.extensions_str().first()?;
    let image = reader.decode().ok()?.into_rgba8();
    let images = SMALL.iter().map(|(_, size)| within(&image, *size)).collect();
    Some(Small { images, extension })
}

/// The image in so many pixels at most each way, in its own proportions.
fn within(image: &RgbaImage, most: u32) -> RgbaImage {
    let longer = image.width().max(image.height()).max(1);
    let size = |pixels: u32| (pixels * most.min(longer)).div_ceil(longer).max(1);
    imageops::thumbnail(image, size(image.width()), size(image.height()))
}

/// The bytes of a small image: JPEG under such a name, else PNG, whatever the name says; a file is given out as what it is.
fn encode(image: &RgbaImage, name: &str) -> ImageResult<Vec<u8>> {
    let mut bytes = Vec::new();
    let (width, height) = image.dimensions();
    if matches!(type_of(name), Some(JPEG)) {
        // It knows no transparency.
        let opaque: Vec<u8> = image.pixels().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        JpegEncoder::new(&mut bytes).write_image(&opaque, width, height, ExtendedColorType::Rgb8)?;
    } else {
        PngEncoder::new(&mut bytes).write_image(image.as_raw(), width, height, ExtendedColorType::Rgba8)?;
    }
    Ok(bytes)
}

/// The name of an image in small: `part_images/x.png` becomes `part_images/x.thumbnail.png`.
pub fn small_name(name: &str, size: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !extension.contains('/') => format!("{stem}.{size}.{extension}"),
        _ => format!("{name}.{size}"),
    }
}

/// The name of the image that this is a small one of; others stay what they are.
pub fn whole_name(name: &str) -> String {
    for (size, _) in SMALL {
        if let Some((stem, extension)) = name.rsplit_once('.')
            && let Some(stem) = stem.strip_suffix(&format!(".{size}"))
        {
            return format!("{stem}.{extension}");
        }
    }
    name.to_string()
}

fn keep(media: &Path, folder: &str, upload: &Upload, small: Option<Small>, arrived: &mut Arrived) -> Result<String> {
    let (stem, mut extension) = clean(&upload.name, folder.len());
    if let (true, Some(small)) = (extension.is_empty(), &small) {
        extension = format!(".{}", small.extension);
    }
    let (kept, mut file, name) = new_file(media, folder, &stem, &extension)?;
    arrived.take(kept);
    file.write_all(&upload.bytes).and_then(|()| file.sync_all()).map_err(lost)?;
    for ((size, _), image) in SMALL.iter().zip(small.iter().flat_map(|small| &small.images)) {
        let path = media.join(small_name(&name, size));
        let bytes = match encode(image, &name) {
            Ok(bytes) => bytes,
            Err(e) => {
                log::warn!("{}: {e}", path.display());
                continue;
            }
        };
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&path).map_err(lost)?;
        arrived.add(path, media);
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(lost)?;
    }
    // The entries of files and folders must be durable too.
    durable::entries(&media.join(&name), media).map_err(lost)?;
    Ok(name)
}

/// A name that is safe in every file system: letters, digits, points, hyphens and underscores; its stem and its extension.
pub fn clean(name: &str, folder: usize) -> (String, String) {
    let safe: String = name
        .trim()
        .chars()
        .map(|c| if c == ' ' { '_' } else { c })
        .filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
        .collect::<String>()
        .trim_start_matches('.')
        .to_string();
    let (stem, extension) = match safe.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem.to_string(), format!(".{extension}")),
        _ => (safe, String::new()),
    };
    let extension: String = extension.chars().take(12).collect();
    // Room for what makes a name its own, and for the mark of small images.
    let room = LONGEST.saturating_sub(folder + extension.len() + 24).max(8);
    let stem: String = stem
        .chars()
        .scan(0, |bytes, c| {
            *bytes += c.len_utf8();
            (*bytes <= room).then_some(c)
        })
        .collect();
    (if stem.is_empty() { "file".into() } else { stem }, extension)
}

/// The path of a stored name; none if it would lead out of the media folder or to something that is no file.
pub fn path_of(media: &Path, name: &str) -> Option<PathBuf> {
    if name.split('/').any(|segment| segment.is_empty() || segment == "." || segment == ".." || segment.contains('\0')) {
        return None;
    }
    let path = media.join(name);
    let real = path.canonicalize().ok()?;
    (real.starts_with(media) && real.is_file()).then_some(real)
}

/// Bytes of a stored file.
pub fn size(folder: &Path, name: &str) -> Option<u64> {
    std::fs::metadata(path_of(&folder.join("media"), name)?).ok().map(|m| m.len())
}

/// Are there small images of it? So it is an image.
pub fn has_small(folder: &Path, name: &str) -> bool {
    path_of(&folder.join("media"), &small_name(name, SMALL[0].0)).is_some()
}

/// The name by which a file would be stored in a folder.
pub fn clean_name(name: &str, folder: &str) -> String {
    let (stem, extension) = clean(name, folder.len());
    stem + &extension
}

/// Gives a stored file, and its small images, a second name beside the first; durable when this returns.
///
/// # Errors
/// 400 if a file of that name is there already, or it cannot be made.
pub fn link(folder: &Path, from: &str, to: &str) -> Result<()> {
    let media = folder.join("media");
    if std::fs::hard_link(media.join(from), media.join(to)).is_err() {
        return invalid(WHOLE, "A file of this name is there already, or it cannot be made.");
    }
    for (size, _) in SMALL {
        // Not every file has small images.
        let _ = std::fs::hard_link(media.join(small_name(from, size)), media.join(small_name(to, size)));
    }
    durable::entries(&media.join(to), &media).map_err(lost)
}

/// Removes a stored file and its small images; what is gone already is no error.
pub fn remove(folder: &Path, name: &str) {
    let media = folder.join("media");
    for name in std::iter::once(name.to_string()).chain(SMALL.iter().map(|(size, _)| small_name(name, size))) {
        if let Some(path) = path_of(&media, &name)
            && let Err(e) = std::fs::remove_file(&path)
        {
            log::warn!("{} is left over: {e}", path.display());
        }
    }
}

/// Is a row for this file still to come?
pub fn is_coming(folder: &Path, name: &str) -> bool {
    coming().contains(&folder.join("media").join(name))
}

/// The names of all files, with the moment of their last change.
pub fn all(folder: &Path) -> Vec<(String, std::time::SystemTime)> {
    let media = folder.join("media");
    let (mut open, mut found) = (vec![media.clone()], Vec::new());
    while let Some(place) = open.pop() {
        for entry in std::fs::read_dir(&place).into_iter().flatten().flatten() {
            let Ok(facts) = entry.metadata() else { continue };
            if facts.is_dir() {
                open.push(entry.path());
            } else if let (Ok(name), Ok(changed)) = (entry.path().strip_prefix(&media), facts.modified()) {
                found.push((name.to_string_lossy().into_owned(), changed));
            }
        }
    }
    found
}

/// Media types that a browser may show by itself; everything else is given out as a download.
const SHOWN: &[(&str, &str)] = &[
    ("png", PNG),
    ("jpg", JPEG),
    ("jpeg", JPEG),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("bmp", "image/bmp"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
];

const JPEG: &str = "image/jpeg";
const PNG: &str = "image/png";

/// The media type that a name's extension says, if it is one to show.
fn type_of(name: &str) -> Option<&'static str> {
    let extension = name.rsplit_once('.')?.1;
    SHOWN.iter().find(|(known, _)| known.eq_ignore_ascii_case(extension)).map(|(_, kind)| *kind)
}

/// Is it a PNG image (ISO/IEC 15948 §5.2)? Reads from the beginning, and goes back there.
fn is_png(file: &mut File) -> bool {
    let mut head = [0; 8];
    let png = file.read_exact(&mut head).is_ok() && head == *b"\x89PNG\r\n\x1a\n";
    file.rewind().is_ok() && png
}

/// Gives out a stored file, or the part of it that `Range` asks for.
///
/// # Errors
/// 404 if there is none, 416 for a range outside of it.
pub fn give(folder: &Path, name: &str, range: Option<&str>, known: Option<&str>) -> Result<Reply> {
    let gone = || Error::NotFound("There is no such file.".into());
    let path = path_of(&folder.join("media"), name).ok_or_else(gone)?;
    let mut file = File::open(&path).map_err(|_| gone())?;
    let facts = file.metadata().map_err(|_| gone())?;
    let length = facts.len();
    let changed = facts.modified().unwrap_or(std::time::UNIX_EPOCH);
    let since = changed.duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_millis());
    let mark = format!("\"{since:x}-{length:x}\"");
    let shown = type_of(name).map(|kind| if kind.starts_with("image/") && is_png(&mut file) { PNG } else { kind });
    let dress = |reply: Reply| {
        let reply = reply
            .with("ETag", mark.clone())
            .with("Last-Modified", httpdate::fmt_http_date(changed))
            .with("Cache-Control", "private, max-age=60")
            .with("Accept-Ranges", "bytes")
            .with("Content-Security-Policy", "default-src 'none'; sandbox");
        if shown.is_some() { reply } else { reply.with("Content-Disposition", "attachment") }
    };
    if known.is_some_and(|known| known.split(',').any(|k| k.trim().trim_start_matches("W/") == mark)) {
        return Ok(dress(Reply::empty(304)));
    }
    let kind = shown.unwrap_or("application/octet-stream");
    match range.and_then(|range| part_of(range, length)) {
        None => Ok(dress(Reply::stream(200, kind, file, length))),
        Some(None) => Ok(Reply::empty(416).with("Content-Range", format!("bytes */{length}"))),
        Some(Some((first, last))) => {
            file.seek(SeekFrom::Start(first)).map_err(|_| gone())?;
            let reply = Reply::stream(206, kind, file, last - first + 1);
            Ok(dress(reply.with("Content-Range", format!("bytes {first}-{last}/{length}"))))
        }
    }
}

/// The first and the last byte of a range (RFC 9110 §14); outer none for what is no single range and is ignored, inner none for one outside.
fn part_of(range: &str, length: u64) -> Option<Option<(u64, u64)>> {
    let (first, last) = range.trim().strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = (first.trim(), last.trim());
    if first.is_empty() {
        let many: u64 = last.parse().ok()?;
        return Some((many > 0 && length > 0).then(|| (length.saturating_sub(many), length.saturating_sub(1))));
    }
    let first: u64 = first.parse().ok()?;
    let last = if last.is_empty() { u64::MAX } else { last.parse().ok()? };
    if last < first {
        return None;
    }
    Some((first < length).then(|| (first, last.min(length.saturating_sub(1)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        assert_eq!(part_of("bytes=0-4", 10), Some(Some((0, 4))));
        assert_eq!(part_of("bytes=5-", 10), Some(Some((5, 9))));
        assert_eq!(part_of("bytes=-3", 10), Some(Some((7, 9))));
        assert_eq!(part_of("bytes=-30", 10), Some(Some((0, 9))));
        assert_eq!(part_of("bytes=10-", 10), Some(None));
        assert_eq!(part_of("bytes=4-2", 10), None);
        assert_eq!(part_of("bytes=0-1,3-4", 10), None);
        assert_eq!(part_of("lines=0-1", 10), None);
    }

    #[test]
    fn names_are_made_safe() {
        assert_eq!(clean("wa dot.png", 10), ("wa_dot".into(), ".png".into()));
        assert_eq!(clean("../../etc/passwd", 10), ("etcpasswd".into(), String::new()));
        assert_eq!(clean(".htaccess", 10), ("htaccess".into(), String::new()));
        assert_eq!(clean("<>", 10), ("file".into(), String::new()));
        assert!(clean(&"ü".repeat(200), 10).0.len() <= LONGEST);
    }

    #[test]
    fn no_name_leads_out() {
        let media = tempfile::tempdir().unwrap();
        std::fs::write(media.path().join("a"), "x").unwrap();
        let inside = media.path().canonicalize().unwrap();
        assert!(path_of(&inside, "a").is_some());
        for name in ["../a", "/etc/passwd", "", ".", "a/..", "a//b"] {
            assert!(path_of(&inside, name).is_none(), "{name}");
        }
    }
}
