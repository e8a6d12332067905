/*
 * An initiator, with libgssapi and an acceptor in the same process: initiator_tests work count
 *
 *   alone     so many logins, as mod_auth_gssapi makes them for Basic
 *   refusals  the failures, so many times
 *   no-credential  prints the statuses of a program without a credential
 *
 * $INITIATOR_USER logs in with $INITIATOR_PASSWORD; $EXPECT_NAME is the name at the acceptor.
 */
#include "initiator.h"

enum { WRONG_CHANNEL = FIRST_MINOR + 0x206, NO_CHALLENGE = FIRST_MINOR + 0x106 };

/* Acquires a credential by a store that also has a key of other mechanisms. */
static OM_uint32 with_store(OM_uint32 *minor, const char *key, const char *value,
                            gss_cred_id_t *credential)
{
    OM_uint32 major, ignored;
    gss_key_value_element_desc elements[] = {{"client_keytab", "/nonexistent"}, {key, value}};
    gss_key_value_set_desc store = {2, elements};
    gss_name_t name = name_of(setting("INITIATOR_USER"), GSS_C_NT_USER_NAME);

    major = gss_acquire_cred_from(minor, name, 0, &ntlm_only, GSS_C_INITIATE, &store, credential,
                                  NULL, NULL);
    gss_release_name(&ignored, &name);
    return major;
}

static void ask_credential(gss_cred_id_t credential, OM_uint32 lifetime)
{
    OM_uint32 major, minor, initiates, accepts;
    gss_cred_usage_t usage;
    gss_buffer_desc text;
    gss_name_t name;

    major = gss_inquire_cred(&minor, credential, &name, &initiates, &usage, NULL);
    expect("gss_inquire_cred", major, minor, GSS_S_COMPLETE);
    CHECK(usage == GSS_C_INITIATE && initiates == lifetime);
    expect("gss_display_name", gss_display_name(&minor, name, &text, NULL), minor, 0);
    CHECK(is_text(&text, setting("INITIATOR_USER")));
    gss_release_buffer(&minor, &text);
    gss_release_name(&minor, &name);
    major = gss_inquire_cred_by_mech(&minor, credential, &ntlm, NULL, &initiates, &accepts, &usage);
    expect("gss_inquire_cred_by_mech", major, minor, GSS_S_COMPLETE);
    CHECK(usage == GSS_C_INITIATE && initiates == lifetime && accepts == 0);
}

static const gss_OID_desc spnego = {6, "\x2b\x06\x01\x05\x05\x02"};

static void ask_initiated(gss_ctx_id_t context, const struct wish *wish)
{
    OM_uint32 major, minor, lifetime;
    gss_name_t source, target;
    gss_buffer_desc text;
    int initiated, open;

    major = gss_inquire_context(&minor, context, &source, &target, &lifetime, NULL, NULL,
                                &initiated, &open);
    expect("gss_inquire_context", major, minor, GSS_S_COMPLETE);
    CHECK(initiated && open && is_lifetime_of(wish->credential, lifetime));
    expect("gss_display_name", gss_display_name(&minor, source, &text, NULL), minor, 0);
    CHECK(is_text(&text, setting("INITIATOR_USER")));
    gss_release_buffer(&minor, &text);
    expect("gss_display_name", gss_display_name(&minor, target, &text, NULL), minor, 0);
    CHECK(is_text(&text, "HTTP@www.example.test"));
    gss_release_buffer(&minor, &text);
    gss_release_name(&minor, &source);
    gss_release_name(&minor, &target);
}

/* A login at the acceptor in this process: returns its major status. */
static OM_uint32 alone(OM_uint32 *minor, const struct wish *wish, gss_channel_bindings_t channel)
{
    OM_uint32 major, ignored;
    gss_ctx_id_t ours = GSS_C_NO_CONTEXT, theirs = GSS_C_NO_CONTEXT;
    gss_buffer_desc negotiate = begin(&ours, wish), authenticate, output;
    gss_buffer_desc challenge_message = challenge(&theirs, &negotiate);
    gss_cred_id_t credential = acquire(GSS_C_ACCEPT);
    gss_name_t name = GSS_C_NO_NAME;

    authenticate = answer(&ours, wish, &challenge_message);
    ask_initiated(ours, wish);
    major = gss_accept_sec_context(minor, &theirs, credential, &authenticate, channel, &name, NULL,
                                   &output, NULL, NULL, NULL);
    if (major == GSS_S_COMPLETE)
        ask_name(name);
    gss_release_name(&ignored, &name);
    gss_release_cred(&ignored, &credential);
    gss_release_buffer(&ignored, &negotiate);
    gss_release_buffer(&ignored, &challenge_message);
    gss_release_buffer(&ignored, &authenticate);
    gss_delete_sec_context(&ignored, &ours, GSS_C_NO_BUFFER);
    gss_delete_sec_context(&ignored, &theirs, GSS_C_NO_BUFFER);
    return major;
}

