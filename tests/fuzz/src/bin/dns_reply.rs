#![no_main]

use gss_ntlmdc::protocol::dns::{Kind, Question, Reply};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|reply: &[u8]| {
    for (name, kind) in [
        ("_ldap._tcp.dc._msdcs.example.test", Kind::Service),
        ("dc1.example.test", Kind::V4),
        ("dc1.example.test", Kind::V6),
    ] {
        let question = Question::new(0x1234, name, kind).expect("a name");
        let Ok(read) = question.reply(reply) else {
            continue;
        };
        assert_eq!(reply.get(..2), Some(&[0x12, 0x34][..]));
        if let Reply::Answer(answer) = read {
            // A record has 12 bytes at least: what is said bounds what is made of it.
            let made = answer.services.len() + answer.addresses.len() + answer.hosts.len();
            assert!(made * 12 <= reply.len());
            assert!(
                answer
                    .services
                    .iter()
                    .all(|service| !service.target.is_empty())
            );
        }
    }
});
