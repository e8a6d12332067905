//! A login by GSSAPI that another module makes: this floor has no C library.

use std::fmt::Debug;

/// What comes of a token.
#[derive(Debug)]
pub struct ContextStep {
    /// Whether the login is complete on this side.
    pub is_complete: bool,
    /// The token to send; may be empty.
    pub answer: Vec<u8>,
}

/// Why the mechanism fails.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct ContextError {
    /// The mechanism's own code (`minor_status`); 0 if it gives none.
    pub code: u32,
    /// What the mechanism says.
    pub text: String,
}

impl ContextError {
    /// A failure that the mechanism has no code for.
    pub fn without_code(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { code: 0, text }
    }
}

/// The initiator's side of a login that proves both sides, and then seals messages.
pub trait SecurityContext: Debug + Send {
    /// Passes the controller's token; an empty one at first.
    ///
    /// # Errors
    /// The mechanism's; or the controller is not proven, or the two sides did not agree to seal.
    fn step(&mut self, token: &[u8]) -> Result<ContextStep, ContextError>;

    /// Signs a message, and seals it if `seal`.
    ///
    /// # Errors
    /// The mechanism's.
    fn wrap(&mut self, plain: &[u8], seal: bool) -> Result<Vec<u8>, ContextError>;

    /// Checks a message, and returns it with whether it was sealed.
    ///
    /// # Errors
    /// It was changed, repeated or left out.
    fn unwrap(&mut self, wrapped: &[u8]) -> Result<(Vec<u8>, bool), ContextError>;
}

/// A mechanism that turns each bit, and says in the first byte of a message whether it is sealed.
#[cfg(test)]
pub(super) mod imitation {
    use super::{ContextError, ContextStep, SecurityContext};

    /// Complete after so many tokens.
    #[derive(Debug)]
    pub(in crate::directory) struct Turning(pub(in crate::directory) usize);

    impl SecurityContext for Turning {
        fn step(&mut self, token: &[u8]) -> Result<ContextStep, ContextError> {
            if token == b"false" {
                return Err(ContextError::without_code("not proven"));
            }
            self.0 = self.0.saturating_sub(1);
            Ok(ContextStep {
                is_complete: self.0 == 0,
                answer: b"token".to_vec(),
            })
        }

        fn wrap(&mut self, plain: &[u8], seal: bool) -> Result<Vec<u8>, ContextError> {
            let turned: Vec<u8> = plain.iter().map(|byte| !byte).collect();
            Ok([&[u8::from(seal)], &turned[..]].concat())
        }

        fn unwrap(&mut self, wrapped: &[u8]) -> Result<(Vec<u8>, bool), ContextError> {
            let split = wrapped.split_first();
            let (seal, turned) = split.ok_or_else(|| ContextError::without_code("empty"))?;
            Ok((turned.iter().map(|byte| !byte).collect(), *seal == 1))
        }
    }
}
