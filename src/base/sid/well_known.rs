//! SIDs that mean the same on every machine and in every domain (MS-DTYP 2.4.2.4). Only groups that
//! a user can be in. No controller is asked about them: it would answer in the language of its
//! installation.

/// Domain and name, from the identifier's authority and what follows.
pub(super) fn name(authority: u64, rest: &[u32]) -> Option<(&'static str, &'static str)> {
    const NT: &str = "NT AUTHORITY";
    match (authority, rest) {
        (1, [0]) => Some(("", "Everyone")),
        (2, [0]) => Some(("", "LOCAL")),
        (5, [2]) => Some((NT, "NETWORK")),
        (5, [9]) => Some((NT, "ENTERPRISE DOMAIN CONTROLLERS")),
        (5, [11]) => Some((NT, "Authenticated Users")),
        (5, [15]) => Some((NT, "This Organization")),
        (5, [21, 0, 0, 0, 496]) => Some((NT, "Compounded Authentication")),
        (5, [21, 0, 0, 0, 497]) => Some((NT, "Claims Valid")),
        (5, [32, rid]) => builtin(*rid).map(|name| ("BUILTIN", name)),
        (5, [64, 10]) => Some((NT, "NTLM Authentication")),
        (5, [64, 14]) => Some((NT, "SChannel Authentication")),
        (5, [64, 21]) => Some((NT, "Digest Authentication")),
        (5, [65, 1]) => Some((NT, "This Organization Certificate")),
        (5, [1000]) => Some((NT, "Other Organization")),
        (18, [1]) => Some(("", "Authentication authority asserted identity")),
        (18, [2]) => Some(("", "Service asserted identity")),
        (18, [3]) => Some(("", "Fresh public key identity")),
        (18, [4]) => Some(("", "Key trust identity")),
        (18, [5]) => Some(("", "Key property multi-factor authentication")),
        (18, [6]) => Some(("", "Key property attestation")),
        _ => None,
    }
}

/// The aliases of the domain BUILTIN.
fn builtin(rid: u32) -> Option<&'static str> {
    Some(match rid {
        544 => "Administrators",
        545 => "Users",
        546 => "Guests",
        547 => "Power Users",
        548 => "Account Operators",
        549 => "Server Operators",
        550 => "Print Operators",
        551 => "Backup Operators",
        552 => "Replicator",
        554 => "Pre-Windows 2000 Compatible Access",
        555 => "Remote Desktop Users",
        556 => "Network Configuration Operators",
        557 => "Incoming Forest Trust Builders",
        558 => "Performance Monitor Users",
        559 => "Performance Log Users",
        560 => "Windows Authorization Access Group",
        561 => "Terminal Server License Servers",
        562 => "Distributed COM Users",
        568 => "IIS_IUSRS",
        569 => "Cryptographic Operators",
        573 => "Event Log Readers",
        574 => "Certificate Service DCOM Access",
        575 => "RDS Remote Access Servers",
        576 => "RDS Endpoint Servers",
        577 => "RDS Management Servers",
        578 => "Hyper-V Administrators",
        579 => "Access Control Assistance Operators",
        580 => "Remote Management Users",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::base::sid::Sid;

    #[test]
    fn known_everywhere_or_not_at_all() {
        let named = |authority, subs: &[u32]| {
            let sid = Sid::new([0, 0, 0, 0, 0, authority], subs.to_vec()).unwrap();
            sid.well_known_name()
        };
        assert_eq!(named(5, &[32, 544]), Some(("BUILTIN", "Administrators")));
        assert_eq!(
            named(5, &[11]),
            Some(("NT AUTHORITY", "Authenticated Users"))
        );
        assert_eq!(named(1, &[0]), Some(("", "Everyone")));
        // A domain's own, even where every domain has one.
        assert_eq!(named(5, &[21, 1, 2, 3, 512]), None);
        assert_eq!(named(5, &[32, 544, 1]), None);
        assert_eq!(named(5, &[32]), None);
        assert_eq!(named(1, &[11]), None);
    }
}
