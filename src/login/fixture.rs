//! What the unit tests of this floor share: configurations, and the first half of a handshake.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::base::config::{self, fixture};
use crate::login::accept::{Acceptor, Step, Terms};
use crate::login::setup::{self, Setup, Source};
use crate::protocol::ntlm::tests::imitation::Initiator;

/// The user whose password [`Initiator`] types.
pub(crate) const ALICE: &str = "EXAMPLE:alice:Password1\n";

/// A folder with the file `users`, and with the file `config` that names it.
pub(crate) struct Site(tempfile::TempDir);

impl Site {
    pub(crate) fn new(users: &str, config: &str) -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        site.write_users(users);
        site.configure(config);
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Replaces the users file, as an editor does.
    pub(crate) fn write_users(&self, lines: &str) {
        let new = self.path("users.new");
        fs::write(&new, lines).unwrap();
        fs::set_permissions(&new, Permissions::from_mode(0o640)).unwrap();
        fs::rename(&new, self.path("users")).unwrap();
    }

    /// Writes a configuration with this users file. `rest` continues its section `[users]`.
    pub(crate) fn configure(&self, rest: &str) {
        let users = self.path("users");
        let text = format!("verify = [\"users\"]\n[users]\nfile = {users:?}\n{rest}");
        fs::write(self.path("config"), text).unwrap();
    }

    pub(crate) fn source(&self) -> Source {
        Source {
            config: Some(self.path("config")),
            ..Source::default()
        }
    }

    pub(crate) fn setup(&self) -> Arc<Setup> {
        setup::load(&self.source()).unwrap()
    }
}

/// A server of the domain `EXAMPLE` with these users and sections.
pub(crate) fn example_site(users: &str, sections: &str) -> (Arc<Setup>, Site) {
    let config = format!("netbios_domain = \"EXAMPLE\"\n[log]\nto = \"off\"\n{sections}\n");
    let site = Site::new(users, &config);
    (site.setup(), site)
}

/// The text of a configuration with the domain `EXAMPLE`, and no reachable controller. `more`
/// continues its section `[netlogon]`.
pub(crate) fn netlogon_text(more: &str) -> String {
    fixture::netlogon_text(&format!("controllers = [\"127.0.0.1:1\"]\n{more}"))
}

/// The section `[netlogon]` of [`netlogon_text`].
pub(crate) fn netlogon(more: &str) -> config::Netlogon {
    fixture::netlogon(&format!("controllers = [\"127.0.0.1:1\"]\n{more}"))
}

/// The NEGOTIATE message of a client, and the challenge that answers it.
pub(crate) fn challenge(
    acceptor: &mut Acceptor,
    setup: &Setup,
    client: &Initiator,
) -> (Vec<u8>, Vec<u8>) {
    let negotiate = client.negotiate();
    match acceptor.step(&Terms::of(setup), &negotiate) {
        Ok(Step::Continue(challenge)) => (negotiate, challenge),
        other => panic!("no challenge: {other:?}"),
    }
}
