//! The frame of a message over TCP (MS-SMB2 2.1).

use crate::protocol::smb2::error::Smb2Error;

/// The longest accepted message, its frame included. A reply to a login has some hundred bytes.
pub const MAX_MESSAGE: usize = 64 * 1024;

const HEADER: usize = 4;

/// The length of the message that begins with these bytes, its frame included.
///
/// # Errors
/// [`Smb2Error::Frame`].
pub fn length(header: &[u8; HEADER]) -> Result<usize, Smb2Error> {
    let [kind, length @ ..] = *header;
    if kind != 0 {
        return Err(Smb2Error::Frame("the first byte is not zero"));
    }
    let [high, middle, low] = length.map(usize::from);
    let whole = HEADER + (high << 16 | middle << 8 | low);
    match whole <= MAX_MESSAGE {
        true => Ok(whole),
        false => Err(Smb2Error::Frame("longer than 64 KiB")),
    }
}

/// The message in its frame.
pub(super) fn framed(message: &[u8]) -> Result<Vec<u8>, Smb2Error> {
    let length = u32::try_from(message.len()).map_err(|_| Smb2Error::TooLong)?;
    match length.to_be_bytes() {
        [0, high, middle, low] => Ok([&[0, high, middle, low], message].concat()),
        _ => Err(Smb2Error::TooLong),
    }
}

/// The message in this frame, which is whole.
pub(super) fn unframed(frame: &[u8]) -> Result<&[u8], Smb2Error> {
    let (header, message) = frame
        .split_first_chunk()
        .ok_or(Smb2Error::Frame("shorter than a frame"))?;
    match length(header)? == frame.len() {
        true => Ok(message),
        false => Err(Smb2Error::Frame("not as long as its frame says")),
    }
}
