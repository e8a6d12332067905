//! The client's side of a login: NTLM, plain or in SPNEGO, and Basic.

use std::time::SystemTime;

use base64::engine::general_purpose::STANDARD;
use base64::{Engine, encoded_len};
use der::asn1::OctetStringRef;
use gss_ntlmdc::base::crypto::{self, Key, NoRandomBytes, SecretBytes, nt_hash};
use gss_ntlmdc::base::typed_name::split_domain;
use gss_ntlmdc::protocol::ntlm::initiator::{self, Destination, Fresh, Offered, Protection, User};

use crate::arguments::Scheme;
use crate::spnego::{self, NTLM, SPNEGO, element};

/// Who logs in.
pub struct Credentials {
    typed: String,
    name: String,
    domain: String,
    nt_hash: Key,
    /// The value of `Authorization` for Basic (RFC 7617).
    basic: SecretBytes,
}

impl Credentials {
    /// The credentials of a typed user.
    ///
    /// # Errors
    /// There is no user in it, or the password is not UTF-8.
    pub fn new(typed: &str, password: &SecretBytes) -> Result<Self, String> {
        let password = str::from_utf8(password.expose())
            .map_err(|_| "the password is not UTF-8".to_owned())?;
        let (domain, name) = split_domain(typed).unwrap_or(("", typed));
        if name.is_empty() {
            return Err(r"expected a user: DOMAIN\user, user@domain or user".to_owned());
        }
        let pair = SecretBytes::new([typed.as_bytes(), b":", password.as_bytes()].concat());
        let too_long = "the password is too long";
        let mut coded = vec![0; encoded_len(pair.expose().len(), true).ok_or(too_long)?];
        let written = STANDARD.encode_slice(pair.expose(), &mut coded);
        let coded = SecretBytes::new(coded);
        written.map_err(|_| too_long)?;
        Ok(Self {
            typed: typed.to_owned(),
            name: name.to_owned(),
            domain: domain.to_owned(),
            nt_hash: nt_hash(password),
            basic: SecretBytes::new([b"Basic ", coded.expose()].concat()),
        })
    }

    /// The user as typed.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// The value of `Authorization` for Basic.
    pub fn basic(&self) -> &str {
        str::from_utf8(self.basic.expose()).unwrap_or_default()
    }
}

/// A login that has begun.
pub struct Begun {
    offered: Offered,
    scheme: Scheme,
}

impl Begun {
    /// Begins a login. The second part of the result is the value of `Authorization`.
    pub fn new(scheme: Scheme) -> (Self, String) {
        let (offered, negotiate) = initiator::negotiate(Protection::default());
        let token = match scheme {
            Scheme::Negotiate => first_token(&negotiate),
            Scheme::Ntlm | Scheme::Basic => negotiate,
        };
        let value = authorization(scheme, &token);
        (Self { offered, scheme }, value)
    }

    /// The value of `Authorization` that answers the server's token. `binding` is the hash of the
    /// channel bindings.
    ///
    /// # Errors
    /// What is wrong with the token.
    pub fn answer(
        self,
        challenge: &[u8],
        credentials: &Credentials,
        host: &str,
        binding: Option<[u8; 16]>,
    ) -> Result<String, String> {
        let no_random_bytes = |error: NoRandomBytes| error.to_string();
        let fresh = Fresh {
            now: SystemTime::now().into(),
            challenge: crypto::random().map_err(no_random_bytes)?,
            session_key: Key::new(crypto::random().map_err(no_random_bytes)?),
        };
        let user = User {
            name: &credentials.name,
            domain: &credentials.domain,
            nt_hash: &credentials.nt_hash,
            workstation: "NTLMDC",
        };
        let service = Destination {
            name: &format!("HTTP/{host}"),
            channel_bindings: binding,
        };
        let completed = self
            .offered
            .answer(challenge, &user, &service, &fresh)
            .map_err(|error| error.to_string())?;
        let token = match self.scheme {
            Scheme::Negotiate => last_token(&completed.token),
            Scheme::Ntlm | Scheme::Basic => completed.token,
        };
        Ok(authorization(self.scheme, &token))
    }
}

fn authorization(scheme: Scheme, token: &[u8]) -> String {
    format!("{} {}", scheme.name(), STANDARD.encode(token))
}

/// The NTLM message in what a server sent for a scheme, in Base64.
///
/// # Errors
/// There is none in it.
pub fn ntlm_message(scheme: Scheme, sent: &str) -> Result<Vec<u8>, String> {
    let token = STANDARD
        .decode(sent)
        .map_err(|_| "it is not Base64".to_owned())?;
    if scheme != Scheme::Negotiate {
        return Ok(token);
    }
    let fields = spnego::response(&token).ok_or("it is no SPNEGO token")?;
    let field = fields.iter().find(|field| field.number == 2);
    let inner = field.and_then(|field| field.value.decode_as::<&OctetStringRef>().ok());
    inner.map(|inner| inner.as_bytes().to_vec()).ok_or_else(|| {
        "SPNEGO without a token of NTLM: the server chose another mechanism".to_owned()
    })
}

/// A `NegTokenInit` that offers NTLM alone (RFC 4178 4.2.1), in its frame (RFC 2743 3.1).
fn first_token(negotiate: &[u8]) -> Vec<u8> {
    let mechanisms = element(0x30, &element(0x06, NTLM.as_bytes()));
    let fields = [
        element(0xA0, &mechanisms),
        element(0xA2, &element(0x04, negotiate)),
    ];
    let init = element(0xA0, &element(0x30, &fields.concat()));
    element(0x60, &[element(0x06, SPNEGO.as_bytes()), init].concat())
}

/// A `NegTokenResp` with a token only: the one mechanism on offer needs no signature of the list
/// (RFC 4178 5).
fn last_token(authenticate: &[u8]) -> Vec<u8> {
    let token = element(0xA2, &element(0x04, authenticate));
    element(0xA1, &element(0x30, &token))
}
