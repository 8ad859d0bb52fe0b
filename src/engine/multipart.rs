//! `multipart/form-data` (RFC 7578), from a body that is whole in memory.

use std::sync::{Arc, OnceLock};

use super::input::{Part, Upload};
use crate::error::{Error, Result};

/// Entries of one form.
const MAX_PARTS: usize = 200;

/// Splits a body into its entries.
///
/// # Errors
/// 400 if the boundary is missing or an entry is broken.
pub fn parse(kind: &str, body: &[u8]) -> Result<Vec<(String, Part)>> {
    let broken = || Error::Malformed("The multipart body is broken.".into());
    let boundary = parameter(kind, "boundary").filter(|b| !b.is_empty() && b.len() <= 200).ok_or_else(broken)?;
    let marker = format!("--{boundary}").into_bytes();
    let mut rest = body.get(find(body, &marker).ok_or_else(broken)? + marker.len()..).unwrap_or_default();
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        if parts.len() == MAX_PARTS {
            return Err(Error::Malformed(format!("A form may have {MAX_PARTS} entries.")));
        }
        rest = rest.strip_prefix(b"\r\n").ok_or_else(broken)?;
        let head_end = find(rest, b"\r\n\r\n").ok_or_else(broken)?;
        let head = std::str::from_utf8(rest.get(..head_end).unwrap_or_default()).map_err(|_| broken())?;
        let after = rest.get(head_end + 4..).unwrap_or_default();
        let closing: Vec<u8> = [b"\r\n".as_slice(), &marker].concat();
        let end = find(after, &closing).ok_or_else(broken)?;
        parts.push(part(head, after.get(..end).unwrap_or_default()).ok_or_else(broken)?);
        rest = after.get(end + closing.len()..).unwrap_or_default();
    }
    Ok(parts)
}

fn part(head: &str, data: &[u8]) -> Option<(String, Part)> {
    let disposition = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value.trim())
    })?;
    let name = parameter(disposition, "name")?;
    Some(match parameter(disposition, "filename") {
        Some(file) => {
            // Some browsers send a whole path.
            let file = file.rsplit(['/', '\\']).next().unwrap_or_default().to_string();
            (name, Part::File(Upload { name: file, bytes: Arc::new(data.to_vec()), kept: OnceLock::new() }))
        }
        None => (name, Part::Text(String::from_utf8(data.to_vec()).ok()?)),
    })
}

/// A parameter of a header value, quoted or not.
fn parameter(value: &str, name: &str) -> Option<String> {
    let mut rest = value;
    while let Some(at) = rest.find(';') {
        rest = rest.get(at + 1..)?.trim_start();
        let Some((key, after)) = rest.split_once('=') else { continue };
        let (text, remaining) = match after.strip_prefix('"') {
            Some(quoted) => {
                let mut text = String::new();
                let mut chars = quoted.char_indices();
                let mut end = quoted.len();
                while let Some((i, c)) = chars.next() {
                    match c {
                        '"' => {
                            end = i + 1;
                            break;
                        }
                        '\\' if quoted.get(i + 1..).is_some_and(|r| r.starts_with(['"', '\\'])) => text.extend(chars.next().map(|n| n.1)),
                        c => text.push(c),
                    }
                }
                (text, quoted.get(end..).unwrap_or_default())
            }
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (after.get(..end).unwrap_or_default().trim().to_string(), after.get(end..).unwrap_or_default())
            }
        };
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(text);
        }
        rest = remaining;
    }
    None
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|w| w == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_with_a_file() {
        let body = b"--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"C:\\\\x\\\\y.txt\"\r\nContent-Type: text/plain\r\n\r\nhi\r\nyou\r\n--B--\r\n";
        let parts = parse("multipart/form-data; boundary=B", body).unwrap();
        assert!(matches!(&parts[0], (n, Part::Text(t)) if n == "a" && t == "1"));
        assert!(matches!(&parts[1], (n, Part::File(f)) if n == "f" && f.name == "y.txt" && f.bytes.as_slice() == b"hi\r\nyou"));
    }

    #[test]
    fn broken_forms_are_refused() {
        for body in
            [&b""[..], b"--B", b"--B\r\n", b"--B\r\nX: y\r\n\r\ndata\r\n--B--", b"--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1"]
        {
            assert!(parse("multipart/form-data; boundary=B", body).is_err());
        }
        assert!(parse("multipart/form-data", b"--B--").is_err());
    }
}