static struct gss_channel_bindings_struct here = {.application_data = {4, "here"}};
static struct gss_channel_bindings_struct there = {.application_data = {5, "there"}};

/* A login with these channel bindings on either side. */
static void login_alone(const struct wish *template, OM_uint32 flags, gss_channel_bindings_t client,
                        gss_channel_bindings_t server)
{
    OM_uint32 major, minor;
    struct wish wish = *template;

    wish.flags = flags;
    wish.channel = client;
    major = alone(&minor, &wish, server);
    if (client == &here && server == &there)
        CHECK(major == GSS_S_BAD_BINDINGS && minor == WRONG_CHANNEL);
    else
        expect("gss_accept_sec_context", major, minor, GSS_S_COMPLETE);
}

static void logins_alone(const struct wish *wish, long count)
{
    for (long i = 0; i < count && failed_cases == 0; i++) {
        OM_uint32 flags = wishes[i % WISHES];

        RUN_CASE(login_alone(wish, flags, NULL, NULL), "flags %x, no bindings", flags);
        RUN_CASE(login_alone(wish, flags, NULL, &here), "flags %x, acceptor's bindings", flags);
        RUN_CASE(login_alone(wish, flags, &here, &here), "flags %x, equal bindings", flags);
        RUN_CASE(login_alone(wish, flags, &here, &there), "flags %x, other bindings", flags);
    }
}

/* A login with a credential of the store, which has no lifetime. */
static void stored_credential(const struct wish *template, const char *key, const char *value)
{
    OM_uint32 major, minor;
    struct wish wish = *template;

    major = with_store(&minor, key, value, &wish.credential);
    expect("gss_acquire_cred_from", major, minor, GSS_S_COMPLETE);
    ask_credential(wish.credential, GSS_C_INDEFINITE);
    major = alone(&minor, &wish, GSS_C_NO_CHANNEL_BINDINGS);
    expect("gss_accept_sec_context", major, minor, GSS_S_COMPLETE);
    gss_release_cred(&minor, &wish.credential);
}

static void default_credential(const struct wish *template)
{
    OM_uint32 major, minor;
    struct wish wish = *template;

    wish.credential = GSS_C_NO_CREDENTIAL;
    major = alone(&minor, &wish, GSS_C_NO_CHANNEL_BINDINGS);
    expect("gss_accept_sec_context", major, minor, GSS_S_COMPLETE);
}

/* Each kind of credential logs in. */
static void credentials(const struct wish *wish)
{
    const char *password = setting("INITIATOR_PASSWORD"), *hash = getenv("INITIATOR_HASH");

    RUN_CASE(ask_credential(wish->credential, ASKED_LIFETIME), "acquired with a password");
    RUN_CASE(stored_credential(wish, "password", password), "password in the store");
    if (hash != NULL)
        RUN_CASE(stored_credential(wish, "nt_hash", hash), "NT hash in the store");
    if (getenv("NTLM_USER_FILE") != NULL)
        RUN_CASE(default_credential(wish), "credential of NTLM_USER_FILE");
}

/* A first token: an initiator expects none, and no context is made for it. */
static void unexpected_token(const struct wish *wish)
{
    OM_uint32 major, minor, flags;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_buffer_desc garbage = {7, "NTLMSSP"}, output;

    major = init(&minor, &context, wish, &garbage, &output, &flags);
    CHECK(major == GSS_S_DEFECTIVE_TOKEN && minor == NO_CHALLENGE);
    CHECK(context == GSS_C_NO_CONTEXT && output.length == 0);
}

/* The initiator's own NEGOTIATE in place of a CHALLENGE. */
static void reflected_negotiate(const struct wish *wish)
{
    OM_uint32 major, minor, flags;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_buffer_desc negotiate = begin(&context, wish), output;

    major = init(&minor, &context, wish, &negotiate, &output, &flags);
    CHECK(major == GSS_S_DEFECTIVE_TOKEN && minor == NO_CHALLENGE && output.length == 0);
    major = init(&minor, &context, wish, &negotiate, &output, &flags);
    CHECK(GSS_ERROR(major));
    gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
    gss_release_buffer(&minor, &negotiate);
}

static void credential_to_accept(const struct wish *template)
{
    OM_uint32 major, minor, flags;
    struct wish wish = *template;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_buffer_desc output;

    wish.credential = acquire(GSS_C_ACCEPT);
    major = init(&minor, &context, &wish, GSS_C_NO_BUFFER, &output, &flags);
    CHECK(major == GSS_S_NO_CRED && context == GSS_C_NO_CONTEXT);
    gss_release_cred(&minor, &wish.credential);
}

