//! Whether the host's SPNEGO finds a client's `mechListMIC`, found by trying it.
//!
//! MIT krb5 1.21.0 to 1.22.1 looks for it at the tag `[4]` of a NegTokenResp, where RFC 4178 4.2.2
//! has `[3]` (ticket 9183). A process of its own logs in to the host's libgssapi with the library
//! that servers load and a users file of its own, once with each tag. NTLM is the second choice of
//! the client, so that the list of mechanisms must be signed. Nothing is sent or logged.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{self, Command, ExitCode};
use std::time::Duration;

use gss_ntlmdc::gss::host_acceptor::HostAcceptor;
use gss_ntlmdc::login::initiate::{Initiator, Lifetime, PasswordHash, Purpose, User};
use gss_ntlmdc::protocol::ntlm::initiator::Protection;

use super::mechanism::OID;
use super::trial;
use crate::check::cause::Cause;
use crate::check::finding::{Finding, Subject};
use crate::spnego::{NTLM, SPNEGO, element};

/// The word in place of a subcommand that runs the trial.
pub const SPNEGO_TRIAL: &str = "spnego-trial";
/// This program, also where the service may not enter its directory (proc(5)).
const OURSELVES: &str = "/proc/self/exe";
/// The user and the password of the trial's own users file, which is good for nothing else.
const USER: &str = "TRIAL\\trial";
const PASSWORD: &str = "of-the-trial";
/// The tag of `mechListMIC`, and the one that the fault looks for.
const RIGHT_TAG: u8 = 0xA3;
const WRONG_TAG: u8 = 0xA4;
/// What the process of the trial says.
const FINDS: &str = "right";
const LOOKS_ELSEWHERE: &str = "wrong";

/// Tries it with this library. `has_kerberos`: Apache takes Kerberos wherever it takes NTLM.
pub fn look(library: &Path, has_kerberos: bool) -> Finding {
    let said = match run_apart(library) {
        Ok(said) => said,
        Err(problem) => return not_tried(&problem),
    };
    match (said.as_str(), has_kerberos) {
        (FINDS, _) => Finding::good(
            Subject::Mechanism,
            "krb5's SPNEGO finds a client's mechListMIC",
        ),
        (LOOKS_ELSEWHERE, true) => Finding::good(
            Subject::Mechanism,
            "krb5's SPNEGO does not find a client's mechListMIC (ticket 9183); clients with a \
             ticket log in by Kerberos",
        ),
        (LOOKS_ELSEWHERE, false) => Cause::SpnegoMechListMic.warning(
            "krb5's SPNEGO does not find a client's mechListMIC (ticket 9183; krb5 1.21.0 to \
             1.22.1)",
            "Give Apache a keytab, as examples/kerberos.conf has it, let clients use the scheme \
             NTLM, or install krb5 1.22.2: docs/negotiate.md.",
        ),
        (said, _) => not_tried(said),
    }
}

fn not_tried(problem: &str) -> Finding {
    Cause::SpnegoNotTried.unknown(
        format!("whether krb5's SPNEGO finds a client's mechListMIC could not be tried: {problem}"),
        "docs/negotiate.md has the versions of krb5 that do not.",
    )
}

/// Runs the trial in a process of its own: krb5 reads its environment when it is loaded.
fn run_apart(library: &Path) -> Result<String, String> {
    const PATIENCE: Duration = Duration::from_secs(20);
    let files = TrialFiles::make(library).map_err(|error| error.to_string())?;
    let mut command = Command::new(OURSELVES);
    command
        .arg(SPNEGO_TRIAL)
        .env_clear()
        .env("GSS_MECH_CONFIG", files.0.join("mech.conf"))
        .env("NTLMDC_CONFIG", files.0.join("ntlmdc.toml"))
        .env("KRB5_CONFIG", "/dev/null");
    match trial::run(command, PATIENCE) {
        Some(ended) => Ok(ended.errors),
        None => Err("its process did not run, or did not end".to_owned()),
    }
}

/// A directory with the files of the trial, which is removed with this value.
struct TrialFiles(PathBuf);

