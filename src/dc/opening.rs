//! The arguments for opening a channel to a controller.

use crate::dc::connection::Terms;
use crate::dc::learnt::Learnt;
use crate::dc::locate::{Candidate, Locator};
use crate::dc::shared_key::SharedKeys;

/// The controller, the time for it, and what this host knows of it.
#[derive(Clone, Copy)]
pub(super) struct Opening<'a> {
    pub(super) terms: Terms<'a>,
    pub(super) controller: &'a Candidate,
    pub(super) shared_keys: &'a SharedKeys,
    pub(super) locator: &'a Locator,
    pub(super) learnt: &'a Learnt,
}
