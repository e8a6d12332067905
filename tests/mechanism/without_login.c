/*
 * The calls of an acceptor that need no login: credentials, attributes, names.
 *
 * $STORE_CONFIG goes into the credential store. With $NTLM_USER_FILE there is a credential to
 * initiate.
 */
#include "login.h"

/* The credential without a name, and the same after an export. */
static void default_credential(void)
{
    OM_uint32 major, minor, lifetime;
    gss_buffer_desc text;
    gss_cred_id_t credential = acquire(GSS_C_ACCEPT);
    gss_OID_set set;
    gss_OID type;
    gss_name_t name;
    gss_cred_usage_t usage;

    major = gss_inquire_cred(&minor, credential, &name, &lifetime, &usage, &set);
    expect("gss_inquire_cred", major, minor, GSS_S_COMPLETE);
    CHECK(lifetime == GSS_C_INDEFINITE && usage == GSS_C_ACCEPT && set->count == 1);
    gss_release_oid_set(&minor, &set);
    major = gss_display_name(&minor, name, &text, &type);
    expect("gss_display_name", major, minor, GSS_S_COMPLETE);
    CHECK(strncmp(text.value, "host@", 5) == 0 && same_oid(type, GSS_C_NT_HOSTBASED_SERVICE));
    gss_release_buffer(&minor, &text);
    gss_release_name(&minor, &name);
    major = gss_inquire_cred_by_mech(&minor, credential, &ntlm, &name, NULL, &lifetime, &usage);
    expect("gss_inquire_cred_by_mech", major, minor, GSS_S_COMPLETE);
    CHECK(lifetime == GSS_C_INDEFINITE && usage == GSS_C_ACCEPT);
    gss_release_name(&minor, &name);

    major = gss_export_cred(&minor, credential, &text);
    expect("gss_export_cred", major, minor, GSS_S_COMPLETE);
    gss_release_cred(&minor, &credential);
    major = gss_import_cred(&minor, &text, &credential);
    expect("gss_import_cred", major, minor, GSS_S_COMPLETE);
    gss_release_buffer(&minor, &text);
    major = gss_inquire_cred(&minor, credential, NULL, NULL, &usage, NULL);
    expect("gss_inquire_cred (imported)", major, minor, GSS_S_COMPLETE);
    CHECK(usage == GSS_C_ACCEPT);
    gss_release_cred(&minor, &credential);
}

static void credential_to_initiate(void)
{
    OM_uint32 major, minor;
    gss_cred_id_t credential;

    major = gss_acquire_cred(&minor, 0, 0, &ntlm_only, GSS_C_INITIATE, &credential, NULL, NULL);
    expect("gss_acquire_cred (initiate)", major, minor,
           getenv("NTLM_USER_FILE") == NULL ? GSS_S_NO_CRED : GSS_S_COMPLETE);
    gss_release_cred(&minor, &credential);
    credential = acquire(GSS_C_BOTH);
    gss_release_cred(&minor, &credential);
}

static void mechanism_attributes(void)
{
    OM_uint32 major, minor;
    gss_OID_set set;
    int present;

    major = gss_inquire_names_for_mech(&minor, &ntlm, &set);
    expect("gss_inquire_names_for_mech", major, minor, GSS_S_COMPLETE);
    CHECK(gss_test_oid_set_member(&minor, GSS_C_NT_USER_NAME, set, &present) == 0 && present);
    gss_release_oid_set(&minor, &set);
    major = gss_inquire_attrs_for_mech(&minor, &ntlm, &set, NULL);
    expect("gss_inquire_attrs_for_mech", major, minor, GSS_S_COMPLETE);
    CHECK(gss_test_oid_set_member(&minor, (gss_OID)GSS_C_MA_AUTH_INIT, set, &present) == 0);
    CHECK(present && set->count == 10);
    CHECK(gss_test_oid_set_member(&minor, (gss_OID)GSS_C_MA_CTX_TRANS, set, &present) == 0);
    CHECK(present);
    gss_release_oid_set(&minor, &set);
}

