"""A host that joins the domain: its own /etc/gss, /run and /etc/resolv.conf, in a mount namespace
that ends with each command."""

import json
import shutil
import subprocess

from . import host

# The account that the host joins as.
COMPUTER = "JOIN1"
JOIN = ("--computer", COMPUTER)

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

# Where the files of the host are in its directory.
_BINDS = {
    "gss": "/etc/gss",
    "tmpfiles": "/etc/tmpfiles.d",
    "lib": "/usr/lib/x86_64-linux-gnu/gss",
    "run": "/run",
    "resolv.conf": "/etc/resolv.conf",
    "hosts": "/etc/hosts",
}


class JoiningHost:
    """`directory` has the host's files: `gss` for /etc/gss and so on."""

    def __init__(self, tool, controller):
        self._tool = tool
        self.directory, self.close = host.scratch()
        self.clear()
        (self.directory / "lib").mkdir()
        (self.directory / "lib" / "mech_ntlmdc.so").touch()
        self.ask_dns_of(controller)
        (self.directory / "hosts").write_text("127.0.0.1 localhost\n")
        binds = [f"mount --bind {self.directory / name} {path}" for name, path in _BINDS.items()]
        # No package makes it before ntlmdc is installed.
        binds.insert(0, f"mkdir -p {_BINDS['lib']} {_BINDS['gss']}")
        script = self.directory / "inside"
        script.write_text("\n".join(("set -e", *binds, 'exec "$@"')) + "\n")
        self.secret = self.directory / "gss" / "ntlmdc.secret"
        self.config = self.directory / "gss" / "ntlmdc.toml"

    def clear(self):
        """Removes what a join has made on the host."""
        for name in ("gss", "tmpfiles", "run"):
            shutil.rmtree(self.directory / name, ignore_errors=True)
        for name in ("gss/mech.d", "tmpfiles", "run"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)

    def ask_dns_of(self, controller):
        """Has the host ask the DNS server of this controller."""
        text = f"search {controller.dns_name}\nnameserver {controller.address}\n"
        (self.directory / "resolv.conf").write_text(text)

    def command(self, *words, before=()):
        """The words that run the tool on this host, after those of another program."""
        inside = ["unshare", "--mount", "--propagation", "private", "sh"]
        tool = [str(self.directory / "inside"), *before, str(self._tool)]
        return host.bound([*inside, *tool, *map(str, words)])

    def run(self, *words, given="", timeout=120, before=(), environment=None):
        """The exit status of the tool, its output and its errors."""
        done = subprocess.run(
            self.command(*words, before=before),
            input=given,
            capture_output=True,
            text=True,
            timeout=timeout,
            env={"PATH": PATH} | (environment or {}),
        )
        return done.returncode, done.stdout, done.stderr

    def steps(self, *words, **options):
        """The exit status of `join` or `leave`, and its steps: pairs of step and result, and all
        texts by step and result."""
        status, printed, errors = self.run(*words, "--json", **options)
        assert printed, (status, errors)
        rows = json.loads(printed)["steps"]
        texts = {}
        for row in rows:
            key = (row["step"], row["result"])
            texts[key] = " ".join((texts.get(key, ""), row["text"], row.get("cure", ""))).strip()
        return status, texts

    def join(self, controller, *words, user="Administrator", password=None):
        """Joins with the password of the domain's Administrator, or another."""
        login = (controller.dns_name, "--user", user, "--password-file", "-", *words)
        return self.steps("join", *login, given=f"{password or controller.administrator}\n")

    def log_in(self, controller, user="alice"):
        """The exit status of `login`, and what it says, with the configuration of the join."""
        words = ("login", "--json", "--config", "/etc/gss/ntlmdc.toml", "--password-file", "-")
        given = controller.passwords[user] + "\n"
        status, printed, errors = self.run(*words, f"EXAMPLE\\{user}", given=given)
        assert printed, errors
        return status, json.loads(printed)[0]["title"]

    def files(self):
        """The files that are there, with their modes, but for those that were there at first."""
        first = {"inside", "resolv.conf", "hosts", "lib/mech_ntlmdc.so", "gss/ntlmdc.secret.lock"}
        files = (path for path in self.directory.rglob("*") if path.is_file())
        names = {str(path.relative_to(self.directory)): path for path in files}
        return {
            name: oct(path.stat().st_mode & 0o777)
            for name, path in names.items()
            if name not in first
        }
