//! The properties of the mechanism.

use std::ptr;

use crate::base::fault::Minor;
use crate::gss::abi::{BufferDesc, In, OidDesc, Out, SetDesc};
use crate::gss::entry::{Success, export};
use crate::gss::memory::{self, Buffer};
use crate::gss::oid::{self, Static};

export! {
    /// RFC 2744 5.18
    fn gss_indicate_mechs(mech_set: Out<*mut SetDesc<OidDesc>>) {
        mech_set.set(ptr::null_mut());
        mech_set.required("mech_set")?;
        mech_set.set(memory::oid_set(&[oid::NTLM])?);
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 2744 5.24
    fn gss_inquire_names_for_mech(
        mechanism: In<OidDesc>,
        name_types: Out<*mut SetDesc<OidDesc>>,
    ) {
        name_types.set(ptr::null_mut());
        name_types.required("name_types")?;
        oid::require_ntlm(&mechanism)?;
        name_types.set(memory::oid_set(&[
            oid::NT_USER_NAME,
            oid::NT_HOSTBASED_SERVICE,
            oid::NT_HOSTBASED_SERVICE_X,
            oid::NT_ANONYMOUS,
            oid::NT_EXPORT_NAME,
        ])?);
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 5587 3.4.3. `known_mech_attrs` stays empty: the mechglue then returns its own.
    fn gss_inquire_attrs_for_mech(
        mech: In<OidDesc>,
        mech_attrs: Out<*mut SetDesc<OidDesc>>,
        known_mech_attrs: Out<*mut SetDesc<OidDesc>>,
    ) {
        mech_attrs.set(ptr::null_mut());
        known_mech_attrs.set(ptr::null_mut());
        oid::require_ntlm(&mech)?;
        // A concrete mechanism that authenticates the initiator, protects messages, compares
        // channel bindings and exports contexts.
        mech_attrs.try_set_with(|| {
            memory::oid_set(&[
                oid::MA_MECH_CONCRETE,
                oid::MA_AUTH_INIT,
                oid::MA_INTEG_PROT,
                oid::MA_CONF_PROT,
                oid::MA_MIC,
                oid::MA_WRAP,
                oid::MA_REPLAY_DET,
                oid::MA_OOS_DET,
                oid::MA_CBINDINGS,
                oid::MA_CTX_TRANS,
            ])
        })?;
        Ok(Success::Complete)
    }
}

/// The SASL name of the object identifier (RFC 5801 3.1), by which the mechglue finds a mechanism.
const SASL_NAME: &str = "GS2-QUHS4VZGIKU";

/// The name for display: mod_auth_gssapi puts it into `GSS_MECH`.
const NAME: &str = "NTLM";

const DESCRIPTION: &str = "NTLM, verified by the domain controller";

export! {
    /// RFC 5801 10.1
    fn gss_inquire_saslname_for_mech(
        desired_mech: In<OidDesc>,
        sasl_mech_name: Out<BufferDesc>,
        mech_name: Out<BufferDesc>,
        mech_description: Out<BufferDesc>,
    ) {
        let places = [sasl_mech_name, mech_name, mech_description];
        for place in &places {
            place.set(BufferDesc::EMPTY);
        }
        oid::require_ntlm(&desired_mech)?;
        let texts = [
            Buffer::copy_of(SASL_NAME.as_bytes())?,
            Buffer::copy_of(NAME.as_bytes())?,
            Buffer::copy_of(DESCRIPTION.as_bytes())?,
        ];
        for (place, text) in places.iter().zip(texts) {
            text.give_to(place);
        }
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 5801 10.1. `GSS_S_BAD_MECH` for every name but ours: the mechglue asks each mechanism.
    fn gss_inquire_mech_for_saslname(
        sasl_mech_name: In<BufferDesc>,
        mech_type: Out<*const OidDesc>,
    ) {
        mech_type.set(ptr::null());
        if sasl_mech_name.bytes("sasl_mech_name")? != SASL_NAME.as_bytes() {
            return Err(Minor::BadMech.into());
        }
        mech_type.set(Static::Ntlm.address());
        Ok(Success::Complete)
    }
}
