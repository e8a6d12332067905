//! One acceptor context: a message in, a message or an identity out.
//!
//! The order of a login, held by types: the client's [`Claim`] is admitted by the policy, then
//! verified, then its message integrity is checked with the key that the verifier gave;
//! [`Established`] takes a value of each check and can be made in no other way.

mod claimed_name;
mod dropped;
mod saved_acceptor;
mod terms;
mod unreturned;

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::base::config::LogTarget;
use crate::base::crypto;
use crate::base::fault::{Fault, Minor};
use crate::base::log::{self, Quoted, Severity};
use crate::login::accept::claimed_name::ClaimedName;
use crate::login::accept::dropped::Acceptance;
use crate::login::accept::unreturned::Unreturned;
use crate::login::guess_limit::Answer;
use crate::login::identity::Identity;
use crate::login::policy::{self, Admitted, Arrival, Permitted};
use crate::login::setup::Setup;
use crate::login::verify::{self, Logon, Refusal};
use crate::protocol::ntlm::acceptor::{self, Challenged, Claim, MicChecked};
use crate::protocol::ntlm::message::{MessageType, token_type};
use crate::protocol::ntlm::seal::SessionSecurity;
pub use terms::Terms;

/// What an administrator looks at when an answer comes on another connection than its challenge.
const CONNECTION_NOT_KEPT: &str =
    "check for HTTP/2 (Protocols http/1.1), KeepAlive Off, or a proxy that shares connections";

/// An acceptor context. It can always be started afresh: a NEGOTIATE message in any state begins a
/// new login, since clients and servers keep a connection, and with it the context, after a failure.
#[derive(Debug, Default)]
pub struct Acceptor(State);

#[derive(Debug, Default)]
enum State {
    /// No message has come yet.
    #[default]
    Fresh,
    /// The challenge is out.
    Challenged(Challenged),
    /// The login succeeded.
    Established(Box<Established>),
    /// The login failed: nothing is kept of it.
    Failed,
}

/// What comes of a message that is right.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this to the client and wait for its answer.
    Continue(Vec<u8>),
    /// The login succeeded; see [`Acceptor::established`].
    Established,
}

impl Acceptor {
    /// Waits for a NEGOTIATE message.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the client's next message. For an AUTHENTICATE message this asks the verifiers, and
    /// takes as long as they do. Each decision is logged.
    ///
    /// # Errors
    /// Why the message was refused. The context is then failed, whatever it was before.
    pub fn step(&mut self, terms: &Terms<'_>, token: &[u8]) -> Result<Step, Fault> {
        let start = Instant::now();
        self.take(terms, token, start).map_err(|refused| {
            refused.log(terms.setup.config().log.to, start);
            refused.into_fault()
        })
    }

    fn take(&mut self, terms: &Terms<'_>, token: &[u8], start: Instant) -> Result<Step, Refused> {
        let setup = terms.setup;
        // A state is consumed: whatever fails below leaves a failed context.
        let state = mem::replace(&mut self.0, State::Failed);
        if matches!(state, State::Challenged(_)) {
            Unreturned::of_this_process().came_back();
        }
        match (token_type(token)?, state) {
            (MessageType::Negotiate, _) => {
                let challenge = crypto::random().map_err(|_| Minor::NoRandomBytes)?;
                let (challenged, reply) = acceptor::negotiate(
                    token,
                    &setup.challenge_target(),
                    policy::weakest_protection(&setup.config().policy),
                    challenge,
                    SystemTime::now().into(),
                )?;
                self.0 = State::Challenged(challenged);
                Unreturned::of_this_process().tell_once(setup.config().log.to);
                Ok(Step::Continue(reply))
            }
            (MessageType::Authenticate, State::Challenged(challenged)) => {
                let arrival = terms.arrival(token);
                let claim = challenged.parse_authenticate(token)?;
                let established = authenticate(terms, &arrival, &claim, start)?;
                self.0 = State::Established(Box::new(established));
                Ok(Step::Established)
            }
            (MessageType::Authenticate, State::Failed) => Err(Minor::ContextFailed.into()),
            (MessageType::Authenticate, _) => {
                Err(Minor::NotNegotiated.because(CONNECTION_NOT_KEPT).into())
            }
            (MessageType::Challenge, _) => Err(Minor::UnexpectedMessage.into()),
        }
    }

