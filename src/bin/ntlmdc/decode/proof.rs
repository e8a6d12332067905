//! Whether the three messages of a login fit each other and the password.

use gss_ntlmdc::base::crypto::{Key, constant_time_eq, nt_hash, nt_hash_of_widened};
use gss_ntlmdc::base::wire::Reader;
use gss_ntlmdc::protocol::certificate;
use gss_ntlmdc::protocol::ntlm::av_pair::{AvFlags, AvPairs};
use gss_ntlmdc::protocol::ntlm::flags::NegotiateFlags;
use gss_ntlmdc::protocol::ntlm::keys;
use gss_ntlmdc::protocol::ntlm::message::{Authenticate, Challenge, MessageType, token_type};
use gss_ntlmdc::protocol::ntlm::response::NtlmV2Response;
use gss_ntlmdc::protocol::ntlm::text::Charset;

use super::token::Token;
use crate::arguments::Decode;
use crate::input;
use crate::report::{Field, Section};

/// The three messages of one login, as they were sent.
struct Messages {
    negotiate: Vec<u8>,
    challenge: Vec<u8>,
    authenticate: Vec<u8>,
}

/// Checks the last message of each type that was given.
///
/// # Errors
/// A message is missing or cannot be read, or the password or the certificate cannot be read.
pub fn check(tokens: &[Token], arguments: &Decode) -> Result<Section, String> {
    let password = input::first_line("-".as_ref())?;
    let password = str::from_utf8(password.expose())
        .map_err(|_| "the password on the standard input is not UTF-8".to_owned())?;
    let expected = match &arguments.certificate {
        Some(path) => Some(binding_of(path)?),
        None => None,
    };
    of(tokens, password, expected)
}

/// The same, with the channel binding that is expected, if any is.
///
/// # Errors
/// A message is missing or cannot be read.
pub fn of(tokens: &[Token], password: &str, expected: Option<[u8; 16]>) -> Result<Section, String> {
    let messages = Messages::of(tokens)?;
    let sent = Challenge::decode(&messages.challenge)
        .map_err(|error| format!("the CHALLENGE message: {error}"))?;
    let answer = Authenticate::decode(&messages.authenticate)
        .map_err(|error| format!("the AUTHENTICATE message: {error}"))?;
    let response = NtlmV2Response::decode(answer.nt_response)
        .map_err(|error| format!("no NTLMv2 response, and no other is checked: {error}"))?;

    let mut section = Section::new("the three messages and the password");
    push_target_info(&mut section, sent.target_info, &response);
    let session_base_key = proven(&sent, &answer, &response, password)?;
    section.push(match session_base_key {
        Some(_) => Field::new("NTProofStr", "right").right(true),
        None => Field::new("NTProofStr", "wrong").right(false).note(
            "the password is another one, or the challenge, the user name, the domain or the \
             response was changed on the way",
        ),
    });
    push_mic(
        &mut section,
        &messages,
        &answer,
        &response,
        session_base_key.as_ref(),
    );
    push_binding(&mut section, &response, expected);
    Ok(section)
}

impl Messages {
    fn of(tokens: &[Token]) -> Result<Self, String> {
        let last = |wanted: MessageType| {
            tokens
                .iter()
                .rev()
                .filter_map(Token::ntlm)
                .find(|bytes| token_type(bytes) == Ok(wanted))
                .ok_or_else(|| format!("the {wanted:?} message is missing: give all three"))
        };
        Ok(Self {
            negotiate: last(MessageType::Negotiate)?,
            challenge: last(MessageType::Challenge)?,
            authenticate: last(MessageType::Authenticate)?,
        })
    }
}

fn binding_of(path: &std::path::Path) -> Result<[u8; 16], String> {
    let pem = input::read(path)?;
    certificate::channel_binding(&pem).map_err(|error| format!("{}: {error}", path.display()))
}

