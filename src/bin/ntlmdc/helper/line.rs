//! The lines of the helper protocol.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gss_ntlmdc::base::crypto::SecretBytes;

/// A line of the server.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// `YR`: a login begins with this token.
    Begin(Vec<u8>),
    /// `KK`: the client's next token.
    Continue(Vec<u8>),
}

/// Reads a line with a token.
pub fn command(line: &[u8]) -> Option<Command> {
    let (command, token) = line.split_at_checked(3)?;
    let token = STANDARD.decode(token.trim_ascii()).ok()?;
    match (command, token.is_empty()) {
        (_, true) => None,
        (b"YR ", false) => Some(Command::Begin(token)),
        (b"KK ", false) => Some(Command::Continue(token)),
        _ => None,
    }
}

/// Reads a line with a user and a password, each URL-encoded (RFC 3986 2.1).
pub fn credentials(line: &[u8]) -> Option<(String, SecretBytes)> {
    let space = line.iter().position(|byte| *byte == b' ')?;
    let (user, password) = line.split_at_checked(space)?;
    let (_space, password) = password.split_first()?;
    let user = url_decoded(user)?.expose().to_vec();
    let user = String::from_utf8(user).ok()?;
    Some((user, url_decoded(password)?))
}

fn url_decoded(text: &[u8]) -> Option<SecretBytes> {
    // Decoded text is no longer: the buffer does not grow and leaves no copy behind.
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => digit(bytes.next()?)? << 4 | digit(bytes.next()?)?,
            other => *other,
        });
    }
    Some(SecretBytes::new(decoded))
}

fn digit(byte: &u8) -> Option<u8> {
    let digit = char::from(*byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

/// `TT`: a token for the client.
pub fn challenge(token: &[u8], is_negotiate: bool) -> String {
    let token = STANDARD.encode(token);
    match is_negotiate {
        true => format!("TT {token} *"),
        false => format!("TT {token}"),
    }
}

/// `AF`: the user is let in.
pub fn accepted(user: &str, token: Option<&[u8]>, is_negotiate: bool) -> String {
    let user = one_word(user);
    match (is_negotiate, token) {
        (true, Some(token)) => format!("AF {} {user}", STANDARD.encode(token)),
        (true, None) => format!("AF * {user}"),
        (false, _) => format!("AF {user}"),
    }
}

/// `NA`: the user is refused.
pub fn refused(reason: &str, is_negotiate: bool) -> String {
    match is_negotiate {
        true => format!("NA * {reason}"),
        false => format!("NA {reason}"),
    }
}

/// A name with a space would be two words, and the server would take the second one for the user.
/// A quotation mark would vanish: squid reads it as the begin of a quoted word.
fn one_word(name: &str) -> String {
    let mut word = String::new();
    for letter in name.chars() {
        match letter.is_whitespace() || letter.is_control() || "%\"".contains(letter) {
            true => {
                let mut bytes = [0; 4];
                for byte in letter.encode_utf8(&mut bytes).bytes() {
                    word.push_str(&format!("%{byte:02X}"));
                }
            }
            false => word.push(letter),
        }
    }
    word
}
