//! Messages on an established context, in pieces of the caller: `gss_wrap_iov` and so on.
//!
//! The signature is the `HEADER`. `DATA` is sealed in place; `SIGN_ONLY` is signed at its position
//! between the data. `PADDING` and `TRAILER` stay empty. This is the layout of DCE/RPC and LDAP
//! with Windows and Samba.

use crate::base::fault::{Fault, Minor};
use crate::gss::abi::iov::{Iov, IovBuffer, IovKind};
use crate::gss::abi::{Handle, Out};
use crate::gss::entry::{Success, export};
use crate::gss::message::{QOP_DEFAULT, require_default};
use crate::login::context::Context;
use crate::protocol::ntlm::seal::{Receiving, SIGNATURE_SIZE, SessionSecurity};

/// The only buffer of a kind.
fn only(buffers: &mut [IovBuffer], kind: IovKind) -> Result<&mut IovBuffer, Fault> {
    let mut found = buffers.iter_mut().filter(|buffer| buffer.kind() == kind);
    match (found.next(), found.next()) {
        (Some(buffer), None) => Ok(buffer),
        (None, _) => Err(Minor::BadArgument.because(format_args!("iov has no {kind:?}"))),
        (Some(_), Some(_)) => {
            Err(Minor::BadArgument.because(format_args!("iov has more than one {kind:?}")))
        }
    }
}

/// The parts that the signature covers, in order.
fn covered(buffers: &[IovBuffer]) -> impl Iterator<Item = &[u8]> {
    let counts = |buffer: &&IovBuffer| matches!(buffer.kind(), IovKind::Data | IovKind::SignOnly);
    buffers.iter().filter(counts).map(IovBuffer::bytes)
}

/// The parts that are sealed, in order.
fn data(buffers: &mut [IovBuffer]) -> impl Iterator<Item = &mut [u8]> {
    let is_data = |buffer: &&mut IovBuffer| buffer.kind() == IovKind::Data;
    buffers.iter_mut().filter(is_data).map(IovBuffer::bytes_mut)
}

/// Sets the lengths of the buffers that the mechanism fills: `signature` is the kind of the
/// signature's.
fn set_lengths(buffers: &mut [IovBuffer], signature: IovKind) {
    for buffer in buffers {
        match buffer.kind() {
            kind if kind == signature => buffer.set_length(SIGNATURE_SIZE),
            IovKind::Padding | IovKind::Trailer => buffer.set_length(0),
            _ => (),
        }
    }
}

export! {
    /// gssapi_ext.h
    fn gss_wrap_iov(
        context_handle: Handle<Context>,
        _conf_req_flag: i32,
        qop_req: u32,
        conf_state: Out<i32>,
        iov: Iov,
        iov_count: i32,
    ) {
        conf_state.set(0);
        let context = context_handle.required("context_handle")?;
        require_default(qop_req)?;
        let mut iov = iov;
        let buffers = iov.buffers(iov_count)?;
        only(buffers, IovKind::Header)?;
        let sealed = context.with_security(|security| {
            only(buffers, IovKind::Header)?.reserve::<SIGNATURE_SIZE>()?;
            let mut sending = security.send();
            covered(buffers).for_each(|piece| sending.cover(piece));
            data(buffers).for_each(|piece| sending.seal(piece));
            let signature = sending.finish()?;
            only(buffers, IovKind::Header)?.bytes_mut().copy_from_slice(&signature);
            Ok(security.seals())
        })?;
        set_lengths(buffers, IovKind::Header);
        conf_state.set(sealed.into());
        Ok(Success::Complete)
    }
}

export! {
    /// gssapi_ext.h. The token is in pieces, with the signature as `HEADER`; or it is whole, the
    /// `STREAM`, and the only `DATA` is set to the part behind the signature. If the message is
    /// refused, the data are unchanged.
    fn gss_unwrap_iov(
        context_handle: Handle<Context>,
        conf_state: Out<i32>,
        qop_state: Out<u32>,
        iov: Iov,
        iov_count: i32,
    ) {
        conf_state.set(0);
        qop_state.set(QOP_DEFAULT);
        let context = context_handle.required("context_handle")?;
        let mut iov = iov;
        let buffers = iov.buffers(iov_count)?;
        let sealed = context.with_security(|security| {
            let signature = signature_of_token(buffers)?;
            let outcome = open(security, buffers, &signature);
            if outcome.is_err() {
                // The same key stream again restores the data.
                let mut receiving = security.receive();
                data(buffers).for_each(|piece| receiving.unseal(piece));
            }
            outcome.map(|()| security.seals())
        })?;
        conf_state.set(sealed.into());
        Ok(Success::Complete)
    }
}

