//! Packs the large texts among the assets: the binary carries 110 KB of them instead of a megabyte.

use std::io::Write;
use std::path::Path;

const PACKED: [&str; 12] = [
    "openapi.json",
    "settings.json",
    "licenses.json",
    "icons.json",
    "common-passwords.txt",
    "home.html",
    "api-doc.html",
    "page.css",
    "home.js",
    "passkey.js",
    "api-doc.js",
    "browse.js",
];

fn main() -> std::io::Result<()> {
    let out = std::env::var_os("OUT_DIR").ok_or_else(|| std::io::Error::other("cargo sets OUT_DIR"))?;
    for name in PACKED {
        let source = Path::new("assets").join(name);
        println!("cargo::rerun-if-changed={}", source.display());
        let file = std::fs::File::create(Path::new(&out).join(format!("{name}.gz")))?;
        let mut packer = flate2::GzBuilder::new().write(file, flate2::Compression::best());
        packer.write_all(&std::fs::read(source)?)?;
        packer.finish()?.sync_all()?;
    }
    Ok(())
}
