//! Names: who logged in, and what an application calls a user or a service.
//!
//! - `exported` — names that an application keeps
//! - `same` — names compared, with each other and with local accounts

mod exported;
mod same;

use std::sync::Arc;

use crate::base::fault::{Fault, Minor};
use crate::gss::abi::{BufferDesc, Handle, In, OidDesc, Out, Slot};
use crate::gss::entry::{Success, export};
use crate::gss::memory::Buffer;
use crate::gss::oid::{self, Static};
use crate::login::identity::Identity;
use crate::login::setup;

/// What a `gss_name_t` points to. Never changes once C has it.
#[derive(Clone)]
pub enum Name {
    /// Whoever proved who he is.
    Verified(Arc<Identity>),
    /// A user as somebody typed him; nothing is proven.
    User(String),
    /// A service on a host.
    HostbasedService {
        /// E.g. `HTTP`.
        service: String,
        /// E.g. `www.example.test`.
        host: String,
    },
    /// Nobody whom one could name.
    Anonymous,
}

impl Name {
    /// Reads a name of a type, given by its encoding; without a type it is a user's. One NUL at its
    /// end is not of the name: some programs count it, MIT's gss-server among them. The text of an
    /// anonymous name does not matter (RFC 2743 4.5). Whatever is read is not verified.
    ///
    /// # Errors
    /// `BadNameType`; `BadName` if it is empty, not UTF-8, holds another NUL, or is no exported name.
    pub fn import(text: &[u8], name_type: Option<&[u8]>) -> Result<Self, Fault> {
        match name_type {
            None | Some(oid::NT_USER_NAME) => Ok(Self::User(readable(text)?.to_owned())),
            Some(oid::NT_HOSTBASED_SERVICE | oid::NT_HOSTBASED_SERVICE_X) => {
                Self::hostbased_service(readable(text)?)
            }
            Some(oid::NT_ANONYMOUS) => Ok(Self::Anonymous),
            Some(oid::NT_EXPORT_NAME) => Self::decode(text),
            // They are this machine's numbers, which neither a domain nor a users file knows; and
            // to look up whose they are may take as long as the host's name service likes.
            Some(oid::NT_MACHINE_UID_NAME | oid::NT_STRING_UID_NAME) => Err(Minor::BadNameType
                .because("NTLM does not know users by the numbers they have on this machine")),
            Some(_) => Err(Minor::BadNameType.into()),
        }
    }

    /// `service@host`, or `service` alone, which is on this host (RFC 2743 4.1).
    fn hostbased_service(text: &str) -> Result<Self, Fault> {
        let (service, host) = match text.split_once('@') {
            Some((service, host)) => (service, host.to_owned()),
            None => (text, host_name()),
        };
        if service.is_empty() || host.is_empty() {
            return Err(Minor::BadName.because("service@host is expected"));
        }
        Ok(Self::HostbasedService {
            service: service.to_owned(),
            host,
        })
    }

    /// The name of an acceptor that was given none: the service `host` on this host, as other
    /// mechanisms call it. Some servers acquire the default credential and then ask its name.
    pub fn default_acceptor() -> Self {
        Self::HostbasedService {
            service: "host".to_owned(),
            host: host_name(),
        }
    }

    /// The name as it is displayed; imported again with [`Self::name_type`] it means the same, though
    /// it proves nothing then.
    pub fn display(&self) -> String {
        match self {
            Self::Verified(identity) => identity.display().to_owned(),
            Self::User(user) => user.clone(),
            Self::HostbasedService { service, host } => format!("{service}@{host}"),
            Self::Anonymous => "<anonymous>".to_owned(),
        }
    }

    /// The name as that of a service, `HTTP/www.example.test`. One that was imported as a user's is
    /// taken as it is; an anonymous one is that of no service.
    pub fn service_principal(&self) -> String {
        match self {
            Self::HostbasedService { service, host } => format!("{service}/{host}"),
            Self::Verified(_) | Self::User(_) => self.display(),
            Self::Anonymous => String::new(),
        }
    }

