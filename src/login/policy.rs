//! The policy: which claims may be verified ([`admit`]), and which verified accounts may log in
//! ([`Admitted::permit`]).

#[cfg(test)]
mod tests;
pub mod tls_channel;

use std::sync::Arc;

use crate::base::config::{
    ChannelBinding, DomainName, Group, Mic, Policy, ResponseLevel, Rules, Service,
};
use crate::base::fault::{Fault, Minor};
use crate::base::log::Quoted;
use crate::login::loopback::Delivered;
use crate::login::verify::{Account, Attempt, GroupName, Logon, Passage, Passing};
use crate::protocol::ntlm::acceptor::{Claim, MicChecked};
use crate::protocol::ntlm::response::{Provable, Response};
use crate::protocol::ntlm::seal::Weakest;

use tls_channel::Channel;

/// A claim that may be verified. Only [`admit`] makes one.
#[derive(Debug)]
pub struct Admitted<'a> {
    claim: &'a Claim,
    response: Provable<'a>,
    level: ResponseLevel,
    would_refuse: Vec<Fault>,
}

/// The weakest message protection to negotiate. Policies that accept older responses accept the
/// protection of older clients, too.
pub fn weakest_protection(policy: &Policy) -> Weakest {
    match policy.rules.response {
        ResponseLevel::NtlmV2 => Weakest::Strong,
        ResponseLevel::Ntlm2Session | ResponseLevel::NtlmV1 => Weakest::Any,
    }
}

/// The channels of this server.
#[derive(Clone, Debug)]
pub struct Channels {
    /// For the enforced rules.
    pub enforced: Arc<Channel>,
    /// For the audited rules.
    pub audited: Arc<Channel>,
}

/// How a claim arrived.
#[derive(Debug)]
pub enum Arrival {
    /// From a client. It must have used one of these channels.
    Network(Channels),
    /// From an initiator of this process: the client sent name and password to this server. That
    /// satisfies the rules about channels and services.
    Loopback(Delivered),
}

impl Arrival {
    fn enforced(&self) -> Option<&Channel> {
        match self {
            Self::Network(channels) => Some(&channels.enforced),
            Self::Loopback(_) => None,
        }
    }

    fn audited(&self) -> Option<&Channel> {
        match self {
            Self::Network(channels) => Some(&channels.audited),
            Self::Loopback(_) => None,
        }
    }
}

/// Decides whether a claim may be verified.
///
/// # Errors
/// The first rule that it breaks.
pub fn admit<'a>(
    policy: &Policy,
    arrival: &Arrival,
    claim: &'a Claim,
) -> Result<Admitted<'a>, Fault> {
    let (response, level) = match claim.response() {
        Response::Anonymous => return Err(Minor::AnonymousRefused.into()),
        Response::LmOnly => return Err(Minor::LmOnlyRefused.into()),
        Response::NtlmV1(response) => (Provable::NtlmV1(response), ResponseLevel::NtlmV1),
        Response::Ntlm2Session(response) => {
            (Provable::NtlmV1(response), ResponseLevel::Ntlm2Session)
        }
        Response::NtlmV2(response) => (Provable::NtlmV2(response), ResponseLevel::NtlmV2),
    };
    if let Some(fault) = broken(&policy.rules, level, arrival.enforced(), claim).next() {
        return Err(fault);
    }
    let would_refuse = match &policy.audit {
        Some(audit) => broken(&audit.rules, level, arrival.audited(), claim).collect(),
        None => Vec::new(),
    };
    Ok(Admitted {
        claim,
        response,
        level,
        would_refuse,
    })
}

/// The rules that a claim breaks. `channel` is `None` for a claim of this process.
fn broken(
    rules: &Rules,
    level: ResponseLevel,
    channel: Option<&Channel>,
    claim: &Claim,
) -> impl Iterator<Item = Fault> + use<> {
    let named = claim.channel_bindings();
    let service = claim.target_name().map(|name| name.meant.as_str());
    [
        response_fault(rules.response, level),
        mic_fault(rules.mic, claim.mic_present()),
        channel.and_then(|channel| channel_fault(rules.channel_binding, channel, named)),
        channel.and_then(|_| service_fault(&rules.spn, service)),
    ]
    .into_iter()
    .flatten()
}

fn response_fault(weakest: ResponseLevel, level: ResponseLevel) -> Option<Fault> {
    match level {
        _ if level <= weakest => None,
        ResponseLevel::NtlmV1 => Some(Minor::NtlmV1Refused.into()),
        ResponseLevel::NtlmV2 | ResponseLevel::Ntlm2Session => {
            Some(Minor::Ntlm2SessionRefused.into())
        }
    }
}

fn mic_fault(rule: Mic, present: bool) -> Option<Fault> {
    (rule == Mic::Require && !present).then(|| Minor::MissingMic.into())
}

/// `named` is part of what an NTLMv2 response proves. No other response names a channel.
fn channel_fault(
    rule: ChannelBinding,
    channel: &Channel,
    named: Option<[u8; 16]>,
) -> Option<Fault> {
    match (rule, named) {
        (ChannelBinding::Off, _) | (ChannelBinding::Allow, None) => None,
        (ChannelBinding::Allow, _) if channel.is_unknown() => None,
        (ChannelBinding::Require, _) if channel.is_unknown() => Some(Minor::UnknownChannel.into()),
        (ChannelBinding::Require, None) => Some(Minor::MissingBindings.into()),
        (_, Some(hash)) => (!channel.is_named(&hash)).then(|| Minor::OtherChannel.into()),
    }
}

