use gss_ntlmdc::protocol::ntlm::message::Authenticate;

pub fn fuzz(message: &[u8]) {
    if let Ok(decoded) = Authenticate::decode(message) {
        let encoded = decoded.encode().expect("no item has become longer");
        assert_eq!(Authenticate::decode(&encoded), Ok(decoded));
    }
}
