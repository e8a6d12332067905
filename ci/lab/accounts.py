"""The accounts of the throw-away domain, with the result of a logon with the right password."""

USERS = {
    "alice": "let in",
    "bob": "let in",
    "jürgen": "let in",
    "dora": "disabled",
    "edward": "password expired",
    "mia": "must change the password first",
    "xaver": "account expired",
    "lukas": "locked out",
    "hannah": "not at this hour",
    "walter": "from another workstation only",
    "petra": "protected from NTLM",
    "Guest": "never let in, though enabled and with a password",
    "gina": "let in, and in many groups",
    "konrad": "let in, until the account ends in a day",
}

# The domain's groups by kind, each with its members, which are users or groups.
GROUPS = {
    "Staff": ("global", ["alice", "gina"]),
    "Staff-Admins": ("global", ["bob"]),
    "Outer": ("global", ["Staff"]),
    "Whole Company": ("universal", ["Outer"]),
    "Printers 2nd floor": ("domain-local", ["Whole Company"]),
    "Künstler": ("global", ["alice"]),
    "Mail only": ("distribution", ["alice"]),
    "Gold": ("global", ["bob"]),
}
# bob's primary group, in place of Domain Users.
PRIMARY = ("bob", "Gold")
# The number of further groups of gina: `Team 000` and so on.
MANY = ("gina", 500)
