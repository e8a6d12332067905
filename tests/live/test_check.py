"""`ntlmdc check` names the cause of each bad state of this host, and nothing else."""

import os
import pathlib
import shutil
import subprocess
import time

import pytest
import recipes
from checking import check
from lab import apache as lab_apache
from lab import host, mech, newer_samba
from test_troubleshooting import THEIRS, mech_d


@pytest.fixture(scope="session")
def tool():
    return mech.tool()


@pytest.fixture
def users(library):
    mechanism = mech.with_users(library)
    yield mechanism
    mechanism.close()


@pytest.fixture
def joined(library, controller):
    mechanism = mech.with_domain(library, controller)
    yield mechanism
    mechanism.close()


def test_a_good_host(tool, users, finds_mech_list_mic):
    checked = check(tool, users)
    assert (checked.ids, checked.status) == ([], 0)
    words = "All is well" if finds_mech_list_mic else "Logins should work"
    assert checked.report["summary"].startswith(words)
    assert "servers load" in checked.good("mechanism")


def test_a_good_host_in_a_domain(tool, joined):
    checked = check(tool, joined)
    assert (checked.ids, checked.status) == ([], 0)


def mended(checked, cause):
    """Runs the commands of the cure: the lines that begin with a space."""
    cure = checked.of(cause)["cure"]
    commands = [line for line in cure.splitlines() if line.startswith(" ")]
    assert commands, cure
    for command in commands:
        subprocess.run(["sh", "-ec", command], check=True)


@pytest.mark.parametrize("mode", [0o644, 0o642])
def test_a_secret_that_others_can_read(tool, joined, mode):
    secret = joined.directory / "secret"
    secret.chmod(mode)
    checked = check(tool, joined)
    assert (checked.ids, checked.status) == (["file-open"], 2)
    mended(checked, "file-open")
    assert secret.stat().st_mode & 0o7777 == 0o640
    assert check(tool, joined).ids == []


@pytest.mark.parametrize("name", ["users", "ntlmdc.toml"])
def test_a_file_that_the_service_cannot_read(tool, users, name):
    path = users.directory / name
    path.chmod(0o600)
    checked = check(tool, users)
    assert (checked.ids, checked.status) == (["file-unreadable"], 2)
    assert str(path) in checked.of("file-unreadable")["what"]
    mended(checked, "file-unreadable")
    assert check(tool, users).ids == []


def test_a_secret_in_a_directory_that_is_closed(tool, joined):
    closed = joined.directory / "closed"
    closed.mkdir(mode=0o700)
    shutil.move(joined.directory / "secret", closed / "secret")
    joined.rewrite("ntlmdc.toml", joined.configuration.replace("/secret", "/closed/secret"))
    checked = check(tool, joined)
    assert checked.ids == ["file-unreadable"]
    assert f"may not enter the directory {closed}" in checked.of("file-unreadable")["what"]
    mended(checked, "file-unreadable")
    assert check(tool, joined).ids == []


def test_a_host_that_has_left_its_domain(tool, joined):
    """`ntlmdc leave` removes the secret, and leaves the configuration."""
    (joined.directory / "secret").unlink()
    checked = check(tool, joined)
    assert (checked.ids, checked.status) == (["file-missing"], 2)
    assert "  sudo ntlmdc join example.test --reset\n" in checked.of("file-missing")["cure"]


def test_files_that_are_missing_or_hold_something_else(tool, users, joined):
    (users.directory / "users").unlink()
    assert check(tool, users).ids == ["file-missing"]
    users.rewrite("users", "# none yet\n")
    checked = check(tool, users)
    assert (checked.ids, checked.status) == (["users-file-empty"], 1)
    joined.rewrite("secret", "")
    assert check(tool, joined).ids == ["secret-invalid"]


def test_an_old_secret(tool, joined):
    path = joined.directory / "secret"
    os.utime(path, (path.stat().st_mtime - 100 * 86400,) * 2)
    checked = check(tool, joined)
    assert (checked.ids, checked.status) == (["secret-old"], 1)
    assert "100 days" in checked.of("secret-old")["what"]


def test_a_secret_that_was_rotated(tool, joined, controller):
    """The file says when, and whether a change was interrupted."""
    today = int(time.time())
    for lines, causes in [
        (f"changed {today}\n", []),
        (f"changed {today - 100 * 86400}\n", ["secret-old"]),
        (f"changed {today}\nnext {'a' * 120}\n", ["rotation-unfinished"]),
    ]:
        joined.rewrite("secret", controller.secret.rstrip("\n") + "\n" + lines)
        assert check(tool, joined).ids == causes


