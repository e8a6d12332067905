//! The types of gssapi.h, laid out as C lays them out, and the pointers to them.
//!
//! # The contract
//!
//! A value of [`Out`], [`In`], [`InOut`], [`Handle`] or [`Slot`] is a parameter of an export: only
//! a C caller makes one (the fields are private; Rust code can make one in tests only). The caller
//! obeys RFC 2744 section 3: the pointer is NULL, or during the call it is aligned and points to a
//! value of the type that no other thread changes. The value behind an [`Out`] may be
//! uninitialised. The object behind a [`Handle`] or in a [`Slot`] comes from this library and is
//! not released. The `SAFETY` comments below call this *the contract*.

mod input;
pub mod iov;

use std::ffi::{CStr, c_char};
use std::{ptr, slice};

use crate::base::fault::{Fault, Minor};
pub use input::In;

/// `gss_OID_desc`: an object identifier, in the encoding of its value (X.690 8.19).
#[derive(Clone, Copy)]
#[repr(C)]
pub struct OidDesc {
    length: u32,
    elements: *mut u8,
}

// SAFETY: a value that more than one thread sees is one of our statics: its bytes are constant.
unsafe impl Sync for OidDesc {}

impl OidDesc {
    /// An identifier that lives for ever. Its bytes are never written.
    pub const fn constant(encoding: &'static [u8]) -> Self {
        Self {
            length: encoding.len() as u32,
            elements: encoding.as_ptr().cast_mut(),
        }
    }

    /// An identifier in the caller's memory.
    pub fn owned_by_caller(length: usize, elements: *mut u8) -> Self {
        Self {
            length: u32::try_from(length).unwrap_or_default(),
            elements,
        }
    }
}

/// `gss_buffer_desc`: bytes with a length.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct BufferDesc {
    length: usize,
    value: *mut u8,
}

impl BufferDesc {
    /// `GSS_C_EMPTY_BUFFER`
    pub const EMPTY: Self = Self {
        length: 0,
        value: ptr::null_mut(),
    };

    /// A buffer in the caller's memory. The mechglue frees it if its length is not 0.
    pub fn owned_by_caller(length: usize, value: *mut u8) -> Self {
        Self { length, value }
    }

    /// Its length, and where its bytes are.
    #[cfg(feature = "cli")]
    pub fn parts(&self) -> (usize, *const u8) {
        (self.length, self.value)
    }
}

/// `gss_OID_set_desc` and `gss_buffer_set_desc`: an array with a count.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct SetDesc<T> {
    count: usize,
    elements: *mut T,
}

impl<T> SetDesc<T> {
    /// A set in the caller's memory.
    pub fn owned_by_caller(count: usize, elements: *mut T) -> Self {
        Self { count, elements }
    }
}

/// `gss_key_value_element_desc`: one entry of a credential store.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct KeyValueElement {
    key: *const c_char,
    value: *const c_char,
}

/// `gss_key_value_set_desc`: a credential store.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct KeyValueSet {
    count: u32,
    elements: *const KeyValueElement,
}

/// `struct gss_channel_bindings_struct`: the application's channel.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct ChannelBindingsDesc {
    initiator_addrtype: u32,
    initiator_address: BufferDesc,
    acceptor_addrtype: u32,
    acceptor_address: BufferDesc,
    application_data: BufferDesc,
}

/// The place for a result. NULL: the caller does not want it.
#[repr(transparent)]
pub struct Out<T>(*mut T);

impl<T> Out<T> {
    /// Writes the result, if it is wanted.
    pub fn set(&self, value: T) {
        if !self.0.is_null() {
            // SAFETY: not NULL, so it may be written to (the contract).
            unsafe { self.0.write(value) }
        }
    }

    /// Makes and writes the result, if it is wanted.
    pub fn set_with(&self, make: impl FnOnce() -> T) {
        if !self.0.is_null() {
            self.set(make());
        }
    }

    /// Makes and writes the result, if it is wanted.
    ///
    /// # Errors
    /// The error of `make`; nothing is written then.
    pub fn try_set_with(&self, make: impl FnOnce() -> Result<T, Fault>) -> Result<(), Fault> {
        if !self.0.is_null() {
            self.set(make()?);
        }
        Ok(())
    }

    /// For a result that must be wanted.
    ///
    /// # Errors
    /// `BadArgument` naming the parameter if the pointer is NULL.
    pub fn required(&self, parameter: &str) -> Result<(), Fault> {
        if self.0.is_null() {
            return Err(missing(parameter));
        }
        Ok(())
    }
}

/// A value that the caller passes and gets back changed.
#[repr(transparent)]
pub struct InOut<T>(*mut T);

impl<T: Copy> InOut<T> {
    /// The value that was passed.
    ///
    /// # Errors
    /// `BadArgument` naming the parameter if the pointer is NULL.
    pub fn required(&self, parameter: &str) -> Result<T, Fault> {
        In(self.0).read().ok_or_else(|| missing(parameter))
    }

