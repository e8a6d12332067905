//! A byte with how users without a domain are matched and what is typed, then a users file.
#![no_main]

use gss_ntlmdc::base::crypto::{Key, md4, nt_hash};
use gss_ntlmdc::base::name_case::alike;
use gss_ntlmdc::login::verify::users::{Found, Own, Users};
use gss_ntlmdc::login::verify::{Account, Attempt, Verifier};
use gss_ntlmdc::protocol::ntlm::keys;
use gss_ntlmdc::protocol::ntlm::response::{NtlmV2Response, Provable};
use gss_ntlmdc::protocol::ntlm::text::Text;
use libfuzzer_sys::fuzz_target;

const OURS: &str = "EXAMPLE";
const CHALLENGE: [u8; 8] = [0x0C; 8];

fuzz_target!(|bytes: &[u8]| {
    let Some((how, file)) = bytes.split_first() else {
        return;
    };
    let own = Own {
        domain: OURS.to_owned(),
        configured: how & 1 != 0,
        alone: how & 2 != 0,
    };
    let Some((users, usable)) = Users::of_text(file, own) else {
        return;
    };
    // The password of no line; none; and that of a line without a hash.
    let wrong = [Key::new(md4(file)), nt_hash(""), Key::new([0; 16])];
    let wrong = &wrong[usize::from(how >> 4) % 3];
    let typed = ["", ".", "OTHER", OURS][usize::from(how >> 2) % 4];
    for found in usable.iter().take(3) {
        for domain in [found.domain.as_str(), typed] {
            let account = log_in(&users, &found.user, domain, wrong);
            assert_eq!(account, None, "a wrong password was accepted");
            if let Some(account) = log_in(&users, &found.user, domain, &found.nt_hash) {
                let is_it = |line: &Found| is_of(line, &account) && line.nt_hash == found.nt_hash;
                assert!(usable.iter().any(is_it), "another user was let in");
                let is_principal = found.user.contains('@');
                assert!(is_principal || alike(&account.user, &found.user));
                let named = users.account_named(&found.user, domain);
                assert_eq!(named, Some(account));
            }
        }
    }
    // Nor is it the password of a line without one.
    for line in String::from_utf8_lossy(file).lines().take(3) {
        let mut fields = line.split([':', '\\']).map(str::trim);
        let [first, second] = [fields.next(), fields.next()].map(Option::unwrap_or_default);
        for (user, domain) in [(first, ""), (second, first)] {
            assert_eq!(log_in(&users, user, domain, wrong), None);
        }
    }
    // Where the line of a user is the only one, the user is let in.
    if let ([only], false) = (&usable[..], file.contains(&b'\n')) {
        let account = log_in(&users, &only.user, &only.domain, &only.nt_hash);
        let is_plain = !only.user.contains('@') && only.domain != ".";
        assert!(account.is_some() || !is_plain);
    }
});

/// Whether the account is that of the line.
fn is_of(line: &Found, account: &Account) -> bool {
    let domain = match line.domain.as_str() {
        "" => OURS,
        domain => domain,
    };
    (line.user.as_str(), domain) == (account.user.as_str(), account.domain.as_str())
}

/// The account that a client is let in as, with a response that is right for this hash.
fn log_in(users: &Users, user: &str, domain: &str, hash: &Key) -> Option<Account> {
    let (user, domain) = (Text::from(user), Text::from(domain));
    let mut covered = [0xAA; 28];
    covered[..2].fill(1);
    let key = keys::ntowf_v2(hash, &user.units, &domain.units);
    let proof = keys::v2_proof(&key, CHALLENGE, &covered);
    let response = NtlmV2Response::decode(&[&proof[..], &covered].concat()).expect("ours");
    let attempt = Attempt {
        user: &user,
        domain: &domain,
        default_domain: None,
        workstation: &Text::default(),
        server_challenge: CHALLENGE,
        target_info: &[],
        response: Provable::NtlmV2(&response),
        passing: None,
    };
    let logon = users.verify(&attempt).ok()?;
    assert!(logon.session_base_key().is_some() && !logon.has_checked_messages());
    Some(logon.into_parts().0)
}