def test_a_configuration_that_does_not_parse_hides_what_follows_from_it(tool, users):
    users.rewrite("ntlmdc.toml", users.configuration.replace("netbios_domain", "netbois_domain"))
    (users.directory / "users").unlink()
    checked = check(tool, users)
    assert (checked.ids, checked.status) == (["configuration-invalid"], 2)
    assert "netbois_domain" in checked.of("configuration-invalid")["what"]


def test_no_configuration_and_one_that_is_switched_off(tool, users):
    checked = check(tool, users, "--config", "/nonexistent.toml")
    assert (checked.ids, checked.status) == (["configuration-missing"], 2)
    assert "  sudo ntlmdc join " in checked.of("configuration-missing")["cure"]
    users.rewrite("ntlmdc.toml", users.configuration + "[policy]\nenabled = false\n")
    assert check(tool, users).ids == ["switched-off"]


def test_the_state_directory(tool, joined):
    state = joined.directory / "state"
    state.chmod(0o750)
    checked = check(tool, joined)
    assert (checked.ids, checked.status) == (["state-directory-unusable"], 1)
    mended(checked, "state-directory-unusable")
    shutil.chown(state, "root", "root")
    mended(check(tool, joined), "state-directory-unusable")
    assert check(tool, joined).ids == []
    shutil.rmtree(state)
    checked = check(tool, joined)
    assert (checked.ids, checked.status) == (["state-directory-missing"], 1)
    assert f"'d {state} 0700 www-data www-data -'" in checked.of("state-directory-missing")["cure"]


def test_a_state_directory_in_memory(tool, joined, tmp_path):
    """Nothing makes it at the next start of the host."""
    state = joined.directory / "memory"
    state.mkdir(mode=0o700)
    joined.rewrite("ntlmdc.toml", joined.configuration.replace("/state", "/memory"))
    host.run("mount", "-t", "tmpfs", "none", state)
    try:
        shutil.chown(state, "www-data", "www-data")
        state.chmod(0o700)
        checked = check(tool, joined)
    finally:
        host.run("umount", state)
    assert (checked.ids, checked.status) == (["state-directory-volatile"], 1)


def test_two_mechanisms(tool, users, tmp_path):
    """The one that is read last counts, and its name is told."""
    hidden = mech_d(tmp_path, users, "a-ntlmdc.conf", THEIRS)
    checked = check(tool, users, gss=hidden)
    assert (checked.ids, checked.status) == (["mech-hidden"], 2)
    what = checked.of("mech-hidden")["what"]
    assert "gssntlmssp.so" in what and "mech.d/mech.ntlmssp.conf is read after" in what
    ours = hidden / "mech.d" / "a-ntlmdc.conf"
    ours.rename(ours.with_name("ntlmssp-ntlmdc.conf"))
    checked = check(tool, users, gss=hidden)
    assert checked.ids == []
    assert "mech.ntlmssp.conf comes before it and does not count" in checked.good("mechanism")


def test_spnego_of_this_host(tool, users, finds_mech_list_mic):
    checked = check(tool, users)
    words = {True: "finds a client's", False: "does not find a client's"}[finds_mech_list_mic]
    [found] = [one["what"] for one in checked.all_findings if "mechListMIC" in one["what"]]
    assert words in found


def test_spnego_of_debian_13(tool, users):
    """Its krb5 has the fault, ticket 9183."""
    if newer_samba.left_out():
        pytest.skip(f"newer Samba: {newer_samba.described()}")
    own = users.directory / "ntlmdc"
    shutil.copy(tool, own)
    checked = check(own, users, root=newer_samba.root())
    assert checked.of("spnego-mech-list-mic")["level"] == "warning"
    assert checked.ids == []


def test_no_line_in_mech_d(tool, users, tmp_path):
    unread = mech_d(tmp_path, users, "ntlmssp-ntlmdc")
    checked = check(tool, users, gss=unread)
    assert (checked.ids, checked.status) == (["mech-not-listed"], 2)
    assert "does not end in .conf" in checked.of("mech-not-listed")["what"]
    (unread / "mech.d" / "ntlmssp-ntlmdc").unlink()
    assert check(tool, users, gss=unread).ids == ["mech-not-listed"]


