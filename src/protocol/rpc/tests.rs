//! Recorded conversations, for the unit tests here and in `dc`.

pub(crate) mod recorded;
mod windows;
