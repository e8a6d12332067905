//! RC4 (RFC 6229).

use std::fmt;

use zeroize::Zeroizing;

use super::{Key, Secret};

/// RC4 from the start of its key stream, in place: encrypts and decrypts.
pub fn rc4(key: &Key, data: &mut [u8]) {
    Rc4::new(key).apply(data);
}

/// RC4 as a key stream through many messages.
///
/// Not the `rc4` crate: a copy is needed to work on a message that may turn out to be forged, and
/// the crate's cipher can be neither copied nor saved.
#[derive(Clone)]
pub struct Rc4 {
    state: Zeroizing<[u8; 256]>,
    i: u8,
    j: u8,
}

#[allow(clippy::indexing_slicing)] // below 256, into 256 entries
impl Rc4 {
    /// Starts the key stream.
    pub fn new(key: &Key) -> Self {
        let mut state = Zeroizing::new(std::array::from_fn(|i| i as u8));
        let key = key.expose();
        let mut j = 0_u8;
        for i in 0..state.len() {
            j = j.wrapping_add(state[i]).wrapping_add(key[i % key.len()]);
            state.swap(i, usize::from(j));
        }
        Self { state, i: 0, j: 0 }
    }

    /// Encrypts or decrypts the next piece in place.
    pub fn apply(&mut self, data: &mut [u8]) {
        let Self { state, i, j } = self;
        for byte in data {
            *i = i.wrapping_add(1);
            let at_i = state[usize::from(*i)];
            *j = j.wrapping_add(at_i);
            let at_j = state[usize::from(*j)];
            state[usize::from(*i)] = at_j;
            state[usize::from(*j)] = at_i;
            *byte ^= state[usize::from(at_i.wrapping_add(at_j))];
        }
    }
}

impl Rc4 {
    /// How long [`Self::save`] is.
    pub const SAVED_SIZE: usize = 258;

    /// Where the key stream is: all that there is to tell.
    pub fn save(&self) -> Secret<{ Self::SAVED_SIZE }> {
        let mut saved = Zeroizing::new([0; Self::SAVED_SIZE]);
        let parts = self.state.iter().chain([&self.i, &self.j]);
        saved
            .iter_mut()
            .zip(parts)
            .for_each(|(to, from)| *to = *from);
        Secret(saved)
    }

    /// What [`Self::save`] told; none if no key stream can be there.
    pub fn restore(saved: &[u8; Self::SAVED_SIZE]) -> Option<Self> {
        let (state, [i, j]) = saved.split_first_chunk::<256>()? else {
            return None;
        };
        let mut seen = [false; 256];
        for byte in state {
            *seen.get_mut(usize::from(*byte))? = true;
        }
        seen.iter().all(|seen| *seen).then(|| Self {
            state: Zeroizing::new(*state),
            i: *i,
            j: *j,
        })
    }
}

impl fmt::Debug for Rc4 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Rc4")
    }
}
