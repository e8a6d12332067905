"""The C programs of tests/mechanism: compiled, and given a mechanism to load."""

import pathlib
import subprocess

from . import host, mech

SOURCES = mech.ROOT / "tests" / "mechanism"

USER = "alice"
PASSWORD = "Alices-Passw0rd"
DOMAIN = "EXAMPLE"


def peer():
    """The path of Debian's gss-ntlmssp: the initiator's mechanism, and the one we compare with."""
    found = sorted(pathlib.Path("/usr/lib").glob("*/gssntlmssp/gssntlmssp.so"))
    if not found:
        raise host.LabError("gss-ntlmssp is not installed: sudo ci/install test")
    return found[0]


def compile_c(source, folder, *flags, suffix=""):
    """Compiles one program into a folder and returns its path."""
    program = folder / (source.stem + suffix)
    always = ["-std=gnu11", "-g", "-Wall", "-Wextra", "-Werror", "-iquote", SOURCES]
    libraries = ["-lgssapi_krb5", "-lpthread"]
    host.run("cc", *(flags or ["-O2"]), *always, "-o", program, source, *libraries)
    return program


class Setting:
    """A folder for an acceptor and its initiator; `environment()` is the acceptor's."""

    def __init__(self, folder, library):
        self.folder, self.library = folder, library
        self.initiator = compile_c(SOURCES / "initiator_process.c", folder)
        self.talker = compile_c(SOURCES / "messages.c", folder)
        # What we ship, but for the library's place.
        shipped = (mech.ROOT / "gss-mech.conf").read_text()
        assert "\tmech_ntlmdc.so\n" in shipped
        self.mech_config = folder / "mech.conf"
        self.mech_config.write_text(shipped.replace("\tmech_ntlmdc.so\n", f"\t{library}\n"))
        self.peer_mech_config = folder / "peer.conf"
        self.peer_mech_config.write_text(f"ntlmssp {mech.OID} {peer()}\n")
        self.users = self.users_file("users", 1)
        self.config = self.configuration("ntlmdc.toml", self.users, "off")
        self.state = folder / "state"
        self.state.mkdir(mode=0o700)

    def users_file(self, name, lines):
        """A users file of so many lines, ours the last."""
        path = self.folder / name
        others = (f"{DOMAIN}:user{i}:Passw0rd-{i}\n" for i in range(lines - 1))
        path.write_text("".join(others) + f"{DOMAIN}:{USER}:{PASSWORD}\n")
        path.chmod(0o600)
        return path

    def configuration(self, name, users, log, more=""):
        """Our configuration for a users file; `more` is added to it."""
        path = self.folder / name
        path.write_text(
            f'verify = ["users"]\n[users]\nfile = "{users}"\nnetbios_domain = "{DOMAIN}"\n'
            f'[log]\nto = "{log}"\n{more}'
        )
        path.chmod(0o600)
        return path

    def environment(self, **more):
        """Ours, with the users file of one line; `more` is added, and None takes away."""
        variables = {
            "PATH": "/usr/bin:/bin",
            "GSS_MECH_CONFIG": self.mech_config,
            "NTLMDC_CONFIG": self.config,
            "NTLMDC_EXPORT_DIR": self.state,
            "INITIATOR": self.initiator,
            "INITIATOR_MECH_CONFIG": self.peer_mech_config,
            "TALKER": self.talker,
            "STRENGTH": 128,
            "INITIATOR_USER": f"{DOMAIN}\\{USER}",
            "INITIATOR_PASSWORD": PASSWORD,
            "EXPECT_NAME": f"{DOMAIN}\\{USER}",
            "EXPECT_LOCAL": USER,
        }
        variables |= more
        return {name: str(value) for name, value in variables.items() if value is not None}


def run(*command, environment, seconds=300, **streams):
    """Runs a program to its end, with a deadline of so many seconds, and returns the result."""
    return subprocess.run(
        host.bound([str(word) for word in command]),
        env=environment,
        timeout=seconds,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        **(streams or {"capture_output": True}),
    )
