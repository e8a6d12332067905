//! [`In`]: input parameters, with the buffers, sets and structures that they point to.

use std::ffi::CStr;
use std::ptr;

use super::{
    BufferDesc, ChannelBindingsDesc, KeyValueElement, KeyValueSet, OidDesc, SetDesc, array, bytes,
    missing, string,
};
use crate::base::fault::Fault;
use crate::protocol::ntlm::bindings::{Address, ChannelBindings};

/// A value that the caller passes by pointer. NULL: none.
#[repr(transparent)]
pub struct In<T>(pub(super) *const T);

impl<T: Copy> In<T> {
    /// The value, if any.
    pub fn read(&self) -> Option<T> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: not NULL, so it points to an initialised value (the contract).
        Some(unsafe { self.0.read() })
    }
}

impl In<BufferDesc> {
    /// The bytes of a buffer, empty if its pointer is NULL. Valid during the call.
    ///
    /// # Errors
    /// `BadArgument` naming the parameter if there is no buffer.
    pub fn bytes(&self, parameter: &str) -> Result<&[u8], Fault> {
        let buffer = self.read().ok_or_else(|| missing(parameter))?;
        // SAFETY: the caller's buffer (the contract), which outlives the call and so `self`.
        Ok(unsafe { bytes(buffer.value, buffer.length) })
    }

    /// The bytes of an optional buffer. Empty if there is none.
    pub fn optional_bytes(&self) -> &[u8] {
        self.bytes("").unwrap_or_default()
    }
}

impl In<OidDesc> {
    /// The encoding of an object identifier; `None` for `GSS_C_NO_OID`.
    pub fn encoding(&self) -> Option<&[u8]> {
        let oid = self.read()?;
        // SAFETY: the caller's identifier (the contract), which outlives the call and so `self`.
        Some(unsafe { bytes(oid.elements, oid.length as usize) })
    }
}

impl In<SetDesc<OidDesc>> {
    /// The encodings in a set; `None` for `GSS_C_NO_OID_SET`.
    pub fn encodings(&self) -> Option<impl Iterator<Item = &[u8]>> {
        let set = self.read()?;
        // SAFETY: the caller's array (the contract), which outlives the call and so `self`.
        let oids: &[OidDesc] = unsafe { array(set.elements, set.count) };
        Some(oids.iter().map(|oid| {
            // SAFETY: as above, for an element of the array.
            unsafe { bytes(oid.elements, oid.length as usize) }
        }))
    }
}

impl In<ChannelBindingsDesc> {
    /// The bindings. `None` for `GSS_C_NO_CHANNEL_BINDINGS`. Valid during the call.
    pub fn channel(&self) -> Option<ChannelBindings<'_>> {
        let bindings = self.read()?;
        let part = |buffer: BufferDesc| {
            // SAFETY: the caller's buffer (the contract), which outlives the call and so `self`.
            unsafe { bytes(buffer.value, buffer.length) }
        };
        Some(ChannelBindings {
            initiator: Address {
                family: bindings.initiator_addrtype,
                bytes: part(bindings.initiator_address),
            },
            acceptor: Address {
                family: bindings.acceptor_addrtype,
                bytes: part(bindings.acceptor_address),
            },
            application_data: part(bindings.application_data),
        })
    }
}

impl In<KeyValueSet> {
    /// Keys and values of a credential store, empty for `GSS_C_NO_CRED_STORE`. `None` for a NULL
    /// key or value.
    pub fn entries(&self) -> impl Iterator<Item = (Option<&CStr>, Option<&CStr>)> {
        let (elements, count) = match self.read() {
            Some(store) => (store.elements, store.count as usize),
            None => (ptr::null(), 0),
        };
        // SAFETY: the caller's array (the contract), which outlives the call and so `self`.
        let entries: &[KeyValueElement] = unsafe { array(elements, count) };
        entries.iter().map(|entry| {
            // SAFETY: the caller's string, as the array.
            let key = unsafe { string(entry.key) };
            // SAFETY: the same.
            let value = unsafe { string(entry.value) };
            (key, value)
        })
    }
}

#[cfg(test)]
impl<T> In<T> {
    /// As C would pass NULL.
    pub fn nothing() -> Self {
        Self(ptr::null())
    }
}