def test_a_library_that_is_missing_or_damaged(tool, users, library):
    users.rewrite("mech.conf", f"ntlmssp {mech.OID} /nonexistent/mech_ntlmdc.so\n")
    assert check(tool, users).ids == ["library-missing"]
    broken = users.directory / "broken.so"
    broken.write_bytes(library.read_bytes()[:-20000])
    shutil.chown(broken, "root", "www-data")
    users.rewrite("mech.conf", f"ntlmssp {mech.OID} {broken}\n")
    checked = check(tool, users)
    assert (checked.ids, checked.status) == (["library-invalid"], 2)


def test_directories_that_the_service_cannot_enter(tool, users, tmp_path):
    """The configuration and mech.d are in one of them: that is one cause."""
    gss = mech_d(tmp_path, users, "ntlmssp-ntlmdc.conf")
    shutil.copy(users.directory / "ntlmdc.toml", gss)
    shutil.chown(gss / "ntlmdc.toml", "root", "www-data")
    own = ("--config", "/etc/gss/ntlmdc.toml")
    assert check(tool, users, *own, gss=gss).ids == []
    for directory, words, cause, level in [
        (gss / "mech.d", own, "mech-file-unreadable", "warning"),
        (gss, (), "mech-file-unreadable", "warning"),
        (gss, own, "file-unreadable", "failure"),
    ]:
        directory.chmod(0o700)
        checked = check(tool, users, *words, gss=gss)
        directory.chmod(0o755)
        shown = "/etc/gss" if directory == gss else "/etc/gss/mech.d"
        assert checked.ids == [cause]
        found = checked.of(cause)
        assert found["level"] == level and found["cure"].endswith(f"\n  chmod 0755 {shown}")


def test_a_known_finding_is_ignored(tool, joined):
    """It is shown and counted, and does not set the exit status; a failure stays one."""
    shutil.rmtree(joined.directory / "state")
    known = ("--ignore", "state-directory-missing", "--ignore", "file-open")
    checked = check(tool, joined, *known)
    assert (checked.ids, checked.status) == ([], 0)
    assert checked.of("state-directory-missing")["ignored"] is True
    assert "1 ignored" in checked.report["summary"]
    (joined.directory / "secret").chmod(0o644)
    checked = check(tool, joined, *known)
    assert (checked.ids, checked.status) == (["file-open"], 2)
    refused = subprocess.run([tool, "check", "--ignore", "no-such"], capture_output=True, text=True)
    assert refused.returncode == 2 and "no finding has this identifier" in refused.stderr


def test_another_user_says_what_was_not_looked_at(tool, users):
    checked = check(tool, users, user="nobody")
    assert checked.ids == ["configuration-unseen", "not-the-service"]
    assert checked.status == 1
    assert checked.report["summary"].startswith("Nothing is wrong with what could be looked at")


# Debian's files in one.
_APACHE = """\
ServerRoot {directory}
{modules}
ServerName localhost
Listen 127.0.0.1:9
User www-data
PidFile {directory}/pid
DefaultRuntimeDir {directory}
ErrorLog {directory}/error.log
{before}
<VirtualHost 127.0.0.1:9>
    ServerName www.example.test
    Include {examples}/apache.conf
    {after}
</VirtualHost>
"""
_MODULES = ("mpm_event", "authn_core", "authz_core", "authz_user", "authz_host", "auth_gssapi")


def apache(mechanism, *after, before="", modules=()):
    """The option that names an Apache with the shipped example and further lines."""
    names = (*_MODULES, "headers", "setenvif", *modules)
    text = _APACHE.format(
        directory=mechanism.directory,
        modules=recipes.modules(*names),
        before=before,
        examples=recipes.served(),
        after="\n    ".join(after),
    )
    path = mechanism.directory / "apache2.conf"
    path.write_text(text)
    return "--apache", str(path)


def test_a_good_apache(tool, users):
    checked = check(tool, users, *apache(users))
    assert (checked.ids, checked.status) == ([], 0)
    assert checked.good("apache") == '<Location "/"> takes NTLM'
    assert check(tool, users).good("apache").startswith("no Apache on this host")


