//! Messages on an established context, each in one buffer: `gss_wrap`, `gss_get_mic` and so on.
//!
//! A wrapped message is the signature and then the sealed message, as with Windows and Samba. The
//! token does not tell whether the message is sealed, so every one is, whatever `conf_req_flag`
//! says. This includes contexts with signatures only: Windows, Samba, gss-ntlmssp and pyspnego all
//! seal what LDAP calls signed. `conf_state` tells what was negotiated.
//!
//! Messages are protected during the lifetime of the login only (`gss_context_time`), so that a
//! user whose account is closed cannot use an open connection for ever.

use crate::base::fault::{Fault, Minor};
use crate::gss::abi::{BufferDesc, Handle, In, Out};
use crate::gss::entry::{Success, export};
use crate::gss::memory::Buffer;
use crate::login::context::Context;
use crate::protocol::ntlm::seal::SIGNATURE_SIZE;

/// `GSS_C_QOP_DEFAULT`
pub const QOP_DEFAULT: u32 = 0;

/// Checks that the caller asks for the only quality of protection.
///
/// # Errors
/// `BadQop`
pub fn require_default(qop: u32) -> Result<(), Fault> {
    match qop {
        QOP_DEFAULT => Ok(()),
        _ => Err(Minor::BadQop.into()),
    }
}

/// Splits a token into its signature and what follows.
fn split(token: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    token
        .split_at_checked(SIGNATURE_SIZE)
        .ok_or_else(|| Minor::BadMessageToken.because("shorter than a signature"))
}

export! {
    /// RFC 2744 5.15
    fn gss_get_mic(
        context_handle: Handle<Context>,
        qop_req: u32,
        message_buffer: In<BufferDesc>,
        message_token: Out<BufferDesc>,
    ) {
        message_token.set(BufferDesc::EMPTY);
        message_token.required("message_token")?;
        let context = context_handle.required("context_handle")?;
        require_default(qop_req)?;
        let message = message_buffer.bytes("message_buffer")?;
        let signature = context.with_security(|security| {
            let mut sending = security.send();
            sending.cover(message);
            Ok(sending.finish()?)
        })?;
        Buffer::copy_of(&signature)?.give_to(&message_token);
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 2744 5.32
    fn gss_verify_mic(
        context_handle: Handle<Context>,
        message_buffer: In<BufferDesc>,
        token_buffer: In<BufferDesc>,
        qop_state: Out<u32>,
    ) {
        qop_state.set(QOP_DEFAULT);
        let context = context_handle.required("context_handle")?;
        let message = message_buffer.bytes("message_buffer")?;
        let signature = token_buffer.bytes("token_buffer")?;
        context.with_security(|security| {
            let mut receiving = security.receive();
            receiving.cover(message);
            Ok(receiving.check(signature)?)
        })?;
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 2744 5.33
    fn gss_wrap(
        context_handle: Handle<Context>,
        _conf_req_flag: i32,
        qop_req: u32,
        input_message_buffer: In<BufferDesc>,
        conf_state: Out<i32>,
        output_message_buffer: Out<BufferDesc>,
    ) {
        conf_state.set(0);
        output_message_buffer.set(BufferDesc::EMPTY);
        output_message_buffer.required("output_message_buffer")?;
        let context = context_handle.required("context_handle")?;
        require_default(qop_req)?;
        let message = input_message_buffer.bytes("input_message_buffer")?;
        let mut token = Buffer::copy_behind::<SIGNATURE_SIZE>(message)?;
        let (signature, data) = token
            .bytes_mut()
            .split_first_chunk_mut::<SIGNATURE_SIZE>()
            .ok_or(Minor::InternalError)?;
        let sealed = context.with_security(|security| {
            let mut sending = security.send();
            sending.cover(data);
            sending.seal(data);
            *signature = sending.finish()?;
            Ok(security.seals())
        })?;
        token.give_to(&output_message_buffer);
        conf_state.set(sealed.into());
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 2744 5.31
    fn gss_unwrap(
        context_handle: Handle<Context>,
        input_message_buffer: In<BufferDesc>,
        output_message_buffer: Out<BufferDesc>,
        conf_state: Out<i32>,
        qop_state: Out<u32>,
    ) {
        output_message_buffer.set(BufferDesc::EMPTY);
        conf_state.set(0);
        qop_state.set(QOP_DEFAULT);
        output_message_buffer.required("output_message_buffer")?;
        let context = context_handle.required("context_handle")?;
        let (signature, sealed) = split(input_message_buffer.bytes("input_message_buffer")?)?;
        let mut message = Buffer::copy_of(sealed)?;
        let data = message.bytes_mut();
        let sealed = context.with_security(|security| {
            let mut receiving = security.receive();
            receiving.unseal(data);
            receiving.cover(data);
            receiving.check(signature)?;
            Ok(security.seals())
        })?;
        message.give_to(&output_message_buffer);
        conf_state.set(sealed.into());
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 2744 5.34
    fn gss_wrap_size_limit(
        context_handle: Handle<Context>,
        _conf_req_flag: i32,
        qop_req: u32,
        req_output_size: u32,
        max_input_size: Out<u32>,
    ) {
        max_input_size.set(0);
        max_input_size.required("max_input_size")?;
        let context = context_handle.required("context_handle")?;
        require_default(qop_req)?;
        context.with_security(|_| Ok(()))?;
        max_input_size.set(req_output_size.saturating_sub(SIGNATURE_SIZE as u32));
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 2744 5.25. NTLM has no such tokens.
    fn gss_process_context_token(
        context_handle: Handle<Context>,
        token_buffer: In<BufferDesc>,
    ) {
        let context = context_handle.required("context_handle")?;
        token_buffer.bytes("token_buffer")?;
        context.require_login()?;
        Err(Minor::BadMessageToken.because("NTLM has no tokens that manage a context"))
    }
}
