//! What must outlive a power cut: folders and entries in them. A file's own bytes are its writer's business (`File::sync_all`).

use std::fs::{DirBuilder, File};
use std::io::Result;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Brings the entry of a file or folder in its folder to the disk.
///
/// # Errors
/// The disk does not take it.
pub fn entry(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Brings the entry of a file to the disk, and those of the folders that lead to it from `top` on.
///
/// # Errors
/// The disk does not take them.
pub fn entries(path: &Path, top: &Path) -> Result<()> {
    // Also where they were there before: whoever made them may not have come to this yet.
    path.ancestors().skip(1).take_while(|folder| folder.starts_with(top)).try_for_each(|folder| File::open(folder)?.sync_all())
}

/// Makes a folder that nobody else on this machine may look into, and what leads to it; what is made is durable.
///
/// # Errors
/// It cannot be made.
pub fn folder(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        folder(above)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        // Another process was faster.
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && path.is_dir() => {}
        made => made?,
    }
    entry(path)
}
