"""The mechanism under test: its build, its configuration, and a place that Apache can read."""

import json
import os
import pathlib
import pwd
import shutil
import subprocess
import sys

from . import domain, host

ROOT = pathlib.Path(__file__).resolve().parents[2]
OID = "1.3.6.1.4.1.311.2.2.10"

# The path of another mechanism's library to load in place of ours (users file only): this tells a
# defect of ours from one of the lab.
STAND_IN = "LAB_MECH"

# The accounts of the users file. carol's line has the NT hash, which MS-NLMP 4.2.2.1.1 prints for
# this password.
USERS = {
    "alice": "Alices-Passw0rd",
    "bob": "Bobs-Passw0rd",
    "jürgen": "Jürgens-Pässw0rd",
    "carol": "Password",
}
_HASHES = {"carol": "a4f49c406510bdcab6824ee7c30fd852"}


def commit():
    """The short name of the checkout's commit."""
    words = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def library(messages=None):
    """The path of the mechanism's library; ours is built first, as a release.

    The messages of cargo go to the file `messages`, or to standard error.
    """
    if stand_in := os.environ.get(STAND_IN):
        return pathlib.Path(stand_in)
    cargo("build", "--release", "--locked", "--lib", messages=messages)
    metadata = json.loads(cargo("metadata", "--format-version=1", "--no-deps", "--locked"))
    return pathlib.Path(metadata["target_directory"], "release", "libgss_ntlmdc.so")


def tool():
    """The path of the program `ntlmdc`, which is built first."""
    cargo("build", "--locked", "--features", "cli", "--bin", "ntlmdc")
    metadata = json.loads(cargo("metadata", "--format-version=1", "--no-deps", "--locked"))
    return pathlib.Path(metadata["target_directory"], "debug", "ntlmdc")


def cargo(*words, messages=None):
    """Runs cargo as the checkout's owner, with that user's toolchain, and returns its output."""
    done = as_developer("cargo", *words, stdout=subprocess.PIPE, stderr=messages)
    if done.returncode != 0:
        place = f"in {messages.name}" if messages else "above"
        raise host.LabError(f"cargo {words[0]} failed: its messages are {place}")
    return done.stdout


def as_developer(name, *words, **options):
    """Runs a program in the checkout, as its owner, with that user's toolchain."""
    home = pathlib.Path.home()
    environment = dict(os.environ)
    user = {}
    if os.geteuid() == 0 and (owner := ROOT.stat().st_uid) != 0:
        entry = pwd.getpwuid(owner)
        home = pathlib.Path(entry.pw_dir)
        environment |= {"HOME": str(home), "USER": entry.pw_name, "LOGNAME": entry.pw_name}
        groups = os.getgrouplist(entry.pw_name, entry.pw_gid)
        user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": groups}
    programs = environment.get("CARGO_HOME", str(home / ".cargo")) + "/bin"
    environment["PATH"] = programs + os.pathsep + environment.get("PATH", os.defpath)
    if shutil.which("cargo", path=environment["PATH"]) is None:
        raise host.LabError(
            f"cargo is neither in PATH nor in {programs}: apt-get install cargo-web rustc-web, or "
            "install Rust for the owner of the checkout"
        )
    program = shutil.which(name, path=environment["PATH"]) or name
    return subprocess.run(
        host.bound([program, *words]),
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        text=True,
        **options,
        **user,
    )


def give_to(path, user, group):
    """Changes the owner of a file, if we are root: a plain user runs no tests with other users."""
    if os.geteuid() == 0:
        shutil.chown(path, user, group)


class Mechanism:
    """A directory that holds one configured mechanism, readable by root and www-data only.

    `environment` has the variables of a GSSAPI server that loads it; `passwords` its users.
    """

    def __init__(self, library, configuration, passwords, files):
        self.passwords = passwords
        self.directory, self._remove = host.scratch()
        loaded = self.directory / library.name
        shutil.copyfile(library, loaded)
        loaded.chmod(0o640)
        for name, text in files.items():
            self._put(name, text)
        self.configuration = configuration.replace("@", str(self.directory))
        self._put("ntlmdc.toml", self.configuration)
        self._put("mech.conf", f"ntlmssp {OID} {loaded}\n")
        for path in (self.directory, *self.directory.iterdir()):
            give_to(path, "root", "www-data")
        # Like that of systemd-tmpfiles: for Apache's children, which share the channel there.
        state = self.directory / "state"
        state.mkdir(mode=0o700)
        give_to(state, "www-data", "www-data")
        self.directory.chmod(0o750)
        self.environment = {
            "GSS_MECH_CONFIG": str(self.directory / "mech.conf"),
            "NTLMDC_CONFIG": str(self.directory / "ntlmdc.toml"),
        }
        if STAND_IN in os.environ:
            self.environment["NTLM_USER_FILE"] = str(self.directory / "users")

    def _put(self, name, text):
        path = self.directory / name
        path.write_text(text)
        path.chmod(0o640)

    def rewrite(self, name, text):
        """Replaces one of its files: a new one is renamed to the old name, as administrators do."""
        new = self.directory / f"{name}.new"
        new.write_text(text)
        new.chmod(0o640)
        give_to(new, "root", "www-data")
        new.replace(self.directory / name)

    def close(self):
        """Removes the directory. No server may use the mechanism any more."""
        self._remove()


