//! Texts that lie packed in the binary; build.rs packs them.

use std::io::Read;

use flate2::read::GzDecoder;

use crate::error::{Error, Result};

/// An asset as it lies in the binary, packed by gzip.
macro_rules! packed {
    ($name:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz"))
    };
}
pub(crate) use packed;

/// The text of an asset.
///
/// # Errors
/// The binary is damaged.
pub fn unpack(bytes: &[u8]) -> Result<String> {
    let mut text = String::new();
    GzDecoder::new(bytes).read_to_string(&mut text).map_err(|e| Error::Internal(format!("an asset cannot be unpacked: {e}")))?;
    Ok(text)
}
