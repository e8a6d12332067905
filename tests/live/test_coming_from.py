"""docs/coming-from: the example and the configuration of each page, as printed, with a domain."""

import contextlib
import re
import socketserver
import struct
import threading

import clients
import pytest
import recipes
import wire
from lab import host, mech
from lab.apache import certificate

PAGES = mech.ROOT / "docs" / "coming-from"
ALICE = r"EXAMPLE\alice"
AJP = recipes.modules("proxy", "proxy_ajp")
PREFLIGHT = {"Origin": "https://other.example", "Access-Control-Request-Method": "PUT"}


def configured(library, controller, page):
    """The mechanism with the configuration of a page, the lab's controller and files in it."""
    page = (PAGES / page).read_text()
    text, *_without_account = re.findall(r"^```toml\n(.*?)^```", page, re.M | re.S)
    text = recipes.change(
        text,
        ("10.0.0.2", controller.address),
        ("/etc/gss/ntlmdc.secret", "@/secret"),
        ("[netlogon]\n", '[netlogon]\nstate_dir = "@/state"\n'),
    )
    files = {"secret": controller.secret}
    return mech.Mechanism(library, text + mech.LOG, controller.passwords, files)


@pytest.fixture
def converted(library, controller, make_site, tmp_path):
    """Makes a site of the example and the configuration of a page."""

    def make(page, *changes, tls=True, more=""):
        examples = recipes.served()
        known = {
            "/etc/apache2/ntlm.conf": examples / "apache.conf",
            "/etc/apache2/ntlm-sessions.conf": tmp_path / "sessions.conf",
        }
        sessions = recipes.example("sessions.conf")
        key = ("/etc/apache2/ntlm-session.key", tmp_path / "session.key")
        (tmp_path / "sessions.conf").write_text(recipes.change(sessions, key))
        text = recipes.example("from-" + page.replace("_", "-").replace(".md", ".conf"))
        for path, copy in known.items():
            text = text.replace(f"\nInclude {path}\n", f"\nInclude {copy}\n")
        example = tmp_path / "example.conf"
        example.write_text(recipes.change(text, *changes))
        pem = tmp_path / "www.pem"
        pem.write_text(certificate())
        mechanism = configured(library, controller, page)
        options = {"certificate": pem} if tls else {}
        return make_site(mechanism, example=example, more=more, **options)

    tmp_path.chmod(0o755)
    return make


def log_in(site, user="alice", password=None):
    """curl's login: (status, user)."""
    password = password or site.passwords[user]
    status, page = clients.curl(site, f"EXAMPLE\\{user}", password)
    return status, page.get("user")


def basic(site, user, password):
    status, page = clients.curl(site, user, password, "--basic", "--no-ntlm")
    return status, page.get("user")


def test_pyauthenntlm2(converted):
    modules = recipes.modules("authz_host")
    address = ("Require ip 192.0.2.7", "Require ip 127.0.0.9")
    site = converted("pyauthenntlm2.md", address, more=modules)
    assert log_in(site) == (200, "alice")
    assert log_in(site, password="wrong-password") == (401, None)
    assert log_in(site, "bob") == (403, None), "bob is not in Staff"
    assert basic(site, "alice", site.passwords["alice"]) == (200, "alice")
    assert basic(site, "alice", "wrong-password") == (401, None)
    by_address = ("curl", "-sS", "--insecure", "--interface", "127.0.0.9", site.apache.url)
    assert clients.page(clients.run(*by_address).stdout)["user"] == ""


def test_authenntlm(converted):
    site = converted("authenntlm.md", more=recipes.modules("session", "session_cookie"))
    assert log_in(site, password="wrong-password") == (401, None)
    with wire.Connection(site) as connection:
        answer = connection.log_in("Alice", site.passwords["alice"])
    assert (answer.status, answer.user) == (200, "alice")
    [cookie] = [value for name, value in answer.headers if name.lower() == "set-cookie"]
    with wire.Connection(site, headers={"Cookie": cookie.split(";")[0]}) as connection:
        assert connection.send().user == "alice"
    with wire.Connection(site, headers={"Cookie": cookie[:60]}) as connection:
        assert connection.send().status == 401


def ajp_text(packet, at):
    """A string of an AJP packet, and where it ends."""
    [length] = struct.unpack_from(">H", packet, at)
    if length == 0xFFFF:
        return None, at + 2
    return packet[at + 2 : at + 2 + length].decode(), at + 3 + length


