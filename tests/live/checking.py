"""Runs `ntlmdc check` on a host of its own: the directories of /etc that it looks at are the
test's."""

import json
import subprocess

from lab import host


# What krb5 of the host does, which no state of a test changes; test_check.py has tests of it.
_OF_THE_HOST = "spnego-mech-list-mic"


class Checked:
    """What was found."""

    def __init__(self, status, printed):
        self.report = json.loads(printed)
        self.all_findings = self.report["findings"]
        self.findings = [one for one in self.all_findings if one.get("id") != _OF_THE_HOST]
        assert self.report["exit_status"] == status == _status(self.all_findings), printed

    @property
    def status(self):
        """The exit status."""
        return _status(self.findings)

    @property
    def ids(self):
        """The causes, without what is good."""
        counted = (one for one in self.findings if not one.get("ignored"))
        return [finding["id"] for finding in counted if finding["level"] != "good"]

    def of(self, cause):
        """The one finding with this cause; each has its words."""
        [found] = [finding for finding in self.all_findings if finding.get("id") == cause]
        assert found["what"] and found["why"] and found["cure"], found
        return found

    def good(self, subject):
        """What is good of this subject, in one text."""
        return "\n".join(
            finding["what"]
            for finding in self.findings
            if finding["subject"] == subject and finding["level"] == "good"
        )


def _status(findings):
    counted = (one for one in findings if not one.get("ignored"))
    return max({"good": 0, "failure": 2}.get(finding["level"], 1) for finding in counted)


def check(
    tool,
    mechanism,
    *words,
    gss=None,
    environment=None,
    without=(),
    user=None,
    resolvers=None,
    root=None,
    covers=(),
):
    """Checks the host of a `mech.Mechanism`.

    `gss`: the directory in place of /etc/gss; without it, GSS_MECH_CONFIG names the mechanism.
    `environment`, `without`: variables that the tool has too, or has not. `user`: the user who runs
    the tool, root by default. `resolvers`: the addresses of the host's DNS servers. `root`: the
    root directory of another Debian, whose krb5 is used. `covers`: further lines of the script
    that makes the host's directories.
    """
    variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **mechanism.environment}
    if gss is not None:
        variables.pop("GSS_MECH_CONFIG")
    variables |= environment or {}
    variables = {name: value for name, value in variables.items() if name not in without}
    script = _covers(mechanism, gss, resolvers, root, covers)
    with_namespace = ["unshare", "--mount", "sh", "-c", script, "sh"]
    as_user = ["setpriv", f"--reuid={user}", "--clear-groups", "--"] if user else []
    command = [*with_namespace, *as_user, tool, "check", "--json", *words]
    done = subprocess.run(
        host.bound(command), env=variables, capture_output=True, text=True, timeout=120
    )
    assert done.stdout, done.stderr
    return Checked(done.returncode, done.stdout)


def _covers(mechanism, gss, resolvers, root, further):
    """The script of the namespace: systemd makes the state directory at each start (/tmp may be in
    memory), and there is no Apache but the one that an option names."""
    state = mechanism.directory / "state"
    lines = [
        "mount -t tmpfs none /etc/apache2",
        "mkdir -p /etc/tmpfiles.d",
        "mount -t tmpfs none /etc/tmpfiles.d",
        f"echo 'd {state} 0700 www-data www-data -' >/etc/tmpfiles.d/ntlmdc.conf",
    ]
    if gss is not None:
        lines.append(f"mount --bind {gss} /etc/gss")
    if resolvers is not None:
        file = mechanism.directory / "resolv.conf"
        file.write_text("".join(f"nameserver {address}\n" for address in resolvers))
        lines.append(f"mount --bind {file} /etc/resolv.conf")
    if root is not None:
        lines += [f"mount --bind /tmp {root}/tmp", f"mount -t proc none {root}/proc"]
    lines += further
    enter = f"chroot {root}" if root else ""
    return " && ".join([*lines, f'exec {enter} "$@"'])
