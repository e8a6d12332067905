//! A domain controller answers: NetrLogonSamLogonEx over the secure channel of a machine account.

mod askable;
mod route;
mod status;

use std::sync::Arc;

use crate::base::config::{self, LogTarget};
use crate::base::fault::Minor;
use crate::base::log::Quoted;
use crate::base::sid::Sid;
use crate::dc::failover::Controllers;
use crate::dc::group_names::Names;
use crate::login::verify::netlogon::route::Routed;
use crate::login::verify::{Account, Attempt, GroupName, GroupNames, Logon, Refusal, Verifier};
use crate::protocol::rpc::netlogon::sam_logon::{NetworkLogon, Verdict};

/// Asks the controllers of one domain.
pub struct Netlogon {
    config: config::Netlogon,
    controllers: Arc<Controllers>,
    names: Arc<Names>,
}

impl Netlogon {
    /// Opens no connection and reads no file: both come with the first login. Says nothing in the
    /// log.
    pub fn new(config: config::Netlogon) -> Self {
        Self::logging_to(config, LogTarget::Off)
    }

    /// The same, which tells the log what an administrator should know.
    pub fn logging_to(config: config::Netlogon, log: LogTarget) -> Self {
        let controllers = Arc::new(Controllers::new(config.clone(), log));
        Self {
            names: Arc::new(Names::new(Arc::clone(&controllers), &config, log)),
            controllers,
            config,
        }
    }
}

impl Verifier for Netlogon {
    fn verify(&self, attempt: &Attempt<'_>) -> Result<Logon, Refusal> {
        askable::check(attempt)?;
        let logon = NetworkLogon {
            domain: &attempt.domain.units,
            user: &attempt.user.units,
            workstation: &attempt.workstation.units,
            challenge: attempt
                .response
                .answered_challenge(attempt.server_challenge),
            nt_response: attempt.response.as_bytes(),
        };
        let verdict = self.controllers.logon(&logon).map_err(|error| {
            let refusal = match error.may_have_counted() {
                true => Refusal::Unanswered,
                false => Refusal::Unavailable,
            };
            refusal(error.into())
        })?;
        match verdict {
            Verdict::Validated(info) => {
                let names = Arc::clone(&self.names);
                let routed =
                    Routed::check(&self.config, attempt, *info).map_err(Refusal::Denied)?;
                proven(routed).map(|logon| logon.with_group_names(names))
            }
            Verdict::Refused {
                status,
                authoritative,
            } => Err(status::refusal(status, authoritative, attempt)),
        }
    }

    fn group_names(&self) -> Option<Arc<dyn GroupNames>> {
        Some(Arc::clone(&self.names) as _)
    }
}

impl GroupNames for Names {
    fn names_of(&self, groups: &[Sid]) -> Vec<Option<GroupName>> {
        self.of(groups)
    }
}

/// The controller has validated the response; is it somebody?
fn proven(routed: Routed) -> Result<Logon, Refusal> {
    let info = routed.into_info();
    let who = format!("{}\\{}", info.logon_domain_name, info.effective_name);
    let denied = |minor: Minor| Refusal::Denied(minor.because(Quoted(&who)));
    if info.is_guest {
        return Err(denied(Minor::GuestRefused));
    }
    // S-1-5-7 (MS-DTYP 2.4.2.4).
    let anonymous = Sid::new([0, 0, 0, 0, 0, 5], vec![7]);
    if anonymous.is_some() && info.sid == anonymous {
        return Err(denied(Minor::AnonymousRefused));
    }
    let mut group_sids = info.group_sids;
    if let Some(primary) = &info.primary_group_sid
        && !group_sids.contains(primary)
    {
        group_sids.push(primary.clone());
    }
    let account = Account {
        user: info.effective_name,
        domain: info.logon_domain_name,
        dns_domain: unless_empty(info.dns_logon_domain_name),
        upn: unless_empty(info.upn),
        full_name: unless_empty(info.full_name),
        sid: info.sid,
        primary_group_sid: info.primary_group_sid,
        group_sids,
        logon_server: unless_empty(info.logon_server),
        user_flags: Some(info.user_flags),
        log_off: info.logoff_time.to_system_time(),
        kick_off: info.kick_off_time.to_system_time(),
    };
    Ok(Logon::proven("netlogon", account, info.user_session_key))
}

fn unless_empty(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
