"""The rules of [policy] with a real Apache and a real controller."""

import re
import subprocess
import time

import codes
import messages
import wire
from lab import host, mech
from one_login import LOOKED_AT, attempt, refused

ALICE = "EXAMPLE\\alice"


def test_one_account_has_one_name(site, request):
    spellings = [("alice", "EXAMPLE"), ("ALICE", "example"), ("Alice", "")]
    spellings.append(("alice@example.test", ""))
    if "netlogon" in request.node.name:
        spellings.append(("aLICE", "example.test"))
    else:
        # From a client without a domain field. A controller cannot be asked about this name: the
        # response covers it as it was typed.
        spellings.append(("EXAMPLE\\alice", ""))
    for user, domain in spellings:
        seen = attempt(site, user, site.passwords["alice"], domain=domain)
        assert seen == (200, ALICE, []), (user, domain)


def test_ntlm_switched_off_and_on(library, make_site):
    mechanism = mech.with_users(library)
    site = make_site(mechanism)
    assert attempt(site) == (200, ALICE, [])
    mechanism.rewrite("ntlmdc.toml", mechanism.configuration + "[policy]\nenabled = false\n")
    time.sleep(LOOKED_AT)
    with wire.Connection(site) as connection:
        answer = connection.send(messages.negotiate())
    assert (answer.status, answer.token) == (401, None)
    assert "NTLM is switched off" in site.apache.logged()
    mechanism.rewrite("ntlmdc.toml", mechanism.configuration)
    time.sleep(LOOKED_AT)
    assert attempt(site) == (200, ALICE, [])


def older(site, kind, user="bob"):
    """A login with an older response: (status, user)."""
    with wire.Connection(site) as connection:
        challenge = connection.challenge()
        password = site.passwords[user]
        answer = connection.send(messages.respond_v1(challenge, user, password, kind).pack())
    return answer.status, answer.user


def test_older_responses_where_they_are_accepted(library, make_site):
    site = make_site(mech.with_users(library, more='[policy]\nresponse = "ntlmv1"\n'))
    bob = (200, "EXAMPLE\\bob")
    assert older(site, "ntlmv1") == bob
    assert older(site, "ntlm2-session") == bob
    assert older(site, "lm")[0] == 401
    logged = site.apache.logged()
    assert "response=ntlmv1" in logged and "response=ntlm2-session" in logged
    # wget has no newer response.
    wget = ["wget", "-q", "-O", "-", "--user=EXAMPLE\\bob", f"--password={site.passwords['bob']}"]
    done = subprocess.run([*wget, site.apache.url], capture_output=True, text=True, timeout=60)
    assert "user: EXAMPLE\\bob" in done.stdout, done


def test_older_responses_at_a_controller_that_accepts_them(library, controller, make_site):
    more = '[policy]\nresponse = "ntlmv1"\n'
    site = make_site(mech.with_domain(library, controller, more=more))
    assert older(site, "ntlmv1")[0] == 401, "the domain's own rule"
    with controller.settings("ntlm auth = ntlmv1-permitted"):
        time.sleep(2.1)  # the duration of an outage
        for kind in ("ntlmv1", "ntlm2-session"):
            assert older(site, kind) == (200, "EXAMPLE\\bob"), kind


def test_services(library, make_site):
    def meaning(name):
        def change(avs):
            others = [pair for pair in avs if pair[0] != messages.AV_TARGET_NAME]
            return others + ([(messages.AV_TARGET_NAME, messages.text(name))] if name else [])

        return change

    def said(site, name):
        return attempt(site, change_avs=meaning(name))

    let_in = (200, ALICE, [])
    site = make_site(mech.with_users(library, more='[policy]\nspn = ["HTTP/127.0.0.1"]\n'))
    assert said(site, "HTTP/127.0.0.1") == let_in
    assert said(site, f"http/127.0.0.1:{site.apache.port}") == let_in
    assert said(site, "HTTP/other.example.test") == refused("OtherService")
    assert said(site, "cifs/127.0.0.1") == refused("OtherService")
    assert said(site, "host/unspecified") == refused("OtherService")
    assert said(site, None) == refused("UnnamedService")
    more = '[policy]\nspn = ["HTTP/127.0.0.1", "host/unspecified", "none"]\n'
    site = make_site(mech.with_users(library, more=more))
    assert said(site, "host/unspecified") == let_in
    assert said(site, None) == let_in
    assert said(site, "HTTP/other.example.test") == refused("OtherService")


