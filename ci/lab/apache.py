"""A private Apache: Debian's binary and modules, our configuration, a port on loopback."""

import os
import pathlib
import signal
import subprocess
import tempfile

from . import host
from .mech import ROOT

_MODULES = "authn_core authz_core authz_user auth_gssapi alias cgid headers"

# An administrator's configuration with other paths. The protection is the shipped example, word for
# word.
_CONFIGURATION = """\
ServerRoot {directory}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {directory}/apache.pid
DefaultRuntimeDir {directory}
ScriptSock {directory}/cgi.sock
User www-data
Group www-data
{processes}
LogLevel info
ErrorLog {directory}/error.log
ErrorLogFormat "[%m:%l] %M"
LogFormat "%h %u %>s \\"%r\\"" short
CustomLog {directory}/access.log short
<Directory {directory}>
    Options +ExecCGI
</Directory>
{more}
Include {example}
{after}
ScriptAliasMatch "^/" {directory}/whoami
"""

# The certificate and its key are in one file.
_TLS = """\
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
SSLSessionCache none
SSLEngine on
SSLCertificateFile {certificate}
"""

# The processes at the start and at most, per multi-processing module.
_THREADS = """\
StartServers {start}
ServerLimit 8
ThreadsPerChild 25
MaxRequestWorkers 200
"""
_PROCESSES = {
    "event": _THREADS,
    "worker": _THREADS,
    "prefork": """\
StartServers {start}
MinSpareServers {start}
MaxSpareServers 64
ServerLimit 64
MaxRequestWorkers 64
""",
}

# With one process at the start, it stays the only one while it has spare threads: another one would
# not have its caches. By default, Apache soon makes three of one.
_ONE_PROCESS = """\
MinSpareThreads 1
MaxSpareThreads 50
"""

_WHOAMI = """\
#!/bin/sh
# Answers with the user, and with the method and the body length of the request.
length=$(wc -c)
printf 'Content-Type: text/plain; charset=utf-8\\n\\n'
printf 'user: %s\\nmethod: %s\\nlength: %s\\n' "$REMOTE_USER" "$REQUEST_METHOD" "$length"
printf 'groups: %s\\njson: %s\\n' "$NTLM_GROUPS" "$GSS_NAME_ATTRS_JSON"
[ -z "$GSS_MECH" ] || printf 'mech: %s\\n' "$GSS_MECH"
"""


def certificate(digest="sha256"):
    """A new certificate for 127.0.0.1 with this signature hash, and its key, in PEM."""
    with tempfile.TemporaryDirectory(prefix=host.PREFIX) as directory:
        key, own = (pathlib.Path(directory, name) for name in ("key", "certificate"))
        host.run(
            *("openssl", "req", "-x509", "-nodes", "-newkey", "ec", f"-{digest}", "-days", "2"),
            *("-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", own),
        )
        return own.read_text() + key.read_text()


