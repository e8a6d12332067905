//! Memory that the caller frees: the mechglue calls `free` on what a mechanism gives out.

use std::ptr::{self, NonNull};

use crate::fault::{Fault, Minor};
use crate::gss::abi::{BufferDesc, OidDesc, Out, SetDesc};

/// A copy of bytes, freed unless it is given to the caller. A NUL follows that the length does not
/// count: servers print texts as C strings. No bytes make `GSS_C_EMPTY_BUFFER`, which nobody frees.
pub struct Buffer {
    length: usize,
    block: Option<Block<u8>>,
}

impl Buffer {
    /// Copies.
    ///
    /// # Errors
    /// `NoMemory`
    pub fn copy_of(bytes: &[u8]) -> Result<Self, Fault> {
        let block = match bytes.len() {
            0 => None,
            _ => Some(Block::copy_of(bytes)?),
        };
        Ok(Self {
            length: bytes.len(),
            block,
        })
    }

    /// Hands the buffer to the caller, if he wants it.
    pub fn give_to(self, place: &Out<BufferDesc>) {
        place.set_with(|| match self.block {
            Some(block) => BufferDesc::owned_by_caller(self.length, block.give_away()),
            None => BufferDesc::EMPTY,
        });
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

/// One block for the set, one for its array, one for each element: so the mechglue frees them.
fn set<T>(contents: &[&[u8]], describe: fn(usize, *mut u8) -> T) -> Result<*mut SetDesc<T>, Fault> {
    let copies: Vec<Block<u8>> = contents
        .iter()
        .map(|content| Block::copy_of(content))
        .collect::<Result<_, _>>()?;
    let array: Block<T> = Block::of(contents.len())?;
    let set: Block<SetDesc<T>> = Block::of(1)?;
    // Nothing fails from here on: all blocks change hands together.
    for (index, (copy, content)) in copies.into_iter().zip(contents).enumerate() {
        array.put(index, describe(content.len(), copy.give_away()));
    }
    set.put(
        0,
        SetDesc::owned_by_caller(contents.len(), array.give_away()),
    );
    Ok(set.give_away())
}

/// A block from malloc, with room for a number of values; freed unless given away.
struct Block<T> {
    start: NonNull<T>,
    room: usize,
}

impl<T> Block<T> {
    fn of(room: usize) -> Result<Self, Fault> {
        let size = room.checked_mul(size_of::<T>()).ok_or(Minor::NoMemory)?;
        // SAFETY: malloc takes any size; one byte at least, so that NULL means failure.
        let start = unsafe { libc::malloc(size.max(1)) };
        // malloc aligns for every type of gssapi.h.
        let start = NonNull::new(start.cast()).ok_or(Minor::NoMemory)?;
        Ok(Self { start, room })
    }

    fn put(&self, index: usize, value: T) {
        if index < self.room {
            // SAFETY: within the block.
            let place = unsafe { self.start.add(index) };
            // SAFETY: ours alone, aligned, with room for a value.
            unsafe { place.write(value) }
        }
    }

    /// From here on the caller of the library frees it.
    fn give_away(self) -> *mut T {
        let start = self.start.as_ptr();
        std::mem::forget(self);
        start
    }
}

impl Block<u8> {
    /// The bytes and a NUL.
    fn copy_of(bytes: &[u8]) -> Result<Self, Fault> {
        let room = bytes.len().checked_add(1).ok_or(Minor::NoMemory)?;
        let block = Self::of(room)?;
        // SAFETY: the block is new, so the two do not overlap, and it has room for the bytes.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), block.start.as_ptr(), bytes.len()) };
        block.put(bytes.len(), 0);
        Ok(block)
    }
}

impl<T> Drop for Block<T> {
    fn drop(&mut self) {
        // SAFETY: from malloc, and not given away.
        unsafe { libc::free(self.start.as_ptr().cast()) }
    }
}
