//! Options of a context or a credential, by object identifier.

use std::ptr;

use crate::base::fault::Minor;
use crate::gss::abi::{BufferDesc, Handle, In, OidDesc, Out, SetDesc, Slot};
use crate::gss::entry::{Success, export};
use crate::gss::memory;
use crate::login::context::Context;
use crate::login::credential::Credential;
use crate::protocol::ntlm::seal::Way;

/// 1.3.6.1.4.1.7165.655.1.2: whether SPNEGO must sign its list of mechanisms, one byte.
const SPNEGO_REQUIRE_MIC: &[u8] = &[
    0x2B, 0x06, 0x01, 0x04, 0x01, 0xB7, 0x7D, 0x85, 0x0F, 0x01, 0x02,
];

/// 1.3.6.1.4.1.7165.655.1.3: SPNEGO has signed its list of mechanisms, or verified the peer's
/// signature.
const RESET_CRYPTO: &[u8] = &[
    0x2B, 0x06, 0x01, 0x04, 0x01, 0xB7, 0x7D, 0x85, 0x0F, 0x01, 0x03,
];

/// `GSS_C_INQ_SSPI_SESSION_KEY`: 1.2.840.113554.1.2.2.5.5
pub const SSPI_SESSION_KEY: &[u8] = &[
    0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02, 0x05, 0x05,
];

/// `GSS_C_SEC_CONTEXT_SASL_SSF`: 1.2.840.113554.1.2.2.5.15
pub const SASL_SSF: &[u8] = &[
    0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02, 0x05, 0x0F,
];

/// 1.2.840.113554.1.2.2.4.23: the session key's type in MIT's Kerberos, RC4 (RFC 4757).
const RC4_KEY: &[u8] = &[
    0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02, 0x04, 0x17,
];

/// `GSS_KRB5_CRED_NO_CI_FLAGS_X`, 1.2.752.43.13.29: the mechanism adds no flag of protection to
/// those that the program asks for.
const NO_CI_FLAGS: &[u8] = &[0x2A, 0x85, 0x70, 0x2B, 0x0D, 0x1D];

export! {
    /// gssapi_ext.h. The one option is met as it is: NTLM asks for what the program asks for. MIT's
    /// SPNEGO adds integrity of its own unless the mechanism takes the option, and Cyrus SASL fails
    /// without it where a client asks for no protection (`-O maxssf=0`).
    fn gssspi_set_cred_option(
        cred_handle: Slot<Credential>,
        desired_object: In<OidDesc>,
        _value: In<BufferDesc>,
    ) {
        let _unchanged = cred_handle.get("cred_handle")?;
        match desired_object.encoding() {
            Some(NO_CI_FLAGS) => Ok(Success::Complete),
            _ => Err(Minor::NoSuchOption.into()),
        }
    }
}

export! {
    /// gssapi_ext.h
    fn gss_set_sec_context_option(
        context_handle: Slot<Context>,
        desired_object: In<OidDesc>,
        value: In<BufferDesc>,
    ) {
        let context = context_handle.get("context_handle")?;
        if desired_object.encoding() != Some(RESET_CRYPTO) {
            return Err(Minor::NoSuchOption.into());
        }
        let context = context.ok_or_else(|| Minor::BadArgument.because("there is no context"))?;
        // An integer in the machine's byte order. MIT's SPNEGO passes 1 after it has verified.
        let way = match value.bytes("value")?.try_into().map(u32::from_ne_bytes) {
            Ok(0) => Way::Out,
            Ok(1) => Way::In,
            _ => return Err(Minor::BadArgument.because("the value is neither 0 nor 1")),
        };
        context.with_security(|security| {
            security.reset(way);
            Ok(())
        })?;
        Ok(Success::Complete)
    }
}

export! {
    /// gssapi_ext.h
    fn gss_inquire_sec_context_by_oid(
        context_handle: Handle<Context>,
        desired_object: In<OidDesc>,
        data_set: Out<*mut SetDesc<BufferDesc>>,
    ) {
        data_set.set(ptr::null_mut());
        data_set.required("data_set")?;
        let context = context_handle.required("context_handle")?;
        let answer = match desired_object.encoding() {
            Some(SPNEGO_REQUIRE_MIC) => {
                let required = context.has_mic()?;
                memory::buffer_set(&[&[required.into()]])?
            }
            Some(SASL_SSF) => {
                let strength = context.strength()?;
                memory::buffer_set(&[&strength.to_be_bytes()])?
            }
            Some(SSPI_SESSION_KEY) => {
                let key = context.session_key()?;
                memory::buffer_set(&[key.expose(), RC4_KEY])?
            }
            _ => return Err(Minor::NoSuchOption.into()),
        };
        data_set.set(answer);
        Ok(Success::Complete)
    }
}