class Apache:
    """Apache with mod_auth_gssapi and one `mech.Mechanism`, until `close()` or our end.

    Every path answers with the name of the user.

    `resolver`: the address of this Apache's DNS server; empty: it has none.
    `hosts`: the text of its /etc/hosts. `etc`, `dev`, `gss`: the directories in place of
    /etc/apache2, /dev and /etc/gss; with `gss`, its mech.d names the mechanisms.
    `example`: the example that protects the site; `more`, `after`: lines before and after it.
    `environment`: further variables. `mpm`: event, worker or prefork. `start`: its first processes;
    a single one stays single unless all its threads are busy, except with prefork.
    `certificate`: a PEM file with certificate and key; the site then uses TLS.

    `port` is the port on 127.0.0.1, `url` the address of a page.
    """

    def __init__(
        self,
        mechanism,
        more="",
        after="",
        mpm="event",
        start=1,
        resolver=None,
        hosts=None,
        certificate=None,
        example="apache.conf",
        etc=None,
        dev=None,
        gss=None,
        environment=None,
    ):
        self._directory, self._remove_directory = host.scratch()
        self.port = host.free_port()
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://127.0.0.1:{self.port}/"
        if certificate:
            more += "\n" + _TLS.format(certificate=certificate)
        self._log = self._directory / "error.log"
        script = self._directory / "whoami"
        script.write_text(_WHOAMI)
        script.chmod(0o755)
        configuration = self._directory / "httpd.conf"
        settings = self._configuration(ROOT / "examples" / example, more, after, mpm, start)
        configuration.write_text(self._modules(mpm) + settings)
        variables = {"PATH": os.defpath, **mechanism.environment, **(environment or {})}
        if gss is not None:
            variables.pop("GSS_MECH_CONFIG")
        self._apache = subprocess.Popen(
            # On SIGTERM the parent ends its children, so the kernel must send that.
            ["setpriv", "--pdeathsig", "TERM", "--"]
            + self._seeing(resolver, hosts, {"/etc/apache2": etc, "/dev": dev, "/etc/gss": gss})
            + ["/usr/sbin/apache2", "-f", str(configuration), "-DFOREGROUND"],
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=open(self._directory / "start.log", "wb"),
            # Prefork signals its whole process group, which must not be ours.
            start_new_session=True,
        )
        host.on_exit(self.close)
        try:
            host.wait_until(self._up, 120, lambda: f"Apache does not answer:\n{self._said()}")
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()

    @property
    def pid(self):
        """The process id of Apache's parent process; the children are its children."""
        return self._apache.pid

    def children(self):
        """The process ids of Apache's child processes."""
        children = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def graceful(self):
        """Like `apachectl graceful`: starts new processes; the old ones finish their requests."""
        self._apache.send_signal(signal.SIGUSR1)

    def renew(self):
        """Reloads, and waits until new processes have replaced all old ones."""
        before = set(self.children())

        def replaced():
            now = set(self.children())
            return now and not now & before

        self.graceful()
        host.wait_until(replaced, 60, self.logged)

    @property
    def error_log(self):
        """The path of Apache's error log."""
        return self._log

    def mark(self):
        """A place in the error log, for `logged()`."""
        return self._log.stat().st_size

    def logged(self, mark=0):
        """The error log from `mark` on."""
        with self._log.open("rb") as log:
            log.seek(mark)
            return log.read().decode(errors="replace")

    def close(self):
        """Ends Apache and removes its files."""
        host.not_on_exit(self.close)
        host.end(self._apache)
        self._remove_directory()

    def _seeing(self, resolver, hosts, directories):
        """The words before a command that sees files of its own in place of the host's."""
        covers = {path: own for path, own in directories.items() if own is not None}
        if resolver is not None:
            private = self._directory / "resolv.conf"
            private.write_text(f"nameserver {resolver}\n" if resolver else "")
            covers["/etc/resolv.conf"] = private
        if hosts is not None:
            private = self._directory / "hosts"
            private.write_text(hosts)
            covers["/etc/hosts"] = private
        if "/dev" in covers:
            for device in ("/dev/null", "/dev/zero", "/dev/urandom"):
                host.run("cp", "-a", device, covers["/dev"])
        if not covers:
            return []
        # A mount namespace that ends with Apache; `exec` keeps the process id.
        mounts = [f"mount --bind {private} {path}" for path, private in covers.items()]
        return ["unshare", "--mount", "sh", "-c", " && ".join([*mounts, 'exec "$@"']), "sh"]

    def _up(self):
        if self._apache.poll() is not None:
            raise host.LabError(f"Apache ended by itself:\n{self._said()}")
        # It answers before it has handlers for signals: a reload would end it.
        is_ready = self._log.exists() and "resuming normal operations" in self.logged()
        return is_ready and host.answers("127.0.0.1", self.port)

    def _said(self):
        files = (self._directory / "start.log", self._log)
        return "".join(file.read_text(errors="replace") for file in files if file.exists())

    def _modules(self, mpm):
        directory = pathlib.Path("/usr/lib/apache2/modules")
        names = [f"mpm_{mpm}", *_MODULES.split()]
        return "".join(f"LoadModule {name}_module {directory}/mod_{name}.so\n" for name in names)

    def _configuration(self, example, more, after, mpm, start):
        processes = _PROCESSES[mpm].format(start=start)
        if start == 1 and mpm != "prefork":
            processes += _ONE_PROCESS
        return _CONFIGURATION.format(
            directory=self._directory,
            port=self.port,
            processes=processes,
            more=more,
            after=after,
            example=example,
        )
