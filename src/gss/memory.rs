//! Memory that the caller frees: the mechglue calls `free` on a mechanism's results.

use std::ptr::{self, NonNull};
use std::slice;

use crate::base::fault::{Fault, Minor};
use crate::gss::abi::{BufferDesc, OidDesc, Out, SetDesc};

/// A copy of bytes, freed unless it is given to the caller. A NUL follows that is not part of the
/// length: servers print texts as C strings. Without bytes it is `GSS_C_EMPTY_BUFFER`, which is not
/// freed.
pub struct Buffer {
    length: usize,
    block: Option<Block<u8>>,
}

impl Buffer {
    /// Copies the bytes.
    ///
    /// # Errors
    /// `NoMemory`
    pub fn copy_of(bytes: &[u8]) -> Result<Self, Fault> {
        let block = match bytes.len() {
            0 => None,
            _ => Some(Block::copy_of(&[bytes])?),
        };
        Ok(Self {
            length: bytes.len(),
            block,
        })
    }

    /// Copies the bytes behind `N` zeros.
    ///
    /// # Errors
    /// `NoMemory`
    pub fn copy_behind<const N: usize>(bytes: &[u8]) -> Result<Self, Fault> {
        let length = bytes.len().checked_add(N).ok_or(Minor::NoMemory)?;
        Ok(Self {
            length,
            block: Some(Block::copy_of(&[&[0; N], bytes])?),
        })
    }

    /// The bytes, until the buffer is given to the caller.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        match &mut self.block {
            Some(block) => block.filled(self.length),
            None => &mut [],
        }
    }

    /// Gives the buffer to the caller, if it is wanted.
    pub fn give_to(self, place: &Out<BufferDesc>) {
        place.set_with(|| self.into_desc());
    }

    /// Gives the buffer to the caller.
    pub fn into_desc(self) -> BufferDesc {
        match self.block {
            Some(block) => BufferDesc::owned_by_caller(self.length, block.give_away()),
            None => BufferDesc::EMPTY,
        }
    }
}

/// A set of object identifiers for the caller.
///
/// # Errors
/// `NoMemory`
pub fn oid_set(encodings: &[&[u8]]) -> Result<*mut SetDesc<OidDesc>, Fault> {
    set(encodings, OidDesc::owned_by_caller)
}

/// A set of buffers for the caller.
///
/// # Errors
/// `NoMemory`
pub fn buffer_set(texts: &[&[u8]]) -> Result<*mut SetDesc<BufferDesc>, Fault> {
    set(texts, BufferDesc::owned_by_caller)
}

/// One block for the set, one for its array, one for each element, as the mechglue frees them.
fn set<T>(contents: &[&[u8]], describe: fn(usize, *mut u8) -> T) -> Result<*mut SetDesc<T>, Fault> {
    let copies: Vec<Block<u8>> = contents
        .iter()
        .map(|content| Block::copy_of(&[content]))
        .collect::<Result<_, _>>()?;
    let array: Block<T> = Block::of(contents.len())?;
    let set: Block<SetDesc<T>> = Block::of(1)?;
    // Nothing can fail from here on: all blocks are given away together.
    for (index, (copy, content)) in copies.into_iter().zip(contents).enumerate() {
        array.put(index, describe(content.len(), copy.give_away()));
    }
    set.put(
        0,
        SetDesc::owned_by_caller(contents.len(), array.give_away()),
    );
    Ok(set.give_away())
}

/// A block from malloc, with room for a number of values. Freed unless given away.
struct Block<T> {
    start: NonNull<T>,
    room: usize,
}

impl<T> Block<T> {
    fn of(room: usize) -> Result<Self, Fault> {
        let size = room.checked_mul(size_of::<T>()).ok_or(Minor::NoMemory)?;
        // SAFETY: malloc accepts any size. At least one byte, so that NULL means failure.
        let start = unsafe { libc::malloc(size.max(1)) };
        // malloc aligns for every type of gssapi.h.
        let start = NonNull::new(start.cast()).ok_or(Minor::NoMemory)?;
        Ok(Self { start, room })
    }

    fn put(&self, index: usize, value: T) {
        if index < self.room {
            // SAFETY: within the block.
            let place = unsafe { self.start.add(index) };
            // SAFETY: not shared, aligned, with room for a value.
            unsafe { place.write(value) }
        }
    }

    /// The C caller frees the block from here on.
    fn give_away(self) -> *mut T {
        let start = self.start.as_ptr();
        std::mem::forget(self);
        start
    }
}

impl Block<u8> {
    /// The bytes of the parts, one after the other, and a NUL.
    fn copy_of(parts: &[&[u8]]) -> Result<Self, Fault> {
        let room = parts
            .iter()
            .try_fold(1_usize, |room, part| room.checked_add(part.len()));
        let block = Self::of(room.ok_or(Minor::NoMemory)?)?;
        let mut length = 0;
        for part in parts {
            // SAFETY: the block has room for all parts, so this is within it.
            let place = unsafe { block.start.add(length) };
            // SAFETY: the block is new, so the two do not overlap, and it has room for the part.
            unsafe { ptr::copy_nonoverlapping(part.as_ptr(), place.as_ptr(), part.len()) };
            length += part.len();
        }
        block.put(length, 0);
        Ok(block)
    }

    /// The first bytes. All were written when the block was made.
    fn filled(&mut self, length: usize) -> &mut [u8] {
        // SAFETY: initialised, not shared while `self` is borrowed, and within the block.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), length.min(self.room)) }
    }
}

impl<T> Drop for Block<T> {
    fn drop(&mut self) {
        // SAFETY: from malloc, and not given away.
        unsafe { libc::free(self.start.as_ptr().cast()) }
    }
}
