"""`ntlmdc http` with real sites, right and wrong, and a proxy that shares its connections."""

import contextlib
import json
import re
import subprocess

import pytest
from lab import apache, host, mech

AFTERWARDS = "a further request, without a login, on"
HTTP_2 = "LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so\nProtocols h2 http/1.1"


@pytest.fixture(scope="module")
def tool():
    return mech.tool()


@pytest.fixture(scope="module")
def certificate():
    directory, remove = host.scratch()
    path = directory / "site.pem"
    path.write_text(apache.certificate())
    yield path
    remove()


def visit(tool, url, *words, user="EXAMPLE\\alice", password=""):
    """The exit status, and the report's sections: titles, and fields by their names."""
    words = (tool, "http", "--json", "--user", user, "--password-file", "-", *words, url)
    done = subprocess.run(
        host.bound(words), input=password + "\n", capture_output=True, text=True, timeout=60
    )
    assert done.stdout, done.stderr
    assert f'"{password}"' not in done.stdout
    sections = json.loads(done.stdout)
    return done.returncode, {
        section["title"]: {row["name"]: row for row in section["fields"]} for section in sections
    }


def login_of(sections):
    """The verdict, and its cause."""
    row = sections["verdict"]["login"]
    return row["value"], row.get("note", "")


@pytest.mark.parametrize("scheme", ["ntlm", "negotiate"])
def test_each_leg_of_a_login(tool, library, make_site, scheme):
    site = make_site(mech.with_users(library))
    url = site.apache.url
    given = {"password": site.passwords["alice"]}
    status, sections = visit(tool, url, "--scheme", scheme, **given)
    assert (status, login_of(sections)[0]) == (0, "accepted")
    legs = [title for title in sections if re.match(r"\d\. GET /", title)]
    name = {"ntlm": "NTLM", "negotiate": "Negotiate"}[scheme]
    assert [leg.partition(", ")[2] for leg in legs] == [
        "without a login",
        f"{name}, with NEGOTIATE_MESSAGE",
        f"{name}, with AUTHENTICATE_MESSAGE of EXAMPLE\\alice",
    ]
    assert [sections[leg]["status"]["value"][9:12] for leg in legs] == ["401", "401", "200"]
    challenge = sections["the server's CHALLENGE_MESSAGE"]
    assert challenge["MsvAvNbDomainName"]["value"] == '"EXAMPLE"'
    afterwards = sections[AFTERWARDS]
    assert afterwards["the same connection"]["value"] == "200"
    assert afterwards["a new connection"]["value"] == "asked for a login"


def test_a_wrong_password(tool, library, make_site):
    site = make_site(mech.with_users(library))
    status, sections = visit(tool, site.apache.url, password="wrong-password")
    assert (status, login_of(sections)[0]) == (1, "refused")


def location(lines, path=""):
    return f"<Location /{path}>\n{lines}\n</Location>"


def test_basic(tool, library, make_site):
    site = make_site(mech.with_users(library), after=location("GssapiBasicAuth On"))
    for password, expected in ((site.passwords["alice"], "accepted"), ("wrong", "refused")):
        words = ("--scheme", "basic")
        _status, sections = visit(tool, site.apache.url, *words, password=password)
        assert login_of(sections)[0] == expected


@pytest.mark.parametrize(
    ("after", "verdict", "cause"),
    [
        ("KeepAlive Off", "cut off: the connection was closed", "KeepAlive Off"),
        ("MaxKeepAliveRequests 1", "cut off: the connection was closed", "MaxKeepAliveRequests"),
    ],
)
def test_a_connection_that_is_not_kept(tool, library, make_site, after, verdict, cause):
    site = make_site(mech.with_users(library), after=after)
    words = ("--scheme", "ntlm")
    status, sections = visit(tool, site.apache.url, *words, password=site.passwords["alice"])
    told, why = login_of(sections)
    assert (status, told) == (1, verdict)
    assert cause in why


def test_a_server_that_takes_no_ntlm(tool, library, make_site):
    site = make_site(mech.with_users(library, more="[policy]\nno_such_key = 1\n"))
    status, sections = visit(tool, site.apache.url, "--scheme", "ntlm", password="x")
    told, why = login_of(sections)
    assert (status, told) == (1, "refused before the password was asked for"), sections
    assert "ntlmdc check" in why


