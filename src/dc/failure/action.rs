//! What an outcome leads to, and where the channel came from.

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dc) enum Action {
    /// Take the answer. A rejected password, above all, is never tried elsewhere: each try counts
    /// against the user.
    Answer,
    /// Ask the same controller over another connection: this one died while it was idle.
    Reopen,
    /// Ask the same controller under another key: it has lost the key of this channel.
    Reauthenticate,
    /// Ask the next controller: this one can answer no login at present.
    NextController,
    /// Ask one other controller, which may know more about this login or about our account.
    AskElsewhere,
    /// Do not send this login again: the controller may have counted it, or may be about to. The
    /// next login goes to another controller.
    Leave,
    /// Give up: no other controller would do better.
    GiveUp,
}

/// Where the channel came from over which a login was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dc) enum Origin {
    /// It had served before.
    Reused,
    /// It was opened for this login with a key from the state directory, which the controller may
    /// have lost since.
    Recalled,
    /// It was opened for this login with a key that was agreed on for the purpose.
    Agreed,
    /// It could not be opened.
    None,
}
