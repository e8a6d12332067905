//! Takes the rights of the server's user. Root can read files that the server cannot, and the
//! server cannot read what root writes into the state directory.

use std::ffi::CString;

use nix::unistd::{Uid, User, initgroups, setgid, setuid};

/// Takes the rights of this user for the rest of the process, if root runs the tool. A process of
/// another user keeps its rights.
///
/// # Errors
/// There is no such user, or the system refuses.
pub fn become_user(name: &str) -> Result<(), String> {
    if !Uid::effective().is_root() {
        return Ok(());
    }
    let user = User::from_name(name)
        .map_err(|error| format!("the user {name}: {error}"))?
        .ok_or_else(|| format!("no user {name}: name the server's user with --as"))?;
    let c_name = CString::new(name).map_err(|_| format!("no user {name:?}"))?;
    initgroups(&c_name, user.gid)
        .and_then(|()| setgid(user.gid))
        .and_then(|()| setuid(user.uid))
        .map_err(|error| format!("the rights of {name} cannot be taken: {error}"))
}
