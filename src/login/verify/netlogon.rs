//! Verification by a domain controller: NetrLogonSamLogonEx over the secure channel of a machine
//! account.

mod askable;
mod neighbour;
mod route;
mod status;

use std::sync::Arc;

use crate::base::config::{self, LogTarget, NetbiosName};
use crate::base::fault::{Fault, Minor};
use crate::base::log::Quoted;
use crate::base::net::Deadline;
use crate::base::sid::Sid;
use crate::dc;
use crate::dc::domains::{Domain, Domains, KnownDomains};
use crate::dc::failover::Controllers;
use crate::dc::group_names::Names;
use crate::dc::own_name::{self, OwnName};
pub(in crate::login::verify) use crate::login::verify::netlogon::neighbour::{
    Neighbour, SectionNames,
};
use crate::login::verify::netlogon::route::{Routed, Rules, Stranger};
use crate::login::verify::{Account, Attempt, GroupName, GroupNames, Logon, Refusal, Verifier};
use crate::protocol::rpc::netlogon::sam_info::SamInfo4;
use crate::protocol::rpc::netlogon::sam_logon::{NetworkLogon, Verdict};

/// Verifies logins with the controllers of one domain.
pub struct Netlogon {
    config: config::Netlogon,
    controllers: Arc<Controllers>,
    names: Arc<Names>,
    domains: Arc<KnownDomains>,
    described: Vec<Domain>,
    own_name: OwnName,
    users_domains: Vec<NetbiosName>,
    /// The other sections of the configuration.
    neighbours: Arc<[Neighbour]>,
}

impl Netlogon {
    /// Does no I/O before the first login, and logs nothing.
    pub fn new(config: config::Netlogon) -> Self {
        Self::logging_to(config, LogTarget::Off)
    }

    /// As [`Self::new`], with a log.
    pub fn logging_to(config: config::Netlogon, log: LogTarget) -> Self {
        let controllers = Arc::new(Controllers::new(config.clone(), log));
        Self {
            names: Arc::new(Names::new(Arc::clone(&controllers), &config, log)),
            domains: Arc::new(KnownDomains::new(Arc::clone(&controllers), &config, log)),
            own_name: OwnName::new(Arc::clone(&controllers), &config, log),
            described: config.trusted_domains.iter().map(Domain::from).collect(),
            controllers,
            config,
            users_domains: Vec::new(),
            neighbours: Arc::new([]),
        }
    }

    /// The NetBIOS name of the domain, if a controller gave another than the configuration guesses.
    /// May read a file.
    pub fn learnt_name(config: &config::Netlogon) -> Option<NetbiosName> {
        own_name::remembered(config)
    }

    /// Sets the domains of the verifiers beside it. No trusted domain may have such a name.
    pub fn beside_users_of(self, users_domains: Vec<NetbiosName>) -> Self {
        Self {
            users_domains,
            ..self
        }
    }

    /// The DNS name of the domain.
    pub fn domain(&self) -> &str {
        &self.config.domain
    }

    /// Whether this section of the configuration names a domain so.
    pub fn has_name(&self, name: &str) -> bool {
        self.config.has_name(name)
    }

    /// Whether the list of its controllers has a domain of this name, or one above it, as far as
    /// this process has the list.
    pub fn has_listed(&self, name: &str) -> bool {
        let list = self.domains.loaded();
        list.is_some_and(|list| list.leads_to(name).is_some())
    }

    /// The section, as the others see it.
    pub(in crate::login::verify) fn as_neighbour(&self) -> Neighbour {
        Neighbour {
            config: self.config.clone(),
            domains: Arc::clone(&self.domains),
            names: Arc::clone(&self.names),
        }
    }

    /// Sets the other sections. No answer is about their domains.
    pub(in crate::login::verify) fn beside(self, neighbours: Arc<[Neighbour]>) -> Self {
        Self { neighbours, ..self }
    }

    /// The logon that an answer proves. May ask a controller for the list of domains.
    fn proven(
        &self,
        attempt: &Attempt<'_>,
        info: SamInfo4,
        deadline: Deadline,
    ) -> Result<Logon, Refusal> {
        refuse_without_identity(&info)?;
        let domains = self
            .domains
            .list(deadline, |domains| route::is_listed(domains, &info));
        if let Some(domains) = &domains
            && self.own_name.compare(&domains.ours().netbios).is_some()
        {
            // The name in use is wrong, and the controller accepts any. Users of another domain
            // with that name would pass for users of ours.
            return Err(Refusal::Unavailable(Minor::NetbiosNamesRefused.into()));
        }
        let strangers = self.strangers(&info, domains.as_deref(), deadline)?;
        let rules = Rules {
            config: &self.config,
            domains: domains.as_deref(),
            described: &self.described,
            users_domains: &self.users_domains,
            strangers: &strangers,
        };
        let routed = Routed::check(&rules, attempt, info).map_err(Refusal::Denied)?;
        if routed.lacks_list() && !self.domains.can_be_done_without() {
            return Err(Refusal::Unavailable(Minor::ControllerNotReady.because(
                "the user is of another domain, and the list of trusted domains is not loaded yet",
            )));
        }
        Ok(logon(routed).with_group_names(Arc::clone(&self.names) as _))
    }

