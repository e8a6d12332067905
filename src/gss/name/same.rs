//! Which names mean the same, and which local account is meant.

use super::Name;
use crate::base::fault::{Fault, Minor};
use crate::base::name_case::alike;
use crate::gss::abi::{BufferDesc, Handle, In, OidDesc, Out};
use crate::gss::entry::{Success, export};
use crate::gss::memory::Buffer;
use crate::gss::oid;
use crate::login::identity::Identity;

impl Name {
    /// Whether both names mean the same. Two that were verified do if they are one account; a name
    /// that was typed does if it is displayed alike, in letters of either case, as Windows takes
    /// names. Nobody anonymous is the same as anybody (RFC 2744 5.6).
    pub fn means(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Anonymous, _) | (_, Self::Anonymous) => false,
            (Self::Verified(one), Self::Verified(other)) => one.is_account_of(other),
            _ => self.name_type() == other.name_type() && alike(&self.display(), &other.display()),
        }
    }

    /// The local account; only a verified name has one.
    fn local(&self) -> Result<&str, Fault> {
        self.identity()
            .and_then(Identity::local)
            .ok_or_else(|| Minor::NoLocalName.into())
    }
}

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
        let local = name.required("name")?.local()?;
        Buffer::copy_of(local.as_bytes())?.give_to(&localname);
        Ok(Success::Complete)
    }
}

export! {
    /// Whether a name may use a local account: the one that [`gss_localname`] gives, letter by
    /// letter, and no other. The mechglue calls it for `gss_authorize_localname` and `gss_userok`.
    fn gssspi_authorize_localname(
        name: Handle<Name>,
        local_user: In<BufferDesc>,
        local_nametype: In<OidDesc>,
    ) {
        let name = name.required("name")?;
        let account = local_user.bytes("local_user")?;
        match local_nametype.encoding() {
            None | Some(oid::NT_USER_NAME) => (),
            Some(_) => return Err(Minor::BadNameType.because("a local account is a user's name")),
        }
        // A name of nobody here is refused too, rather than left to what else the mechglue may try.
        match name.local() {
            Ok(local) if local.as_bytes() == account => Ok(Success::Complete),
            _ => Err(Minor::NotTheLocalName.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{service, user, verified};
    use super::*;

    #[test]
    fn names_that_mean_the_same() {
        let alice = verified("alice", "EXAMPLE");
        for (one, other) in [
            (&alice, verified("Alice", "Example")),
            (&alice, user("example\\ALICE")),
            (&user("a@b"), user("A@b")),
            (&service("HTTP@www.test"), service("http@WWW.test")),
        ] {
            assert!(one.means(&other) && other.means(one));
        }
        for (one, other) in [
            (&alice, verified("alice", "OTHER")),
            (&alice, user("alice")),
            (&alice, user("OTHER\\alice")),
            (&alice, user("EXAMPLE\\alice ")),
            (&service("HTTP@www"), user("HTTP@www")),
            (&Name::Anonymous, Name::Anonymous),
            (&Name::Anonymous, user("<anonymous>")),
        ] {
            assert!(!one.means(&other) && !other.means(one));
        }
    }

    #[test]
    fn only_verified_names_have_local_accounts() {
        assert_eq!(verified("alice", "EXAMPLE").local(), Ok("alice"));
        let none = Err(Minor::NoLocalName.into());
        assert_eq!(verified("alice", "OTHER").local(), none);
        assert_eq!(user("EXAMPLE\\alice").local(), none);
        assert_eq!(Name::Anonymous.local(), none);
    }
}
