//! The user whose eyes `check` looks through.

use nix::unistd::{Gid, Group, Uid, User};

use crate::privileges;

/// The user that the server runs as.
pub struct ServiceUser {
    pub name: String,
    pub uid: u32,
    /// The name of its primary group, for commands.
    pub group: String,
    /// Whether this process has that user's rights. If not, it sees files as another user does.
    pub is_taken: bool,
}

impl ServiceUser {
    /// Takes the rights of the user, if root runs the tool.
    ///
    /// # Errors
    /// There is no such user, or the system refuses.
    pub fn take(name: &str) -> Result<Self, String> {
        let user = User::from_name(name)
            .map_err(|error| format!("the user {name}: {error}"))?
            .ok_or_else(|| format!("no user {name}: name the server's user with --as"))?;
        privileges::become_user(name)?;
        Ok(Self {
            name: name.to_owned(),
            uid: user.uid.as_raw(),
            group: group_name(user.gid),
            is_taken: Uid::effective() == user.uid,
        })
    }
}

/// The user that runs the tool.
pub fn running_user() -> String {
    let uid = Uid::effective();
    match User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        _ => uid.to_string(),
    }
}

fn group_name(gid: Gid) -> String {
    match Group::from_gid(gid) {
        Ok(Some(group)) => group.name,
        _ => gid.to_string(),
    }
}
