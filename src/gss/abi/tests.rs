//! The layout of our types must be that of gssapi.h, which the C compiler prints.

use std::fmt::Write as _;
use std::mem::offset_of;
use std::path::Path;
use std::process::Command;

use super::iov::{self, IovBuffer, IovKind};
use super::*;
use crate::base::fault::Major;
use crate::gss::{cred, entry, flags, message, oid, option, status};
use crate::login::context::{Context, INDEFINITE};
use crate::login::name::Name;

#[test]
fn laid_out_as_in_gssapi_h() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("layout");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mechanism/abi_layout.c");
    let compiled = Command::new("cc")
        .args(["-Wall", "-Wextra", "-Werror", "-o"])
        .args([&program, &source])
        .arg("-lgssapi_krb5")
        .status();
    assert!(compiled.unwrap().success(), "needs cc and libkrb5-dev");
    let theirs = Command::new(&program).output().unwrap();
    assert_eq!(ours(), String::from_utf8(theirs.stdout).unwrap());
}

/// The same text as tests/mechanism/abi_layout.c prints.
fn ours() -> String {
    let mut text = structures();
    for (name, value) in constants() {
        writeln!(text, "{name} {value}").unwrap();
    }
    for (name, encoding) in IDENTIFIERS {
        let digits: String = encoding.iter().map(|byte| format!("{byte:02X}")).collect();
        writeln!(text, "{name} {digits}").unwrap();
    }
    text
}

