use gss_ntlmdc::protocol::ntlm::message::Negotiate;

pub fn fuzz(message: &[u8]) {
    if let Ok(decoded) = Negotiate::decode(message) {
        assert_eq!(Negotiate::decode(&decoded.encode()), Ok(decoded));
    }
}
