//! What a failure of Kerberos means, by the codes of MIT's libkrb5, and what to do.

use gss_ntlmdc::directory::{ContextError, Error};

use super::other;
use crate::steps::Problem;

/// The first code of libkrb5 (`ERROR_TABLE_BASE_krb5`). Those of RFC 4120 7.5.9 follow it, by their
/// numbers there; MIT's own begin at 128.
const FIRST: u32 = 0x96C7_3A00;

const PASSWORD: &str = "Or log in with a password: --user.";

/// The ticket is of no more use.
pub fn ticket_expired() -> Problem {
    Problem::new(
        "the Kerberos ticket has expired",
        format!("Get a new one: kinit. {PASSWORD}"),
    )
}

/// The ticket is one of another realm, of a computer or of a service.
pub fn no_user_of(domain: &str, principal: &str) -> Problem {
    Problem::new(
        format!("{principal} is not a user of {domain}"),
        "To use that ticket: --kerberos.",
    )
}

/// A ticket is for a service, which has the controller's name in its own.
pub fn no_name_of_controller(principal: &str) -> Problem {
    Problem::new(
        format!("the ticket of {principal} proves no controller that is given by its address"),
        format!("Give its full DNS name: --controller HOST. {PASSWORD}"),
    )
}

/// There is no ticket that can be used.
pub fn no_ticket(error: &ContextError) -> Problem {
    let cure = match error.code {
        // Not of the mechanism: the library could not be loaded.
        0 => "Install MIT Kerberos (libgssapi-krb5-2).",
        _ => cure(error.code).unwrap_or(
            "Get one with kinit, as the user who runs this: sudo has a cache of its own, and \
             drops KRB5CCNAME.",
        ),
    };
    Problem::new(
        format!("no Kerberos ticket: {error}"),
        format!("{cure} {PASSWORD}"),
    )
}

/// The login with a ticket fails.
pub fn no_login_with_ticket(user: &str, error: &Error) -> Problem {
    let what = format!("the login of {user} with its ticket");
    let cure = match error {
        Error::Kerberos(error) => cure(error.code),
        Error::Refused { .. } => None,
        Error::Invalid(_) | Error::NotSealed => Some(FALSE),
        _ => return other(&what, error),
    };
    let cure = cure.unwrap_or("Get a new ticket: kinit.");
    Problem::new(format!("{what}: {error}"), format!("{cure} {PASSWORD}"))
}

const FALSE: &str = "The host that answered is not the controller of this name, or not as it \
    should be: check DNS, or name another controller: --controller HOST.";

fn cure(code: u32) -> Option<&'static str> {
    Some(match code.checked_sub(FIRST)? {
        // KDC_ERR_S_PRINCIPAL_UNKNOWN
        7 => {
            "The host is not a controller of the domain, or lacks its service principal names \
             (`setspn -L`). Name a controller by its full DNS name: --controller HOST."
        }
        // KRB_AP_ERR_TKT_EXPIRED, KRB_AP_ERR_TKT_NYV, KDC_ERR_TGT_REVOKED
        32 | 33 | 20 => "Get a new ticket: kinit.",
        // KRB_AP_ERR_SKEW
        37 => {
            "Set this host's clock: Kerberos allows five minutes of difference to the \
             controller's. Then get a new ticket: kinit."
        }
        // KRB_AP_ERR_BAD_INTEGRITY, KRB_AP_ERR_MODIFIED, KRB5_MUTUAL_FAILED
        31 | 41 | 158 => FALSE,
        // KRB5_CONFIG_CANTOPEN, KRB5_CONFIG_BADFORMAT
        135 | 136 => "Mend the configuration of Kerberos, /etc/krb5.conf: `klist` must work.",
        // KRB5_CC_UNKNOWN_TYPE, KRB5_FCC_PERM, KRB5_CC_FORMAT, KRB5_CCACHE_BADVNO
        140 | 194 | 199 | 212 => {
            "The cache of tickets (KRB5CCNAME) cannot be read: `klist` must work. Make it anew: \
             kinit."
        }
        // KRB5_REALM_UNKNOWN, KRB5_KDC_UNREACH
        154 | 156 => {
            "Kerberos finds no key distribution centre that answers: DNS must have \
             _kerberos._tcp of the domain, or /etc/krb5.conf a `kdc`; port 88 must be open."
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(code: u32) -> Problem {
        let text = "Some text".to_owned();
        no_login_with_ticket("a@B", &Error::Kerberos(ContextError { code, text }))
    }

    #[test]
    fn the_cure_is_that_of_the_code() {
        for (code, expected) in [
            // As krb5.h has them.
            (-1_765_328_377_i32, "--controller HOST"),
            (-1_765_328_352, "kinit"),
            (-1_765_328_347, "clock"),
            (-1_765_328_353, "check DNS"),
            (-1_765_328_248, "krb5.conf"),
            (-1_765_328_185, "KRB5CCNAME"),
            (-1_765_328_228, "key distribution centre"),
            (-1_765_328_230, "key distribution centre"),
            (-1, "kinit"),
            (39_756_032, "kinit"),
        ] {
            let problem = failed(code.cast_unsigned());
            assert!(problem.cure.contains(expected), "{problem:?}");
            assert!(problem.cure.ends_with(PASSWORD), "{problem:?}");
            assert!(problem.what.contains("Some text"), "{problem:?}");
        }
    }

    #[test]
    fn a_missing_library_and_a_missing_ticket_are_told_apart() {
        let library = ContextError::without_code("libgssapi_krb5.so.2 cannot be loaded");
        assert!(no_ticket(&library).cure.contains("Install"));
        let text = "No Kerberos credentials available".to_owned();
        let ticket = ContextError {
            code: 39_756_044,
            text,
        };
        assert!(no_ticket(&ticket).cure.contains("kinit"));
    }
}