static void unusable_in_store(const char *key, const char *value)
{
    OM_uint32 minor;
    gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;

    CHECK(GSS_ERROR(with_store(&minor, key, value, &credential)));
    CHECK(credential == GSS_C_NO_CREDENTIAL);
}

static void exported_credential(gss_cred_id_t credential)
{
    OM_uint32 minor;
    gss_buffer_desc output;

    CHECK(gss_export_cred(&minor, credential, &output) == GSS_S_UNAVAILABLE);
    CHECK(output.length == 0);
}

static void wrong_password(const struct wish *template)
{
    OM_uint32 major, minor, ignored;
    struct wish wish = *template;

    wish.credential = with_password(setting("INITIATOR_USER"), "not the password");
    major = alone(&minor, &wish, GSS_C_NO_CHANNEL_BINDINGS);
    CHECK(major == GSS_S_UNAUTHORIZED && minor == BAD_USER_OR_PASSWORD);
    gss_release_cred(&ignored, &wish.credential);
}

static void refusals(const struct wish *wish, long count)
{
    for (long i = 0; i < count && failed_cases == 0; i++) {
        RUN_CASE(unexpected_token(wish), "token in the first call");
        RUN_CASE(reflected_negotiate(wish), "NEGOTIATE in place of CHALLENGE");
        RUN_CASE(credential_to_accept(wish), "credential of an acceptor");
        RUN_CASE(unusable_in_store("nt_hash", "not 32 digits"), "malformed NT hash");
        RUN_CASE(unusable_in_store("password", ""), "empty password");
        RUN_CASE(exported_credential(wish->credential), "export of a credential");
        RUN_CASE(wrong_password(wish), "wrong password");
    }
}

static void tell(const char *call, OM_uint32 major, OM_uint32 minor)
{
    printf("%s: %08x\n", call, major);
    for (int type = GSS_C_GSS_CODE; type <= GSS_C_MECH_CODE; type++) {
        OM_uint32 ignored, more = 0;
        gss_buffer_desc text;

        if (gss_display_status(&ignored, type == GSS_C_GSS_CODE ? major : minor, type, GSS_C_NO_OID,
                               &more, &text) == GSS_S_COMPLETE) {
            printf("  %.*s\n", (int)text.length, (char *)text.value);
            gss_release_buffer(&ignored, &text);
        }
    }
}

static void without_credential(void)
{
    OM_uint32 major, minor;
    gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_buffer_desc token = GSS_C_EMPTY_BUFFER;
    gss_name_t target = name_of("HTTP@www.example.test", GSS_C_NT_HOSTBASED_SERVICE);
    gss_OID mechs[] = {GSS_C_NO_OID, (gss_OID)&spnego};

    major = gss_acquire_cred(&minor, GSS_C_NO_NAME, 0, GSS_C_NO_OID_SET, GSS_C_INITIATE,
                             &credential, NULL, NULL);
    tell("gss_acquire_cred", major, minor);
    major = gss_acquire_cred(&minor, GSS_C_NO_NAME, 0, GSS_C_NO_OID_SET, GSS_C_BOTH, &credential,
                             NULL, NULL);
    tell("gss_acquire_cred (both)", major, minor);
    for (int i = 0; i < 2; i++) {
        major = gss_init_sec_context(&minor, GSS_C_NO_CREDENTIAL, &context, target, mechs[i], 0, 0,
                                     GSS_C_NO_CHANNEL_BINDINGS, GSS_C_NO_BUFFER, NULL, &token, NULL,
                                     NULL);
        tell("gss_init_sec_context", major, minor);
        CHECK(context == GSS_C_NO_CONTEXT && token.length == 0);
    }
    gss_release_name(&minor, &target);
}

int main(int argc, char **argv)
{
    OM_uint32 minor;
    struct wish wish = {.flags = GSS_C_CONF_FLAG};
    long count;

    CHECK(argc == 3);
    count = atol(argv[2]);
    if (strcmp(argv[1], "no-credential") == 0) {
        without_credential();
        return 0;
    }
    wish.credential = with_password(setting("INITIATOR_USER"), setting("INITIATOR_PASSWORD"));
    wish.target = name_of("HTTP@www.example.test", GSS_C_NT_HOSTBASED_SERVICE);
    if (strcmp(argv[1], "alone") == 0) {
        credentials(&wish);
        logins_alone(&wish, count);
    } else {
        CHECK(strcmp(argv[1], "refusals") == 0);
        refusals(&wish, count);
    }
    gss_release_cred(&minor, &wish.credential);
    gss_release_name(&minor, &wish.target);
    return exit_status();
}
