//! Object identifiers: MIT's values in statics of our own.
//!
//! The mechglue keeps pointers to a mechanism's identifiers, and later passes them to
//! `gss_release_oid`, which frees all but MIT's own statics. It first calls the export below, which
//! tells that ours must not be freed.

use std::ptr;

use crate::base::fault::{Fault, Minor};
use crate::gss::abi::{In, InOut, OidDesc};
use crate::gss::entry::{Success, export};
use crate::protocol::ntlm;

/// NTLM's.
pub const NTLM: &[u8] = ntlm::OBJECT_IDENTIFIER;

/// `GSS_C_NT_USER_NAME`: 1.2.840.113554.1.2.1.1 (RFC 2744 appendix A)
pub const NT_USER_NAME: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x01, 0x01];

/// `GSS_C_NT_HOSTBASED_SERVICE`: 1.2.840.113554.1.2.1.4 (RFC 2744 appendix A)
pub const NT_HOSTBASED_SERVICE: &[u8] =
    &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x01, 0x04];

/// `GSS_C_NT_HOSTBASED_SERVICE_X`: 1.3.6.1.5.6.2, the same by its old number (RFC 2744 appendix A)
pub const NT_HOSTBASED_SERVICE_X: &[u8] = &[0x2B, 0x06, 0x01, 0x05, 0x06, 0x02];

/// `GSS_C_NT_ANONYMOUS`: 1.3.6.1.5.6.3 (RFC 2744 appendix A)
pub const NT_ANONYMOUS: &[u8] = &[0x2B, 0x06, 0x01, 0x05, 0x06, 0x03];

/// `GSS_C_NT_EXPORT_NAME`: 1.3.6.1.5.6.4 (RFC 2744 appendix A)
pub const NT_EXPORT_NAME: &[u8] = &[0x2B, 0x06, 0x01, 0x05, 0x06, 0x04];

/// `GSS_C_NT_MACHINE_UID_NAME`: 1.2.840.113554.1.2.1.2 (RFC 2744 appendix A)
pub const NT_MACHINE_UID_NAME: &[u8] =
    &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x01, 0x02];

/// `GSS_C_NT_STRING_UID_NAME`: 1.2.840.113554.1.2.1.3 (RFC 2744 appendix A)
pub const NT_STRING_UID_NAME: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x01, 0x03];

/// `GSS_C_MA_MECH_CONCRETE`: 1.3.6.1.5.5.13.1 (RFC 5587 3.1)
pub const MA_MECH_CONCRETE: &[u8] = &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x0D, 0x01];

/// `GSS_C_MA_AUTH_INIT`: 1.3.6.1.5.5.13.10 (RFC 5587 3.1)
pub const MA_AUTH_INIT: &[u8] = &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x0D, 0x0A];

/// `GSS_C_MA_INTEG_PROT`: 1.3.6.1.5.5.13.17 (RFC 5587 3.1)
pub const MA_INTEG_PROT: &[u8] = &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x0D, 0x11];

/// `GSS_C_MA_CONF_PROT`: 1.3.6.1.5.5.13.18 (RFC 5587 3.1)
pub const MA_CONF_PROT: &[u8] = &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x0D, 0x12];

/// `GSS_C_MA_MIC`: 1.3.6.1.5.5.13.19 (RFC 5587 3.1)
pub const MA_MIC: &[u8] = &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x0D, 0x13];

/// `GSS_C_MA_WRAP`: 1.3.6.1.5.5.13.20 (RFC 5587 3.1)
pub const MA_WRAP: &[u8] = &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x0D, 0x14];

/// `GSS_C_MA_REPLAY_DET`: 1.3.6.1.5.5.13.22 (RFC 5587 3.1)
pub const MA_REPLAY_DET: &[u8] = &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x0D, 0x16];

/// `GSS_C_MA_OOS_DET`: 1.3.6.1.5.5.13.23 (RFC 5587 3.1)
pub const MA_OOS_DET: &[u8] = &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x0D, 0x17];

/// `GSS_C_MA_CBINDINGS`: 1.3.6.1.5.5.13.24 (RFC 5587 3.1)
pub const MA_CBINDINGS: &[u8] = &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x0D, 0x18];
/// `GSS_C_MA_CTX_TRANS`: 1.3.6.1.5.5.13.27 (RFC 5587 3.1)
pub const MA_CTX_TRANS: &[u8] = &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x0D, 0x1B];

/// An identifier that is passed to the caller by its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Static {
    /// [`NTLM`]
    Ntlm,
    /// [`NT_USER_NAME`]
    UserName,
    /// [`NT_HOSTBASED_SERVICE`]
    HostbasedService,
    /// [`NT_ANONYMOUS`]
    Anonymous,
}

impl Static {
    const ALL: [Self; 4] = [
        Self::Ntlm,
        Self::UserName,
        Self::HostbasedService,
        Self::Anonymous,
    ];

    /// The address. Always the same, and valid for ever.
    pub fn address(self) -> *const OidDesc {
        static NTLM_DESC: OidDesc = OidDesc::constant(NTLM);
        static USER_NAME_DESC: OidDesc = OidDesc::constant(NT_USER_NAME);
        static HOSTBASED_SERVICE_DESC: OidDesc = OidDesc::constant(NT_HOSTBASED_SERVICE);
        static ANONYMOUS_DESC: OidDesc = OidDesc::constant(NT_ANONYMOUS);
        match self {
            Self::Ntlm => &raw const NTLM_DESC,
            Self::UserName => &raw const USER_NAME_DESC,
            Self::HostbasedService => &raw const HOSTBASED_SERVICE_DESC,
            Self::Anonymous => &raw const ANONYMOUS_DESC,
        }
    }
}

/// Checks that a mechanism parameter means NTLM, as `GSS_C_NO_OID` does.
///
/// # Errors
/// `BadMech`
pub fn require_ntlm(mech: &In<OidDesc>) -> Result<(), Fault> {
    match mech.encoding() {
        None => Ok(()),
        Some(encoding) if encoding == NTLM => Ok(()),
        Some(_) => Err(Minor::BadMech.into()),
    }
}

export! {
    /// Returns `GSS_S_COMPLETE` and clears the variable if it holds an identifier of this library,
    /// else `GSS_S_CONTINUE_NEEDED` (MIT's convention: another mechanism may know it). The mechglue
    /// calls this under its global lock.
    fn gss_internal_release_oid(oid: InOut<*const OidDesc>) {
        let held = oid.required("oid")?;
        if Static::ALL.iter().any(|ours| ours.address() == held) {
            oid.set(ptr::null());
            return Ok(Success::Complete);
        }
        Ok(Success::ContinueNeeded)
    }
}
