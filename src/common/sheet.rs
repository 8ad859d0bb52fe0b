//! The least XLSX file (ECMA-376) that spreadsheets open: one sheet of texts and numbers, in a ZIP archive without compression. The sheet
//! lies on disk while it grows, so that its size costs no memory.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

/// A sheet that grows row by row.
pub struct Sheet {
    file: BufWriter<File>,
    crc: crc32fast::Hasher,
    length: u64,
}

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

impl Sheet {
    /// An empty sheet.
    ///
    /// # Errors
    /// There is no room for it.
    pub fn new() -> io::Result<Sheet> {
        let mut sheet = Sheet { file: BufWriter::new(tempfile::tempfile()?), crc: crc32fast::Hasher::new(), length: 0 };
        sheet.put(&format!("{HEAD}<worksheet xmlns=\"{MAIN}\"><sheetData>"))?;
        Ok(sheet)
    }

    fn put(&mut self, text: &str) -> io::Result<()> {
        self.crc.update(text.as_bytes());
        self.length += text.len() as u64;
        self.file.write_all(text.as_bytes())
    }

    /// One more row; what reads like a number becomes one.
    ///
    /// # Errors
    /// There is no room for it.
    pub fn row(&mut self, cells: &[String]) -> io::Result<()> {
        let mut row = String::from("<row>");
        for cell in cells {
            // Long runs of digits are names, not amounts: fifteen is what a spreadsheet's numbers hold.
            let number = !cell.starts_with('0') || cell.len() == 1 || cell.starts_with("0.");
            if number
                && cell.len() <= 15
                && cell.parse::<f64>().is_ok_and(f64::is_finite)
                && cell.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-')
            {
                row.push_str(&format!("<c><v>{cell}</v></c>"));
            } else {
                row.push_str("<c t=\"inlineStr\"><is><t xml:space=\"preserve\">");
                escape(cell, &mut row);
                row.push_str("</t></is></c>");
            }
        }
        row.push_str("</row>");
        self.put(&row)
    }

    /// Writes the whole file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(mut self, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
        self.put("</sheetData></worksheet>")?;
        let mut sheet = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        sheet.seek(SeekFrom::Start(0))?;
        let kinds = "http://schemas.openxmlformats.org/package/2006/content-types";
        let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml";
        let mut zip = Zip { out, at: 0, directory: Vec::new(), entries: 0 };
        zip.text(
            "[Content_Types].xml",
            &format!(
                "{HEAD}<Types xmlns=\"{kinds}\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
                 <Override PartName=\"/xl/workbook.xml\" ContentType=\"{kind}.sheet.main+xml\"/>\
                 <Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"{kind}.worksheet+xml\"/></Types>"
            ),
        )?;
        let relation = |target: &str, kind: &str| {
            format!(
                "{HEAD}<Relationships xmlns=\"{RELATIONS}\"><Relationship Id=\"rId1\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/></Relationships>"
            )
        };
        zip.text("_rels/.rels", &relation("xl/workbook.xml", "officeDocument"))?;
        zip.text(
            "xl/workbook.xml",
            &format!("{HEAD}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets><sheet name=\"Data\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"),
        )?;
        zip.text("xl/_rels/workbook.xml.rels", &relation("worksheets/sheet1.xml", "worksheet"))?;
        zip.entry("xl/worksheets/sheet1.xml", self.crc.finalize(), self.length, &mut sheet)?;
        zip.finish()
    }
}

/// Text inside XML; characters that XML cannot hold are left out.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' | '\r' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
}

/// A ZIP archive (APPNOTE 6.3) whose entries are stored as they are.
struct Zip<'a, W: Write + ?Sized> {
    out: &'a mut W,
    at: u64,
    directory: Vec<u8>,
    entries: u16,
}

impl<W: Write + ?Sized> Zip<'_, W> {
    fn text(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.entry(name, crc32fast::hash(text.as_bytes()), text.len() as u64, &mut text.as_bytes())
    }

    fn entry(&mut self, name: &str, crc: u32, length: u64, source: &mut impl Read) -> io::Result<()> {
        let too_large = || io::Error::other("more than 4 GB");
        let (length, at) = (u32::try_from(length).map_err(|_| too_large())?, u32::try_from(self.at).map_err(|_| too_large())?);
        let named = u16::try_from(name.len()).map_err(io::Error::other)?;
        // Version, flags, method, time, date (1980-01-01), CRC, sizes, length of the name, no extra field.
        let mut facts = Vec::new();
        for word in [20u16, 0x0800, 0, 0, 0x21] {
            facts.extend(word.to_le_bytes());
        }
        for number in [crc, length, length] {
            facts.extend(number.to_le_bytes());
        }
        facts.extend(named.to_le_bytes());
        facts.extend(0u16.to_le_bytes());
        let head = [b"PK\x03\x04".as_slice(), &facts, name.as_bytes()].concat();
        self.out.write_all(&head)?;
        let copied = io::copy(source, self.out)?;
        self.at += head.len() as u64 + copied;
        // The same in the directory, with who made it, no comment, no attributes, and where it begins.
        self.directory
            .extend([b"PK\x01\x02".as_slice(), &20u16.to_le_bytes(), &facts, &[0; 10], &at.to_le_bytes(), name.as_bytes()].concat());
        self.entries += 1;
        Ok(())
    }

    fn finish(self) -> io::Result<()> {
        let size = u32::try_from(self.directory.len()).map_err(io::Error::other)?;
        let at = u32::try_from(self.at).map_err(io::Error::other)?;
        self.out.write_all(&self.directory)?;
        let count = self.entries.to_le_bytes();
        self.out.write_all(&[b"PK\x05\x06".as_slice(), &[0; 4], &count, &count, &size.to_le_bytes(), &at.to_le_bytes(), &[0; 2]].concat())
    }
}
