//! JSON straight to bytes: no tree in between.

use std::io::Write;

/// A growing JSON text. Commas are its business: call `key` or `item` before each value.
#[derive(Default)]
pub struct Json {
    out: Vec<u8>,
}

impl Json {
    /// An empty text.
    pub fn new() -> Json {
        Json { out: Vec::with_capacity(256) }
    }

    /// The bytes so far.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// How many bytes so far.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Nothing written yet?
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// The bytes written since `from`.
    pub fn since(&self, from: usize) -> &[u8] {
        self.out.get(from..).unwrap_or_default()
    }

    /// `{` or `[`.
    pub fn open(&mut self, bracket: char) {
        self.out.push(if bracket == '{' { b'{' } else { b'[' });
    }

    /// `}` or `]`.
    pub fn close(&mut self, bracket: char) {
        self.out.push(if bracket == '}' { b'}' } else { b']' });
    }

    /// A comma, unless this is the first element.
    pub fn item(&mut self) {
        if !matches!(self.out.last(), None | Some(b'{' | b'[' | b':' | b',')) {
            self.out.push(b',');
        }
    }

    /// `"name":`, with a comma before it where one belongs.
    pub fn key(&mut self, name: &str) {
        self.item();
        self.text(name);
        self.out.push(b':');
    }

    /// `"name":` for a name that needs no escaping.
    pub fn plain_key(&mut self, name: &str) {
        self.item();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// A string.
    pub fn text(&mut self, text: &str) {
        self.out.push(b'"');
        let bytes = text.as_bytes();
        let mut start = 0;
        for (i, byte) in bytes.iter().enumerate() {
            let escape: &[u8] = match byte {
                b'"' => b"\\\"",
                b'\\' => b"\\\\",
                b'\n' => b"\\n",
                b'\r' => b"\\r",
                b'\t' => b"\\t",
                0..=0x1f => b"",
                _ => continue,
            };
            self.out.extend_from_slice(bytes.get(start..i).unwrap_or_default());
            if escape.is_empty() {
                // Writing to a vector cannot fail.
                let _ = write!(self.out, "\\u{byte:04x}");
            } else {
                self.out.extend_from_slice(escape);
            }
            start = i + 1;
        }
        self.out.extend_from_slice(bytes.get(start..).unwrap_or_default());
        self.out.push(b'"');
    }

    /// An integer.
    pub fn int(&mut self, value: i64) {
        let _ = write!(self.out, "{value}");
    }

    /// A floating point number; what JSON cannot say (NaN, infinity) becomes null.
    pub fn float(&mut self, value: f64) {
        if serde_json::to_writer(&mut self.out, &value).is_err() {
            self.null();
        }
    }

    /// `true` or `false`.
    pub fn bool(&mut self, value: bool) {
        self.raw(if value { b"true" } else { b"false" });
    }

    /// `null`.
    pub fn null(&mut self) {
        self.raw(b"null");
    }

    /// Bytes that are JSON already.
    pub fn raw(&mut self, json: &[u8]) {
        self.out.extend_from_slice(json);
    }

    /// Any value that serde knows.
    pub fn value(&mut self, value: &impl serde::Serialize) {
        if serde_json::to_writer(&mut self.out, value).is_err() {
            self.null();
        }
    }

    /// A quantity or an amount in millionths, as the number the contract shows: at least one digit after the point.
    pub fn millionths(&mut self, value: i64) {
        let (whole, part) = (value / 1_000_000, (value % 1_000_000).unsigned_abs());
        if value < 0 && whole == 0 {
            self.out.push(b'-');
        }
        let _ = write!(self.out, "{whole}.");
        let mut digits = format!("{part:06}");
        while digits.len() > 1 && digits.ends_with('0') {
            digits.pop();
        }
        self.raw(digits.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn numbers_read_like_the_contract() {
        let shown = |v| {
            let mut out = Json::new();
            out.millionths(v);
            String::from_utf8(out.into_bytes()).unwrap()
        };
        assert_eq!(shown(5_000_000), "5.0");
        assert_eq!(shown(-500_000), "-0.5");
        assert_eq!(shown(1_000_001), "1.000001");
        assert_eq!(shown(0), "0.0");
    }

    #[test]
    fn strings_are_escaped() {
        let mut out = Json::new();
        out.text("a\"b\\c\u{1}\nü");
        assert_eq!(out.into_bytes(), "\"a\\\"b\\\\c\\u0001\\nü\"".as_bytes());
    }
}