    /// The login, if it succeeded.
    pub fn established(&self) -> Option<&Established> {
        match &self.0 {
            State::Established(established) => Some(established),
            _ => None,
        }
    }

    /// The caller deletes the context.
    pub fn deleted(&self) {
        match &self.0 {
            State::Challenged(_) => Unreturned::of_this_process().dropped(),
            State::Established(login) => {
                if let Some(acceptance) = &login.acceptance {
                    acceptance.deleted(&login.identity);
                }
            }
            State::Fresh | State::Failed => {}
        }
    }

    /// What protects the messages of a login that succeeded; none if there is no session key.
    pub fn security(&mut self) -> Option<&mut SessionSecurity> {
        match &mut self.0 {
            State::Established(established) => established.security.as_mut(),
            _ => None,
        }
    }
}

/// A login that succeeded.
#[derive(Debug)]
pub struct Established {
    identity: Arc<Identity>,
    expires: SystemTime,
    mic_verified: bool,
    security: Option<SessionSecurity>,
    /// `None` for a login that another process handed over: the caller took it there.
    acceptance: Option<Acceptance>,
}

impl Established {
    /// The only way in but that from another process ([`Self::restore`]): what was admitted, who it
    /// is, the check of the messages, and the permission. `lifetime` is the longest that is asked for.
    fn new(
        setup: &Setup,
        lifetime: Option<Duration>,
        admitted: &Admitted<'_>,
        logon: Logon,
        checked: MicChecked,
        _permitted: Permitted,
    ) -> Self {
        let settings = &setup.config().identity;
        let (account, group_names) = logon.into_parts();
        let lifetime = lifetime.map_or(settings.lifetime, |asked| asked.min(settings.lifetime));
        let lasts = SystemTime::now() + lifetime;
        let expires = account.ends().map_or(lasts, |ends| lasts.min(ends));
        let identity = Identity::new(
            account,
            settings,
            &setup.target().netbios_domain,
            admitted.workstation().to_owned(),
        )
        .with_group_names(group_names);
        Self {
            identity: Arc::new(identity),
            expires,
            mic_verified: checked.verified(),
            security: checked.into_security(),
            acceptance: Some(Acceptance::now(setup.config().log.to)),
        }
    }

    /// Who logged in.
    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// When the login ends: the configured lifetime, never beyond what was asked for and what the
    /// verifier allows.
    pub fn expires(&self) -> SystemTime {
        self.expires
    }

    /// True if the client sent a message integrity code; it was right.
    pub fn mic_verified(&self) -> bool {
        self.mic_verified
    }

    /// What protects the messages that follow; none if there is no session key.
    pub fn security(&self) -> Option<&SessionSecurity> {
        self.security.as_ref()
    }
}

/// Decides about a claim; logs who was let in.
fn authenticate(
    terms: &Terms<'_>,
    arrival: &Arrival,
    claim: &Claim,
    start: Instant,
) -> Result<Established, Refused> {
    let setup = terms.setup;
    let refused = |fault| Refused {
        fault,
        claimed: Some(Claimed(claim).to_string()),
        named: Some(Named(claim).to_string()),
    };
    let policy = &setup.config().policy;
    let admitted = policy::admit(policy, arrival, claim).map_err(refused)?;
    terms.check_service(arrival, claim).map_err(refused)?;
    let name = ClaimedName::check(claim).map_err(refused)?;
    let guess = setup
        .guess_limit()
        .map(|limit| limit.begin(name.user()))
        .transpose()
        .map_err(refused)?;
    let decided = decide(setup, terms.lifetime(arrival), &admitted);
    if let Some(guess) = guess {
        match &decided {
            Ok((established, _)) => guess.let_in(established.identity.own_user()),
            Err((_, answer)) => guess.refused(*answer),
        }
    }
    let (established, verifier) = decided.map_err(|(fault, _)| refused(fault))?;
    log::write(
        setup.config().log.to,
        Severity::Info,
        format_args!(
            "accepted {} as {} verifier={verifier} response={} mic={} took={}{}",
            Quoted(established.identity.display()),
            Claimed(claim),
            admitted.level(),
            if established.mic_verified {
                "verified"
            } else {
                "none"
            },
            Took(start),
            Audited(admitted.would_refuse()),
        ),
    );
    Ok(established)
}

