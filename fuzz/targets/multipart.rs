//! Forms: whatever a body is, it is taken apart or refused, and nothing is in it that was not sent.
#![no_main]
use libfuzzer_sys::fuzz_target;
use stockroom::engine::input::{Part, content};
use stockroom::engine::multipart::parse;

fuzz_target!(|data: &[u8]| {
    // The first line is the media type.
    let at = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    let (kind, body) = data.split_at(at);
    let (kind, body) = (String::from_utf8_lossy(kind), body.get(1..).unwrap_or_default());
    for kind in [&*kind, "multipart/form-data; boundary=x"] {
        if let Ok(parts) = parse(kind, body) {
            let held: usize = parts.iter().map(|(_, part)| if let Part::File(file) = part { file.bytes.len() } else { 0 }).sum();
            assert!(held <= body.len());
        }
    }
    let _ = content(Some(&kind), body.to_vec());
});
