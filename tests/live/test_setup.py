"""The commands of docs/setup.md, from a host without ntlmdc to a login.

They change copies of the machine's files, as those of README.md do.
"""

import re
import subprocess

from lab import host, mech
from test_readme import STAND_INS, private_copies

PAGE = (mech.ROOT / "docs" / "setup.md").read_text()
COMMANDS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.M | re.S)

# What the packages install, without building them: ci/package has tests of its own.
APT_GET = r"""
test "$1" = install && shift
test "$1 $2" = "./gss-ntlmdc_*.deb ./ntlmdc_*.deb" && shift 2
dpkg -s "$@" >/dev/null
install -D -m 0644 target/release/libgss_ntlmdc.so \
    /usr/lib/$(gcc -print-multiarch)/gss/mech_ntlmdc.so
install -D -m 0644 gss-mech.conf /etc/gss/mech.d/ntlmssp-ntlmdc.conf
install -m 0644 examples/apache.conf /etc/apache2/conf-available/ntlmdc.conf
install -m 0644 examples/tmpfiles.conf /etc/tmpfiles.d/ntlmdc.conf
install -d -m 0700 -o www-data -g www-data /run/ntlmdc
"""

# Passwords are asked for on a terminal; here they come from files.
NTLMDC = r"""
case $1 in
join) exec "$TOOL" "$@" --computer SETUP-NTLM --password-file "$FILES/administrator" ;;
login) exec "$TOOL" "$@" --password-file "$FILES/alice" ;;
check) status=0; "$TOOL" "$@" || status=$?; echo "check ended with $status" ;;
esac
"""

CURL = r"""
exec /usr/bin/curl -sS --resolve web1:80:127.0.0.1 --max-time 30 --retry 5 --retry-connrefused \
    --output /dev/null --write-out 'status %{http_code}\n' "$@" \
    -u "EXAMPLE\\alice:$(cat "$FILES/alice")"
"""

# Further logins, the last with a wrong password, and what is left.
AFTER = r"""
/usr/bin/curl -sS --resolve web1:80:127.0.0.1 --max-time 30 --output /dev/null --ntlm \
    --write-out 'wrong password: %{http_code}\n' -u 'EXAMPLE\alice:x' http://web1/
cat /var/log/apache2/access.log
stat -c '%U:%G %a %n' /etc/gss/ntlmdc.*
"""


def script(directory, controller):
    """The whole of it: the host's copies, its DNS server, and the commands of the page."""
    resolver = directory / "resolv.conf"
    resolver.write_text(f"search example.test\nnameserver {controller.address}\n")
    lines = [private_copies(directory), f"mount --bind {resolver} /etc/resolv.conf"]
    # The machine may have ntlmdc installed.
    lines += ["rm -f /etc/gss/ntlmdc.* /etc/gss/mech.d/ntlmssp-ntlmdc.conf"]
    return "\n".join([*lines, f"cd {mech.ROOT}", *COMMANDS, AFTER])


def test_the_printed_commands(library, controller, finds_mech_list_mic, tmp_path):
    assert library == mech.ROOT / "target" / "release" / library.name
    assert len(COMMANDS) == 5
    tmp_path.chmod(0o755)
    for name, password in (
        ("administrator", controller.administrator),
        ("alice", controller.passwords["alice"]),
    ):
        (tmp_path / name).write_text(password + "\n")
    programs = tmp_path / "bin"
    programs.mkdir()
    bodies = {"apt-get": APT_GET, "ntlmdc": NTLMDC, "curl": CURL}
    bodies["systemctl"] = STAND_INS["systemctl"]
    for name, body in bodies.items():
        (programs / name).write_text(f"#!/bin/sh\nset -eu\n{body}\n")
        (programs / name).chmod(0o755)
    (tmp_path / "script").write_text(script(tmp_path, controller))
    done = subprocess.run(
        host.bound(["ip", "netns", "exec", controller.network])
        + ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
        + ["sh", str(tmp_path / "script")],
        env={
            "PATH": f"{programs}:/usr/sbin:/usr/bin:/sbin:/bin",
            "TOOL": str(mech.tool()),
            "FILES": str(tmp_path),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    said = done.stdout
    assert done.returncode == 0, said
    # A warning where this host's SPNEGO has its fault.
    assert f"check ended with {0 if finds_mech_list_mic else 1}" in said, said
    assert r"REMOTE_USER                 EXAMPLE\alice" in said, said
    assert "\nstatus 200\n" in said and "\nwrong password: 401\n" in said, said
    assert r" EXAMPLE\\alice [" in said, said
    assert "root:www-data 640 /etc/gss/ntlmdc.secret" in said, said
