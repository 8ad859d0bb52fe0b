//! Quantities and units: a number or a refusal, and never one that is none.
#![no_main]
use libfuzzer_sys::fuzz_target;
use stockroom::common::unit::number_in;

thread_local! {
    static SHOP: rusqlite::Connection = {
        let conn = rusqlite::Connection::open_in_memory().expect("a database");
        conn.execute_batch(stockroom::db::SCHEMA).expect("tables");
        conn
    };
}

fuzz_target!(|data: &[u8]| {
    // A quantity, and in the second line the unit in which it is wanted.
    let text = String::from_utf8_lossy(data);
    let (text, unit) = text.split_once('\n').unwrap_or((&text, ""));
    SHOP.with(|conn| {
        if let Ok(number) = number_in(conn, text, unit).expect("the database answers") {
            assert!(number.is_finite(), "{text:?} in {unit:?}");
            let _ = number.millionths();
        }
    });
});
