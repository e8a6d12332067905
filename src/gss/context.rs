//! Security contexts: `gss_accept_sec_context`, the inquiries, and the deletion.

use std::ptr;

use crate::gss::abi::{BufferDesc, ChannelBindingsDesc, Handle, In, OidDesc, Out, Slot};
use crate::gss::cred;
use crate::gss::entry::{Success, export};
use crate::gss::flags;
use crate::gss::memory::Buffer;
use crate::gss::name::into_handle;
use crate::gss::oid::Static;
use crate::login::context::{Context, Login, Progress};
use crate::login::credential::{self, Credential};
use crate::login::name::Name;

export! {
    /// RFC 2744 5.1. A client with other channel bindings is refused, one without is not. A client
    /// that names another service than the credential's is refused, one that names none is not.
    /// Nothing is delegated.
    fn gss_accept_sec_context(
        context_handle: Slot<Context>,
        acceptor_cred_handle: Handle<Credential>,
        input_token: In<BufferDesc>,
        input_chan_bindings: In<ChannelBindingsDesc>,
        src_name: Out<*mut Name>,
        mech_type: Out<*const OidDesc>,
        output_token: Out<BufferDesc>,
        ret_flags: Out<u32>,
        time_rec: Out<u32>,
        delegated_cred_handle: Out<*mut Credential>,
    ) {
        src_name.set(ptr::null_mut());
        mech_type.set(Static::Ntlm.address());
        output_token.set(BufferDesc::EMPTY);
        ret_flags.set(0);
        time_rec.set(0);
        delegated_cred_handle.set(ptr::null_mut());
        context_handle.get("context_handle")?;
        let token = input_token.bytes("input_token")?;
        output_token.required("output_token")?;
        let credential = acceptor_cred_handle.get();
        let setup = cred::setup_of(credential)?;
        let channel = input_chan_bindings.channel();
        let terms = credential::terms(credential, &setup, channel.as_ref());

        let begin = || Ok(Context::accepting());
        context_handle.get_or_begin("context_handle", begin, |context| {
            match context.accept(&terms, token)? {
                Progress::Continue(answer) => {
                    Buffer::copy_of(&answer)?.give_to(&output_token);
                    Ok(Success::ContinueNeeded)
                }
                Progress::Complete(login) => {
                    give_login(login, &src_name, &ret_flags, &time_rec);
                    Ok(Success::Complete)
                }
            }
        })
    }
}

fn give_login(login: Login, source: &Out<*mut Name>, ret_flags: &Out<u32>, time_rec: &Out<u32>) {
    time_rec.set(login.time_left);
    ret_flags.set(flags::of(&login));
    source.set_with(|| into_handle(login.source));
}

export! {
    /// RFC 2744 5.9. There is never a token for the peer.
    fn gss_delete_sec_context(context_handle: Slot<Context>, output_token: Out<BufferDesc>) {
        output_token.set(BufferDesc::EMPTY);
        if let Some(context) = context_handle.take("context_handle")? {
            context.deleted();
        }
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 2744 5.7
    fn gss_context_time(context_handle: Handle<Context>, time_rec: Out<u32>) {
        time_rec.set(0);
        time_rec.required("time_rec")?;
        let context = context_handle.required("context_handle")?;
        time_rec.set(context.time_left()?);
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 2744 5.20. `open` is 0 for a context that is not established; it has no names.
    fn gss_inquire_context(
        context_handle: Handle<Context>,
        src_name: Out<*mut Name>,
        targ_name: Out<*mut Name>,
        lifetime_rec: Out<u32>,
        mech_type: Out<*const OidDesc>,
        ctx_flags: Out<u32>,
        locally_initiated: Out<i32>,
        open: Out<i32>,
    ) {
        src_name.set(ptr::null_mut());
        targ_name.set(ptr::null_mut());
        lifetime_rec.set(0);
        mech_type.set(Static::Ntlm.address());
        ctx_flags.set(0);
        locally_initiated.set(0);
        open.set(0);
        let context = context_handle.required("context_handle")?;
        if let Some(login) = context.login()? {
            open.set(1);
            lifetime_rec.set(login.time_left);
            ctx_flags.set(flags::of(&login));
            locally_initiated.set(i32::from(login.initiated));
            src_name.set_with(|| into_handle(login.source));
            targ_name.set_with(|| login.target.map_or(ptr::null_mut(), into_handle));
        }
        Ok(Success::Complete)
    }
}
