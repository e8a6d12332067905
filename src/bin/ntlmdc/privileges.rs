//! Takes the rights of the server's user. Root can read files that the server cannot, and the
//! server cannot read what root writes into the state directory.

use std::ffi::CString;

use nix::errno::Errno;
use nix::unistd::{
    Gid, Uid, User, getgroups, initgroups, setegid, seteuid, setgid, setgroups, setuid,
};

/// Takes the rights of this user for the rest of the process, if root runs the tool. A process of
/// another user keeps its rights.
///
/// # Errors
/// There is no such user, or the system refuses.
pub fn become_user(name: &str) -> Result<(), String> {
    if !Uid::effective().is_root() {
        return Ok(());
    }
    let (user, c_name) = look_up(name)?;
    initgroups(&c_name, user.gid)
        .and_then(|()| setgid(user.gid))
        .and_then(|()| setuid(user.uid))
        .map_err(|error| not_taken(name, error))
}

fn look_up(name: &str) -> Result<(User, CString), String> {
    let user = User::from_name(name)
        .map_err(|error| format!("the user {name}: {error}"))?
        .ok_or_else(|| format!("no user {name}: name the server's user with --as"))?;
    let c_name = CString::new(name).map_err(|_| format!("no user {name:?}"))?;
    Ok((user, c_name))
}

fn not_taken(name: &str, error: Errno) -> String {
    format!("the rights of {name} cannot be taken: {error}")
}

/// The rights of the server's user, which root has taken for a while. A process of another user
/// has kept its own.
pub struct BorrowedRights(Option<Borrowed>);

struct Borrowed {
    name: CString,
    user: User,
    own_group: Gid,
    own_groups: Vec<Gid>,
}

impl BorrowedRights {
    /// Takes the rights of this user, if root runs the tool.
    ///
    /// # Errors
    /// There is no such user, or the system refuses.
    pub fn take(name: &str) -> Result<Self, String> {
        if !Uid::effective().is_root() {
            return Ok(Self(None));
        }
        let (user, c_name) = look_up(name)?;
        let own_groups = getgroups().map_err(|error| not_taken(name, error))?;
        let borrowed = Borrowed {
            name: c_name,
            user,
            own_group: Gid::effective(),
            own_groups,
        };
        borrowed.take().map_err(|error| not_taken(name, error))?;
        Ok(Self(Some(borrowed)))
    }

    /// Whether root runs the tool.
    pub fn is_root(&self) -> bool {
        self.0.is_some()
    }

    /// Calls `act` with root's own rights.
    ///
    /// # Errors
    /// What `act` says, or the system refuses.
    pub fn as_root<T>(&self, act: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
        let Some(borrowed) = &self.0 else {
            return act();
        };
        let refused = |error| format!("root's rights cannot be taken back: {error}");
        borrowed.give_back().map_err(refused)?;
        let outcome = act();
        let name = &borrowed.user.name;
        borrowed.take().map_err(|error| not_taken(name, error))?;
        outcome
    }
}

impl Borrowed {
    fn take(&self) -> Result<(), Errno> {
        initgroups(&self.name, self.user.gid)?;
        setegid(self.user.gid)?;
        seteuid(self.user.uid)
    }

    fn give_back(&self) -> Result<(), Errno> {
        seteuid(Uid::from_raw(0))?;
        setegid(self.own_group)?;
        setgroups(&self.own_groups)
    }
}
