//! The user of an initiator, with the hash of the password.

use std::path::Path;

use crate::base::crypto::{self, Key};
use crate::base::fault::{Fault, Minor};
use crate::base::name_case::alike;
use crate::base::typed_name::split_domain;
use crate::login::verify::users;
use crate::protocol::ntlm::initiator;

/// The hash of a password. The password itself is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordHash(Key);

impl PasswordHash {
    /// Hashes a password.
    ///
    /// # Errors
    /// `BadArgument` if it is not UTF-8.
    pub fn of_password(password: &[u8]) -> Result<Self, Fault> {
        str::from_utf8(password)
            .map(|password| Self(crypto::nt_hash(password)))
            .map_err(|_| Minor::BadArgument.because("the password is not UTF-8"))
    }

    /// Reads an NT hash.
    ///
    /// # Errors
    /// `BadArgument` if it is anything but 32 hexadecimal digits.
    pub fn of_hexadecimal(digits: &[u8]) -> Result<Self, Fault> {
        Key::from_hexadecimal(digits)
            .map(Self)
            .ok_or_else(|| Minor::BadArgument.because("an NT hash has 32 hexadecimal digits"))
    }
}

/// A user with the hash of the password.
#[derive(Clone, Debug)]
pub struct User {
    name: String,
    domain: String,
    nt_hash: Key,
    workstation: String,
}

/// The longest name that is sent, in bytes: longer than the name of any account, and short enough
/// for a message.
const MAX_NAME: usize = 1024;

impl User {
    /// The user of a typed name: `DOMAIN\user`, `DOMAIN/user`, `user@domain`, or `user` alone.
    /// `workstation` is the name of this computer.
    ///
    /// # Errors
    /// `BadName` if there is no user in the name, or it is longer than 1024 bytes.
    pub fn typed(name: &str, hash: PasswordHash, workstation: &str) -> Result<Self, Fault> {
        let (domain, name) = split_domain(name).unwrap_or(("", name));
        if name.is_empty() || name.len() > MAX_NAME || domain.len() > MAX_NAME {
            return Err(Minor::BadName.because("expected a user: DOMAIN\\user or user@domain"));
        }
        Ok(Self {
            name: name.to_owned(),
            domain: domain.to_owned(),
            nt_hash: hash.0,
            workstation: workstation.to_owned(),
        })
    }

    /// The first user of a users file that matches a typed name; without a name, the first user.
    ///
    /// # Errors
    /// `InitiateUnavailable`, with what the file lacks.
    pub fn of_file(path: &Path, typed: Option<&str>, workstation: &str) -> Result<Self, Fault> {
        let fits = |user: &str, domain: &str| typed.is_none_or(|typed| fits(typed, user, domain));
        let unavailable = |problem: &str| {
            let path = path.display();
            Minor::InitiateUnavailable.because(format_args!("NTLM_USER_FILE, {path}: {problem}"))
        };
        let found = users::first(path, fits)
            .map_err(|error| unavailable(&error.to_string()))?
            .ok_or_else(|| unavailable("no such user"))?;
        Ok(Self {
            name: found.user,
            domain: found.domain,
            nt_hash: found.nt_hash,
            workstation: workstation.to_owned(),
        })
    }

    /// The name as a user types it: `DOMAIN\user`, or `user` without a domain.
    pub fn display(&self) -> String {
        match self.domain.as_str() {
            "" => self.name.clone(),
            domain => format!("{domain}\\{}", self.name),
        }
    }

    pub(super) fn in_messages(&self) -> initiator::User<'_> {
        initiator::User {
            name: &self.name,
            domain: &self.domain,
            nt_hash: &self.nt_hash,
            workstation: &self.workstation,
        }
    }
}

/// Whether a typed name means this user. Without a domain it means any user of that name. A user
/// principal name has a name and a domain.
fn fits(typed: &str, user: &str, domain: &str) -> bool {
    let principal = typed
        .rsplit_once('@')
        .is_some_and(|(name, suffix)| alike(name, user) && alike(suffix, domain));
    principal
        || match split_domain(typed) {
            Some((typed_domain, name)) => alike(name, user) && alike(typed_domain, domain),
            None => alike(typed, user),
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    fn hash() -> PasswordHash {
        PasswordHash::of_password(b"Password").unwrap()
    }

    #[test]
    fn a_hash_is_made_from_a_password_or_from_digits() {
        // MS-NLMP 4.2.2.1.2
        let digits = b"a4f49c406510bdcab6824ee7c30fd852";
        assert_eq!(PasswordHash::of_hexadecimal(digits), Ok(hash()));
        assert!(PasswordHash::of_hexadecimal(&digits[1..]).is_err());
        assert!(PasswordHash::of_password(b"P\xE4ssword").is_err());
        assert!(!format!("{:?}", hash()).contains("a4"));
    }

    #[test]
    fn names_are_sent_as_typed() {
        let names = |typed: &str| {
            let user = User::typed(typed, hash(), "PC1").map_err(|fault| fault.minor())?;
            Ok((user.display(), user.name, user.domain))
        };
        let owned = |name: &str, domain: &str, shown: &str| {
            Ok((shown.to_owned(), name.to_owned(), domain.to_owned()))
        };
        assert_eq!(names(r"DOM\alice"), owned("alice", "DOM", r"DOM\alice"));
        assert_eq!(names("DOM/alice"), owned("alice", "DOM", r"DOM\alice"));
        assert_eq!(names("a/b@c"), owned("a/b@c", "", "a/b@c"));
        assert_eq!(names("alice"), owned("alice", "", "alice"));
        assert_eq!(names(r"\alice"), owned("alice", "", "alice"));
        assert_eq!(names("a@b.test"), owned("a@b.test", "", "a@b.test"));
        for bad in ["", r"DOM\", "DOM/", &"x".repeat(1025)] {
            assert_eq!(names(bad), Err(Minor::BadName), "{bad}");
        }
    }

    #[test]
    fn the_first_matching_user_of_a_users_file_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        let hash = "A4F49C406510BDCAB6824EE7C30FD852";
        let (none, off) = ("X".repeat(32), "[UD         ]");
        let text = format!(
            "# users\nnonsense\nONE\\off:1:{none}:{hash}:{off}:\nONE\\none:1:{none}:{none}:[U]:\n\
             ONE:alice:first\nTWO:alice:second\nbob:1:{none}:{hash}:[U          ]:\n"
        );
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let found = |typed| User::of_file(&path, typed, "PC1").map(|user| user.display());

        assert_eq!(found(None).unwrap(), r"ONE\alice");
        assert_eq!(found(Some("ALICE")).unwrap(), r"ONE\alice");
        assert_eq!(found(Some(r"two\Alice")).unwrap(), r"TWO\alice");
        assert_eq!(found(Some("two/Alice")).unwrap(), r"TWO\alice");
        assert_eq!(found(Some("alice@two")).unwrap(), r"TWO\alice");
        assert_eq!(found(Some("bob")).unwrap(), "bob");
        let bob = User::of_file(&path, Some("bob"), "PC1").unwrap();
        assert_eq!(bob.nt_hash, self::hash().0);
        for unknown in ["carol", r"THREE\alice", "alice@three", "none"] {
            let fault = found(Some(unknown)).unwrap_err();
            assert_eq!(fault.minor(), Minor::InitiateUnavailable);
            assert!(
                fault.to_string().ends_with("users: no such user"),
                "{fault}"
            );
        }

        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let fault = found(None).unwrap_err();
        assert_eq!(fault.minor(), Minor::InitiateUnavailable);
        assert!(fault.to_string().contains("chmod 0640"), "{fault}");
    }
}
