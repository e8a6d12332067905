"""Fills a freshly provisioned domain; run by domain.py where the controller's files are.

    populate.py MACHINE SECRET

One process for all accounts: samba-tool would take a second for each. The last line printed is
JSON, the password of each user.
"""

import ctypes
import json
import secrets
import sys
import time

import ldb
from accounts import GROUPS, MANY, PRIMARY, USERS
from samba import dsdb
from samba.auth import system_session
from samba.dcerpc import security
from samba.ndr import ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB

DAY = 24 * 60 * 60

KINDS = {
    "global": dsdb.GTYPE_SECURITY_GLOBAL_GROUP,
    "universal": dsdb.GTYPE_SECURITY_UNIVERSAL_GROUP,
    "domain-local": dsdb.GTYPE_SECURITY_DOMAIN_LOCAL_GROUP,
    "distribution": dsdb.GTYPE_DISTRIBUTION_GLOBAL_GROUP,
}


def main(machine, secret):
    settings = LoadParm()
    settings.load_default()
    directory = SamDB(session_info=system_session(), lp=settings)
    # Not with a hyphen at the start: samba-tool would take it for an option.
    passwords = {name: "aA1!" + secrets.token_urlsafe(12) for name in USERS}
    directory.transaction_start()
    for name, password in passwords.items():
        if name != "Guest":
            directory.newuser(name, password)
    directory.setpassword("(sAMAccountName=Guest)", passwords["Guest"])
    directory.enable_account("(sAMAccountName=Guest)")
    directory.disable_account("(sAMAccountName=dora)")
    directory.setpassword("(sAMAccountName=mia)", passwords["mia"], True)
    directory.setexpiry("(sAMAccountName=xaver)", -DAY)
    directory.setexpiry("(sAMAccountName=konrad)", DAY)
    change(directory, "hannah", "logonHours", bytes(21))
    change(directory, "walter", "userWorkstations", b"ELSEWHERE")
    directory.add_remove_group_members("Protected Users", ["petra"])
    groups(directory)
    services_of_the_controller(directory)
    directory.newcomputer(machine)
    directory.setpassword(f"(sAMAccountName={machine}$)", secret)
    directory.transaction_commit()
    # What only the passing of time would do is written past the rules of the directory.
    backdate(directory, settings, "edward", "pwdLastSet", time.time() - 400 * DAY)
    backdate(directory, settings, "lukas", "lockoutTime", time.time())
    print(json.dumps(passwords))


def change(directory, name, attribute, value, how=ldb.FLAG_MOD_REPLACE):
    """Sets an attribute of an account."""
    [found] = directory.search(expression=f"(sAMAccountName={name})", attrs=["distinguishedName"])
    message = ldb.Message(found.dn)
    message[attribute] = ldb.MessageElement(value, how, attribute)
    directory.modify(message)


def services_of_the_controller(directory):
    """Names the LDAP service of the controller, as Samba's service `dnsupdate` does."""
    name = directory.host_dns_name()
    account = name.split(".")[0].upper() + "$"
    services = [f"ldap/{name}", f"ldap/{name}/{directory.domain_dns_name()}"]
    change(directory, account, "servicePrincipalName", services, ldb.FLAG_MOD_ADD)


def groups(directory):
    for name, (kind, members) in GROUPS.items():
        add_group(directory, name, KINDS[kind], members)
    user, group = PRIMARY
    primary = find(directory, group, "objectSid")
    rid = str(ndr_unpack(security.dom_sid, primary["objectSid"][0])).rsplit("-", 1)[1]
    change = ldb.Message(find(directory, user).dn)
    change["primaryGroupID"] = ldb.MessageElement(rid, ldb.FLAG_MOD_REPLACE, "primaryGroupID")
    directory.modify(change)
    user, count = MANY
    for number in range(count):
        add_group(directory, f"Team {number:03}", KINDS["global"], [user])


def add_group(directory, name, kind, members):
    group = {
        "dn": f"CN={name},CN=Users,{directory.domain_dn()}",
        "objectClass": "group",
        "sAMAccountName": name,
        "groupType": str(ctypes.c_int32(kind).value),
        "member": [str(find(directory, member).dn) for member in members],
    }
    directory.add(group)


def find(directory, name, *attributes):
    """The one account or group of this name."""
    [found] = directory.search(expression=f"(sAMAccountName={name})", attrs=list(attributes))
    return found


def backdate(directory, settings, name, attribute, seconds):
    """Sets a time attribute in the database file itself."""
    place = str(find(directory, name).dn)
    naming = str(directory.domain_dn())
    file = settings.private_path(f"sam.ldb.d/{naming.upper()}.ldb")
    change = ldb.Message()
    since_1601 = (int(seconds) + 11644473600) * 10_000_000
    change[attribute] = ldb.MessageElement(str(since_1601), ldb.FLAG_MOD_REPLACE, attribute)
    raw = ldb.Ldb(file)
    change.dn = ldb.Dn(raw, place)
    raw.modify(change)


main(*sys.argv[1:])
