"""Real client programs log in through Apache."""

import clients
import codes
import firefox
import pytest

ALICE = "EXAMPLE\\alice"

ALL = [*clients.ALL, pytest.param(firefox.log_in, id="firefox")]


@pytest.mark.parametrize("client", ALL)
def test_the_right_password_is_accepted(site, client):
    status, page = client(site, ALICE, site.passwords["alice"])
    assert (status, page["user"]) == (200, ALICE)


@pytest.mark.parametrize("client", ALL)
def test_a_wrong_password_is_refused(site, client):
    status, page = client(site, ALICE, "wrong-password")
    assert (status, page) == (401, {})


def test_firefox_asks_again_after_a_wrong_password(site):
    mark = site.apache.mark()
    status, page = firefox.log_in(site, ALICE, "wrong-password", site.passwords["alice"])
    assert (status, page.get("user")) == (200, ALICE)
    assert codes.in_log(site.apache.logged(mark)) == [codes.code("BadUserOrPassword")]


def test_curl_posts_200_kb(site, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(bytes(range(250)) * 800)
    status, page = clients.curl(
        site, ALICE, site.passwords["alice"], "--data-binary", f"@{body}"
    )
    assert (status, page) == (200, {"user": ALICE, "method": "POST", "length": "200000"})


def test_curl_without_a_domain(site):
    status, page = clients.curl(site, "alice", site.passwords["alice"])
    assert (status, page.get("user")) == (200, ALICE)


def test_curl_with_a_user_principal_name(site):
    status, page = clients.curl(site, "alice@example.test", site.passwords["alice"])
    assert (status, page.get("user")) == (200, ALICE)


@pytest.mark.parametrize(
    "client", [clients.pyspnego, clients.pyspnego_raw_negotiate, clients.requests_client]
)
def test_a_user_whose_name_is_not_ascii(site, client):
    status, page = client(site, "EXAMPLE\\jürgen", site.passwords["jürgen"])
    assert (status, page.get("user")) == (200, "EXAMPLE\\jürgen")


def test_a_users_file_line_that_holds_a_hash(users_site):
    status, page = clients.curl(users_site, "EXAMPLE\\carol", users_site.passwords["carol"])
    assert (status, page.get("user")) == (200, "EXAMPLE\\carol")


def test_a_password_of_another_user_is_not_enough(site):
    status, page = clients.pyspnego(site, "EXAMPLE\\bob", site.passwords["alice"])
    assert (status, page) == (401, {})


def test_a_computer_account_logs_in_like_a_user(netlogon_site, controller):
    status, page = clients.pyspnego(netlogon_site, "EXAMPLE\\WEB1-NTLM$", controller.secret)
    assert (status, page.get("user")) == (200, "EXAMPLE\\WEB1-NTLM$")
