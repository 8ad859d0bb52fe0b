//! Barcodes: `/api/barcode/…`. What a scan means, which text stands for a thing of ours, and what was scanned.

pub mod code;
pub mod history;
pub mod link;
pub mod order;
pub mod scan;
