//! The typed names, as the controllers see them.

use std::fmt;

use crate::base::log::Quoted;
use crate::base::typed_name::TypedName;
use crate::login::verify::Attempt;

/// The typed names.
pub(super) struct Typed {
    name: TypedName,
    user: String,
}

impl Typed {
    /// Takes the UTF-16 units, which the controllers see.
    pub(super) fn of(attempt: &Attempt<'_>) -> Self {
        Self {
            name: TypedName::of(&attempt.user.units, &attempt.asked_domain()),
            user: String::from_utf16_lossy(&attempt.user.units),
        }
    }

    /// The suffix of a user principal name.
    pub(super) fn suffix(&self) -> Option<&str> {
        self.name.suffix()
    }

    /// Whether neither a domain nor a suffix was typed.
    pub(super) fn is_name_alone(&self) -> bool {
        self.name.domain().is_none() && self.name.suffix().is_none()
    }

    /// Whether the typed domain and suffix pass their checks; if neither was typed, the name alone.
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
