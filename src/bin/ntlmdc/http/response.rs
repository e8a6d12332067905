//! A response of HTTP/1.1 (RFC 9112), without its body.

use httparse::{EMPTY_HEADER, Status};

/// More headers than any server sends.
const MAX_HEADERS: usize = 100;
/// The longest head of a response, in bytes.
pub const MAX_HEAD: usize = 64 * 1024;

/// The head of a response.
#[derive(Clone, Debug)]
pub struct Response {
    /// The version of HTTP, such as `1.1`.
    pub version: String,
    pub status: u16,
    pub reason: String,
    pub headers: Vec<(String, String)>,
}

/// How long the body is (RFC 9112 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    Length(u64),
    Chunked,
    /// It ends with the connection.
    UntilClosed,
}

impl Response {
    /// The head at the beginning of these bytes, and its length. `None`: it has not come whole.
    ///
    /// # Errors
    /// It is no response of HTTP/1.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, String> {
        let mut headers = [EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Response::new(&mut headers);
        let length = match parsed.parse(bytes) {
            Ok(Status::Complete(length)) => length,
            Ok(Status::Partial) if bytes.len() < MAX_HEAD => return Ok(None),
            Ok(Status::Partial) => return Err("its headers have no end".to_owned()),
            Err(error) => return Err(error.to_string()),
        };
        let headers = parsed.headers.iter().map(|header| {
            let value = String::from_utf8_lossy(header.value).into_owned();
            (header.name.to_owned(), value)
        });
        let response = Self {
            version: format!("1.{}", parsed.version.unwrap_or_default()),
            status: parsed.code.unwrap_or_default(),
            reason: parsed.reason.unwrap_or_default().to_owned(),
            headers: headers.collect(),
        };
        Ok(Some((response, length)))
    }

    /// The values of a header.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let is_it = move |(header, _): &&(String, String)| header.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .filter(is_it)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a header is a list that has this word.
    pub fn lists(&self, name: &str, word: &str) -> bool {
        let mut words = self.all(name).flat_map(|value| value.split(','));
        words.any(|found| found.trim().eq_ignore_ascii_case(word))
    }

    /// Whether the server keeps the connection (RFC 9112 9.3).
    pub fn keeps_connection(&self) -> bool {
        let is_kept = match self.version == "1.0" {
            true => self.lists("Connection", "keep-alive"),
            false => !self.lists("Connection", "close"),
        };
        is_kept && self.body() != Body::UntilClosed
    }

    /// How the body ends.
    pub fn body(&self) -> Body {
        if self.status == 204 || self.status == 304 || self.status < 200 {
            return Body::Length(0);
        }
        if self.lists("Transfer-Encoding", "chunked") {
            return Body::Chunked;
        }
        let length = self.all("Content-Length").next();
        match length.and_then(|text| text.trim().parse().ok()) {
            Some(length) => Body::Length(length),
            None => Body::UntilClosed,
        }
    }

    /// What the server offers or says for a scheme: `Some("")` if only its name.
    pub fn challenge(&self, scheme: &str) -> Option<&str> {
        self.all("WWW-Authenticate").find_map(|value| {
            let (word, rest) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
            word.eq_ignore_ascii_case(scheme).then_some(rest.trim())
        })
    }
}