/// The signature of a token to be unwrapped. Afterwards its data are in the `DATA` buffers.
fn signature_of_token(buffers: &mut [IovBuffer]) -> Result<[u8; SIGNATURE_SIZE], Fault> {
    let whole = buffers
        .iter()
        .any(|buffer| buffer.kind() == IovKind::Stream);
    let kind = match whole {
        true => IovKind::Stream,
        false => IovKind::Header,
    };
    let token = only(buffers, kind)?;
    let too_short = || Minor::BadMessageToken.because("shorter than a signature");
    let (signature, after) = token.bytes().split_first_chunk().ok_or_else(too_short)?;
    let signature = *signature;
    if !whole && !after.is_empty() {
        return Err(Minor::BadMessageToken.because("longer than a signature"));
    }
    if whole {
        let rest = token.after(SIGNATURE_SIZE).ok_or_else(too_short)?;
        only(buffers, IovKind::Data)?.show(rest)?;
    }
    Ok(signature)
}

fn open(
    security: &mut SessionSecurity,
    buffers: &mut [IovBuffer],
    signature: &[u8],
) -> Result<(), Fault> {
    let mut receiving = security.receive();
    data(buffers).for_each(|piece| receiving.unseal(piece));
    check(receiving, buffers, signature)
}

fn check(
    mut receiving: Receiving<'_>,
    buffers: &[IovBuffer],
    signature: &[u8],
) -> Result<(), Fault> {
    covered(buffers).for_each(|piece| receiving.cover(piece));
    Ok(receiving.check(signature)?)
}

export! {
    /// gssapi_ext.h
    fn gss_wrap_iov_length(
        context_handle: Handle<Context>,
        _conf_req_flag: i32,
        qop_req: u32,
        conf_state: Out<i32>,
        iov: Iov,
        iov_count: i32,
    ) {
        conf_state.set(0);
        let context = context_handle.required("context_handle")?;
        require_default(qop_req)?;
        let mut iov = iov;
        let buffers = iov.buffers(iov_count)?;
        only(buffers, IovKind::Header)?;
        let sealed = context.with_security(|security| Ok(security.seals()))?;
        set_lengths(buffers, IovKind::Header);
        conf_state.set(sealed.into());
        Ok(Success::Complete)
    }
}

export! {
    /// gssapi_ext.h
    fn gss_get_mic_iov(
        context_handle: Handle<Context>,
        qop_req: u32,
        iov: Iov,
        iov_count: i32,
    ) {
        let context = context_handle.required("context_handle")?;
        require_default(qop_req)?;
        let mut iov = iov;
        let buffers = iov.buffers(iov_count)?;
        only(buffers, IovKind::MicToken)?;
        context.with_security(|security| {
            only(buffers, IovKind::MicToken)?.reserve::<SIGNATURE_SIZE>()?;
            let mut sending = security.send();
            covered(buffers).for_each(|piece| sending.cover(piece));
            let signature = sending.finish()?;
            only(buffers, IovKind::MicToken)?.bytes_mut().copy_from_slice(&signature);
            Ok(())
        })?;
        Ok(Success::Complete)
    }
}

export! {
    /// gssapi_ext.h
    fn gss_verify_mic_iov(
        context_handle: Handle<Context>,
        qop_state: Out<u32>,
        iov: Iov,
        iov_count: i32,
    ) {
        qop_state.set(QOP_DEFAULT);
        let context = context_handle.required("context_handle")?;
        let mut iov = iov;
        let buffers = iov.buffers(iov_count)?;
        let signature = only(buffers, IovKind::MicToken)?.bytes().to_vec();
        context.with_security(|security| check(security.receive(), buffers, &signature))?;
        Ok(Success::Complete)
    }
}

export! {
    /// gssapi_ext.h
    fn gss_get_mic_iov_length(
        context_handle: Handle<Context>,
        qop_req: u32,
        iov: Iov,
        iov_count: i32,
    ) {
        let context = context_handle.required("context_handle")?;
        require_default(qop_req)?;
        let mut iov = iov;
        let buffers = iov.buffers(iov_count)?;
        only(buffers, IovKind::MicToken)?;
        context.with_security(|_| Ok(()))?;
        set_lengths(buffers, IovKind::MicToken);
        Ok(Success::Complete)
    }
}
