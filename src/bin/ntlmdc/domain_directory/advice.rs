//! What a refusal of the directory means, and what to do. The codes of Active Directory stand in
//! the message of the result: an error of Windows first, why a login is refused after `data`.

mod kerberos;
mod ticket_cache;

use gss_ntlmdc::directory::{Error, Refusal, ResultCode};

use crate::steps::Problem;
pub use kerberos::{
    no_login_with_ticket, no_name_of_controller, no_ticket, no_user_of, ticket_expired,
};
pub use ticket_cache::not_found;

/// There is no connection.
pub fn no_connection(controller: &str, error: &Error) -> Problem {
    let cure = match error {
        Error::Untrusted { .. } => {
            "Name the file of the authority that issued it (--ca FILE), or this certificate \
             (--pin SHA256), after comparing the fingerprint with the one at the controller. Or \
             leave TLS out: NTLM seals all messages on port 389."
        }
        Error::Tls(_) => {
            "The controller may have no certificate: leave --ldaps and --starttls out; NTLM then \
             seals all messages on port 389."
        }
        Error::Refused { .. } => {
            "The controller has no certificate, it seems: leave --starttls out; NTLM then seals \
             all messages on port 389."
        }
        _ => {
            "Check the network and the firewall (port 389, with --ldaps 636), or name another \
             controller: --controller HOST."
        }
    };
    Problem::new(format!("{controller}: {error}"), cure)
}

/// The login is refused.
pub fn no_login(user: &str, error: &Error) -> Problem {
    let Some(refusal) = error.refusal() else {
        return other(&format!("the login of {user}"), error);
    };
    let of_data = refusal.logon_error().and_then(of_logon_error);
    let (meaning, cure) = of_data.unwrap_or_else(|| of_login(refusal));
    Problem::new(format!("{user}: {meaning} ({refusal})"), cure)
}

/// The controller refuses NTLM over TLS, and the password may not be sent.
pub fn no_ntlm_over_tls(user: &str, error: &Error) -> Problem {
    Problem::new(
        format!("{user}: the controller refuses NTLM over TLS ({error})"),
        "Leave --ldaps and --starttls out: NTLM then seals all messages on port 389. Or send it \
         the password itself, within TLS: --simple, with --controller HOST or --pin SHA256.",
    )
}

/// The reasons of a refused login: Windows error codes after `data`.
fn of_logon_error(code: u32) -> Option<(&'static str, &'static str)> {
    const OTHER_USER: &str = "Log in as another user: --user.";
    Some(match code {
        0x525 => ("there is no such user", OTHER_USER),
        0x52E => (
            "user name or password is wrong",
            "Run this again with the right one. Each wrong one counts against the user in the \
             domain.",
        ),
        0x52F => ("the account is restricted", OTHER_USER),
        0x530 => ("the user may not log in at this hour", OTHER_USER),
        0x531 => ("the user may not log in from this host", OTHER_USER),
        0x532 => (
            "the password has expired",
            "Change it on a Windows host, then try again.",
        ),
        0x533 => ("the user is disabled", OTHER_USER),
        0x701 => ("the user's account has expired", OTHER_USER),
        0x773 => (
            "the password must be changed first",
            "Change it on a Windows host, then try again.",
        ),
        0x775 => (
            "the user is locked out, after too many wrong passwords",
            "Wait, or have the account unlocked.",
        ),
        _ => return None,
    })
}

fn of_login(refusal: &Refusal) -> (&'static str, &'static str) {
    /// SEC_E_BAD_BINDINGS
    const BAD_BINDINGS: u32 = 0x8009_0346;
    match (&refusal.code, refusal.windows_error()) {
        (_, Some(BAD_BINDINGS)) => (
            "the controller demands another channel binding",
            "Something between this host and the controller ends TLS. Leave --ldaps and \
             --starttls out.",
        ),
        (ResultCode::StrongerAuthRequired, _) => (
            "the controller demands signatures or TLS",
            "Try --starttls or --ldaps, or neither of them.",
        ),
        (ResultCode::InvalidCredentials, _) => (
            "user name or password is wrong",
            "Run this again with the right one. A user in Protected Users cannot use NTLM: log in \
             as another user (--user), or take a prepared account (--offline).",
        ),
        (ResultCode::AuthMethodNotSupported, _) => (
            "the controller accepts no NTLM",
            "Take a prepared account: --offline.",
        ),
        _ => (
            "the controller refuses the login",
            "Try another controller: --controller HOST.",
        ),
    }
}

/// Making the account is refused.
pub fn not_made(account: &str, place: &str, user: &str, error: &Error) -> Problem {
    let Some(refusal) = error.refusal() else {
        return Problem::new(
            format!("{account}: {error}"),
            "Look whether the account exists, then try again; --reset takes it.",
        );
    };
    let (meaning, cure) = of_new_account(refusal);
    let named = |text: &str| text.replace("{user}", user).replace("{place}", place);
    let (meaning, cure) = (named(meaning), named(cure));
    Problem::new(format!("{account}: {meaning} ({refusal})"), cure)
}

fn of_new_account(refusal: &Refusal) -> (&'static str, &'static str) {
    let of_windows = refusal.windows_error().and_then(of_windows_error);
    of_windows.unwrap_or_else(|| of_result(&refusal.code))
}

const NAME_TAKEN: (&str, &str) = ("the name is taken", "Choose another name: --computer NAME.");
const NOT_ALLOWED: (&str, &str) = (
    "{user} may not make it there",
    "Give {user} the right to create computers in {place}, log in as another user (--user), or \
     have the account prepared and take it: --offline.",
);

