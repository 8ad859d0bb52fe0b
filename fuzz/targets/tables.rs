//! Tables for spreadsheets: read line by line, or refused; with `dry` nothing stays.
#![no_main]
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, OnceLock};
use stockroom::records::table::{Reading, load};
use stockroom::site::Site;

fn site() -> &'static (tempfile::TempDir, Arc<Site>) {
    static SITE: OnceLock<(tempfile::TempDir, Arc<Site>)> = OnceLock::new();
    SITE.get_or_init(|| {
        let folder = tempfile::tempdir_in(if std::path::Path::new("/dev/shm").is_dir() { "/dev/shm" } else { "/tmp" }).expect("a folder");
        let site = Site::open(folder.path()).expect("a site");
        (folder, Arc::new(site))
    })
}

fuzz_target!(|data: &[u8]| {
    let (folder, site) = site();
    let path = folder.path().join("table.csv");
    std::fs::write(&path, data).expect("a file");
    for keep_going in [false, true] {
        if let Ok(outcome) = load(site, &path, &Reading { keep_going, dry: true, ..Reading::default() }) {
            assert!(!outcome.kept);
            assert!(outcome.wrong.iter().all(|(_, why)| !why.contains("panic")), "{:?}", outcome.wrong);
        }
    }
});