@pytest.mark.parametrize(
    ("lines", "cause", "status"),
    [
        (["KeepAlive Off"], "apache-keepalive-off", 2),
        (["MaxKeepAliveRequests 2"], "apache-few-requests", 2),
        (['BrowserMatch "MSIE" nokeepalive downgrade-1.0'], "apache-browser-match", 1),
        (["<Location /a>", "GssapiAllowedMech ntlmssp", "</Location>"], "apache-lines-reset", 2),
        (["<Location /a>", r"Require user EXAMPLE\a", "</Location>"], "apache-require-escape", 1),
        (["LimitRequestFieldSize 4096"], "apache-field-size", 1),
        (["Nonsense On"], "apache-invalid", 2),
        (["<Location /a>", "GssapiAllowedMech ntlmsp", "</Location>"], "apache-invalid", 2),
    ],
)
def test_an_apache_that_is_wrong(tool, users, lines, cause, status):
    checked = check(tool, users, *apache(users, *lines))
    assert (checked.ids, checked.status) == ([cause], status)
    assert f"{users.directory}/apache2.conf:" in checked.of(cause)["what"] or status == 2


def test_an_apache_that_asks_for_no_login(tool, users):
    words = apache(users)
    path = pathlib.Path(words[1])
    login = f"Include {recipes.served()}/apache.conf"
    path.write_text(recipes.change(path.read_text(), (login, "")))
    checked = check(tool, users, *words)
    assert (checked.ids, checked.status) == (["apache-no-login"], 1)
    assert "a2enconf ntlmdc" in checked.of("apache-no-login")["cure"]


def test_an_apache_that_cannot_be_asked(tool, users):
    """Its program does not run."""
    covers = ["mount --bind /dev/null /usr/sbin/apache2ctl"]
    checked = check(tool, users, *apache(users), covers=covers)
    assert (checked.ids, checked.status) == (["apache-not-tried"], 1)
    assert "/usr/sbin/apache2ctl -t does not run" in checked.of("apache-not-tried")["what"]


def test_an_apache_whose_start_script_fails(tool, users):
    """It cannot make its directories, so Apache has read nothing."""
    covers = ["mount -t tmpfs -o ro tmpfs /run"]
    checked = check(tool, users, *apache(users), covers=covers)
    assert (checked.ids, checked.status) == (["apache-not-tried"], 1)
    assert "-t fails before it reads it: " in checked.of("apache-not-tried")["what"]


def test_http_2_on(tool, users):
    """It is on for all virtual hosts that have no line of their own."""
    certificate = users.directory / "www.pem"
    certificate.write_text(lab_apache.certificate())
    tls = ("SSLEngine on", f"SSLCertificateFile {certificate}", "Protocols h2 http/1.1")
    words = apache(users, *tls, modules=("http2", "ssl"))
    checked = check(tool, users, *words)
    assert (checked.ids, checked.status) == (["apache-http2"], 2)
    assert check(tool, users, *apache(users, *tls[:2], modules=("http2", "ssl"))).ids == []


def test_a_module_without_ntlm(tool, users):
    """A mod_auth_gssapi that does not know the name."""
    built = pathlib.Path("/usr/lib/apache2/modules/mod_auth_gssapi.so").read_bytes()
    module = users.directory / "mod_auth_gssapi.so"
    module.write_bytes(built.replace(b"ntlmssp\0", b"unknown\0"))
    words = apache(users)
    path = pathlib.Path(words[1])
    line = "/usr/lib/apache2/modules/mod_auth_gssapi.so"
    path.write_text(recipes.change(path.read_text(), (line, module)))
    checked = check(tool, users, *words)
    assert (checked.ids, checked.status) == (["apache-module-without-ntlm"], 2)


def test_sections_that_do_not_take_ntlm_or_should_not(tool, users):
    own = ("<Location /own>", "AuthType GSSAPI", "{}", "</Location>")
    for line, cause in [
        ("GssapiAllowedMech krb5\nGssapiConnectionBound On", "apache-opens-ntlm"),
        ("GssapiAllowedMech ntlmssp", "apache-not-bound"),
    ]:
        words = apache(users, before="\n".join(own).format(line))
        assert check(tool, users, *words).ids == [cause]


def test_apaches_variables_name_the_configuration(tool, users):
    """As an administrator sets them in /etc/apache2/envvars."""
    words = apache(users)
    names = users.environment
    lines = "".join(f"export {name}={value}\n" for name, value in names.items())
    (users.directory / "envvars").write_text(lines)
    assert check(tool, users, *words, without=names).ids == []