    /// The type that the displayed name is of.
    pub fn name_type(&self) -> Static {
        match self {
            Self::Verified(_) | Self::User(_) => Static::UserName,
            Self::HostbasedService { .. } => Static::HostbasedService,
            Self::Anonymous => Static::Anonymous,
        }
    }

    /// Gives the name to C, which releases it.
    pub fn into_handle(self) -> *mut Self {
        Box::into_raw(Box::new(self))
    }

    /// Who was verified; `None` for a name that proves nothing.
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Verified(identity) => Some(identity),
            Self::User(_) | Self::HostbasedService { .. } | Self::Anonymous => None,
        }
    }
}

fn readable(text: &[u8]) -> Result<&str, Fault> {
    let text = text.strip_suffix(b"\0").unwrap_or(text);
    match std::str::from_utf8(text) {
        Ok("") => Err(Minor::BadName.because("it is empty")),
        Ok(text) if text.contains('\0') => Err(Minor::BadName.because("it holds a NUL")),
        Ok(text) => Ok(text),
        Err(_) => Err(Minor::BadName.because("it is not UTF-8")),
    }
}

/// What the system calls itself; `localhost` if it will not say.
fn host_name() -> String {
    match setup::host_name() {
        name if name.is_empty() => "localhost".to_owned(),
        name => name,
    }
}

fn import(
    text: &In<BufferDesc>,
    name_type: &In<OidDesc>,
    output_name: &Out<*mut Name>,
) -> Result<Success, Fault> {
    output_name.set(std::ptr::null_mut());
    output_name.required("output_name")?;
    let name_type = name_type.encoding();
    let text = match name_type {
        // Which has none.
        Some(oid::NT_ANONYMOUS) => text.optional_bytes(),
        _ => text.bytes("input_name_buffer")?,
    };
    let name = Name::import(text, name_type)?;
    output_name.set(name.into_handle());
    Ok(Success::Complete)
}

export! {
    /// RFC 2744 5.16
    fn gss_import_name(
        input_name_buffer: In<BufferDesc>,
        input_name_type: In<OidDesc>,
        output_name: Out<*mut Name>,
    ) {
        import(&input_name_buffer, &input_name_type, &output_name)
    }
}

export! {
    /// [`gss_import_name`] with the mechanism named: the mechglue calls it for a name that came from
    /// another mechanism, such as SPNEGO's.
    fn gssspi_import_name_by_mech(
        mech_type: In<OidDesc>,
        input_name_buffer: In<BufferDesc>,
        input_name_type: In<OidDesc>,
        output_name: Out<*mut Name>,
    ) {
        output_name.set(std::ptr::null_mut());
        oid::require_ntlm(&mech_type)?;
        import(&input_name_buffer, &input_name_type, &output_name)
    }
}

