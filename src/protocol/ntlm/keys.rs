//! Hashes and keys (MS-NLMP 3.3, 3.4.5).

#[cfg(test)]
mod tests;

use super::message::Authenticate;
use super::text::{Text, uppercase, utf16le};
use crate::base::crypto::{HmacMd5Key, Key, hmac_md5, rc4};

/// `NTOWFv2` (MS-NLMP 3.3.2): the key of the user's NTLMv2 responses. `user` and `domain` are those
/// of the AUTHENTICATE message, as sent.
pub fn ntowf_v2(nt_hash: &Key, user: &[u16], domain: &[u16]) -> Key {
    let capitals: Vec<u16> = user.iter().copied().map(uppercase).collect();
    of_capitals(nt_hash, &capitals, domain)
}

/// `NTOWFv2` for each of [`Text::readings`].
pub fn ntowf_v2_readings(nt_hash: &Key, user: &Text, domain: &Text) -> impl Iterator<Item = Key> {
    Text::readings(user, domain)
        .into_iter()
        .map(move |(user, domain)| of_capitals(nt_hash, &user, &domain))
}

fn of_capitals(nt_hash: &Key, user: &[u16], domain: &[u16]) -> Key {
    let name = utf16le(user.iter().chain(domain).copied());
    Key::new(hmac_md5(nt_hash, &[&name]))
}

/// The first 16 bytes of the NTLMv2 response (`NTProofStr`, MS-NLMP 3.3.2) and of the LMv2
/// response. `challenge_from_client` is the rest of the response.
pub fn v2_proof(
    ntowf_v2: impl Into<HmacMd5Key>,
    server_challenge: [u8; 8],
    challenge_from_client: &[u8],
) -> [u8; 16] {
    hmac_md5(ntowf_v2, &[&server_challenge, challenge_from_client])
}

/// `SessionBaseKey` of an NTLMv2 response (MS-NLMP 3.3.2).
pub fn session_base_key(ntowf_v2: impl Into<HmacMd5Key>, nt_proof: &[u8; 16]) -> Key {
    Key::new(hmac_md5(ntowf_v2, &[nt_proof]))
}

/// The LMv2 response (MS-NLMP 3.3.2): 16 bytes of proof, 8 of the client's challenge.
#[cfg(test)]
pub(super) fn lm_v2_response(
    ntowf_v2: &Key,
    server_challenge: [u8; 8],
    client_challenge: [u8; 8],
) -> [u8; 24] {
    let proof = v2_proof(ntowf_v2, server_challenge, &client_challenge);
    let mut response = [0; 24];
    response
        .iter_mut()
        .zip(proof.iter().chain(&client_challenge))
        .for_each(|(to, from)| *to = *from);
    response
}

/// Encrypts or decrypts `EncryptedRandomSessionKey` (MS-NLMP 3.1.5.1.2).
pub fn exchange_session_key(key_exchange_key: &Key, mut session_key: [u8; 16]) -> Key {
    rc4(key_exchange_key, &mut session_key);
    Key::new(session_key)
}

/// `MIC` over the three messages as sent (MS-NLMP 3.1.5.1.2). The 16 bytes of the AUTHENTICATE
/// message that hold it count as zero. `None` if the message is too short for them.
pub fn mic(
    exported_session_key: &Key,
    negotiate: &[u8],
    challenge: &[u8],
    authenticate: &[u8],
) -> Option<[u8; 16]> {
    let (before, rest) = authenticate.split_at_checked(Authenticate::MIC_OFFSET)?;
    let (_mic, after) = rest.split_first_chunk::<16>()?;
    Some(hmac_md5(
        exported_session_key,
        &[negotiate, challenge, before, &[0; 16], after],
    ))
}
