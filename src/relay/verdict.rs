//! What became of a login.

use std::fmt;

use crate::base::config::Share;
use crate::directory;
use crate::protocol::rpc::NtStatus;

/// What the controller says of a login.
#[derive(Debug)]
pub enum Verdict {
    /// The client knows the password of the user that its AUTHENTICATE message names.
    Accepted(Accepted),
    /// The client does not, or may not log in.
    Refused(Refusal),
}

/// An accepted login. Only [`Handshake::finish`](super::Handshake::finish) makes one.
#[derive(Debug)]
pub struct Accepted {
    server: String,
}

impl Accepted {
    pub(super) fn by(server: String) -> Self {
        Self { server }
    }

    /// The controller: its name in `controllers` or in DNS, else its address.
    pub fn server(&self) -> &str {
        &self.server
    }
}

/// A refused login.
#[derive(Debug)]
pub struct Refusal {
    /// The controller: its name in `controllers` or in DNS, else its address.
    pub server: String,
    /// Why.
    pub reason: Reason,
}

/// Why a login is refused.
#[derive(Debug)]
pub enum Reason {
    /// The controller's status, or what the code in its LDAP answer means. SMB2 and LDAP have one
    /// status for an unknown user and a wrong password.
    Status(NtStatus),
    /// An LDAP answer without a known code.
    Ldap(directory::Refusal),
    /// The controller took the user for a guest.
    Guest,
    /// The controller made a session without a user.
    Anonymous,
    /// The user may not connect to the share that `share` names.
    Share(Share, NtStatus),
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.server)?;
        match &self.reason {
            Reason::Status(status) => status.fmt(formatter),
            Reason::Ldap(refusal) => refusal.fmt(formatter),
            Reason::Guest => formatter.write_str("logged in as a guest"),
            Reason::Anonymous => formatter.write_str("logged in without a user"),
            Reason::Share(share, status) => write!(formatter, "{share}: {status}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "dc1.example.test";

    #[test]
    fn an_accepted_login_names_the_controller() {
        assert_eq!(Accepted::by(SERVER.to_owned()).server(), SERVER);
    }

    #[test]
    fn a_refusal_names_the_controller_and_the_reason() {
        let share = r"\\files.example.test\web".parse().unwrap();
        let refusal = directory::Refusal {
            code: directory::ResultCode::InvalidCredentials,
            message: "no".to_owned(),
            base: None,
        };
        let ldap = refusal.to_string();
        for (reason, told) in [
            (
                Reason::Status(NtStatus::ACCOUNT_DISABLED),
                "STATUS_ACCOUNT_DISABLED (0xC0000072)",
            ),
            (Reason::Ldap(refusal), ldap.as_str()),
            (Reason::Guest, "logged in as a guest"),
            (Reason::Anonymous, "logged in without a user"),
            (
                Reason::Share(share, NtStatus::ACCESS_DENIED),
                r"\\files.example.test\web: STATUS_ACCESS_DENIED (0xC0000022)",
            ),
        ] {
            let server = SERVER.to_owned();
            let refusal = Refusal { server, reason };
            assert_eq!(refusal.to_string(), format!("{SERVER}: {told}"));
        }
    }
}