/// Asks the verifiers, and checks what follows from their answer. With the login comes the name of who
/// verified it; with a fault, what it says of the password.
fn decide(
    setup: &Setup,
    lifetime: Option<Duration>,
    admitted: &Admitted<'_>,
) -> Result<(Established, &'static str), (Fault, Answer)> {
    // The password is right then, and whoever has it learns no more.
    let undecided = |fault| (fault, Answer::Undecided);
    let default_domains = &setup.config().identity.default_domain;
    let asked = verify::ask_by_default(setup.verifiers(), &admitted.attempt(), default_domains);
    let logon = asked.map_err(|refusal| {
        let answer = answer(&refusal);
        (refusal.into_fault(), answer)
    })?;
    let checked = admitted.check_mic(&logon).map_err(undecided)?;
    let permitted = admitted
        .permit(
            &setup.config().policy,
            &setup.target().netbios_domain,
            &logon,
        )
        .map_err(undecided)?;
    let verifier = logon.verifier();
    let established = Established::new(setup, lifetime, admitted, logon, checked, permitted);
    if established.expires <= SystemTime::now() {
        return Err(undecided(Minor::InvalidLogonHours.into()));
    }
    Ok((established, verifier))
}

/// What a refusal says of the password. An unknown user counts like a wrong password, and so does a
/// question without an answer, which may have counted at the controller.
fn answer(refusal: &Refusal) -> Answer {
    match refusal {
        Refusal::NotMine(fault) if fault.minor() == Minor::BadUserOrPassword => Answer::Wrong,
        Refusal::Denied(fault)
            if matches!(fault.minor(), Minor::BadUserOrPassword | Minor::LogonDenied) =>
        {
            Answer::Wrong
        }
        Refusal::Unanswered(_) => Answer::Wrong,
        // The password was right, or no verifier has looked at it.
        Refusal::NotMine(_) | Refusal::Denied(_) | Refusal::Unavailable(_) => Answer::Undecided,
    }
}

/// A message that was refused, and what is known of its sender.
struct Refused {
    fault: Fault,
    claimed: Option<String>,
    /// User and domain, as they were typed.
    named: Option<String>,
}

impl<F: Into<Fault>> From<F> for Refused {
    fn from(fault: F) -> Self {
        Self {
            fault: fault.into(),
            claimed: None,
            named: None,
        }
    }
}

impl Refused {
    /// The fault as the server is told it, whose log has the client's address.
    fn into_fault(self) -> Fault {
        match self.named {
            Some(named) => self.fault.of_login(named),
            None => self.fault,
        }
    }

    fn log(&self, to: LogTarget, start: Instant) {
        let code = self.fault.minor().code();
        let reason = self.fault.for_the_log();
        let took = Took(start);
        let severity = Severity::Warning;
        match &self.claimed {
            None => log::write(to, severity, format_args!("refused: {reason} [{code:x}]")),
            Some(claimed) => log::write(
                to,
                severity,
                format_args!("refused {claimed} took={took}: {reason} [{code:x}]"),
            ),
        }
    }
}

/// What a client says of itself, unproven.
struct Claimed<'a>(&'a Claim);

impl fmt::Display for Claimed<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(claim) = self;
        let workstation = Quoted(&claim.workstation().meant);
        write!(formatter, "{} workstation={workstation}", Named(claim))
    }
}

/// The names of the account in it.
struct Named<'a>(&'a Claim);

impl fmt::Display for Named<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(claim) = self;
        let (user, domain) = (&claim.user().meant, &claim.domain().meant);
        write!(formatter, "user={} domain={}", Quoted(user), Quoted(domain))
    }
}

/// What stricter rules would have said.
struct Audited<'a>(&'a [Fault]);

impl fmt::Display for Audited<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = "; policy.audit would refuse: ";
        for fault in self.0 {
            let code = fault.minor().code();
            write!(formatter, "{before}{} [{code:x}]", fault.for_the_log())?;
            before = ", ";
        }
        Ok(())
    }
}

/// The time since, in milliseconds.
struct Took(Instant);

impl fmt::Display for Took {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:.2}ms",
            self.0.elapsed().as_secs_f64() * 1000.0
        )
    }
}

#[cfg(test)]
mod tests;