def ajp_attributes(packet):
    """The attributes of a Forward Request (AJP 1.3), by name; those of a number by the number."""
    at = 2
    for _ in range(2):  # protocol and URI
        _, at = ajp_text(packet, at)
    for _ in range(3):  # address, host and name of the server
        _, at = ajp_text(packet, at)
    [count] = struct.unpack_from(">H", packet, at + 3)
    at += 5
    for _ in range(count):
        if packet[at] == 0xA0:
            at += 2
        else:
            _, at = ajp_text(packet, at)
        _, at = ajp_text(packet, at)
    found = {}
    while packet[at] != 0xFF:
        name, at = packet[at], at + 1
        if name == 0x0A:
            name, at = ajp_text(packet, at)
        if name == 0x0B:  # the length of a TLS key
            at += 2
        else:
            found[name], at = ajp_text(packet, at)
    return found


class Container(socketserver.StreamRequestHandler):
    """As much of a servlet container as tells what Apache handed over."""

    # Numbers of attributes.
    USER, AUTH_TYPE, SECRET = 0x03, 0x04, 0x0C

    def handle(self):
        while head := self.rfile.read(4):
            packet = self.rfile.read(struct.unpack(">2xH", head)[0])
            if packet[0] == 0x0A:  # CPing
                self._send(b"\x09")
                continue
            said = ajp_attributes(packet)
            assert said.pop(self.SECRET) == "change-me"
            user, kind = said.pop(self.USER, ""), said.pop(self.AUTH_TYPE, "")
            groups = said.pop("NTLM_GROUPS", "")
            # Under names that `clients.page` reads.
            text = f"user: {user}\nmech: {kind}\nmethod: {groups}\n".encode()
            self._send(b"\x04\x00\xc8" + b"\x00\x02OK\x00" + b"\x00\x00")
            self._send(b"\x03" + struct.pack(">H", len(text)) + text + b"\x00")
            self._send(b"\x05\x01")

    def _send(self, payload):
        self.wfile.write(b"AB" + struct.pack(">H", len(payload)) + payload)


@contextlib.contextmanager
def container():
    """Its port on loopback."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", host.free_port()), Container)
    server.daemon_threads = True
    with server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield ("127.0.0.1:8009", f"127.0.0.1:{server.server_address[1]}")
        server.shutdown()
        thread.join()


def handed_over(site, user, password):
    """What the container was told: (status, user, kind of login, groups)."""
    status, page = clients.curl(site, f"EXAMPLE\\{user}", password)
    return status, page.get("user"), page.get("mech"), page.get("method")


def test_jcifs(converted):
    with container() as port:
        site = converted("jcifs.md", port, more=AJP)
        right = site.passwords["alice"]
        assert handed_over(site, "alice", right) == (200, ALICE, "NTLM", "")
        assert handed_over(site, "alice", "wrong-password")[:2] == (401, None)
        assert basic(site, ALICE, right) == (200, ALICE)
        assert basic(site, ALICE, "wrong-password") == (401, None)


def test_waffle(converted):
    with container() as port:
        site = converted("waffle.md", port, more=AJP)
        status, user, kind, groups = handed_over(site, "alice", site.passwords["alice"])
        assert (status, user, kind) == (200, ALICE, "NTLM")
        assert {"Domain Users", "Staff"} <= set(groups.strip("|").split("|")), groups
        assert handed_over(site, "alice", "wrong-password")[:2] == (401, None)
        guest = handed_over(site, "Guest", site.passwords["Guest"])
        assert guest[:2] == (401, None)
        with wire.Connection(site, headers=PREFLIGHT) as connection:
            answer = connection.send(method="OPTIONS")
        assert (answer.status, answer.user) == (200, "")
        with wire.Connection(site) as connection:
            assert connection.send(method="OPTIONS").status == 401


def test_gss_ntlmssp(converted):
    site = converted("gss-ntlmssp.md", tls=False)
    assert log_in(site) == (200, ALICE)
    assert log_in(site, password="wrong-password") == (401, None)
    assert log_in(site, "bob")[0] == 401, "the example names alice"


def test_mod_auth_ntlm_winbind(converted):
    site = converted("mod_auth_ntlm_winbind.md", tls=False)
    assert log_in(site) == (200, ALICE)
    assert log_in(site, password="wrong-password") == (401, None)
    assert log_in(site, "bob") == (401, None), "bob is not in Staff"
    for client in (clients.pyspnego_raw_negotiate, clients.pyspnego_spnego):
        assert client(site, ALICE, site.passwords["alice"])[0] == 200, client
