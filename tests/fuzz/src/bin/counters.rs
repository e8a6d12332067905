#![no_main]

use gss_ntlmdc::base::counters::{Snapshot, Total};
use libfuzzer_sys::fuzz_target;

/// The words of a file of this version.
const WORDS: usize = 8576;
/// What stands before the time at which a file was made.
const HEADER: [u64; 2] = [0x0172_7463_6d6c_746e, WORDS as u64];

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    // Inputs are shorter than a file: this one has the input in it again and again. It is copied as
    // a whole, as libFuzzer would trace the comparisons of a loop over each byte.
    let mut whole = HEADER.map(u64::to_le_bytes).concat();
    whole.extend(bytes.repeat(WORDS * 8 / bytes.len().max(1) + 1));
    whole.resize(WORDS * 8, 0);
    assert!(check(&whole));
});

fn check(bytes: &[u8]) -> bool {
    let Ok(counted) = Snapshot::decode(bytes) else {
        return false;
    };
    let most = counted.refusals().map(|(_, count)| count).max();
    assert!(counted.refused() >= most.unwrap_or_default());
    assert!(counted.accepted() >= counted.total(Total::AcceptedByUsers));
    if let (Some(half), Some(most)) = (counted.percentile(50), counted.percentile(99)) {
        assert!(half <= most);
    }
    for entry in counted.entries() {
        assert!(entry.process != 0 && entry.outage != Some(0));
    }
    true
}
