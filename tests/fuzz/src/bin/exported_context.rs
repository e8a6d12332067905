//! The content of an exported context with a valid seal: an acceptor's, and an initiator's session
//! security.
#![no_main]

use gss_ntlmdc::base::wire::{Reader, Writer};
use gss_ntlmdc::login::accept::Acceptor;
use gss_ntlmdc::login::handover::{Kind, Opened};
use gss_ntlmdc::protocol::ntlm::seal::{Role, SessionSecurity};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let opened = Opened::for_tests(Kind::Acceptor, bytes);
    if let Ok(acceptor) = Acceptor::restore(&opened, None)
        && let Ok((_, saved)) = acceptor.save()
    {
        // The encoding is unique.
        assert_eq!(saved.expose(), bytes);
    }
    let mut reader = Reader::new(bytes);
    if let Ok(mut security) = SessionSecurity::restore(&mut reader, Role::Initiator) {
        let mut writer = Writer::new();
        security.save(&mut writer);
        assert_eq!(writer.into_bytes(), bytes[..reader.position()]);
        let mut message = [0x55; 100];
        let mut sending = security.send();
        sending.cover(&message);
        sending.seal(&mut message);
        let _the_last_number = sending.finish();
        security.receive().unseal(&mut message);
    }
});