export! {
    /// RFC 2744 5.10
    fn gss_display_name(
        input_name: Handle<Name>,
        output_name_buffer: Out<BufferDesc>,
        output_name_type: Out<*const OidDesc>,
    ) {
        output_name_buffer.set(BufferDesc::EMPTY);
        output_name_type.set(std::ptr::null());
        output_name_buffer.required("output_name_buffer")?;
        let name = input_name.required("input_name")?;
        Buffer::copy_of(name.display().as_bytes())?.give_to(&output_name_buffer);
        output_name_type.set(name.name_type().address());
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 2744 5.12
    fn gss_duplicate_name(src_name: Handle<Name>, dest_name: Out<*mut Name>) {
        dest_name.set(std::ptr::null_mut());
        dest_name.required("dest_name")?;
        let name = src_name.required("src_name")?;
        dest_name.set(name.clone().into_handle());
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 2744 5.28
    fn gss_release_name(input_name: Slot<Name>) {
        input_name.take("input_name")?;
        Ok(Success::Complete)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::config;
    use crate::login::verify::Account;

    pub(super) fn user(text: &str) -> Name {
        Name::User(text.to_owned())
    }

    pub(super) fn service(text: &str) -> Name {
        Name::import(text.as_bytes(), Some(oid::NT_HOSTBASED_SERVICE)).unwrap()
    }

    /// A user of this machine if the domain is `EXAMPLE`.
    pub(super) fn verified(user: &str, domain: &str) -> Name {
        let account = Account {
            user: user.to_owned(),
            domain: domain.to_owned(),
            dns_domain: None,
            upn: None,
            full_name: None,
            sid: None,
            primary_group_sid: None,
            group_sids: Vec::new(),
            logon_server: None,
            user_flags: None,
            log_off: None,
            kick_off: None,
        };
        let settings = config::Identity::default();
        let identity = Identity::new(account, &settings, "EXAMPLE", String::new());
        Name::Verified(Arc::new(identity))
    }

    fn displayed(text: &str, name_type: Option<&[u8]>) -> Result<(String, Static), Minor> {
        Name::import(text.as_bytes(), name_type)
            .map(|name| (name.display(), name.name_type()))
            .map_err(|fault| fault.minor())
    }

    #[test]
    fn imported_and_displayed() {
        let user = |text: &str| Ok((text.to_owned(), Static::UserName));
        let service = |text: &str| Ok((text.to_owned(), Static::HostbasedService));

        assert_eq!(displayed(r"EXAMPLE\jürgen", None), user(r"EXAMPLE\jürgen"));
        assert_eq!(displayed("a@b", Some(oid::NT_USER_NAME)), user("a@b"));
        for name_type in [oid::NT_HOSTBASED_SERVICE, oid::NT_HOSTBASED_SERVICE_X] {
            assert_eq!(displayed("HTTP@www", Some(name_type)), service("HTTP@www"));
            assert_eq!(
                displayed("HTTP", Some(name_type)),
                service(&format!("HTTP@{}", host_name()))
            );
            assert_eq!(
                displayed("HTTP@www\0", Some(name_type)),
                service("HTTP@www")
            );
            for bad in ["", "\0", "@www", "HTTP@", "HTTP@\0", "a\0@b"] {
                assert_eq!(displayed(bad, Some(name_type)), Err(Minor::BadName));
            }
        }
        assert_eq!(displayed("", None), Err(Minor::BadName));
        assert_eq!(displayed("alice\0", None), user("alice"));
        assert_eq!(displayed("alice\0\0", None), Err(Minor::BadName));
        assert_eq!(
            displayed("alice", Some(oid::MA_AUTH_INIT)),
            Err(Minor::BadNameType)
        );
        for numbers in [oid::NT_MACHINE_UID_NAME, oid::NT_STRING_UID_NAME] {
            assert_eq!(displayed("1000", Some(numbers)), Err(Minor::BadNameType));
        }
        for text in ["", "<anonymous>"] {
            let anonymous = Ok(("<anonymous>".to_owned(), Static::Anonymous));
            assert_eq!(displayed(text, Some(oid::NT_ANONYMOUS)), anonymous);
        }
        assert!(Name::import(b"\xFF", None).is_err());
    }

    #[test]
    fn services_have_principals() {
        let principal = |text: &[u8], name_type| {
            let name = Name::import(text, name_type).unwrap();
            name.service_principal()
        };
        let service = Some(oid::NT_HOSTBASED_SERVICE);
        assert_eq!(principal(b"HTTP@www.test", service), "HTTP/www.test");
        assert_eq!(principal(b"HTTP/www.test", None), "HTTP/www.test");
    }

    #[test]
    fn the_default_acceptor_can_be_named() {
        let name = Name::default_acceptor();
        let (text, name_type) = (name.display(), Some(oid::NT_HOSTBASED_SERVICE));
        assert_eq!(displayed(&text, name_type).unwrap().0, text);
        assert_ne!(host_name(), "");
    }
}
