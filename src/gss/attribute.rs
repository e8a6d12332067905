//! Attributes of a verified user's name (RFC 6680).

use crate::base::fault::{Fault, Minor};
use crate::gss::abi::{BufferDesc, Handle, In, InOut, OidDesc, Out, SetDesc};
use crate::gss::entry::{Success, export};
use crate::gss::memory::{self, Buffer};
use crate::gss::oid::Static;
use crate::login::identity::{self, Attribute, Identity};
use crate::login::name::Name;

const LOCAL_LOGIN_USER: &[u8] = identity::LOCAL_LOGIN_USER.as_bytes();

export! {
    /// RFC 6680 7.4. A name that was not verified has no attributes.
    fn gss_inquire_name(
        name: Handle<Name>,
        name_is_mn: Out<i32>,
        mn_mech: Out<*const OidDesc>,
        attrs: Out<*mut SetDesc<BufferDesc>>,
    ) {
        name_is_mn.set(0);
        mn_mech.set(std::ptr::null());
        attrs.set(std::ptr::null_mut());
        let name = name.required("name")?;
        name.note_asked();
        attrs.try_set_with(|| memory::buffer_set(&attribute_names(name.identity())))?;
        name_is_mn.set(1);
        mn_mech.set(Static::Ntlm.address());
        Ok(Success::Complete)
    }
}

/// The attributes that have a value: a caller may fail on a listed attribute without one.
fn attribute_names(identity: Option<&Identity>) -> Vec<&[u8]> {
    identity
        .into_iter()
        .flat_map(Identity::attributes)
        .map(|attribute| attribute.name.as_bytes())
        .collect()
}

export! {
    /// RFC 6680 7.5. All attributes but `workstation` are authenticated: the verifier reports them.
    /// They are complete unless the name of a group is unavailable.
    fn gss_get_name_attribute(
        name: Handle<Name>,
        attr: In<BufferDesc>,
        authenticated: Out<i32>,
        complete: Out<i32>,
        value: Out<BufferDesc>,
        display_value: Out<BufferDesc>,
        more: InOut<i32>,
    ) {
        authenticated.set(0);
        complete.set(0);
        value.set(BufferDesc::EMPTY);
        display_value.set(BufferDesc::EMPTY);
        let asked = more.required("more")?;
        // Callers ask again until this is 0.
        more.set(0);
        let identity = name.required("name")?.identity().ok_or(Minor::NoSuchAttribute)?;
        identity.note_asked();
        let attribute = attribute(identity, attr.bytes("attr")?)?;
        let (this, left) = this_and_left(&attribute.values, asked)?;
        let raw = Buffer::copy_of(this.as_bytes())?;
        // Includes a NUL: mod_auth_gssapi compares this number of bytes with the required value,
        // and would accept `admin` for `administrator` without it.
        let displayed = Buffer::copy_of(&[this.as_bytes(), b"\0"].concat())?;
        raw.give_to(&value);
        displayed.give_to(&display_value);
        authenticated.set(attribute.authenticated.into());
        complete.set(attribute.complete.into());
        more.set(left);
        Ok(Success::Complete)
    }
}

fn attribute<'a>(identity: &'a Identity, name: &[u8]) -> Result<&'a Attribute, Fault> {
    identity.attribute(name).ok_or_else(|| match name {
        // The mechglue asks for this after `gss_localname` failed, and reports this answer.
        LOCAL_LOGIN_USER => identity.no_local_name(),
        _ => Minor::NoSuchAttribute.into(),
    })
}

/// The value that a call asks for, and the number of values after it. The first call passes -1,
/// each other the number that the call before it returned.
fn this_and_left(values: &[String], asked: i32) -> Result<(&str, i32), Fault> {
    let from_the_end = match asked {
        -1 => values.len(),
        _ => usize::try_from(asked)
            .map_err(|_| Minor::BadArgument.because("more is neither -1 nor a number of values"))?,
    };
    let this = values
        .len()
        .checked_sub(from_the_end)
        .and_then(|index| values.get(index))
        .ok_or(Minor::NoSuchAttribute)?;
    let left = i32::try_from(from_the_end.saturating_sub(1)).unwrap_or(i32::MAX);
    Ok((this, left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_one_by_one() {
        let values = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(this_and_left(&values, -1), Ok(("a", 2)));
        assert_eq!(this_and_left(&values, 2), Ok(("b", 1)));
        assert_eq!(this_and_left(&values, 1), Ok(("c", 0)));
        for asked in [0, 4, i32::MAX] {
            assert_eq!(
                this_and_left(&values, asked),
                Err(Minor::NoSuchAttribute.into())
            );
        }
        for asked in [-2, i32::MIN] {
            assert!(this_and_left(&values, asked).is_err());
        }
        assert!(this_and_left(&[], -1).is_err());
    }
}