/// `SessionBaseKey` if the proof is right under some reading of the names (MS-NLMP 3.3.2).
fn proven(
    sent: &Challenge<'_>,
    answer: &Authenticate<'_>,
    response: &NtlmV2Response,
    password: &str,
) -> Result<Option<Key>, String> {
    let charset = match sent.flags.contains(NegotiateFlags::NEGOTIATE_UNICODE) {
        true => Charset::Unicode,
        false => Charset::Oem,
    };
    let name = |bytes, field| {
        charset
            .decode(bytes, field)
            .map_err(|error| error.to_string())
    };
    let user = name(answer.user, "UserName")?;
    let domain = name(answer.domain, "DomainName")?;
    let hashes = [nt_hash(password), nt_hash_of_widened(password)];
    Ok(hashes.iter().find_map(|hash| {
        keys::ntowf_v2_readings(hash, &user, &domain)
            .find_map(|key| response.verify(&key, sent.server_challenge))
    }))
}

/// Each AV pair of the challenge has to be in the response (MS-NLMP 3.1.5.1.2).
fn push_target_info(section: &mut Section, target_info: &[u8], response: &NtlmV2Response) {
    let sent = match AvPairs::decode(&mut Reader::new(target_info)) {
        Ok(sent) => sent,
        Err(error) => return section.push(Field::new("target info", error).wrong()),
    };
    let wrong: Vec<String> = sent
        .iter()
        .filter_map(|(id, value)| match response.av_pairs().value(id) {
            Some(echo) if echo == value => None,
            Some(_) => Some(format!("{id:?} was changed")),
            None => Some(format!("{id:?} is missing")),
        })
        .collect();
    section.push(match wrong.is_empty() {
        true => Field::new("target info", "as the server sent it").right(true),
        false => Field::list("target info", wrong)
            .right(false)
            .note("the response answers another server's challenge, or it was changed on the way"),
    });
}

fn push_mic(
    section: &mut Section,
    messages: &Messages,
    answer: &Authenticate<'_>,
    response: &NtlmV2Response,
    session_base_key: Option<&Key>,
) {
    let is_announced = response.flags().contains(AvFlags::MIC);
    section.push(match (is_announced, answer.mic, session_base_key) {
        (false, _, _) => Field::new(
            "MIC",
            "none announced: nothing protects the first two messages",
        ),
        (true, None, _) => Field::new("MIC", "announced by MsvAvFlags, and not there").wrong(),
        (true, Some(_), None) => Field::new("MIC", "cannot be checked without the right proof"),
        (true, Some(mic), Some(key)) => {
            let is_right = expected_mic(messages, answer, key)
                .is_some_and(|expected| constant_time_eq(&expected, &mic));
            match is_right {
                true => Field::new("MIC", "right").right(true),
                false => Field::new("MIC", "wrong")
                    .right(false)
                    .note("a message was changed on the way, or is of another login"),
            }
        }
    });
}

/// MS-NLMP 3.1.5.1.2, with the session key that the client chose if it chose one.
fn expected_mic(messages: &Messages, answer: &Authenticate<'_>, key: &Key) -> Option<[u8; 16]> {
    let is_exchanged = answer.flags.contains(NegotiateFlags::NEGOTIATE_KEY_EXCH);
    let session_key = match answer.encrypted_session_key.try_into() {
        Ok(encrypted) if is_exchanged => keys::exchange_session_key(key, encrypted),
        _ => key.clone(),
    };
    keys::mic(
        &session_key,
        &messages.negotiate,
        &messages.challenge,
        &messages.authenticate,
    )
}

fn push_binding(section: &mut Section, response: &NtlmV2Response, expected: Option<[u8; 16]>) {
    const NAME: &str = "channel binding";
    section.push(match (response.channel_bindings(), expected) {
        (None, _) => Field::new(NAME, "none: the client knew of no TLS channel"),
        (Some(_), None) => Field::new(NAME, "there").note("--certificate FILE checks it"),
        (Some(sent), Some(expected)) if sent == expected => {
            Field::new(NAME, "that of the certificate").right(true)
        }
        (Some(_), Some(_)) => Field::new(NAME, "that of another certificate")
            .right(false)
            .note("the client's TLS connection ends at another host: a proxy, or an attacker"),
    });
}
