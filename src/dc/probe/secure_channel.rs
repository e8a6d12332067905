//! A secure channel, opened as a login would, and what the controller tells over it.

use std::net::SocketAddr;

use crate::base::fault::{Fault, Minor};
use crate::dc::channel::Channel;
use crate::dc::domains::Domains;
use crate::dc::error::Error;
use crate::dc::group_names::look_up;
use crate::dc::opening::Opening;

/// A channel that could be opened: the account and its secret are right, the seal is AES, and the
/// controller has confirmed what was negotiated.
#[derive(Debug)]
pub struct OpenedChannel {
    /// The controller and the port of its netlogon service.
    pub peer: SocketAddr,
    /// Whether the controller signs headers, so that processes may share the key.
    pub signs_headers: bool,
    /// Our domain and those that it trusts; or why there is no list.
    pub domains: Result<Domains, Fault>,
    /// Why a name could not be looked up; `None`: it could, or there was none to look up.
    pub no_names: Option<Fault>,
}

/// Why no channel could be opened.
#[derive(Debug)]
pub struct Unopened {
    /// Code and details.
    pub fault: Fault,
    /// The controller accepted the secret, and then refused the sealed connection: it may not know
    /// the NetBIOS names.
    pub is_after_secret: bool,
}

impl From<Error> for Unopened {
    fn from(error: Error) -> Self {
        Self {
            is_after_secret: error.is_sealed_bind_refused(),
            fault: error.into(),
        }
    }
}

/// Opens a channel under a new key, and asks over it.
pub(super) fn open(opening: Opening<'_>) -> Result<OpenedChannel, Unopened> {
    let channel = Channel::open_afresh(opening)?;
    let peer = channel.peer();
    let key = channel.key_for_names().ok();
    let domains = match channel.domain_trusts(opening.terms) {
        Ok((trusts, _channel)) => Domains::new(trusts, opening.terms.config)
            .map_err(|problem| Minor::ControllerForged.because(problem)),
        Err(error) => Err(error.into()),
    };
    let no_names = match (&key, &domains) {
        (Some(key), Ok(domains)) => {
            let asked = look_up(opening, key, &[domains.ours().sid.clone()]);
            asked.err().map(Fault::from)
        }
        _ => None,
    };
    Ok(OpenedChannel {
        peer,
        signs_headers: key.is_some(),
        domains,
        no_names,
    })
}