fn structures() -> String {
    let mut text = String::new();
    macro_rules! layout {
        ($(struct $c:ident = $rust:ty { $($field:ident),* })*) => {$(
            size::<$rust>(&mut text, stringify!($c));
            $(writeln!(
                text,
                concat!(stringify!($c), ".{} {} {}"),
                stringify!($field).trim_start_matches("r#"),
                offset_of!($rust, $field),
                field_size(|value: &$rust| size_of_val(&value.$field)),
            )
            .unwrap();)*
        )*};
    }
    layout! {
        struct OM_uint32 = u32 {}
        struct gss_cred_usage_t = i32 {}
        struct gss_name_t = Handle<Name> {}
        struct gss_OID_desc = OidDesc { length, elements }
        struct gss_buffer_desc = BufferDesc { length, value }
        struct gss_OID_set_desc = SetDesc<OidDesc> { count, elements }
        struct gss_buffer_set_desc = SetDesc<BufferDesc> { count, elements }
        struct gss_key_value_element_desc = KeyValueElement { key, value }
        struct gss_key_value_set_desc = KeyValueSet { count, elements }
        struct gss_iov_buffer_desc = IovBuffer { r#type, buffer }
        struct gss_channel_bindings_struct = ChannelBindingsDesc {
            initiator_addrtype, initiator_address, acceptor_addrtype, acceptor_address,
            application_data
        }
    }
    text
}

fn constants() -> Vec<(&'static str, u64)> {
    let major = |major: Major| (major as u64) << entry::ROUTINE_ERROR_OFFSET;
    vec![
        ("GSS_C_BOTH", cred::usage::BOTH as u64),
        ("GSS_C_INITIATE", cred::usage::INITIATE as u64),
        ("GSS_C_ACCEPT", cred::usage::ACCEPT as u64),
        ("GSS_C_MECH_CODE", status::MECH_CODE as u64),
        ("GSS_C_INDEFINITE", u64::from(INDEFINITE)),
        (
            "GSS_C_ROUTINE_ERROR_OFFSET",
            u64::from(entry::ROUTINE_ERROR_OFFSET),
        ),
        ("GSS_S_COMPLETE", entry::Success::Complete as u64),
        (
            "GSS_S_CONTINUE_NEEDED",
            entry::Success::ContinueNeeded as u64,
        ),
        ("GSS_S_BAD_MECH", major(Major::BadMech)),
        ("GSS_S_BAD_NAME", major(Major::BadName)),
        ("GSS_S_BAD_NAMETYPE", major(Major::BadNameType)),
        ("GSS_S_BAD_BINDINGS", major(Major::BadBindings)),
        ("GSS_S_BAD_STATUS", major(Major::BadStatus)),
        ("GSS_S_BAD_MIC", major(Major::BadMic)),
        ("GSS_S_NO_CRED", major(Major::NoCred)),
        ("GSS_S_NO_CONTEXT", major(Major::NoContext)),
        ("GSS_S_DEFECTIVE_TOKEN", major(Major::DefectiveToken)),
        ("GSS_S_CONTEXT_EXPIRED", major(Major::ContextExpired)),
        ("GSS_S_FAILURE", major(Major::Failure)),
        ("GSS_S_BAD_QOP", major(Major::BadQop)),
        ("GSS_S_UNAUTHORIZED", major(Major::Unauthorized)),
        ("GSS_S_UNAVAILABLE", major(Major::Unavailable)),
        (
            "GSS_S_DUPLICATE_TOKEN",
            Minor::MessageRepeated.supplementary().into(),
        ),
        (
            "GSS_S_GAP_TOKEN",
            Minor::MessageMissing.supplementary().into(),
        ),
        ("GSS_C_REPLAY_FLAG", flags::REPLAY.into()),
        ("GSS_C_SEQUENCE_FLAG", flags::SEQUENCE.into()),
        ("GSS_C_CONF_FLAG", flags::CONF.into()),
        ("GSS_C_INTEG_FLAG", flags::INTEG.into()),
        ("GSS_C_PROT_READY_FLAG", flags::PROT_READY.into()),
        ("GSS_C_QOP_DEFAULT", message::QOP_DEFAULT.into()),
        ("GSS_IOV_BUFFER_TYPE_DATA", IovKind::Data as u64),
        ("GSS_IOV_BUFFER_TYPE_HEADER", IovKind::Header as u64),
        ("GSS_IOV_BUFFER_TYPE_TRAILER", IovKind::Trailer as u64),
        ("GSS_IOV_BUFFER_TYPE_PADDING", IovKind::Padding as u64),
        ("GSS_IOV_BUFFER_TYPE_STREAM", IovKind::Stream as u64),
        ("GSS_IOV_BUFFER_TYPE_SIGN_ONLY", IovKind::SignOnly as u64),
        ("GSS_IOV_BUFFER_TYPE_MIC_TOKEN", IovKind::MicToken as u64),
        ("GSS_IOV_BUFFER_FLAG_MASK", iov::FLAGS.into()),
        ("GSS_IOV_BUFFER_FLAG_ALLOCATE", iov::ALLOCATE.into()),
        ("GSS_IOV_BUFFER_FLAG_ALLOCATED", iov::ALLOCATED.into()),
    ]
}

const IDENTIFIERS: &[(&str, &[u8])] = &[
    ("GSS_C_NT_USER_NAME", oid::NT_USER_NAME),
    ("GSS_C_NT_HOSTBASED_SERVICE", oid::NT_HOSTBASED_SERVICE),
    ("GSS_C_NT_HOSTBASED_SERVICE_X", oid::NT_HOSTBASED_SERVICE_X),
    ("GSS_C_MA_MECH_CONCRETE", oid::MA_MECH_CONCRETE),
    ("GSS_C_MA_AUTH_INIT", oid::MA_AUTH_INIT),
    ("GSS_C_MA_INTEG_PROT", oid::MA_INTEG_PROT),
    ("GSS_C_MA_CONF_PROT", oid::MA_CONF_PROT),
    ("GSS_C_MA_MIC", oid::MA_MIC),
    ("GSS_C_MA_WRAP", oid::MA_WRAP),
    ("GSS_C_MA_REPLAY_DET", oid::MA_REPLAY_DET),
    ("GSS_C_MA_OOS_DET", oid::MA_OOS_DET),
    ("GSS_C_INQ_SSPI_SESSION_KEY", option::SSPI_SESSION_KEY),
    ("GSS_C_SEC_CONTEXT_SASL_SSF", option::SASL_SSF),
];

fn size<T>(text: &mut String, name: &str) {
    writeln!(text, "{name} {} {}", size_of::<T>(), align_of::<T>()).unwrap();
}

/// The size of a field. All bytes 0 are a valid value of each type of gssapi.h.
fn field_size<T>(size_of_field: impl Fn(&T) -> usize) -> usize {
    let value = std::mem::MaybeUninit::<T>::zeroed();
    // SAFETY: integers and raw pointers only: all bytes 0 are valid.
    size_of_field(unsafe { value.assume_init_ref() })
}

#[test]
fn pointers_are_pointers() {
    assert_eq!(size_of::<Out<u32>>(), size_of::<*mut u32>());
    assert_eq!(size_of::<In<BufferDesc>>(), size_of::<*const BufferDesc>());
    assert_eq!(size_of::<Slot<Context>>(), size_of::<*mut *mut Context>());
}

#[test]
fn null_is_a_missing_argument() {
    let nothing: In<BufferDesc> = In::nothing();
    assert!(
        nothing
            .bytes("input_token")
            .unwrap_err()
            .to_string()
            .ends_with("input_token is NULL")
    );
    assert!(In::<OidDesc>::nothing().encoding().is_none());
    assert!(In::<SetDesc<OidDesc>>::nothing().encodings().is_none());
    assert_eq!(In::<KeyValueSet>::nothing().entries().count(), 0);
    assert!(Handle::<Name>(ptr::null()).required("name").is_err());
    assert!(Slot::<Name>(ptr::null_mut()).take("name").is_err());
    assert!(Out::<u32>::nowhere().required("time_rec").is_err());
    Out::<u32>::nowhere().set(1);
}

#[test]
fn impossible_lengths_give_no_bytes() {
    let buffer = BufferDesc {
        length: usize::MAX,
        value: ptr::dangling_mut(),
    };
    assert_eq!(In(&raw const buffer).bytes("token").unwrap(), b"");
    let set = SetDesc::<OidDesc> {
        count: usize::MAX / 8,
        elements: ptr::dangling_mut(),
    };
    assert_eq!(In(&raw const set).encodings().unwrap().count(), 0);
}

#[test]
fn an_object_is_released_once() {
    let mut held: *mut Name = ptr::null_mut();
    let slot = Slot(&raw mut held);
    assert!(slot.get("name").unwrap().is_none());
    slot.put(Box::new(Name::User("alice".to_owned())));
    assert_eq!(slot.get("name").unwrap().unwrap().display(), "alice");
    assert!(slot.take("name").unwrap().is_some());
    assert!(held.is_null());
    assert!(Slot(&raw mut held).take("name").unwrap().is_none());
}

#[test]
fn channel_bindings_are_optional_and_so_are_their_parts() {
    assert_eq!(In::<ChannelBindingsDesc>::nothing().channel(), None);
    let data = b"tls-server-end-point:";
    let bindings = ChannelBindingsDesc {
        initiator_addrtype: 1,
        initiator_address: BufferDesc::EMPTY,
        acceptor_addrtype: 2,
        acceptor_address: BufferDesc {
            length: 4,
            value: ptr::null_mut(),
        },
        application_data: BufferDesc {
            length: data.len(),
            value: data.as_ptr().cast_mut(),
        },
    };
    let read = In(&raw const bindings);
    let channel = read.channel().unwrap();
    assert_eq!((channel.initiator.family, channel.acceptor.family), (1, 2));
    assert_eq!(
        (channel.initiator.bytes, channel.acceptor.bytes),
        (&[][..], &[][..])
    );
    assert_eq!(channel.application_data, data);
}