static void sasl_names(void)
{
    OM_uint32 major, minor;
    gss_buffer_desc names[3], unknown = {7, "unknown"};
    gss_OID mech;

    major = gss_inquire_saslname_for_mech(&minor, &ntlm, &names[0], &names[1], &names[2]);
    expect("gss_inquire_saslname_for_mech", major, minor, GSS_S_COMPLETE);
    CHECK(is_text(&names[1], "NTLM") && names[2].length > 0);
    major = gss_inquire_mech_for_saslname(&minor, &names[0], &mech);
    expect("gss_inquire_mech_for_saslname", major, minor, GSS_S_COMPLETE);
    CHECK(same_oid(mech, &ntlm));
    major = gss_inquire_mech_for_saslname(&minor, &unknown, &mech);
    expect("gss_inquire_mech_for_saslname (unknown)", major, minor, GSS_S_BAD_MECH);
    for (int i = 0; i < 3; i++)
        gss_release_buffer(&minor, &names[i]);
}

/* The name of our mechanism for an imported one. */
static gss_name_t canonical_name(gss_buffer_t text, gss_OID type, OM_uint32 expected)
{
    OM_uint32 major, minor;
    gss_name_t name, canonical = GSS_C_NO_NAME;

    major = gss_import_name(&minor, text, type, &name);
    expect("gss_import_name", major, minor, GSS_S_COMPLETE);
    major = gss_canonicalize_name(&minor, name, &ntlm, &canonical);
    expect("gss_canonicalize_name", major, minor, expected);
    gss_release_name(&minor, &name);
    return canonical;
}

static void displayed(gss_name_t name, const char *expected, gss_OID expected_type)
{
    OM_uint32 major, minor;
    gss_buffer_desc text;
    gss_OID type;

    major = gss_display_name(&minor, name, &text, &type);
    expect("gss_display_name", major, minor, GSS_S_COMPLETE);
    CHECK(is_text(&text, expected) && same_oid(type, expected_type));
    gss_release_buffer(&minor, &text);
}

/* An imported user name is not authenticated: it has no local name and may not act as one. */
static void imported_user(void)
{
    OM_uint32 minor;
    gss_buffer_desc user = {13, "EXAMPLE\\alice"}, text;
    gss_name_t name = canonical_name(&user, GSS_C_NT_USER_NAME, GSS_S_COMPLETE);

    displayed(name, "EXAMPLE\\alice", GSS_C_NT_USER_NAME);
    CHECK(GSS_ERROR(gss_localname(&minor, name, &ntlm, &text)));
    CHECK(gss_userok(name, "alice") == 0);
    gss_release_name(&minor, &name);
}

/* Anonymous does not equal itself (RFC 2743 2.4.3). */
static void anonymous_name(void)
{
    OM_uint32 major, minor;
    gss_name_t name = canonical_name(GSS_C_NO_BUFFER, GSS_C_NT_ANONYMOUS, GSS_S_COMPLETE);
    int equal;

    displayed(name, "<anonymous>", GSS_C_NT_ANONYMOUS);
    major = gss_compare_name(&minor, name, name, &equal);
    expect("gss_compare_name", major, minor, GSS_S_COMPLETE);
    CHECK(equal == 0);
    gss_release_name(&minor, &name);
}

/* User numbers of this machine do not identify users of a domain. */
static void uid_name(void)
{
    gss_buffer_desc number = {4, "1000"};

    canonical_name(&number, GSS_C_NT_STRING_UID_NAME, GSS_S_BAD_NAMETYPE);
}

int main(void)
{
    RUN_CASE(default_credential(), "default credential");
    RUN_CASE(credential_to_initiate(), "credential to initiate");
    RUN_CASE(mechanism_attributes(), "attributes of the mechanism");
    RUN_CASE(sasl_names(), "SASL names");
    RUN_CASE(imported_user(), "imported user name");
    RUN_CASE(anonymous_name(), "anonymous name");
    RUN_CASE(uid_name(), "UID name");
    return exit_status();
}
