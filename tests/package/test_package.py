"""The Debian packages in fresh roots: installed, set up as docs/package.md prints it, upgraded,
removed and purged."""

import os
import re
import shutil

import pytest
from roots import fresh_root

from lab import debian_root, host, mech

INSTALL = "cd /root/packages; apt-get -q -y install"
PEER = f"apt-get -q -y install {debian_root.KEPT}/*.deb"

# No systemd runs to be asked.
SYSTEMCTL, ROTATE = "systemctl --root=/", "ntlmdc-rotate.timer"

# What dpkg, apt and the linker keep for themselves.
BOOKKEEPING = re.compile(
    r"/(var/(lib|cache)/(dpkg|apt|ldconfig|debconf|man|systemd|apache2)|var/log|etc/ld\.so\.cache"
    r"|root|tmp|run/(asked-to-start|lock))\b"
)

LISTENING = "cat /proc/net/tcp /proc/net/tcp6 | awk '$4 == \"0A\"'; tail -q -n +2 /proc/net/udp*"
# Those that have ended have no command line.
RUNNING = "for one in $(grep -sl . /proc/[0-9]*/cmdline); do cat ${one%cmdline}comm || :; done"


def printed(heading):
    """The shell commands below a heading of the page, with its own packages from this folder."""
    page = (mech.ROOT / "docs" / "package.md").read_text()
    section = page.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```", section, re.S | re.M)
    assert blocks, heading
    return "".join(blocks).replace("apt-get ", "apt-get -q -y ")


def install(root):
    return root.run("cd /root/packages\n" + printed("Install"))


def set_up(root):
    return root.run(printed("Set up"))


def put(root, packages):
    """Puts these packages in the place of those in /root/packages."""
    root.run("rm /root/packages/*")
    for path in packages:
        shutil.copy(path, root.path / "root" / "packages")


def log_in(root, password="a-long-password"):
    """The status that curl gets."""
    return root.run(
        "curl -sS --max-time 30 --retry 5 --retry-connrefused -o /dev/null -w '%{http_code}' "
        f"--ntlm -u 'EXAMPLE\\alice:{password}' http://127.0.0.1/"
    )


def files(root):
    """Each file with what it is; files below /etc with their content."""
    listed = root.run(
        "for top in / /run; do find $top -xdev -printf '%p %y %m %u %g %l\\n'; done;"
        "find /etc -type f -exec sha256sum {} + | sed 's/\\(.*\\)  \\(.*\\)/\\2 \\1/'"
    )
    return {line for line in listed.splitlines() if not BOOKKEEPING.match(line)}


def processes(root):
    """The names of the programs that run, but for our own."""
    return set(root.run(RUNNING + " 2>/dev/null").split()) - {"sh", "grep", "cat", "sleep"}


def loaded(root):
    """Which mechanism for NTLM Apache's processes have loaded."""
    maps = root.run("cat /proc/[0-9]*/maps 2>/dev/null || :")
    return {name for name in ("mech_ntlmdc.so", "gssntlmssp.so") if name in maps}


def test_a_package_that_starts_a_service_would_be_seen(fresh):
    fresh.run("invoke-rc.d apache2 start || :")
    assert "apache2 start" in fresh.run(f"cat {debian_root.ASKED}")
    fresh.run("apachectl -k start")
    assert ":0050 " in fresh.run(LISTENING)
    assert processes(fresh) == {"apache2"}


@pytest.fixture(scope="module")
def installed(release, packages):
    """One root for tests of what an installation does: its files before, and what was printed."""
    with fresh_root(release, packages) as root:
        before = files(root)
        yield root, before, install(root)


def test_installing_starts_and_opens_nothing(installed):
    fresh, before, said = installed
    assert "there is no /etc/gss/ntlmdc.toml, so all logins are refused" in said
    own = set(fresh.run("dpkg -L gss-ntlmdc ntlmdc").splitlines()) | {"/run/ntlmdc"}
    after = files(fresh)
    assert before <= after, before - after
    added = {line.split()[0] for line in after - before}
    assert added <= own, added - own
    assert "/run/ntlmdc d 700 www-data www-data " in after
    modes = {line.split()[2] for line in after - before if line.split()[1] in "fd"}
    assert modes <= {"644", "755", "700"}, modes
    assert (fresh.run(LISTENING), processes(fresh)) == ("", set())
    assert fresh.run(f"cat {debian_root.ASKED} 2>/dev/null || :") == ""


def test_without_a_configuration_no_user_is_let_in(installed):
    fresh, _before, _said = installed
    fresh.run("a2enmod auth_gssapi headers; a2enconf ntlmdc; systemctl restart apache2")
    assert log_in(fresh) == "401"
    log = fresh.run("cat /var/log/apache2/error.log")
    assert "failed to get server creds" in log and "No such file or directory" in log, log
    said = fresh.run("echo x | ntlmdc login 'EXAMPLE\\alice' --password-file -", status=2)
    assert "/etc/gss/ntlmdc.toml" in said


PEER_SITE = """
echo 'EXAMPLE:alice:a-long-password' >/etc/gss/peer
chmod 0640 /etc/gss/peer; chgrp www-data /etc/gss/peer
echo 'export NTLM_USER_FILE=/etc/gss/peer' >>/etc/apache2/envvars
cp /root/packages/apache.conf /etc/apache2/conf-enabled/site.conf
a2enmod auth_gssapi headers; systemctl restart apache2
"""


def peer_site(root):
    """A site for either mechanism. gss-ntlmssp itself refuses curl's first message."""
    shutil.copy(mech.ROOT / "examples" / "apache.conf", root.path / "root" / "packages")
    root.run(PEER_SITE)


def test_before_gss_ntlmssp(installed):
    fresh, _before, _said = installed
    said = fresh.run(PEER)
    assert "use ntlmdc in its place" in said
    peer_site(fresh)
    assert (log_in(fresh), loaded(fresh)) == ("200", {"mech_ntlmdc.so"})


def test_a_life_of_the_package(fresh, newer):
    before = files(fresh)
    install(fresh)
    set_up(fresh)
    assert log_in(fresh) == "200"
    assert log_in(fresh, "wrong") == "401"
    assert loaded(fresh) == {"mech_ntlmdc.so"}
    assert r"EXAMPLE\\alice" in fresh.run("cat /var/log/apache2/access.log")

    assert fresh.run(f"{SYSTEMCTL} is-enabled {ROTATE} || :").strip() == "disabled"
    fresh.run(f"{SYSTEMCTL} enable {ROTATE}")
    fresh.run("echo '# mine' >>/etc/apache2/conf-available/ntlmdc.conf; touch /run/ntlmdc/kept")
    settled = {line for line in files(fresh) if line.startswith("/etc")}
    put(fresh, newer)
    assert "until they are restarted" in install(fresh)
    assert "+newer" in fresh.run("dpkg-query -W gss-ntlmdc")
    assert {line for line in files(fresh) if line.startswith("/etc")} == settled
    fresh.run("test -e /run/ntlmdc/kept; systemctl restart apache2")
    assert log_in(fresh) == "200"

    said = fresh.run("apt-get -q -y remove gss-ntlmdc")
    assert "`a2disconf ntlmdc` takes it away" in said
    fresh.run("systemctl restart apache2")
    assert log_in(fresh) != "200"
    fresh.run("test -e /etc/gss/ntlmdc.toml; ! ls /usr/lib/*/gss/mech_ntlmdc.so 2>/dev/null")

    install(fresh)
    fresh.run("systemctl restart apache2")
    assert log_in(fresh) == "200"
    assert {line for line in files(fresh) if line.startswith("/etc")} == settled

    said = fresh.run("apt-get -q -y purge gss-ntlmdc ntlmdc")
    assert "gss-ntlmdc: left: /etc/gss/ntlmdc.toml" in said
    assert "lets no user in" in said
    fresh.run("systemctl restart apache2")
    assert log_in(fresh) == "403"
    left = {line.split()[0] for line in files(fresh) - before}
    ours = {path for path in left if "ntlmdc" in path or path.startswith("/etc/gss/")}
    assert ours == {
        "/etc/gss/ntlmdc.toml",
        "/etc/gss/users",
        "/etc/apache2/conf-enabled/ntlmdc.conf",
        "/etc/apache2/conf-available/ntlmdc.conf",
    }, ours
    # The package finds its own place again.
    install(fresh)
    fresh.run("systemctl restart apache2")
    assert log_in(fresh) == "200"


def test_after_gss_ntlmssp(fresh):
    fresh.run(PEER)
    peer_site(fresh)
    assert loaded(fresh) == {"gssntlmssp.so"}
    said = install(fresh)
    assert "mech.ntlmssp.conf names another library for NTLM" in said
    assert "use ntlmdc in its place" in said
    fresh.run("systemctl restart apache2")
    assert (log_in(fresh), loaded(fresh)) == ("200", {"mech_ntlmdc.so"})
    fresh.run("apt-get -q -y remove gss-ntlmdc; systemctl restart apache2")
    assert loaded(fresh) == {"gssntlmssp.so"}


def test_the_tarball_has_the_same_files(packages):
    folder = packages[0].parent
    sums = host.run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=folder)
    assert len(sums.splitlines()) == len(os.listdir(folder)) - 1
    (tarball,) = folder.glob("*.tar.xz")
    listed = host.run("tar", "-tf", tarball).splitlines()
    for path in packages:
        own = host.run("sh", "-c", f"dpkg-deb --fsys-tarfile {path} | tar -t").splitlines()
        assert len(own) > 10 and set(own) <= set(listed)


def test_lintian(packages):
    root = debian_root.DebianRoot("trixie")
    for path in packages:
        shutil.copy(path, root.path / "tmp")
    root.run("cd /tmp; lintian --allow-root --fail-on error *.deb")
    root.close()
