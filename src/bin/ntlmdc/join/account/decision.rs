//! What is done about the account.

use std::fmt;

use crate::join::new_secret::Earlier;
use crate::steps::Problem;

/// What is done about the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Make {
        dn: String,
        place: String,
    },
    Reset {
        dn: String,
        control: u32,
        /// The SID of another user who made the account.
        creator: Option<String>,
    },
    /// It has a password that this host has from an earlier run.
    Keep {
        dn: String,
        password: Earlier,
    },
}

/// Why the account is not made or reset.
pub struct NotDone {
    pub problem: Problem,
    /// The controller refused: the account is as before. Else it may have the new password.
    pub is_refused: bool,
}

impl Decision {
    /// What is about to be done, for a run that does not come to its end.
    pub fn begun(&self) -> String {
        match self {
            Self::Make { dn, .. } => format!("{dn}: the controller was asked to make it"),
            Self::Reset { dn, .. } => {
                format!("{dn}: the controller was asked to give it a new password")
            }
            Self::Keep { dn, .. } => format!("{dn}: as it was"),
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Make { dn, .. } => write!(formatter, "{dn}: made, with a random password"),
            Self::Keep { dn, .. } => write!(
                formatter,
                "{dn}: is this host's already, and has the password that is here"
            ),
            Self::Reset { dn, creator, .. } => {
                write!(formatter, "{dn}: has a new random password")?;
                match creator {
                    Some(sid) => write!(
                        formatter,
                        ". {sid} has made the account and may still change it: look at its owner \
                         and its permissions"
                    ),
                    None => Ok(()),
                }
            }
        }
    }
}
