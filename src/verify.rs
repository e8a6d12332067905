//! Who answers for a login.
//!
//! A [`Verifier`] is asked about an [`Attempt`] and answers with a [`Logon`], which nobody else can
//! make, or with a [`Refusal`]. The verifiers of a configuration are asked in its order.

pub mod netlogon;

use std::time::SystemTime;

use crate::crypto::Key;
use crate::fault::{Fault, Minor};
use crate::sid::Sid;

/// What a client claims and how it proves it: the input of a verification.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The user's name in UTF-16, exactly as the response was computed over it.
    pub user: &'a [u16],
    /// The domain in UTF-16, exactly as the response was computed over it; often empty.
    pub domain: &'a [u16],
    /// What the client calls its computer, in UTF-16; unproven.
    pub workstation: &'a [u16],
    /// The user's name as a person means it: differs from `user` where a client sends bytes of
    /// another character set. For looking him up, never for the computation.
    pub user_meant: &'a str,
    /// The domain as a person means it.
    pub domain_meant: &'a str,
    /// Our challenge.
    pub server_challenge: [u8; 8],
    /// The NTLMv2 response: 16 bytes proof, then the structure that it proves (MS-NLMP 2.2.2.8).
    pub nt_response: &'a [u8],
    /// The LMv2 response, or whatever the client sent in its place.
    pub lm_response: &'a [u8],
}

/// An account, in the words of whoever verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The account's name (`sAMAccountName`).
    pub user: String,
    /// Its domain's NetBIOS name.
    pub domain: String,
    /// Its domain's DNS name.
    pub dns_domain: Option<String>,
    /// Its user principal name.
    pub upn: Option<String>,
    /// Its full name.
    pub full_name: Option<String>,
    /// Its security identifier.
    pub sid: Option<Sid>,
    /// That of its primary group.
    pub primary_group_sid: Option<Sid>,
    /// Those of its groups, as the verifier expanded them, the primary group included.
    pub group_sids: Vec<Sid>,
    /// The server that verified.
    pub logon_server: Option<String>,
    /// When the account must be logged off, if it must.
    pub log_off: Option<SystemTime>,
}

/// Proof that somebody is who he says: only a verifier that has checked his response makes one.
#[derive(Debug)]
pub struct Logon {
    account: Account,
    session_base_key: Option<Key>,
    verifier: &'static str,
}

impl Logon {
    /// For the verifiers below this module, after their check.
    fn proven(verifier: &'static str, account: Account, session_base_key: Option<Key>) -> Self {
        Self {
            account,
            session_base_key,
            verifier,
        }
    }

    /// Who it is.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// `SessionBaseKey` (MS-NLMP 3.3.2); none if the verifier has none to give.
    pub fn session_base_key(&self) -> Option<&Key> {
        self.session_base_key.as_ref()
    }

    /// The name of the verifier, for the log.
    pub fn verifier(&self) -> &'static str {
        self.verifier
    }
}

/// Why there is no [`Logon`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The verifier holds no such account: another one may.
    NotMine(Fault),
    /// The verifier has decided.
    Denied(Fault),
    /// The verifier could not decide.
    Unavailable(Fault),
}

/// Somebody who can check a response.
pub trait Verifier: Send + Sync {
    /// Checks the response. Takes no longer than the configuration allows.
    ///
    /// # Errors
    /// [`Refusal`]; whoever is refused is refused, whatever the reason.
    fn verify(&self, attempt: &Attempt<'_>) -> Result<Logon, Refusal>;
}

/// Asks the verifiers one after the other until one has decided.
///
/// # Errors
/// The fault of the first that denies or cannot decide; if none holds the account, that of the last.
pub fn ask(verifiers: &[Box<dyn Verifier>], attempt: &Attempt<'_>) -> Result<Logon, Fault> {
    let mut fault = Fault::from(Minor::BadUserOrPassword);
    for verifier in verifiers {
        match verifier.verify(attempt) {
            Ok(logon) => return Ok(logon),
            Err(Refusal::NotMine(not_mine)) => fault = not_mine,
            Err(Refusal::Denied(decided) | Refusal::Unavailable(decided)) => return Err(decided),
        }
    }
    Err(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTEMPT: Attempt<'_> = Attempt {
        user: &[],
        domain: &[],
        workstation: &[],
        user_meant: "",
        domain_meant: "",
        server_challenge: [0; 8],
        nt_response: &[],
        lm_response: &[],
    };

    /// Answers always the same; a `Logon` for `None`.
    struct Answer(Option<Refusal>);

    impl Verifier for Answer {
        fn verify(&self, _: &Attempt<'_>) -> Result<Logon, Refusal> {
            match &self.0 {
                Some(refusal) => Err(refusal.clone()),
                None => {
                    let account = Account {
                        user: "alice".to_owned(),
                        domain: "EXAMPLE".to_owned(),
                        dns_domain: None,
                        upn: None,
                        full_name: None,
                        sid: None,
                        primary_group_sid: None,
                        group_sids: Vec::new(),
                        logon_server: None,
                        log_off: None,
                    };
                    Ok(Logon::proven("test", account, None))
                }
            }
        }
    }

    fn ask_all(answers: Vec<Option<Refusal>>) -> Result<(), Minor> {
        let verifiers: Vec<Box<dyn Verifier>> = answers
            .into_iter()
            .map(|answer| Box::new(Answer(answer)) as _)
            .collect();
        ask(&verifiers, &ATTEMPT)
            .map(drop)
            .map_err(|fault| fault.minor())
    }

    #[test]
    fn the_first_that_decides_is_the_last_that_is_asked() {
        let not_mine = || Some(Refusal::NotMine(Minor::UnknownDomain.into()));
        let denied = || Some(Refusal::Denied(Minor::AccountDisabled.into()));
        let away = || Some(Refusal::Unavailable(Minor::ControllerTimeout.into()));

        assert_eq!(ask_all(vec![]), Err(Minor::BadUserOrPassword));
        assert_eq!(ask_all(vec![not_mine()]), Err(Minor::UnknownDomain));
        assert_eq!(ask_all(vec![not_mine(), None]), Ok(()));
        assert_eq!(ask_all(vec![denied(), None]), Err(Minor::AccountDisabled));
        assert_eq!(ask_all(vec![away(), None]), Err(Minor::ControllerTimeout));
        assert_eq!(ask_all(vec![None, denied()]), Ok(()));
    }
}
