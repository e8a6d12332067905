//! The names that the controllers had to go by, held against an answer.

use std::fmt;

use crate::base::log::Quoted;
use crate::base::typed_name::TypedName;
use crate::login::verify::Attempt;

/// What was typed.
pub(super) struct Typed {
    name: TypedName,
    user: String,
}

impl Typed {
    /// By the units, which the controllers see.
    pub(super) fn of(attempt: &Attempt<'_>) -> Self {
        Self {
            name: TypedName::of(&attempt.user.units, &attempt.asked_domain()),
            user: String::from_utf16_lossy(&attempt.user.units),
        }
    }

    /// What follows the `@` of a user principal name.
    pub(super) fn suffix(&self) -> Option<&str> {
        self.name.suffix()
    }

    /// Whether there is neither a domain nor a suffix.
    pub(super) fn is_name_alone(&self) -> bool {
        self.name.domain().is_none() && self.name.suffix().is_none()
    }

    /// Whether the domain and the suffix, as far as they were typed, are right; if neither was, the
    /// name alone.
    pub(super) fn leads_to(
        &self,
        is_domain: impl Fn(&str) -> bool,
        is_suffix: impl Fn(&str) -> bool,
        is_account: impl Fn(&str) -> bool,
    ) -> bool {
        match (self.name.domain(), self.name.suffix()) {
            (Some(domain), suffix) => is_domain(domain) && suffix.is_none_or(is_suffix),
            (None, Some(suffix)) => is_suffix(suffix),
            (None, None) => is_account(&self.user),
        }
    }
}

impl fmt::Display for Typed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name.domain(), self.name.suffix()) {
            (Some(domain), None) => write!(formatter, "typed: the domain {}", Quoted(domain)),
            (Some(domain), Some(suffix)) => write!(
                formatter,
                "typed: the domain {} and the suffix {}",
                Quoted(domain),
                Quoted(suffix)
            ),
            (None, Some(suffix)) => write!(formatter, "typed: the suffix {}", Quoted(suffix)),
            (None, None) => formatter.write_str("typed: a name alone"),
        }
    }
}
