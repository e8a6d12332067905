"""The commands of README.md's set-up, on Debian's own Apache configuration.

They change copies of the machine's files, in a mount namespace of their own, and run on the
controller's network, where port 80 is free.
"""

import re
import shlex
import subprocess

from lab import domain, host, mech

# The directories that the commands write to.
COPIED = (
    "/etc/gss /etc/apache2 /etc/tmpfiles.d /var/lib/apache2 /usr/lib/$(gcc -print-multiarch)/gss"
)
EMPTY = "/var/log/apache2 /run /run/apache2 /run/lock"

# Substitutes for commands that a test cannot run.
STAND_INS = {
    # The packages must be installed.
    "apt-get": 'shift; dpkg -s "$@" >/dev/null',
    # The library is built already; root may have no cargo.
    "cargo": 'test "$*" = "build --release --locked" && test -e target/release/libgss_ntlmdc.so',
    "editor": 'printf "%s\\n" "$SECRET" >"$1"',
    "systemctl": 'test "$*" = "restart apache2" && exec apachectl -k start',
}

# With this module, browsers use HTTP/2.
HTTP2 = "a2enmod http2"

LOG_IN = r"""
at="--resolve web1:80:127.0.0.1 --max-time 30 --output /dev/null"
curl -sS $at --retry 5 --retry-connrefused --http2 --write-out 'HTTP/2? HTTP/%{http_version}\n' \
    http://web1/
curl -sS $at --write-out 'status %{http_code}\n' --ntlm -u "EXAMPLE\\alice:$PASSWORD" \
    http://web1/ || :
cat /var/log/apache2/*.log
stat -c '%U %a %n' /run/ntlmdc /run/ntlmdc/*
"""


def blocks(text):
    """The shell commands of the set-up, block by block."""
    section = text.split("## Set it up")[1].split("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```", section, re.S | re.M)


def create_account(controller, commands):
    """Runs the printed samba-tool commands; enters the password at the prompt."""
    for line in commands.splitlines():
        words = shlex.split(line)
        assert words.pop(0) == "samba-tool"
        if "setpassword" in words:
            words.append(f"--newpassword={controller.secret}")
        controller.tool(*words)


def private_copies(directory):
    lines = ["set -eu", "mount --make-rprivate /"]
    lines += [f"for path in {COPIED}; do", "    mkdir -p $path"]
    lines += [f"    copy={directory}/$(echo $path | tr / -)", "    cp -a $path $copy"]
    lines += ["    mount --bind $copy $path", "done"]
    lines += [f"for path in {EMPTY}; do mkdir -p $path; mount -t tmpfs none $path; done"]
    return "\n".join(lines)


def test_the_printed_set_up(library, controller, tmp_path):
    assert library == mech.ROOT / "target" / "release" / library.name
    text = (mech.ROOT / "README.md").read_text()
    text = text.replace("10.0.0.2", controller.address)
    # The domain has an account of this name already.
    text = text.replace(domain.MACHINE, "WEB2-NTLM")
    account, *commands = blocks(text)
    assert len(commands) == 3, "library, configuration, Apache"
    create_account(controller, account)

    tmp_path.chmod(0o755)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, body in STAND_INS.items():
        program = programs / name
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)
    script = tmp_path / "script"
    lines = [private_copies(tmp_path), f"cd {mech.ROOT}", HTTP2, *commands, LOG_IN]
    script.write_text("\n".join(lines))
    done = subprocess.run(
        host.bound(["ip", "netns", "exec", controller.network])
        + ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", str(script)],
        env={
            "PATH": f"{programs}:/usr/sbin:/usr/bin:/sbin:/bin",
            "SECRET": controller.secret,
            "PASSWORD": controller.passwords["alice"],
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    assert "HTTP/2? HTTP/1.1" in done.stdout, done.stdout
    assert "status 200" in done.stdout, done.stdout
    # The server's processes share the channel.
    assert "www-data 700 /run/ntlmdc\n" in done.stdout, done.stdout
    shared = rf"^www-data 600 /run/ntlmdc/EXAMPLE\.WEB2-NTLM\.{controller.address}\.state$"
    assert re.search(shared, done.stdout, re.M), done.stdout
    # The access log writes a backslash as two.
    assert r" EXAMPLE\\alice [" in done.stdout, done.stdout
