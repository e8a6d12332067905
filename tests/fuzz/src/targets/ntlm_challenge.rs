use gss_ntlmdc::protocol::ntlm::message::Challenge;

pub fn fuzz(message: &[u8]) {
    if let Ok(decoded) = Challenge::decode(message) {
        let encoded = decoded.encode().expect("no item has become longer");
        assert_eq!(Challenge::decode(&encoded), Ok(decoded));
    }
}
