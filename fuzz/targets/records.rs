//! Records: a file is taken in as a whole or leaves everything as it was.
#![no_main]
use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;
use stockroom::records::load::load;
use stockroom::site::Site;

fn site() -> &'static (tempfile::TempDir, Site) {
    static SITE: OnceLock<(tempfile::TempDir, Site)> = OnceLock::new();
    SITE.get_or_init(|| {
        let folder = tempfile::tempdir_in(if std::path::Path::new("/dev/shm").is_dir() { "/dev/shm" } else { "/tmp" }).expect("a folder");
        let site = Site::open(folder.path()).expect("a site");
        (folder, site)
    })
}

fuzz_target!(|data: &[u8]| {
    let (folder, site) = site();
    let path = folder.path().join("records.json");
    std::fs::write(&path, data).expect("a file");
    let _ = load(site, &path, None, true, &mut |_| {});
});
