//! What a decision depends on besides the client's message.

use std::sync::Arc;
use std::time::Duration;

use crate::base::fault::{Fault, Minor};
use crate::base::log::Quoted;
use crate::login::loopback::Loopback;
use crate::login::name::Name;
use crate::login::policy::tls_channel::Channel;
use crate::login::policy::{Arrival, Channels};
use crate::login::setup::Setup;
use crate::protocol::ntlm::acceptor::Claim;
use crate::protocol::ntlm::bindings::ChannelBindings;

/// The configuration, the channel of the program, and the terms of its credential.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// The configuration in force.
    pub setup: &'a Setup,
    /// The channel bindings that the program passed, if any.
    pub channel: Option<&'a ChannelBindings<'a>>,
    /// The name that the credential was acquired for, if any.
    pub acceptor: Option<&'a Name>,
    /// The lifetime that the credential was acquired with, if any.
    pub lifetime: Option<Duration>,
    /// Delivers messages from initiators of this process.
    pub loopback: Option<&'a Loopback>,
}

impl<'a> Terms<'a> {
    /// The terms of a program without channel bindings and without a credential.
    pub fn of(setup: &'a Setup) -> Self {
        Self {
            setup,
            channel: None,
            acceptor: None,
            lifetime: None,
            loopback: None,
        }
    }

    /// How an AUTHENTICATE message arrived.
    pub(super) fn arrival(&self, token: &[u8]) -> Arrival {
        let delivered = self.loopback.and_then(|loopback| loopback.receive(token));
        if let Some(delivered) = delivered {
            return Arrival::Loopback(delivered);
        }
        // Bindings with addresses only are ignored: clients bind to TLS.
        let bindings = self
            .channel
            .filter(|bindings| !bindings.application_data.is_empty());
        Arrival::Network(match bindings {
            Some(bindings) => {
                let channel = Arc::new(Channel::any_of(vec![bindings.hash()]));
                Channels {
                    enforced: Arc::clone(&channel),
                    audited: channel,
                }
            }
            None => self.setup.channels(),
        })
    }

    /// The shortest lifetime that the credentials of either side ask for, if any.
    pub(super) fn lifetime(&self, arrival: &Arrival) -> Option<Duration> {
        let initiators = match arrival {
            Arrival::Network(_) => None,
            Arrival::Loopback(delivered) => delivered.lifetime(),
        };
        [self.lifetime, initiators].into_iter().flatten().min()
    }

    /// A credential with a name accepts logins to that service only. A client that names no service
    /// is a matter of `policy.spn`.
    ///
    /// # Errors
    /// [`Minor::OtherService`].
    pub(super) fn check_service(&self, arrival: &Arrival, claim: &Claim) -> Result<(), Fault> {
        let (Arrival::Network(_), Some(acceptor)) = (arrival, self.acceptor) else {
            return Ok(());
        };
        match claim.target_name().map(|name| name.meant.as_str()) {
            Some(meant) if !acceptor.accepts(meant) => {
                Err(Minor::OtherService.because(format_args!(
                    "{}; this server accepts as {}",
                    Quoted(meant),
                    Quoted(&acceptor.display())
                )))
            }
            _ => Ok(()),
        }
    }
}