fn service_fault(accepted: &[Service], named: Option<&str>) -> Option<Fault> {
    let is_accepted = match named {
        _ if accepted.is_empty() => true,
        None => accepted.contains(&Service::Unnamed),
        Some(name) => accepted.iter().any(|service| service.is_named(name)),
    };
    if is_accepted {
        return None;
    }
    Some(match named {
        None => Minor::UnnamedService.into(),
        Some(name) => Minor::OtherService.because(Quoted(name)),
    })
}

/// Proof that the policy permits an account. Only [`Admitted::permit`] makes one.
#[derive(Debug)]
pub struct Permitted(());

impl<'a> Admitted<'a> {
    /// The question for the verifiers. `passage` leads to the server that made the challenge, if it
    /// was another.
    pub fn attempt(&self, passage: Option<&'a Passage>) -> Attempt<'a> {
        Attempt {
            passing: passage.map(|passage| Passing {
                passage,
                claim: self.claim,
            }),
            user: self.claim.user(),
            domain: self.claim.domain(),
            default_domain: None,
            workstation: self.claim.workstation(),
            server_challenge: self.claim.server_challenge(),
            target_info: self.claim.target_info(),
            response: self.response,
        }
    }

    /// The client's name for its computer, unproven.
    pub fn workstation(&self) -> &'a str {
        &self.claim.workstation().meant
    }

    /// The kind of the response, for the log.
    pub fn level(&self) -> ResponseLevel {
        self.level
    }

    /// The faults that the rules of `[policy.audit]` would refuse it for.
    pub fn would_refuse(&self) -> &[Fault] {
        &self.would_refuse
    }

    /// Checks the messages with the key that the verifier gave (MS-NLMP 3.2.5.1.2), unless it has
    /// checked them itself.
    ///
    /// # Errors
    /// See [`Claim::check_mic`].
    pub fn check_mic(&self, logon: &Logon) -> Result<MicChecked, Fault> {
        if logon.has_checked_messages() {
            return Ok(self.claim.checked_elsewhere());
        }
        Ok(self.claim.check_mic(logon.session_base_key())?)
    }

    /// Decides whether the account may log in, by what was verified and not by what was typed.
    /// `own_domain` is the NetBIOS name of our domain. The names of the user's groups are looked up
    /// only if they decide.
    ///
    /// # Errors
    /// [`Minor::DomainRefused`], [`Minor::NotInGroup`].
    pub fn permit(
        &self,
        policy: &Policy,
        own_domain: &str,
        logon: &Logon,
    ) -> Result<Permitted, Fault> {
        permit(policy, own_domain, logon.account(), || {
            logon.names_of_groups()
        })
    }
}

fn permit(
    policy: &Policy,
    own_domain: &str,
    account: &Account,
    names: impl FnOnce() -> Vec<Option<GroupName>>,
) -> Result<Permitted, Fault> {
    deciding_group(policy, own_domain, account, names).map(|_| Permitted(()))
}

/// What [`Admitted::permit`] decides about an account, without the proof: the group of
/// `policy.groups` that lets it in; `None` if the policy names no group.
///
/// # Errors
/// As [`Admitted::permit`].
pub fn deciding_group<'a>(
    policy: &'a Policy,
    own_domain: &str,
    account: &Account,
    names: impl FnOnce() -> Vec<Option<GroupName>>,
) -> Result<Option<&'a Group>, Fault> {
    if let Some(rule) = broken_domain_rule(policy, account) {
        return Err(refused(account, Minor::DomainRefused, rule));
    }
    let required = &policy.groups;
    if required.is_empty() {
        return Ok(None);
    }
    let by_sid =
        |group: &&Group| matches!(group, Group::Sid(sid) if account.group_sids.contains(sid));
    let needs_names = required
        .iter()
        .any(|group| matches!(group, Group::Named { .. }));
    let by_name = || {
        let required_name = |its: GroupName| {
            let is_it = |group: &&Group| group.is_called(its.domain(), its.name(), own_domain);
            required.iter().find(is_it)
        };
        names().into_iter().flatten().find_map(required_name)
    };
    let found = required.iter().find(by_sid);
    match found.or_else(|| needs_names.then(by_name).flatten()) {
        None => Err(refused(
            account,
            Minor::NotInGroup,
            "in none of policy.groups",
        )),
        group => Ok(group),
    }
}

fn broken_domain_rule(policy: &Policy, account: &Account) -> Option<&'static str> {
    let is_of = |domain: &DomainName| account.is_of(domain);
    let accepted = &policy.domains;
    if !accepted.is_empty() && !accepted.iter().any(is_of) {
        return Some("not in policy.domains");
    }
    let is_refused = policy.refused_domains.iter().any(is_of);
    is_refused.then_some("in policy.refused_domains")
}

fn refused(account: &Account, minor: Minor, rule: &str) -> Fault {
    let Account { user, domain, .. } = account;
    let name = format!("{domain}\\{user}");
    minor.because(format_args!("{}: {rule}", Quoted(&name)))
}
