//! Inquiries about credentials.

use std::ptr;

use super::{of_the_process, seconds, usage};
use crate::base::fault::Fault;
use crate::gss::abi::{Handle, In, OidDesc, Out, SetDesc};
use crate::gss::entry::{Success, export};
use crate::gss::memory;
use crate::gss::name::into_handle;
use crate::gss::oid;
use crate::login::credential::{Credential, Usage};
use crate::login::name::Name;

fn cred_usage(credential: &Credential) -> i32 {
    match credential.usage() {
        Usage::Accept => usage::ACCEPT,
        Usage::Initiate => usage::INITIATE,
        Usage::Both => usage::BOTH,
    }
}

/// The name, the usage and the lifetime of a credential; without one, of the process's default.
fn described(credential: &Handle<Credential>) -> Result<(Name, i32, u32), Fault> {
    let of = |credential: &Credential| {
        (
            credential.name(),
            cred_usage(credential),
            seconds(credential),
        )
    };
    match credential.get() {
        Some(credential) => Ok(of(credential)),
        None => of_the_process().map(|credential| of(&credential)),
    }
}

export! {
    /// RFC 2744 5.21
    fn gss_inquire_cred(
        cred_handle: Handle<Credential>,
        name: Out<*mut Name>,
        lifetime: Out<u32>,
        cred_usage: Out<i32>,
        mechanisms: Out<*mut SetDesc<OidDesc>>,
    ) {
        name.set(ptr::null_mut());
        lifetime.set(0);
        mechanisms.set(ptr::null_mut());
        let (its_name, its_usage, its_lifetime) = described(&cred_handle)?;
        mechanisms.try_set_with(|| memory::oid_set(&[oid::NTLM]))?;
        name.set_with(|| into_handle(its_name));
        lifetime.set(its_lifetime);
        cred_usage.set(its_usage);
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 2744 5.22
    fn gss_inquire_cred_by_mech(
        cred_handle: Handle<Credential>,
        mech_type: In<OidDesc>,
        name: Out<*mut Name>,
        initiator_lifetime: Out<u32>,
        acceptor_lifetime: Out<u32>,
        cred_usage: Out<i32>,
    ) {
        name.set(ptr::null_mut());
        initiator_lifetime.set(0);
        acceptor_lifetime.set(0);
        oid::require_ntlm(&mech_type)?;
        let (its_name, its_usage, its_lifetime) = described(&cred_handle)?;
        name.set_with(|| into_handle(its_name));
        if its_usage != usage::ACCEPT {
            initiator_lifetime.set(its_lifetime);
        }
        if its_usage != usage::INITIATE {
            acceptor_lifetime.set(its_lifetime);
        }
        cred_usage.set(its_usage);
        Ok(Success::Complete)
    }
}
