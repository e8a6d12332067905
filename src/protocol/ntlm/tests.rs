//! Fixtures of the unit tests, here and in `login`.

pub(crate) mod imitation;
