//! `gss_init_sec_context`.

use crate::base::fault::Fault;
use crate::gss::abi::{BufferDesc, ChannelBindingsDesc, Handle, In, OidDesc, Out, Slot};
use crate::gss::cred;
use crate::gss::entry::{Success, export};
use crate::gss::flags;
use crate::gss::memory::Buffer;
use crate::gss::oid::{self, Static};
use crate::login::context::Context;
use crate::login::credential::Credential;
use crate::login::initiate::{Lifetime, Purpose};
use crate::login::name::Name;

/// A new context, with the caller's parameters.
fn begin(
    credential: Option<&Credential>,
    target: Option<&Name>,
    req_flags: u32,
    time_req: u32,
) -> Result<Context, Fault> {
    Ok(Context::initiating(Purpose {
        lifetime: Lifetime {
            of_credential: credential.and_then(Credential::lifetime),
            of_context: cred::lifetime(time_req),
        },
        user: cred::user_of(credential)?,
        target: target.cloned(),
        protection: flags::wanted(req_flags),
    }))
}

export! {
    /// RFC 2744 5.19. Of the flags, those for protection are granted if the server grants them. If
    /// the first call fails there is no context, as the mechglue expects.
    fn gss_init_sec_context(
        initiator_cred_handle: Handle<Credential>,
        context_handle: Slot<Context>,
        target_name: Handle<Name>,
        mech_type: In<OidDesc>,
        req_flags: u32,
        time_req: u32,
        input_chan_bindings: In<ChannelBindingsDesc>,
        input_token: In<BufferDesc>,
        actual_mech_type: Out<*const OidDesc>,
        output_token: Out<BufferDesc>,
        ret_flags: Out<u32>,
        time_rec: Out<u32>,
    ) {
        actual_mech_type.set(Static::Ntlm.address());
        output_token.set(BufferDesc::EMPTY);
        ret_flags.set(0);
        time_rec.set(0);

        context_handle.get("context_handle")?;
        oid::require_ntlm(&mech_type)?;
        output_token.required("output_token")?;
        let credential = initiator_cred_handle.get();
        let begin = || begin(credential, target_name.get(), req_flags, time_req);
        context_handle.get_or_begin("context_handle", begin, |context| {
            let channel = input_chan_bindings.channel();
            let (token, login) =
                context.initiate(channel.as_ref(), input_token.optional_bytes())?;
            Buffer::copy_of(&token)?.give_to(&output_token);
            let Some(login) = login else {
                return Ok(Success::ContinueNeeded);
            };
            ret_flags.set(flags::of(&login));
            time_rec.set(login.time_left);
            Ok(Success::Complete)
        })
    }
}
