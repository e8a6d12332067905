//! Comparison of names, with each other and with local accounts.

use crate::base::fault::Minor;
use crate::gss::abi::{BufferDesc, Handle, In, OidDesc, Out};
use crate::gss::entry::{Success, export};
use crate::gss::memory::Buffer;
use crate::gss::oid;
use crate::login::name::Name;

export! {
    /// RFC 2744 5.6
    fn gss_compare_name(name1: Handle<Name>, name2: Handle<Name>, name_equal: Out<i32>) {
        name_equal.set(0);
        name_equal.required("name_equal")?;
        let (one, other) = (name1.required("name1")?, name2.required("name2")?);
        name_equal.set(i32::from(one.means(other)));
        Ok(Success::Complete)
    }
}

export! {
    /// The name of the local account (MIT krb5's gssapi_ext.h).
    fn gss_localname(
        name: Handle<Name>,
        mech_type: In<OidDesc>,
        localname: Out<BufferDesc>,
    ) {
        localname.set(BufferDesc::EMPTY);
        localname.required("localname")?;
        oid::require_ntlm(&mech_type)?;
        let name = name.required("name")?;
        name.note_asked();
        let local = name.local()?;
        Buffer::copy_of(local.as_bytes())?.give_to(&localname);
        Ok(Success::Complete)
    }
}

export! {
    /// Whether a name may use a local account: exactly the one that [`gss_localname`] returns. The
    /// mechglue calls it for `gss_authorize_localname` and `gss_userok`.
    fn gssspi_authorize_localname(
        name: Handle<Name>,
        local_user: In<BufferDesc>,
        local_nametype: In<OidDesc>,
    ) {
        let name = name.required("name")?;
        name.note_asked();
        let account = local_user.bytes("local_user")?;
        match local_nametype.encoding() {
            None | Some(oid::NT_USER_NAME) => (),
            Some(_) => return Err(Minor::BadNameType.because("a local account is a user's name")),
        }
        // A name without a local account is refused here: the mechglue tries nothing else then.
        match name.local() {
            Ok(local) if local.as_bytes() == account => Ok(Success::Complete),
            _ => Err(Minor::NotTheLocalName.into()),
        }
    }
}
