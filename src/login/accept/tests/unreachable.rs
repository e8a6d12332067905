//! Challenges that a controller has to make, while no controller is reachable.

use super::*;

/// A server with these verifiers. Nothing listens where the relay's controller should be.
fn without_controller(verifiers: &str) -> (Arc<Setup>, Site) {
    let site = Site::new("LOCAL:alice:Password1\n", "");
    let users = match verifiers.contains("users") {
        true => format!("[users]\nfile = {:?}\n", site.path("users")),
        false => String::new(),
    };
    let text = format!(
        "verify = [{verifiers}]\n{users}[log]\nto = \"off\"\n[relay]\ndomain = \"example.test\"\n\
         transport = \"ldap\"\ntls = \"ldaps\"\ncontrollers = [\"127.0.0.1:1\"]\n"
    );
    fs::write(site.path("config"), text).unwrap();
    (site.setup(), site)
}

#[test]
fn a_login_that_only_the_controller_can_verify_is_refused_at_its_beginning() {
    let (setup, _folder) = without_controller("\"relay\"");
    let mut acceptor = Acceptor::new();
    let negotiate = Initiator::default().negotiate();
    let refused = Err(Minor::ControllerUnreachable);
    assert_eq!(step(&mut acceptor, &setup, &negotiate), refused);
}

#[test]
fn another_verifier_gets_a_challenge_of_this_server() {
    for verifiers in ["\"relay\", \"users\"", "\"users\", \"relay\""] {
        let (setup, _folder) = without_controller(verifiers);
        let local = Initiator {
            domain: "LOCAL",
            ..Initiator::default()
        };
        let outcome = log_in(&mut Acceptor::new(), &setup, &local);
        assert_eq!(outcome, Ok(Step::Established), "{verifiers}");
        // Only the controller knows users of its domain.
        let of_domain = Initiator {
            user: "bob",
            ..Initiator::default()
        };
        let outcome = log_in(&mut Acceptor::new(), &setup, &of_domain);
        assert_eq!(outcome, Err(Minor::ControllerUnreachable), "{verifiers}");
    }
}
