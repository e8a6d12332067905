//! What the legs of a login mean together.

use gss_ntlmdc::protocol::ntlm::message::{MessageType, token_type};

use super::client::ntlm_message;
use super::response::Response;
use crate::arguments::Scheme;
use crate::report::{Field, Section};

/// Why a connection that should be kept is closed.
const KEEP_ALIVE: &str = "The login must go on over one connection. Check for KeepAlive Off, a \
     small MaxKeepAliveRequests, BrowserMatch with nokeepalive or downgrade-1.0, and for a proxy \
     that closes connections to the server";

/// A verdict with its cause and cure.
pub fn section(verdict: &str, is_right: bool, cause: &str) -> Section {
    let mut section = Section::new("verdict");
    let field = Field::new("login", verdict).right(is_right);
    section.push(match cause {
        "" => field,
        cause => field.note(cause),
    });
    section
}

/// The connection ended before the login did.
pub fn closed() -> Section {
    section("cut off: the connection was closed", false, KEEP_ALIVE)
}

/// The scheme to log in by: the one that is asked for, or the first that the site offers. Basic
/// gives the password away, so unasked it needs a site that `is_proven` by its certificate.
///
/// # Errors
/// The section says why there is none.
pub fn scheme(
    first: &Response,
    wanted: Option<Scheme>,
    is_proven: bool,
) -> Result<Scheme, Box<Section>> {
    let is_offered = |scheme: &Scheme| first.challenge(scheme.name()).is_some();
    let offered: Vec<Scheme> = Scheme::ALL.into_iter().filter(is_offered).collect();
    let refused = |verdict: String, cause: &str| Err(Box::new(section(&verdict, false, cause)));
    if first.status != 401 {
        return refused(
            "not asked for".to_owned(),
            "The site answers without a login. Check the path, and whether `Require` is in force \
             there",
        );
    }
    match (wanted, offered.first()) {
        (_, None) => refused(
            "not possible".to_owned(),
            "The site offers no scheme that is known here: check AuthType GSSAPI",
        ),
        (Some(scheme), _) if offered.contains(&scheme) => Ok(scheme),
        (Some(scheme), _) => refused(
            format!("not possible by {}", scheme.name()),
            "The site does not offer it. WWW-Authenticate above has what it offers; \
             GssapiConnectionBound, GssapiAllowedMech and GssapiBasicAuth decide",
        ),
        (None, Some(Scheme::Basic)) if !is_proven => refused(
            "not tried: the site offers Basic only".to_owned(),
            "Basic sends the password readable, and the site has not proven who it is. To log in \
             all the same: --scheme basic",
        ),
        (None, Some(scheme)) => Ok(*scheme),
    }
}

/// The server did not answer the first message with a challenge.
pub fn no_challenge(second: &Response) -> Section {
    match second.status {
        401 => section(
            "refused before the password was asked for",
            false,
            "The server takes no NTLM here. Its error log has the cause: the mechanism is not \
             loaded (ntlmdc check), GssapiAllowedMech or GssapiConnectionBound forbid it, or the \
             scheme Negotiate takes Kerberos only",
        ),
        status if status < 400 => section(
            "not needed: the answer came after the first message",
            false,
            "No password was sent. The path is open to all, or a proxy has a login of its own",
        ),
        _ => section(
            "failed: the server answers with an error",
            false,
            "Its error log has the cause",
        ),
    }
}

fn is_challenge(message: &[u8]) -> bool {
    token_type(message).is_ok_and(|kind| kind == MessageType::Challenge)
}

/// The answer to the last message.
pub fn of_last(scheme: Scheme, last: &Response) -> Section {
    let token = last.challenge(scheme.name()).unwrap_or_default();
    let is_begun_anew = ntlm_message(scheme, token).is_ok_and(|message| is_challenge(&message));
    match last.status {
        401 if is_begun_anew => section(
            "lost: the server began a new login",
            false,
            "The messages of this login reached different connections of the server: HTTP/2, or a \
             proxy that shares its connections between clients",
        ),
        401 => section(
            "refused",
            false,
            "The server's log has the cause: a wrong password, an account that may not log in, a \
             policy, or `Require`. `ntlmdc login` shows it on the server",
        ),
        403 => section(
            "accepted, but the user may not see this page",
            true,
            "`Require` does not let the user in: compare the names and groups of `ntlmdc login`",
        ),
        407 => section(
            "not reached: a proxy wants a login of its own",
            false,
            "Ask the site itself: `ntlmdc http --connect` names its own address",
        ),
        status if status >= 500 => section(
            "failed: the server answers with an error",
            false,
            "Its error log has the cause",
        ),
        _ => section("accepted", true, ""),
    }
}
