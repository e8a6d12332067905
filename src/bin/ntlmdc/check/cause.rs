//! The causes that `check` can name. docs/check.md has a row for each.

use super::finding::Subject;

/// Makes the enumeration and its tables. Each entry: the variant, its subject, its identifier on
/// the page and in JSON, and why it matters.
macro_rules! causes {
    ($($cause:ident $subject:ident $id:literal $why:literal;)*) => {
        /// What is wrong, or could not be looked at.
        #[allow(dead_code)] // `remote` has no findings yet
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Cause {
            $(#[doc = $why] $cause,)*
        }

        impl Cause {
            /// All of them, in the order of the page.
            #[cfg(test)]
            pub const ALL: &[Self] = &[$(Self::$cause,)*];

            /// The identifier on the page and in JSON.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$cause => $id,)* }
            }

            /// What it is about.
            pub const fn subject(self) -> Subject {
                match self { $(Self::$cause => Subject::$subject,)* }
            }

            /// Why it matters.
            pub const fn why(self) -> &'static str {
                match self { $(Self::$cause => $why,)* }
            }
        }
    };
}

causes! {
    // On this host: modules below `local`.
    ConfigurationMissing Configuration "configuration-missing"
        "Without a configuration no login is accepted.";
    ConfigurationUnreadable Configuration "configuration-unreadable"
        "The server cannot read its configuration, and accepts no login.";
    ConfigurationInvalid Configuration "configuration-invalid"
        "A server that starts with this configuration accepts no login.";
    SwitchedOff Configuration "switched-off"
        "`enabled = false` refuses every login.";
    SecretUnusable Files "secret-unusable"
        "Without the machine account's secret no controller can be asked.";
    UsersFileUnusable Files "users-file-unusable"
        "Without the users file its users cannot log in.";

    // From DNS and the controllers: modules below `remote`.
}
