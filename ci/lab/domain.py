"""A throw-away Active Directory domain: Samba's AD DC in a network namespace of its own."""

import contextlib
import functools
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess

from . import host, newer_samba

REALM = "EXAMPLE.TEST"
DNS_NAME = "example.test"
NETBIOS = "EXAMPLE"
MACHINE = "WEB1-NTLM"

# The host's files and directories that Samba uses; a private one is mounted over each.
_DIRECTORIES = (
    "/etc/samba",
    "/var/lib/samba",
    "/run/samba",
    "/var/log/samba",
    "/var/cache/samba",
)
_FILES = ("/etc/krb5.conf", "/etc/resolv.conf", "/etc/hosts")

# The ports that must answer before the controller is usable: endpoint mapper, LDAP, SMB.
_PORTS = (135, 389, 445)

# The services that a logon needs; the others (replication, WINS, dynamic DNS) cost time.
_SERVICES = "s3fs, rpc, ldap, cldap, kdc, dns, winbindd"

# NetBIOS only over its own link, one worker per service.
_SETTINGS = f"""
    server services = {_SERVICES}
    prefork children = 1
    disable netbios = yes
    log level = 1 auth_audit:3
"""


class Controller:
    """A controller of the domain, in a network namespace and on files of its own.

    `name` is its host name, `address` its address, `gateway` our end of the link; `dns_name` and
    `netbios` are the domain's names. `root` is the directory of the Debian whose Samba runs, `None`
    for this host's. A subclass creates the database in `_populate()`.
    """

    dns_name = DNS_NAME
    netbios = NETBIOS

    def __init__(self, name, root=None):
        self.name = name
        self._root = root
        self._directory, self._remove_directory = host.scratch()
        self._samba = None
        self._namespace = None
        host.on_exit(self.close)
        try:
            self.address = self._make_network()
            self._make_private_files()
            self._populate()
            self.start()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()

    def close(self):
        """Ends the controller and removes its files and its namespace."""
        host.not_on_exit(self.close)
        self.stop()
        if self._namespace:
            host.run("ip", "netns", "delete", self._namespace)
            self._namespace = None
        self._remove_directory()

    def start(self):
        """Starts the controller (again) and waits until it can verify a logon."""
        output = open(self._directory / "samba.out", "ab")
        with output:
            self._samba = subprocess.Popen(
                self._inside("samba", "-i", "-M", "prefork", "--debug-stdout"),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

        def up():
            if self._samba.poll() is not None:
                raise host.LabError(f"Samba ended by itself:\n{self._last_words()}")
            return all(host.answers(self.address, port) for port in _PORTS)

        host.wait_until(up, 60, lambda: f"the controller does not answer:\n{self._last_words()}")

    def stop(self):
        """Ends the controller; its database stays for the next `start()`."""
        if self._samba:
            # With the first process of the namespace all others die, as in a power cut; its parent
            # returns when they are gone.
            pid = self._samba.pid
            children = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
            for child in children.read_text().split() if self._samba.poll() is None else []:
                os.kill(int(child), signal.SIGKILL)
            host.end(self._samba)
            self._samba = None

    @contextlib.contextmanager
    def settings(self, *lines):
        """Runs the controller with further lines in [global] until the block ends."""
        file = self._private("/etc/samba") / "smb.conf"
        before = file.read_text()

        def run_with(text):
            self.stop()
            file.write_text(text)
            self.start()

        run_with(before.replace("[global]\n", "\n    ".join(("[global]", *lines)) + "\n", 1))
        try:
            yield
        finally:
            run_with(before)

    def tls(self, files, *lines):
        """Runs the controller with these files for TLS, by the names of their settings, and with
        further lines in [global]."""
        private = self._private("/var/lib/samba")
        lines = ["tls enabled = yes", *lines]
        for number, (setting, file) in enumerate(files.items()):
            copy = private / f"tls-{number}.pem"
            copy.write_text(file.read_text())
            copy.chmod(0o600)
            lines.append(f"{setting} = /var/lib/samba/{copy.name}")
        return self.settings(*lines)

    @property
    def pid(self):
        """The process above all processes of the controller."""
        return self._samba.pid

    @property
    def network(self):
        """The name of the controller's network namespace."""
        return self._namespace

    @property
    def realm(self):
        """The Kerberos realm of its domain."""
        return self.dns_name.upper()

    @property
    def fqdn(self):
        """Its fully qualified host name."""
        return f"{self.name}.{self.dns_name}"

    @property
    def version(self):
        """Its Samba's version: `4.17.12`."""
        return re.search(r"^samba version ([0-9.]+)", self.log(), re.M)[1]

    def log(self):
        """The output of the controller since its first start."""
        return (self._directory / "samba.out").read_text(errors="replace")

    def tool(self, *words):
        """Runs `samba-tool WORDS` in the controller's namespaces."""
        return host.run(*self._inside("samba-tool", *words))

    def python(self, program):
        """Runs a Python program with Samba's modules where the controller's files are."""
        return host.run(*self._inside("/usr/bin/python3", "-Bc", program))

    def entry(self, computer):
        """The attributes of a computer, each with its values; none if there is no such account."""
        if f"{computer}$" not in self.tool("computer", "list").split():
            return {}
        shown = self.tool("computer", "show", computer).replace("\n ", "")
        values = {}
        for name, value in (line.split(": ", 1) for line in shown.splitlines() if ": " in line):
            values.setdefault(name, []).append(value)
        return values

    @functools.cached_property
    def sid(self):
        """The SID of its domain."""
        shown = self.tool("user", "show", "alice", "--attributes=objectSid")
        return re.search(r"^objectSid: (\S+)-[0-9]+$", shown, re.M)[1]

    @property
    def base(self):
        """The distinguished name of its domain."""
        return ",".join(f"DC={label}" for label in self.dns_name.split("."))

    def set_encryption_types(self, computer, types):
        """Sets msDS-SupportedEncryptionTypes of a computer, like an administrator in an editor."""
        editor = self._private("/var/lib/samba") / "editor"
        line = f"msDS-SupportedEncryptionTypes: {types}"
        editor.write_text(f"#!/bin/sh\nsed -i -e '/^msDS-S/d' -e '/^dn:/a {line}' \"$1\"\n")
        editor.chmod(0o755)
        self.tool("computer", "edit", computer, "--editor=/var/lib/samba/editor")

    def keytab(self, principal, path):
        """Exports the keys of a principal to the keytab `path`, which is created or replaced."""
        kept = "/var/lib/samba/exported.keytab"
        self.tool("domain", "exportkeytab", kept, f"--principal={principal}")
        shutil.move(self._private("/var/lib/samba") / "exported.keytab", path)

    def _last_words(self):
        return "\n".join(self.log().splitlines()[-20:])

    def _make_network(self):
        """A network namespace with one link (a veth pair) to this host and no other route."""
        for number in range(1, 250):
            name = f"{host.PREFIX}{os.getpid()}-{number}"
            cable, address = f"ntlmdc{number}", f"10.213.{number}."
            try:
                # Creating our end with its name reserves the number.
                host.run("ip", "link", "add", cable, "type", "veth", "peer", "name", f"{cable}p")
            except host.LabError as error:
                if "File exists" in str(error):
                    continue
                raise
            try:
                host.run("ip", "netns", "add", name)
                self._namespace = name
                host.run("ip", "link", "set", f"{cable}p", "netns", name, "name", "lan0")
            except host.LabError:
                host.run("ip", "link", "delete", cable)
                raise
            self.gateway = address + "1"
            host.run("ip", "address", "add", self.gateway + "/30", "dev", cable)
            host.run("ip", "link", "set", cable, "up")
            host.run("ip", "-n", name, "address", "add", address + "2/30", "dev", "lan0")
            host.run("ip", "-n", name, "link", "set", "lan0", "up")
            host.run("ip", "-n", name, "link", "set", "lo", "up")
            return address + "2"
        raise host.LabError("no free network for the domain: look at `ip link`, names ntlmdc*")

    def lay_cable(self, other):
        """Links the networks of two controllers: the host between them does not route."""
        cable = (other.name, "type", "veth", "peer", self.name, "netns", other.network)
        host.run("ip", "-n", self.network, "link", "add", *cable)
        for here, there in ((self, other), (other, self)):
            ip, route = ("ip", "-n", here.network), ("dev", there.name, "src", here.address)
            host.run(*ip, "link", "set", there.name, "up")
            host.run(*ip, "route", "add", there.address, *route)

    def _make_private_files(self):
        # `ip netns exec` gives the command a mount namespace of its own: these binds are seen by
        # the controller alone, and end with it.
        lines = ["set -e", *(newer_samba.mounts(self._root) if self._root else ())]
        root = self._root or ""
        for path in _DIRECTORIES:
            private = self._private(path)
            private.mkdir(parents=True)
            lines.append(f"[ -d {root}{path} ] || mkdir -p {root}{path}")
            lines.append(f"mount --bind {private} {root}{path}")
        for path, text in zip(_FILES, (self._krb5(), self._resolver(), self._hosts())):
            private = self._private(path)
            private.parent.mkdir(parents=True, exist_ok=True)
            private.write_text(text)
            lines.append(f"[ ! -e {root}{path} ] || mount --bind {private} {root}{path}")
        lines.append(f'exec chroot {root} "$@"' if root else 'exec "$@"')
        (self._directory / "inside").write_text("\n".join(lines) + "\n")

    def _private(self, path):
        return self._directory / path.strip("/").replace("/", "-")

    def _populate(self):
        """Creates the controller's database, before its first start."""
        raise NotImplementedError

    def _configure(self):
        """Adds our settings to the configuration that Samba's tool has written."""
        settings = self._private("/etc/samba") / "smb.conf"
        text = settings.read_text()
        lan = f"    interfaces = lo {self.address}\n    bind interfaces only = yes\n"
        settings.write_text(text.replace("[global]\n", "[global]" + _SETTINGS + lan, 1))
        # The tool takes the server in our resolv.conf as forwarder; that is the controller itself.
        self.ask_about_other_names(None)

    def ask_about_other_names(self, server):
        """From the next `start()` on, its DNS forwards queries for other domains to this address,
        or to none."""
        settings = self._private("/etc/samba") / "smb.conf"
        lines = settings.read_text().splitlines(keepends=True)
        lines = [line for line in lines if "dns forwarder" not in line]
        if server:
            lines.insert(lines.index("[global]\n") + 1, f"    dns forwarder = {server}\n")
        settings.write_text("".join(lines))

    def _krb5(self):
        return f"[libdefaults]\n    default_realm = {self.realm}\n    dns_lookup_kdc = false\n"

    def _resolver(self):
        return f"search {self.dns_name}\nnameserver {self.address}\n"

    def _hosts(self):
        return f"127.0.0.1 localhost\n{self.address} {self.fqdn} {self.name}\n"

    def _inside(self, *command):
        """`command`, with the controller's network and files, in a process namespace that ends
        with its first process."""
        return host.bound(
            ["ip", "netns", "exec", self._namespace]
            + ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
            + ["sh", str(self._directory / "inside"), *command]
        )


class Domain(Controller):
    """EXAMPLE.TEST with its first controller, `dc1`, until `close()` or the end of this process;
    subclasses may have other names.

    `passwords` maps each user of accounts.py to a password; `secret` is the password of the machine
    account `WEB1-NTLM$`; `administrator` that of the domain's Administrator.
    """

    def __init__(self, name="dc1", root=None):
        self.passwords = {}
        self.secret = f"aA1!{secrets.token_urlsafe(24)}"
        self.administrator = f"aA1!{secrets.token_urlsafe(24)}"
        super().__init__(name, root)

    def _populate(self):
        self.tool(
            *("domain", "provision", "--server-role=dc", "--use-rfc2307"),
            *(f"--realm={self.realm}", f"--domain={self.netbios}", f"--host-name={self.name}"),
            *(f"--host-ip={self.address}", "--dns-backend=SAMBA_INTERNAL"),
            *(f"--adminpass={self.administrator}",),
        )
        self._configure()
        here = newer_samba.LAB if self._root else pathlib.Path(__file__).parent
        populate = f"{here}/populate.py"
        made = host.run(*self._inside("/usr/bin/python3", "-B", populate, MACHINE, self.secret))
        self.passwords = json.loads(made.splitlines()[-1])