impl TrialFiles {
    fn make(library: &Path) -> std::io::Result<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(std::io::Error::other)?;
        let name = format!(
            "ntlmdc-check-{}-{:016x}",
            process::id(),
            u64::from_ne_bytes(random)
        );
        let files = Self(std::env::temp_dir().join(name));
        // Fails if there is one of this name.
        DirBuilder::new().mode(0o700).create(&files.0)?;
        let folder = files.0.display();
        let library = library.display();
        files.write("users", &format!("TRIAL:trial:{PASSWORD}\n"))?;
        files.write("mech.conf", &format!("ntlmssp {OID} {library}\n"))?;
        // The domain is there for its state directory: the counters of the server stay as they are.
        let configuration = format!(
            "verify = [\"users\"]\n[users]\nfile = \"{folder}/users\"\n[log]\nto = \"off\"\n\
             [netlogon]\ndomain = \"trial.invalid\"\naccount = \"TRIAL$\"\n\
             secret = \"{folder}/none\"\nstate_dir = \"{folder}\"\n"
        );
        files.write("ntlmdc.toml", &configuration)?;
        Ok(files)
    }

    fn write(&self, name: &str, text: &str) -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        let options = options.write(true).create_new(true).mode(0o600);
        options.open(self.0.join(name))?.write_all(text.as_bytes())
    }
}

impl Drop for TrialFiles {
    fn drop(&mut self) {
        let _left_behind = fs::remove_dir_all(&self.0);
    }
}

/// The process of the trial: says what is found on the standard error.
pub fn run() -> ExitCode {
    let taken: Vec<&str> = [(FINDS, RIGHT_TAG), (LOOKS_ELSEWHERE, WRONG_TAG)]
        .into_iter()
        .filter_map(|(name, tag)| match log_in(tag) {
            Ok(true) => Some(name),
            Ok(false) => None,
            Err(problem) => {
                eprintln!("{problem}");
                None
            }
        })
        .collect();
    match taken.as_slice() {
        [one] => eprintln!("{one}"),
        _ => eprintln!("{} of two logins succeeded", taken.len()),
    }
    ExitCode::SUCCESS
}

/// Whether a login is accepted that has the `mechListMIC` at this tag.
///
/// # Errors
/// It does not come so far that the tag matters.
fn log_in(tag: u8) -> Result<bool, String> {
    let mut server = HostAcceptor::new().map_err(|error| error.text)?;
    let mut client = client()?;
    let refused = |major: u32| format!("libgssapi refuses a token: {major:#010x}");
    // {joint-iso-itu-t example(999)} is the identifier of no mechanism.
    let unknown = element(0x06, b"\x88\x37");
    let ntlm = element(0x06, NTLM.as_bytes());
    let mechanisms = element(0x30, &[unknown, ntlm].concat());
    let init = element(0xA0, &element(0x30, &element(0xA0, &mechanisms)));
    let first = element(0x60, &[element(0x06, SPNEGO.as_bytes()), init].concat());
    server.step(&first).map_err(refused)?;
    let negotiate = step(&mut client, &[])?;
    let answer = server
        .step(&response(&[token(&negotiate)]))
        .map_err(refused)?
        .answer;
    let at = answer.windows(8).position(|window| window == b"NTLMSSP\0");
    let challenge = at
        .and_then(|at| answer.get(at..))
        .ok_or("no challenge in its answer")?;
    let authenticate = step(&mut client, challenge)?;
    let mut signing = client.security().ok_or("no signatures")?.send();
    signing.cover(&mechanisms);
    let mic = signing.finish().map_err(|error| error.to_string())?;
    let mic = element(tag, &element(0x04, &mic));
    let last = server.step(&response(&[token(&authenticate), mic]));
    Ok(last.is_ok_and(|last| last.is_complete))
}

fn client() -> Result<Initiator, String> {
    let problem = |fault: gss_ntlmdc::base::fault::Fault| fault.for_the_log();
    let hash = PasswordHash::of_password(PASSWORD.as_bytes()).map_err(problem)?;
    Ok(Initiator::new(Purpose {
        user: User::typed(USER, hash, "TRIAL").map_err(problem)?,
        target: None,
        protection: Protection {
            sign: true,
            seal: false,
        },
        lifetime: Lifetime::default(),
    }))
}

fn step(client: &mut Initiator, message: &[u8]) -> Result<Vec<u8>, String> {
    client
        .step(None, message)
        .map_err(|fault| fault.for_the_log())
}

fn token(message: &[u8]) -> Vec<u8> {
    element(0xA2, &element(0x04, message))
}

/// A `NegTokenResp`, accept-incomplete.
fn response(fields: &[Vec<u8>]) -> Vec<u8> {
    let state = element(0xA0, &element(0x0A, &[1]));
    element(0xA1, &element(0x30, &[state, fields.concat()].concat()))
}
