//! An NTLMv2 client, from the specification (MS-NLMP 3.3.2).

use std::time::SystemTime;

use gss_ntlmdc::base::crypto::{self, Key};
use gss_ntlmdc::base::wire::{FileTime, Writer};
use gss_ntlmdc::login::verify::Attempt;
use gss_ntlmdc::protocol::ntlm::response::NtlmV2Response;
use gss_ntlmdc::protocol::ntlm::text::Text;

use crate::support::dc;

/// The lab's domain.
pub const DOMAIN: &str = "EXAMPLE";

const SERVER_CHALLENGE: [u8; 8] = *b"\x01\x23\x45\x67\x89\xAB\xCD\xEF";

/// A user who has answered our challenge.
pub struct Client {
    user: Text,
    domain: Text,
    workstation: Text,
    password: String,
    target_domain: String,
    target_computer: String,
    padding: usize,
    response: Option<NtlmV2Response>,
}

impl Client {
    /// A user of the lab's domain, with the right password.
    pub fn of(user: &str) -> Self {
        Self::with_password(user, &dc::password_of(user))
    }

    /// A user of the lab's domain, with some password.
    pub fn with_password(user: &str, password: &str) -> Self {
        Self {
            user: Text::from(user),
            domain: Text::from(DOMAIN),
            workstation: Text::from("PC1"),
            password: password.to_owned(),
            target_domain: DOMAIN.to_owned(),
            target_computer: dc::COMPUTER.to_owned(),
            padding: 0,
            response: None,
        }
        .answered()
    }

    /// The same, who types these names.
    pub fn called(mut self, user: &str, domain: &str) -> Self {
        self.user = Text::from(user);
        self.domain = Text::from(domain);
        self.answered()
    }

    /// The same, with a server of these names.
    pub fn challenged_by(mut self, domain: &str, computer: &str) -> Self {
        self.target_domain = domain.to_owned();
        self.target_computer = computer.to_owned();
        self.answered()
    }

    /// The same, with this many more bytes in the response.
    pub fn padded(mut self, padding: usize) -> Self {
        self.padding = padding;
        self.answered()
    }

    fn answered(mut self) -> Self {
        let temp = self.temp();
        let proof = crypto::hmac_md5(&self.ntowf_v2(), &[&SERVER_CHALLENGE, &temp]);
        let response = [proof.as_slice(), &temp].concat();
        self.response = Some(NtlmV2Response::decode(&response).unwrap());
        self
    }

    /// The same, with one bit of the response changed.
    pub fn changed(mut self, at: usize) -> Self {
        let mut response = self.response().as_bytes().to_vec();
        response[at] ^= 1;
        self.response = Some(NtlmV2Response::decode(&response).unwrap());
        self
    }

    fn response(&self) -> &NtlmV2Response {
        self.response.as_ref().unwrap()
    }

    /// `NTOWFv2`.
    fn ntowf_v2(&self) -> Key {
        let nt_hash = Key::new(crypto::md4(&utf16(&self.password)));
        let name = utf16(&(self.user.meant.to_uppercase() + &self.domain.meant));
        Key::new(crypto::hmac_md5(&nt_hash, &[&name]))
    }

    /// `NTLMv2_CLIENT_CHALLENGE` (MS-NLMP 2.2.2.7).
    fn temp(&self) -> Vec<u8> {
        let mut temp = Writer::new();
        temp.u8(1)
            .u8(1)
            .zeros(6)
            .u64(FileTime::from(SystemTime::now()).0);
        temp.bytes(b"client's").zeros(4);
        for (id, value) in [
            (2, utf16(&self.target_domain)),
            (1, utf16(&self.target_computer)),
            // MsvAvSingleHost, which is ignored.
            (8, vec![0; self.padding]),
        ] {
            if !value.is_empty() {
                temp.u16(id).u16(value.len().try_into().unwrap());
                temp.bytes(&value);
            }
        }
        temp.u32(0).u32(0);
        temp.into_bytes()
    }

    /// The server's question to its verifier.
    pub fn attempt(&self) -> Attempt<'_> {
        Attempt {
            default_domain: None,
            user: &self.user,
            domain: &self.domain,
            workstation: &self.workstation,
            server_challenge: SERVER_CHALLENGE,
            target_info: &[],
            response: self.response().into(),
            passing: None,
        }
    }

    /// `SessionBaseKey`.
    pub fn session_base_key(&self) -> Key {
        Key::new(crypto::hmac_md5(
            &self.ntowf_v2(),
            &[self.response().nt_proof()],
        ))
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
