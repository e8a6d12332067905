"""Who is in the throw-away domain, and what a logon with the right password comes to."""

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
}
