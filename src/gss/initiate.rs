//! `gss_init_sec_context`.

use std::time::{Duration, SystemTime};

use crate::base::crypto::SecretBytes;
use crate::base::fault::{Fault, Minor};
use crate::base::wire::{DecodeError, Reader, Writer};
use crate::gss::abi::{BufferDesc, ChannelBindingsDesc, Handle, In, OidDesc, Out, Slot};
use crate::gss::context::{Context, Login};
use crate::gss::cred::{self, Credential, INDEFINITE};
use crate::gss::entry::{Success, export};
use crate::gss::flags;
use crate::gss::memory::Buffer;
use crate::gss::oid::{self, Static};
use crate::gss::transfer;
use crate::login::handover::{Opened, malformed};
use crate::login::initiate::{Initiator, Purpose};
use crate::login::name::Name;
use crate::protocol::ntlm::bindings::ChannelBindings;
use crate::protocol::ntlm::seal::{Role, SessionSecurity};

/// What a server says of the end of a login we do not learn; its exported context does not wait longer
/// to be imported.
const UNDER_WAY_AT_MOST: Duration = Duration::from_secs(24 * 60 * 60);

/// The initiator's side of a context.
pub(super) struct Initiation {
    initiator: Initiator,
    source: Name,
    target: Option<Name>,
}

impl Initiation {
    fn new(purpose: Purpose, target: Option<Name>) -> Self {
        Self {
            source: Name::User(purpose.user.display()),
            initiator: Initiator::new(purpose),
            target,
        }
    }

    /// One for the same login, which must be begun on another context.
    pub(super) fn afresh(&self) -> Self {
        Self {
            initiator: Initiator::failed(),
            source: self.source.clone(),
            target: self.target.clone(),
        }
    }

    pub(super) fn step(
        &mut self,
        channel: Option<&ChannelBindings<'_>>,
        token: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        self.initiator.step(channel, token)
    }

    /// What another process needs to go on, and until when it may begin to. That holds the keys of
    /// messages, and nothing of what the user logs in with.
    ///
    /// # Errors
    /// The login is not complete.
    pub(super) fn save(&self) -> Result<(SystemTime, SecretBytes), Fault> {
        let security = self
            .initiator
            .established()
            .ok_or(Minor::ContextNotExported)?;
        let mut writer = Writer::new();
        put_name(&mut writer, Some(&self.source));
        put_name(&mut writer, self.target.as_ref());
        writer.reserve(SessionSecurity::SAVED_AT_MOST);
        security.save(&mut writer);
        let until = SystemTime::now() + UNDER_WAY_AT_MOST;
        Ok((until, SecretBytes::new(writer.into_bytes())))
    }

    /// What another process saved.
    pub(super) fn restore(opened: &Opened) -> Result<Self, Fault> {
        let mut reader = Reader::new(opened.body());
        let mut name = |field| take_name(&mut reader, field);
        let source = name("source")?.ok_or(Minor::BadContextToken)?;
        let target = name("target")?;
        let security = SessionSecurity::restore(&mut reader, Role::Initiator).map_err(malformed)?;
        reader.finish("Context").map_err(malformed)?;
        Ok(Self {
            initiator: Initiator::restored(security),
            source,
            target,
        })
    }

    /// The login, if it is complete. It lasts as long as the server says, who does not say it.
    pub(super) fn login(&self) -> Option<Login> {
        self.initiator.established().map(|security| Login {
            source: self.source.clone(),
            target: self.target.clone(),
            time_rec: self.time_left(),
            flags: flags::granted(Some(security)) | transfer::flag(),
            has_mic: true,
            initiated: true,
        })
    }

    pub(super) fn time_left(&self) -> u32 {
        match self.is_established() {
            true => INDEFINITE,
            false => 0,
        }
    }

    pub(super) fn is_established(&self) -> bool {
        self.initiator.established().is_some()
    }

    pub(super) fn security(&mut self) -> Option<&mut SessionSecurity> {
        self.initiator.security()
    }
}

const USER: u8 = 1;
const SERVICE: u8 = 2;

/// A byte tells if there is a name, and of what kind.
fn put_name(writer: &mut Writer, name: Option<&Name>) {
    let kind = match name {
        None => 0,
        Some(Name::HostbasedService { .. }) => SERVICE,
        Some(_) => USER,
    };
    writer.u8(kind);
    if let Some(name) = name {
        writer.block(name.display().as_bytes());
    }
}

fn take_name(reader: &mut Reader<'_>, field: &'static str) -> Result<Option<Name>, Fault> {
    let of_kind = match reader.u8(field).map_err(malformed)? {
        0 => return Ok(None),
        USER => Name::user,
        SERVICE => Name::hostbased_service,
        _ => return Err(malformed(DecodeError::new(field, "unknown kind"))),
    };
    let text = reader.block(field).map_err(malformed)?;
    of_kind(text).map(Some)
}

/// A context for a login that begins, as the caller wants it.
fn begin(
    credential: Option<&Credential>,
    target: Option<&Name>,
    req_flags: u32,
) -> Result<Context, Fault> {
    let purpose = Purpose {
        user: cred::user_of(credential)?,
        service: target.map(Name::service_principal).unwrap_or_default(),
        protection: flags::wanted(req_flags),
    };
    let initiation = Initiation::new(purpose, target.cloned());
    Ok(Context::initiating(initiation))
}

export! {
    /// RFC 2744 5.19. Of the flags those are granted that protect messages, if the server grants
    /// them. The mechglue forgets a context whose first call failed: there is none then.
    fn gss_init_sec_context(
        initiator_cred_handle: Handle<Credential>,
        context_handle: Slot<Context>,
        target_name: Handle<Name>,
        mech_type: In<OidDesc>,
        req_flags: u32,
        _time_req: u32,
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

        let held = context_handle.get("context_handle")?;
        oid::require_ntlm(&mech_type)?;
        output_token.required("output_token")?;
        let new = match held {
            Some(_) => None,
            None => Some(Box::new(begin(
                initiator_cred_handle.get(),
                target_name.get(),
                req_flags,
            )?)),
        };
        let context = held.or(new.as_deref()).ok_or(Minor::InternalError)?;
        let channel = input_chan_bindings.channel();
        let (token, login) = context.initiate(channel.as_ref(), input_token.optional_bytes())?;
        Buffer::copy_of(&token)?.give_to(&output_token);
        let success = match login {
            None => Success::ContinueNeeded,
            Some(login) => {
                ret_flags.set(login.flags);
                time_rec.set(login.time_rec);
                Success::Complete
            }
        };
        if let Some(context) = new {
            context_handle.put(context);
        }
        Ok(success)
    }
}
