#![no_main]

use gss_ntlmdc::protocol::nbns::{MAX_REPLY, NameQuery, NameReply};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|reply: &[u8]| {
    let query = NameQuery::new(0x1234, *b"EXAMPLE        ");
    let Ok(read) = query.reply(reply) else {
        return;
    };
    assert!(reply.len() <= MAX_REPLY);
    assert_eq!(reply.get(..2), Some(&[0x12, 0x34][..]));
    if let NameReply::Addresses(addresses) = read {
        // An entry has 6 bytes: what is said bounds what is made of it.
        assert!(addresses.len() * 6 <= reply.len());
    }
});