_USERS_SECTION = f"""[users]
file = "@/users"
netbios_domain = "{domain.NETBIOS}"
"""
LOG = '[log]\nto = "stderr"\n'


def with_users(library, more="", files=()):
    """The mechanism with a users file. `more` has further sections, in which @ is the directory;
    `files` maps names of further files to their texts."""
    configuration = 'verify = ["users"]\n' + _USERS_SECTION + LOG + more
    return Mechanism(library, configuration, USERS, {"users": users_file(), **dict(files)})


def users_file():
    """The text of the users file, with lines of both kinds."""
    lines = ["# made by the lab"]
    for name, password in USERS.items():
        if name in _HASHES:
            disused = "X" * 32
            hash_line = f"{name}:1000:{disused}:{_HASHES[name].upper()}:[U          ]:"
            lines.append(f"{domain.NETBIOS}\\{hash_line}")
        else:
            lines.append(f"{domain.NETBIOS}:{name}:{password}")
    return "\n".join(lines) + "\n"


def with_domain(
    library,
    controller,
    secret=None,
    account=None,
    controllers=None,
    netlogon="",
    users=None,
    more="",
    files=(),
):
    """The mechanism with the controller of a `domain.Domain`.

    `secret`, `account`, `controllers`: in place of the right ones; an empty list is left out, so
    that DNS is asked. `netlogon`: further lines of that section, and sections after it. `users`:
    the text of a users file that is asked first. `more`, `files`: those of `with_users`.
    """
    if controllers is None:
        controllers = [controller.address]
    fixed = f"controllers = {json.dumps(controllers)}" if controllers else ""
    section = f"""[netlogon]
domain = "{controller.dns_name}"
account = "{account or domain.MACHINE + '$'}"
secret = "@/secret"
state_dir = "@/state"
{fixed}
{netlogon}
"""
    verifiers = '["netlogon"]'
    files = {"secret": secret or controller.secret, **dict(files)}
    if users is not None:
        verifiers = '["users", "netlogon"]'
        section += _USERS_SECTION
        files["users"] = users
    configuration = f"verify = {verifiers}\n{section}{LOG}{more}"
    return Mechanism(library, configuration, controller.passwords, files)


def with_forests(library, controllers, lines=("", "")):
    """The mechanism with the controllers of several domains that do not trust each other. `lines`:
    further ones of each section, in place of `controllers`."""
    sections, files = "", {}
    for controller, more in zip(controllers, lines):
        files[f"secret-{controller.netbios}"] = controller.secret
        sections += f"""[[netlogon]]
domain = "{controller.dns_name}"
netbios_domain = "{controller.netbios}"
sid = "{controller.sid}"
account = "{domain.MACHINE}$"
secret = "@/secret-{controller.netbios}"
state_dir = "@/state"
{more or f'controllers = ["{controller.address}"]'}
"""
    configuration = f'verify = ["netlogon"]\n{sections}{LOG}'
    return Mechanism(library, configuration, {}, files)


def with_relay(library, controller, relay="", more="", users=None, files=()):
    """The mechanism that passes logins on to the controller of a `domain.Domain`.

    `relay`: further lines of that section, in place of SMB2. `more`, `users`, `files`: those of
    `with_domain`.
    """
    lines = relay or 'transport = "smb2"\naccept_unauthenticated_controller = true'
    section = f"""[relay]
domain = "{controller.dns_name}"
controllers = ["{controller.address}"]
state_dir = "@/state"
{lines}
"""
    verifiers = '["relay"]'
    files = dict(files)
    if users is not None:
        verifiers = '["users", "relay"]'
        section += _USERS_SECTION
        files["users"] = users
    configuration = f"verify = {verifiers}\n{section}{LOG}{more}"
    return Mechanism(library, configuration, controller.passwords, files)


# `python3 -m lab.mech PROGRAM WORDS` runs a program as the owner of the checkout.
if __name__ == "__main__":
    sys.exit(as_developer(*sys.argv[1:]).returncode)
