//! Checks a response with the NT hash of a password.

use super::Attempt;
use crate::base::crypto::Key;
use crate::protocol::ntlm::keys;
use crate::protocol::ntlm::response::Provable;

/// The session base key, if the response was made with the password of one of the hashes. The work
/// is the same where a hash is missing, so that its time reveals no names.
pub(super) fn session_base_key<'a>(
    hashes: impl IntoIterator<Item = Option<&'a Key>>,
    attempt: &Attempt<'_>,
) -> Option<Key> {
    let stand_in = Key::new([0; 16]);
    hashes.into_iter().find_map(|hash| {
        let key = of_hash(attempt, hash.unwrap_or(&stand_in));
        hash.and(key)
    })
}

/// Clients convert OEM names to Unicode in several ways; each is tried.
fn of_hash(attempt: &Attempt<'_>, nt_hash: &Key) -> Option<Key> {
    let challenge = attempt.server_challenge;
    match attempt.response {
        Provable::NtlmV1(response) => response.verify(nt_hash, challenge),
        Provable::NtlmV2(response) => {
            keys::ntowf_v2_readings(nt_hash, attempt.user, attempt.domain)
                .find_map(|ntowf_v2| response.verify(&ntowf_v2, challenge))
        }
    }
}