/// The errors of Windows that a new account may meet.
fn of_windows_error(code: u32) -> Option<(&'static str, &'static str)> {
    Some(match code {
        // ERROR_ACCESS_DENIED
        5 => NOT_ALLOWED,
        // ERROR_USER_EXISTS
        0x524 => NAME_TAKEN,
        // ERROR_PASSWORD_RESTRICTION
        0x52D => (
            "the domain's password policy refuses the random password of 120 characters",
            "A password filter of the domain may be the reason. Have the account prepared, and \
             take it: --offline.",
        ),
        // ERROR_DS_MACHINE_ACCOUNT_QUOTA_EXCEEDED
        0x216D => (
            "{user} has made as many computers as a user may (ms-DS-MachineAccountQuota)",
            "Log in as an administrator (--user), name an organizational unit where {user} may \
             create computers (--ou), or have the account prepared: --offline.",
        ),
        // ERROR_DS_SPN_VALUE_NOT_UNIQUE_IN_FOREST
        0x21C7 => (
            "another object has one of its service principal names",
            "Choose another name: --computer NAME. `setspn -Q HOST/NAME` finds the other object.",
        ),
        _ => return None,
    })
}

fn of_result(code: &ResultCode) -> (&'static str, &'static str) {
    match code {
        ResultCode::EntryAlreadyExists => NAME_TAKEN,
        ResultCode::InsufficentAccessRights => NOT_ALLOWED,
        ResultCode::NoSuchObject => (
            "there is no {place}",
            "Name an organizational unit that exists: --ou 'OU=Servers,DC=example,DC=test'.",
        ),
        ResultCode::InvalidDNSyntax | ResultCode::NamingViolation => (
            "{place} is no distinguished name",
            "Write it so: --ou 'OU=Servers,DC=example,DC=test'.",
        ),
        ResultCode::ConfidentialityRequired | ResultCode::UnwillingToPerform => (
            "the controller will not set a password over this connection",
            "Try --starttls or --ldaps, or another controller: --controller HOST.",
        ),
        _ => (
            "the controller refuses it",
            "Have the account prepared, and take it: --offline.",
        ),
    }
}

/// A change of an account is refused.
pub fn not_changed(dn: &str, user: &str, error: &Error) -> Problem {
    match error.refusal() {
        Some(refusal) if refusal.code == ResultCode::InsufficentAccessRights => Problem::new(
            format!("{user} may not change {dn} ({refusal})"),
            "Log in as a user who may: --user.",
        ),
        _ => other(dn, error),
    }
}

/// Another failure.
pub fn other(what: &str, error: &Error) -> Problem {
    let cure = match error {
        Error::Net(_) | Error::Disconnected(_) => {
            "Try again, or another controller: --controller HOST."
        }
        Error::NotSealed => "Use TLS: --starttls or --ldaps.",
        Error::TicketWithinTls => "Leave --starttls and --ldaps out.",
        Error::PasswordNotSent => "Give a password, and --starttls or --ldaps.",
        Error::Referred(_) => "Name a writable controller of the domain: --controller HOST.",
        _ => "Try another controller: --controller HOST.",
    };
    Problem::new(format!("{what}: {error}"), cure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gss_ntlmdc::directory::Operation;

    fn refused(operation: Operation, code: ResultCode, message: &str) -> Error {
        let message = message.to_owned();
        let refusal = Refusal {
            code,
            message,
            base: None,
        };
        Error::Refused { operation, refusal }
    }

    #[test]
    fn the_reason_of_a_refused_login_is_named() {
        for (data, expected) in [
            ("52e", "password is wrong"),
            ("525", "no such user"),
            ("533", "disabled"),
            ("775", "locked out"),
            ("773", "changed first"),
            ("ffff", "password is wrong"),
        ] {
            let text = format!("8009030C: LdapErr: DSID-0C09, comment: x, data {data}, v4563");
            let error = refused(Operation::Bind, ResultCode::InvalidCredentials, &text);
            let problem = no_login("EXAMPLE\\admin", &error);
            assert!(problem.what.contains(expected), "{problem:?}");
            assert!(problem.what.starts_with("EXAMPLE\\admin: "), "{problem:?}");
        }
        let text = "80090346: LdapErr: DSID-0C090569, comment: x, data 80090346, v4563";
        let error = refused(Operation::Bind, ResultCode::InvalidCredentials, text);
        assert!(no_login("x", &error).what.contains("channel binding"));
    }

    #[test]
    fn the_reason_of_a_refused_account_is_named() {
        for (code, message, expected) in [
            (
                ResultCode::UnwillingToPerform,
                "0000216D: SvcErr: x",
                "as many computers",
            ),
            (
                ResultCode::ConstraintViolation,
                "000021C7: AtrErr: x",
                "service principal",
            ),
            (
                ResultCode::EntryAlreadyExists,
                "00000524: UpdErr: x",
                "taken",
            ),
            (ResultCode::EntryAlreadyExists, "", "taken"),
            (
                ResultCode::InsufficentAccessRights,
                "00000005: SecErr",
                "may not make it",
            ),
            (ResultCode::NoSuchObject, "0000208D: NameErr", "there is no"),
            (
                ResultCode::UnwillingToPerform,
                "0000001F: SvcErr",
                "over this connection",
            ),
            (ResultCode::ConstraintViolation, "0000202F: x", "refuses it"),
        ] {
            let error = refused(Operation::Add, code, message);
            let problem = not_made("X$", "OU=Here", "admin", &error);
            assert!(problem.what.contains(expected), "{problem:?}");
            assert!(!problem.cure.contains('{'), "{problem:?}");
        }
    }
}
