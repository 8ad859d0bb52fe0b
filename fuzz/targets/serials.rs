//! Serial numbers as people write them: as many as were asked for, each once, or a refusal.
#![no_main]
use libfuzzer_sys::fuzz_target;
use stockroom::part::serial;

fuzz_target!(|data: &[u8]| {
    // How many are wanted, what was written, and in the second line the latest one.
    let Some((&wanted, rest)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    let (text, latest) = text.split_once('\n').map_or((&*text, None), |(text, latest)| (text, Some(latest)));
    if let Ok(serials) = serial::parse(text, wanted.into(), latest) {
        assert_eq!(serials.len(), usize::from(wanted));
        let mut once = serials.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), serials.len());
        assert!(serials.iter().all(|s| !s.is_empty()));
    }
    assert!(serial::number_in(&serial::increment(text)) >= 0);
    let _ = serial::next(latest);
});