    /// What is known of the other sections. For an answer about a user of another domain than ours,
    /// unless the configuration describes it, all of it must be: the domain could be theirs. For
    /// groups of such a domain their lists are asked for, and without one those groups are dropped.
    fn strangers(
        &self,
        info: &SamInfo4,
        domains: Option<&Domains>,
        by: Deadline,
    ) -> Result<Vec<Stranger<'_>>, Refusal> {
        let is_described = || self.described.iter().any(|row| route::is_of_row(info, row));
        let must_know = !self.config.is_called(&info.logon_domain_name) && !is_described();
        let has_listed_group =
            || domains.is_some_and(|list| route::has_listed_group(&self.config, list, info));
        let by = (must_know || has_listed_group()).then_some(by);
        let strangers: Vec<_> = self.neighbours.iter().map(|one| one.known(by)).collect();
        let unknown = strangers.iter().find(|one| one.domains.is_none());
        match unknown.filter(|_| must_know) {
            None => Ok(strangers),
            Some(unknown) => Err(Refusal::Unavailable(
                Minor::ControllerNotReady.confidentially(format_args!(
                    "{} could be a domain of {}, whose list is not loaded yet: describe it in \
                     trusted_domains of [[netlogon]] {}",
                    Quoted(&info.logon_domain_name),
                    Quoted(&unknown.config.domain),
                    Quoted(&self.config.domain)
                )),
            )),
        }
    }
}

impl Netlogon {
    fn ask(&self, attempt: &Attempt<'_>, deadline: Deadline) -> Result<Logon, Refusal> {
        askable::check(attempt)?;
        let domain = attempt.asked_domain();
        let logon = NetworkLogon {
            domain: &domain,
            user: &attempt.user.units,
            workstation: &attempt.workstation.units,
            challenge: attempt
                .response
                .answered_challenge(attempt.server_challenge),
            nt_response: attempt.response.as_bytes(),
        };
        let verdict = self
            .controllers
            .logon(&logon, |typed| self.domains.row_of(typed))
            .map_err(|error| self.no_verdict(&error, deadline))?;
        match verdict {
            Verdict::Validated(info) => self.proven(attempt, *info, deadline),
            Verdict::Refused {
                status,
                authoritative,
            } => Err(status::refusal(status, authoritative, attempt)),
        }
    }

    /// The refusal if no controller gave a verdict. If one refused the sealed bind, the NetBIOS
    /// name of the domain is looked up.
    fn no_verdict(&self, error: &dc::Error, deadline: Deadline) -> Refusal {
        let fault = Fault::from(error);
        if error.may_have_counted() {
            return Refusal::Unanswered(fault);
        }
        let is_name_in_doubt = error.is_sealed_bind_refused();
        let problem = is_name_in_doubt.then(|| self.own_name.look_up(deadline));
        let fault = match fault.minor() {
            Minor::ChannelRefused => fault.and(self.names_sent()),
            _ => fault,
        };
        Refusal::Unavailable(with(fault, problem.flatten()))
    }

    /// Adds the listed name of the domain to a refusal of the names in the challenge.
    fn with_listed_name(&self, refusal: Refusal, deadline: Deadline) -> Refusal {
        match refusal {
            Refusal::Unavailable(fault) if fault.minor() == Minor::NetbiosNamesRefused => {
                let domains = self.domains.list(deadline, |_| true);
                let listed = domains.as_ref().map(|list| list.ours().netbios.as_str());
                let problem = listed.and_then(|listed| self.own_name.compare(listed));
                Refusal::Unavailable(with(fault.and(self.names_sent()), problem))
            }
            refusal => refusal,
        }
    }

    /// The names that a controller compares with those of the machine account.
    fn names_sent(&self) -> String {
        format!(
            "sent: domain {}, netbios_domain {}, account {}",
            Quoted(&self.config.domain),
            Quoted(self.config.netbios_domain.as_str()),
            Quoted(self.config.account.account())
        )
    }
}

impl Verifier for Netlogon {
    fn verify(&self, attempt: &Attempt<'_>) -> Result<Logon, Refusal> {
        let deadline = Deadline::after(self.config.budget);
        let logon = self
            .ask(attempt, deadline)
            .map_err(|refusal| self.with_listed_name(refusal, deadline))?;
        self.own_name.confirm();
        Ok(logon)
    }

    fn is_outdated(&self) -> bool {
        self.own_name.is_outdated()
    }

    fn group_names(&self, _account: &Account) -> Option<Arc<dyn GroupNames>> {
        Some(Arc::clone(&self.names) as _)
    }
}

impl GroupNames for Names {
    fn names_of(&self, groups: &[Sid]) -> Vec<Option<GroupName>> {
        self.of(groups)
    }
}

/// Refuses guest and anonymous logons, which a controller may validate.
fn refuse_without_identity(info: &SamInfo4) -> Result<(), Refusal> {
    let denied = |minor: Minor| {
        let name = format!("{}\\{}", info.logon_domain_name, info.effective_name);
        Err(Refusal::Denied(minor.because(Quoted(&name))))
    };
    if info.is_guest {
        return denied(Minor::GuestRefused);
    }
    // S-1-5-7 (MS-DTYP 2.4.2.4).
    let anonymous = Sid::new([0, 0, 0, 0, 0, 5], vec![7]);
    if anonymous.is_some() && info.sid == anonymous {
        return denied(Minor::AnonymousRefused);
    }
    Ok(())
}

fn with(fault: Fault, problem: Option<String>) -> Fault {
    match problem {
        Some(problem) => fault.and(problem),
        None => fault,
    }
}

fn logon(routed: Routed) -> Logon {
    let (account, session_key) = routed.into_parts();
    Logon::proven("netlogon", account, session_key)
}

#[cfg(test)]
pub(in crate::login::verify) mod tests;