    /// Writes the changed value.
    pub fn set(&self, value: T) {
        Out(self.0).set(value);
    }
}

/// An object of this library that C holds, passed on any thread. NULL: none.
#[repr(transparent)]
pub struct Handle<T>(*const T);

impl<T: Send + Sync> Handle<T> {
    /// The object, if there is one.
    pub fn get(&self) -> Option<&T> {
        // SAFETY: NULL or from a `Box` that was not released (the contract). There is no mutable
        // reference to it: the state that changes is behind a lock.
        unsafe { self.0.as_ref() }
    }

    /// The object.
    ///
    /// # Errors
    /// `BadArgument` naming the parameter if there is none.
    pub fn required(&self, parameter: &str) -> Result<&T, Fault> {
        self.get().ok_or_else(|| missing(parameter))
    }
}

/// A variable of the caller that holds an object of this library, or NULL.
#[repr(transparent)]
pub struct Slot<T>(*mut *mut T);

impl<T: Send + Sync> Slot<T> {
    /// The object that the variable holds, if any. It stays there.
    ///
    /// # Errors
    /// `BadArgument` naming the parameter if there is no variable.
    pub fn get(&self, parameter: &str) -> Result<Option<&T>, Fault> {
        let held = InOut(self.0).required(parameter)?;
        // SAFETY: as for a `Handle`.
        Ok(unsafe { held.as_ref() })
    }

    /// Runs `work` with the object that the variable holds, or with a new one. A new object is put
    /// into the variable if the work succeeds.
    ///
    /// # Errors
    /// `BadArgument` naming the parameter if there is no variable; what `begin` and `work` return.
    pub fn get_or_begin<R>(
        &self,
        parameter: &str,
        begin: impl FnOnce() -> Result<T, Fault>,
        work: impl FnOnce(&T) -> Result<R, Fault>,
    ) -> Result<R, Fault> {
        if let Some(held) = self.get(parameter)? {
            return work(held);
        }
        let new = Box::new(begin()?);
        let outcome = work(&new)?;
        self.put(new);
        Ok(outcome)
    }

    /// Puts an object into the variable, which holds none.
    fn put(&self, object: Box<T>) {
        Out(self.0).set(Box::into_raw(object));
    }

    /// Takes the object out of the variable, which is then NULL.
    ///
    /// # Errors
    /// `BadArgument` naming the parameter if there is no variable.
    pub fn take(&self, parameter: &str) -> Result<Option<Box<T>>, Fault> {
        let held = InOut(self.0).required(parameter)?;
        Out(self.0).set(ptr::null_mut());
        if held.is_null() {
            return Ok(None);
        }
        // SAFETY: from `Box::into_raw` and not released (the contract). The variable is NULL now.
        Ok(Some(unsafe { Box::from_raw(held) }))
    }
}

fn missing(parameter: &str) -> Fault {
    Minor::BadArgument.because(format_args!("{parameter} is NULL"))
}

/// # Safety
/// `start` is NULL, or points to `length` initialised bytes that do not change for `'a`.
unsafe fn bytes<'a>(start: *const u8, length: usize) -> &'a [u8] {
    // SAFETY: an array of bytes.
    unsafe { array(start, length) }
}

/// # Safety
/// `start` is NULL, or points to `count` aligned, initialised values that do not change for `'a`.
unsafe fn array<'a, T>(start: *const T, count: usize) -> &'a [T] {
    if !can_be_there(start, count) {
        return &[];
    }
    // SAFETY: not NULL and of a possible size; the caller of this function guarantees the rest.
    unsafe { slice::from_raw_parts(start, count) }
}

/// # Safety
/// As [`array()`]. In addition, the values are writable and not used elsewhere for `'a`.
unsafe fn array_mut<'a, T>(start: *mut T, count: usize) -> &'a mut [T] {
    if !can_be_there(start, count) {
        return &mut [];
    }
    // SAFETY: as in `array`; the caller of this function guarantees the rest.
    unsafe { slice::from_raw_parts_mut(start, count) }
}

/// Whether `count` values can be at `start`. No object is larger than `isize::MAX` bytes.
fn can_be_there<T>(start: *const T, count: usize) -> bool {
    const MAX_SIZE: usize = isize::MAX as usize;
    let size = count.checked_mul(size_of::<T>());
    !start.is_null() && size.is_some_and(|size| size <= MAX_SIZE)
}

/// # Safety
/// `start` is NULL, or points to a string that ends with NUL and does not change for `'a`.
unsafe fn string<'a>(start: *const c_char) -> Option<&'a CStr> {
    if start.is_null() {
        return None;
    }
    // SAFETY: not NULL; the caller of this function guarantees the rest.
    Some(unsafe { CStr::from_ptr(start) })
}

#[cfg(test)]
impl<T> Out<T> {
    /// As C would pass the address of a variable.
    pub fn to(place: &mut T) -> Self {
        Self(place)
    }

    /// As C would pass NULL.
    pub fn nowhere() -> Self {
        Self(ptr::null_mut())
    }
}

#[cfg(test)]
mod tests;
