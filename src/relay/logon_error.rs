//! Why a login over LDAP is refused.

use crate::directory::{Error, Refusal, ResultCode};
use crate::protocol::rpc::NtStatus;
use crate::relay::error::Cause;
use crate::relay::policy::Policy;
use crate::relay::verdict::Reason;

/// The error code of Windows behind `data` in the answer of Active Directory (MS-ERREF 2.2), and
/// the status that it stands for.
const LOGON_ERRORS: &[(u32, NtStatus)] = &[
    (0x525, NtStatus::NO_SUCH_USER),
    (0x52E, NtStatus::LOGON_FAILURE),
    (0x52F, NtStatus::ACCOUNT_RESTRICTION),
    (0x530, NtStatus::INVALID_LOGON_HOURS),
    (0x531, NtStatus::INVALID_WORKSTATION),
    (0x532, NtStatus::PASSWORD_EXPIRED),
    (0x533, NtStatus::ACCOUNT_DISABLED),
    (0x569, NtStatus::LOGON_TYPE_NOT_GRANTED),
    (0x701, NtStatus::ACCOUNT_EXPIRED),
    (0x773, NtStatus::PASSWORD_MUST_CHANGE),
    (0x775, NtStatus::ACCOUNT_LOCKED_OUT),
];
/// ERROR_NTLM_BLOCKED
const NTLM_BLOCKED: u32 = 0x791;
/// SEC_E_BAD_BINDINGS, at the beginning of the answer.
const BAD_BINDINGS: u32 = 0x8009_0346;

/// What a failed login over LDAP means. A refusal that is the user's, or why there is none.
pub(super) fn meaning(error: Error, has_tls: bool) -> Result<(Reason, Refusal), Cause> {
    let refusal = match error {
        Error::Refused { refusal, .. } => refusal,
        error => return Err(error.into()),
    };
    let policy = match refusal.code {
        ResultCode::StrongerAuthRequired if has_tls => Policy::LdapNtlmInTls,
        ResultCode::StrongerAuthRequired => Policy::LdapSigning,
        ResultCode::ConfidentialityRequired => Policy::LdapConfidentiality,
        ResultCode::AuthMethodNotSupported => Policy::LdapWithoutNtlm,
        ResultCode::UnwillingToPerform if has_tls => Policy::LdapSignedInTls,
        ResultCode::InvalidCredentials if refusal.windows_error() == Some(BAD_BINDINGS) => {
            Policy::LdapChannelBinding
        }
        ResultCode::InvalidCredentials => match refusal.logon_error() {
            Some(NTLM_BLOCKED) => Policy::NtlmBlocked,
            code => return Ok((reason(code, &refusal), refusal)),
        },
        _ => return Err(Cause::Answer(refusal)),
    };
    Err(Cause::Policy(policy))
}

fn reason(code: Option<u32>, refusal: &Refusal) -> Reason {
    let known = LOGON_ERRORS
        .iter()
        .find(|(number, _)| Some(*number) == code);
    match known {
        Some((_, status)) => Reason::Status(*status),
        None => Reason::Ldap(refusal.clone()),
    }
}