def test_an_audit(library, make_site):
    rules = 'mic = "require"\nspn = ["HTTP/elsewhere"]\n'
    site = make_site(mech.with_users(library, more=f"[policy.audit]\n{rules}"))
    assert attempt(site) == (200, ALICE, [])
    [line] = [line for line in site.apache.logged().splitlines() if "accepted" in line]
    service, mic = (f"{codes.code(name):x}" for name in ("OtherService", "MissingMic"))
    assert "policy.audit would refuse: " in line and f"[{service}]" in line, line
    assert f"[{mic}]" not in line, line


def test_an_empty_list_is_refused(library, make_site):
    """The previous configuration stays in force while a list is empty."""
    mechanism = mech.with_users(library)
    site = make_site(mechanism)
    assert attempt(site) == (200, ALICE, [])
    mechanism.rewrite("ntlmdc.toml", mechanism.configuration + "[policy]\ngroups = []\n")
    time.sleep(LOOKED_AT)
    assert attempt(site) == (200, ALICE, [])
    assert "the list is empty: name one, or leave the key out" in site.apache.logged()


def test_domains_and_groups(library, controller, make_site):
    shown = controller.tool("group", "show", "Domain Users", "--attributes=objectSid")
    sid = re.search(r"S-1-5-21-[0-9-]+", shown)[0]
    other = sid.rsplit("-", 1)[0] + "-512"
    for rule, expected in (
        ('domains = ["example.test"]', (200, ALICE, [])),
        ('domains = ["ELSEWHERE"]', refused("DomainRefused")),
        ('refused_domains = ["example"]', refused("DomainRefused")),
        (f'groups = ["{other}", "{sid}"]', (200, ALICE, [])),
        (f'groups = ["{other}"]', refused("NotInGroup")),
        ('groups = ["domain users"]', (200, ALICE, [])),
        ('groups = ["No Such Group", "EXAMPLE\\\\Domain Users"]', (200, ALICE, [])),
        ('groups = ["Domain Admins", "Domain User"]', refused("NotInGroup")),
        ('groups = ["OTHER\\\\Domain Users"]', refused("NotInGroup")),
    ):
        site = make_site(mech.with_domain(library, controller, more=f"[policy]\n{rule}\n"))
        assert attempt(site) == expected, rule


BRAKE = '[policy]\nguess_limit = 3\nguess_window = "{}s"\n'


def test_the_guess_limit(library, controller, make_site):
    """All processes together ask the controller no more often than the limit."""
    mechanism = mech.with_domain(library, controller, more=BRAKE.format(600))
    site = make_site(mechanism, mpm="prefork", start=4)

    def asked():
        asked_about_bob = r"SamLogon.* user \[[^]]*\]\\\[bob(@[a-z.]+)?\] .*_WRONG_PASSWORD"
        return len(re.findall(asked_about_bob, controller.log(), re.IGNORECASE))

    before = asked()
    spellings = [("bob", "EXAMPLE"), ("BOB", ""), ("bob@example.test", ""), ("bob", "example")]
    seen = []
    for number in range(12):
        user, domain = spellings[number % len(spellings)]
        seen.append(attempt(site, user, "wrong-password", domain=domain))
    assert seen == [refused("BadUserOrPassword")] * 3 + [refused("TooManyGuesses")] * 9
    assert attempt(site, "bob") == refused("TooManyGuesses"), "not even the right one"
    assert attempt(site) == (200, ALICE, []), "another account"
    logged = site.apache.logged()
    assert "policy.guess_limit" in logged and len(site.apache.children()) >= 4
    host.wait_until(lambda: asked() - before >= 3, 60, lambda: controller.log()[-4000:])
    assert asked() - before == 3, controller.log()[-4000:]


def test_the_guess_limit_is_released_when_the_window_is_over(library, controller, make_site):
    window = 2
    site = make_site(mech.with_domain(library, controller, more=BRAKE.format(window)))
    for _ in range(3):
        assert attempt(site, "bob", "wrong-password") == refused("BadUserOrPassword")
    time.sleep(window)
    assert attempt(site, "bob") == (200, "EXAMPLE\\bob", [])
