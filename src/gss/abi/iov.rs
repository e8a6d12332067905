//! The buffers of calls on messages in pieces (`gss_wrap_iov` and its like, gssapi_ext.h).

use super::{BufferDesc, array_mut, bytes, missing};
use crate::base::fault::{Fault, Minor};
use crate::gss::memory::Buffer;

/// The purpose of a buffer. The value is its type in gssapi_ext.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum IovKind {
    /// A type without a meaning here.
    Other = 0,
    /// `GSS_IOV_BUFFER_TYPE_DATA`: sealed in place.
    Data = 1,
    /// `GSS_IOV_BUFFER_TYPE_HEADER`: the mechanism's, before the data.
    Header = 2,
    /// `GSS_IOV_BUFFER_TYPE_TRAILER`: the mechanism's, after the data.
    Trailer = 7,
    /// `GSS_IOV_BUFFER_TYPE_PADDING`: padding of the data.
    Padding = 9,
    /// `GSS_IOV_BUFFER_TYPE_STREAM`: a whole token.
    Stream = 10,
    /// `GSS_IOV_BUFFER_TYPE_SIGN_ONLY`: signed with the data, and not sealed.
    SignOnly = 11,
    /// `GSS_IOV_BUFFER_TYPE_MIC_TOKEN`: the signature of data that is not sealed.
    MicToken = 12,
}

impl IovKind {
    const ALL: [Self; 7] = [
        Self::Data,
        Self::Header,
        Self::Trailer,
        Self::Padding,
        Self::Stream,
        Self::SignOnly,
        Self::MicToken,
    ];
}

/// `gss_iov_buffer_desc`: one piece of a message, in the caller's memory.
#[repr(C)]
pub struct IovBuffer {
    pub(super) r#type: u32,
    pub(super) buffer: BufferDesc,
}

/// `GSS_IOV_BUFFER_FLAG_MASK`
pub(super) const FLAGS: u32 = 0xFFFF_0000;
/// `GSS_IOV_BUFFER_FLAG_ALLOCATE`
pub(super) const ALLOCATE: u32 = 0x0001_0000;
/// `GSS_IOV_BUFFER_FLAG_ALLOCATED`
pub(super) const ALLOCATED: u32 = 0x0002_0000;

impl IovBuffer {
    /// The purpose.
    pub fn kind(&self) -> IovKind {
        let kind = self.r#type & !FLAGS;
        let known = IovKind::ALL.into_iter().find(|known| *known as u32 == kind);
        known.unwrap_or(IovKind::Other)
    }

    /// The bytes, empty if the pointer is NULL.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the caller's buffer (the contract), which outlives the call and so `self`.
        unsafe { bytes(self.buffer.value, self.buffer.length) }
    }

    /// The bytes, mutable.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and writable: calls on pieces work in place. There is no other
        // reference to the bytes while `self` is borrowed: they are reached through this array
        // only, and one buffer at a time.
        unsafe { array_mut(self.buffer.value, self.buffer.length) }
    }

    /// Sets the length that the buffer must have.
    pub fn set_length(&mut self, length: usize) {
        self.buffer.length = length;
    }

    /// Makes room for a signature: in new memory if the caller asks for it, else in the caller's
    /// buffer. The bytes are zero until they are written.
    ///
    /// # Errors
    /// The caller's buffer is too short; or `NoMemory`.
    pub fn reserve<const N: usize>(&mut self) -> Result<(), Fault> {
        if self.r#type & ALLOCATE != 0 {
            return self.allocate(&[0; N]);
        }
        let own = self.bytes_mut().get_mut(..N);
        own.ok_or_else(|| Minor::BadArgument.because("a buffer is too short for the signature"))?
            .fill(0);
        self.buffer.length = N;
        Ok(())
    }

    /// Makes the buffer show the rest of a token: copied to new memory if the caller asks for it,
    /// else within the token.
    ///
    /// # Errors
    /// `NoMemory`
    pub fn show(&mut self, rest: Rest) -> Result<(), Fault> {
        if self.r#type & ALLOCATE != 0 {
            let rest = Self {
                r#type: 0,
                buffer: rest.0,
            };
            return self.allocate(rest.bytes());
        }
        self.buffer = rest.0;
        // The bytes within the token must not be freed.
        self.r#type &= !ALLOCATED;
        Ok(())
    }

    /// The bytes behind the first ones. `None` if the buffer is shorter.
    pub fn after(&self, first: usize) -> Option<Rest> {
        let length = self.bytes().len().checked_sub(first)?;
        let value = self.buffer.value.wrapping_add(first);
        Some(Rest(BufferDesc { length, value }))
    }

    fn allocate(&mut self, contents: &[u8]) -> Result<(), Fault> {
        self.buffer = Buffer::copy_of(contents)?.into_desc();
        self.r#type |= ALLOCATED;
        Ok(())
    }
}

/// The bytes of a buffer without its first ones.
pub struct Rest(BufferDesc);

/// The array of buffers. The caller's next argument is their number.
#[repr(transparent)]
pub struct Iov(*mut IovBuffer);

impl Iov {
    /// The buffers.
    ///
    /// # Errors
    /// `BadArgument` if there is no array, or the count is negative.
    pub fn buffers(&mut self, count: i32) -> Result<&mut [IovBuffer], Fault> {
        let count = usize::try_from(count)
            .map_err(|_| Minor::BadArgument.because("iov_count is negative"))?;
        if self.0.is_null() && count != 0 {
            return Err(missing("iov"));
        }
        // SAFETY: the caller's array (the contract), which is writable and outlives the call and so
        // `self`.
        Ok(unsafe { array_mut(self.0, count) })
    }
}