def test_a_scheme_that_is_not_offered(tool, library, make_site):
    site = make_site(mech.with_users(library))
    status, sections = visit(tool, site.apache.url, "--scheme", "basic", password="x")
    assert (status, login_of(sections)[0]) == (1, "not possible by Basic")


def test_a_page_that_asks_for_no_login(tool, library, make_site):
    free = location("AuthType None\nRequire all granted", path="open")
    site = make_site(mech.with_users(library), after=free)
    status, sections = visit(tool, site.apache.url + "open", password="x")
    assert (status, login_of(sections)[0]) == (1, "not asked for")


def test_a_user_who_may_not_see_the_page(tool, library, make_site):
    site = make_site(mech.with_users(library), after=location("Require user bob"))
    given = {"password": site.passwords["alice"]}
    status, sections = visit(tool, site.apache.url, "--scheme", "ntlm", **given)
    told, cause = login_of(sections)
    # Apache asks again where `Require` refuses a user.
    assert (status, told) == (1, "refused")
    assert "`Require`" in cause


def test_tls_and_the_binding_that_is_sent(tool, library, make_site, certificate):
    policy = f'[policy]\nchannel_binding = "require"\ntls_certificates = ["{certificate}"]\n'
    site = make_site(mech.with_users(library, more=policy), certificate=certificate)
    given = {"password": site.passwords["alice"]}
    status, sections = visit(tool, site.apache.url, "--ca", certificate, **given)
    assert (status, login_of(sections)[0]) == (0, "accepted")
    [tls] = [fields for title, fields in sections.items() if title.startswith("connection to")]
    assert tls["HTTP/2"]["value"] == "off"
    assert re.fullmatch("[0-9a-f]{32}", tls["channel binding"]["value"])
    # Without trust in the certificate nothing is sent; with --insecure it is pinned.
    status, sections = visit(tool, site.apache.url, **given)
    [(title, tls)] = sections.items()
    assert (status, "is not trusted" in tls["failed"]["value"]) == (1, True)
    status, sections = visit(tool, site.apache.url, "--insecure", **given)
    assert login_of(sections)[0] == "accepted"


def test_http_2_is_told(tool, library, make_site, certificate):
    site = make_site(mech.with_users(library), more=HTTP_2, certificate=certificate)
    given = {"password": site.passwords["alice"]}
    status, sections = visit(tool, site.apache.url, "--ca", certificate, **given)
    [tls] = [fields for title, fields in sections.items() if title.startswith("connection to")]
    assert (status, tls["HTTP/2"]["value"]) == (1, "on")
    assert "Protocols http/1.1" in tls["HTTP/2"]["note"]


def test_a_proxy_that_shares_its_connections(tool, library, make_site):
    """Apache's own mod_proxy: the login of one client's connection serves the next client."""
    site = make_site(mech.with_users(library))
    with proxy_to(site.apache.url) as url:
        words = ("--scheme", "ntlm")
        status, sections = visit(tool, url, *words, password=site.passwords["alice"])
    assert status == 1
    told, _cause = login_of(sections)
    is_shared = sections.get(AFTERWARDS, {}).get("a new connection", {}).get("right") is False
    assert told.startswith("lost") or is_shared
    via = [fields for title, fields in sections.items() if "Via" in fields]
    assert via


@contextlib.contextmanager
def proxy_to(url):
    """A reverse proxy with one connection to the site for all clients."""
    directory, remove = host.scratch()
    port = host.free_port()
    modules = "mpm_event authn_core authz_core proxy proxy_http unixd"
    load = "\n".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"
        for name in modules.split()
        if name != "unixd"
    )
    configuration = directory / "proxy.conf"
    configuration.write_text(
        f"ServerRoot {directory}\nServerName localhost\nListen 127.0.0.1:{port}\n{load}\n"
        f"PidFile {directory}/pid\nErrorLog {directory}/error.log\nDefaultRuntimeDir {directory}\n"
        f"User www-data\nGroup www-data\nProxyVia On\n"
        f"StartServers 1\nServerLimit 1\nThreadsPerChild 4\nMaxRequestWorkers 4\n"
        f'ProxyPass "/" "{url}" max=1\n'
    )
    server = subprocess.Popen(host.bound(["/usr/sbin/apache2", "-X", "-f", configuration]))
    try:
        host.wait_until(lambda: host.answers("127.0.0.1", port), 20, "the proxy does not answer")
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(timeout=20)
        remove()
