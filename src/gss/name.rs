//! Names: the calls that read, display, copy and release them.
//!
//! `same` — names compared, with each other and with local accounts

mod same;

use crate::base::fault::{Fault, Minor};
use crate::gss::abi::{BufferDesc, Handle, In, OidDesc, Out, Slot};
use crate::gss::entry::{Success, export};
use crate::gss::memory::Buffer;
use crate::gss::oid::{self, Static};
use crate::login::name::{Name, NameType};

/// Parses a name of a type, given by its encoding. Without a type it is a user's. The text of an
/// anonymous name is ignored (RFC 2743 4.5). The name is not verified.
///
/// # Errors
/// `BadNameType`; `BadName` if the name is empty, not UTF-8, has a NUL, or is an invalid exported
/// name.
fn import(text: &[u8], name_type: Option<&[u8]>) -> Result<Name, Fault> {
    match name_type {
        None | Some(oid::NT_USER_NAME) => Name::user(text),
        Some(oid::NT_HOSTBASED_SERVICE | oid::NT_HOSTBASED_SERVICE_X) => {
            Name::hostbased_service(text)
        }
        Some(oid::NT_ANONYMOUS) => Ok(Name::Anonymous),
        Some(oid::NT_EXPORT_NAME) => Name::decode(text),
        // Numbers of this machine, unknown to the domain and the users file. A lookup could block
        // in the host's name service without a deadline.
        Some(oid::NT_MACHINE_UID_NAME | oid::NT_STRING_UID_NAME) => Err(Minor::BadNameType
            .because("NTLM does not know users by the numbers they have on this machine")),
        Some(_) => Err(Minor::BadNameType.into()),
    }
}

/// The identifier of a type of names.
fn oid_of(name_type: NameType) -> Static {
    match name_type {
        NameType::User => Static::UserName,
        NameType::HostbasedService => Static::HostbasedService,
        NameType::Anonymous => Static::Anonymous,
    }
}

/// Gives a name to C, which must release it.
pub fn into_handle(name: Name) -> *mut Name {
    Box::into_raw(Box::new(name))
}

fn import_into(
    text: &In<BufferDesc>,
    name_type: &In<OidDesc>,
    output_name: &Out<*mut Name>,
) -> Result<Success, Fault> {
    output_name.set(std::ptr::null_mut());
    output_name.required("output_name")?;
    let name_type = name_type.encoding();
    let text = match name_type {
        // Its text is ignored and may be missing.
        Some(oid::NT_ANONYMOUS) => text.optional_bytes(),
        _ => text.bytes("input_name_buffer")?,
    };
    let name = import(text, name_type)?;
    output_name.set(into_handle(name));
    Ok(Success::Complete)
}

export! {
    /// RFC 2744 5.16
    fn gss_import_name(
        input_name_buffer: In<BufferDesc>,
        input_name_type: In<OidDesc>,
        output_name: Out<*mut Name>,
    ) {
        import_into(&input_name_buffer, &input_name_type, &output_name)
    }
}

export! {
    /// [`gss_import_name`] for a given mechanism: the mechglue calls it for a name from another
    /// mechanism, such as SPNEGO.
    fn gssspi_import_name_by_mech(
        mech_type: In<OidDesc>,
        input_name_buffer: In<BufferDesc>,
        input_name_type: In<OidDesc>,
        output_name: Out<*mut Name>,
    ) {
        output_name.set(std::ptr::null_mut());
        oid::require_ntlm(&mech_type)?;
        import_into(&input_name_buffer, &input_name_type, &output_name)
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
        name.note_asked();
        Buffer::copy_of(name.display().as_bytes())?.give_to(&output_name_buffer);
        output_name_type.set(oid_of(name.name_type()).address());
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 2744 5.13
    fn gss_export_name(input_name: Handle<Name>, exported_name: Out<BufferDesc>) {
        exported_name.set(BufferDesc::EMPTY);
        exported_name.required("exported_name")?;
        let name = input_name.required("input_name")?;
        name.note_asked();
        let token = name.encode()?;
        Buffer::copy_of(&token)?.give_to(&exported_name);
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 2744 5.12
    fn gss_duplicate_name(src_name: Handle<Name>, dest_name: Out<*mut Name>) {
        dest_name.set(std::ptr::null_mut());
        dest_name.required("dest_name")?;
        let name = src_name.required("src_name")?;
        dest_name.set(into_handle(name.clone()));
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

    fn displayed(text: &str, name_type: Option<&[u8]>) -> Result<(String, Static), Minor> {
        import(text.as_bytes(), name_type)
            .map(|name| (name.display().into_owned(), oid_of(name.name_type())))
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
                service(&Name::hostbased_service(b"HTTP").unwrap().display())
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
        assert!(import(b"\xFF", None).is_err());
    }
}
