/*
 * Exported contexts: export_tests work count
 *
 *   alone   so many logins, both sides in this process, with exports of each state
 *   spnego  the same logins by SPNEGO, whose contexts are those of NTLM once established
 *
 * $INITIATOR_USER logs in with $INITIATOR_PASSWORD; $EXPECT_NAME is the name at the acceptor.
 */
#include "login.h"

enum {
    BAD_CONTEXT_TOKEN = FIRST_MINOR + 0x903,
    CONTEXT_TOKEN_USED = FIRST_MINOR + 0x904,
};

static gss_OID_desc spnego = {6, "\x2b\x06\x01\x05\x05\x02"};

/* Without SPNEGO, whose minor codes libgssapi maps to other numbers. */
static int raw;

/* Both sides of a login. */
struct pair {
    gss_OID mech;
    gss_ctx_id_t client, server;
};

static gss_buffer_desc export(gss_ctx_id_t *context)
{
    OM_uint32 major, minor;
    gss_buffer_desc token;

    major = gss_export_sec_context(&minor, context, &token);
    expect("gss_export_sec_context", major, minor, GSS_S_COMPLETE);
    CHECK(*context == GSS_C_NO_CONTEXT && token.length > 64);
    return token;
}

static gss_ctx_id_t import(gss_buffer_desc *token)
{
    OM_uint32 major, minor;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;

    major = gss_import_sec_context(&minor, token, &context);
    expect("gss_import_sec_context", major, minor, GSS_S_COMPLETE);
    CHECK(context != GSS_C_NO_CONTEXT);
    return context;
}

static void not_imported(const gss_buffer_desc *token, OM_uint32 expected, OM_uint32 code)
{
    OM_uint32 major, minor;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;

    major = gss_import_sec_context(&minor, (gss_buffer_t)token, &context);
    expect("gss_import_sec_context (refused)", major, minor, expected);
    CHECK((!raw || minor == code) && context == GSS_C_NO_CONTEXT);
}

/* Exports and imports; a second import of the token fails. */
static void carry(gss_ctx_id_t *context)
{
    OM_uint32 minor;
    gss_buffer_desc token = export(context);

    *context = import(&token);
    not_imported(&token, GSS_S_NO_CONTEXT, CONTEXT_TOKEN_USED);
    gss_release_buffer(&minor, &token);
}

/* A change of any byte of ours is refused; the first bytes are libgssapi's. */
static void carry_past_forgers(gss_ctx_id_t *context)
{
    OM_uint32 minor;
    gss_buffer_desc token = export(context);
    unsigned char *bytes = token.value;
    size_t ours = 4 + ntlm.length;

    for (size_t at = ours; at < token.length; at++) {
        gss_buffer_desc shorter = {at, token.value};

        bytes[at] ^= 1;
        not_imported(&token, GSS_S_DEFECTIVE_TOKEN, BAD_CONTEXT_TOKEN);
        bytes[at] ^= 1;
        if (at > ours)
            not_imported(&shorter, GSS_S_DEFECTIVE_TOKEN, BAD_CONTEXT_TOKEN);
    }
    *context = import(&token);
    gss_release_buffer(&minor, &token);
}

static void message(gss_ctx_id_t from, gss_ctx_id_t to, const char *text)
{
    OM_uint32 major, minor;
    gss_buffer_desc plain = {strlen(text), (void *)text}, token, back;
    int sealed = 0;

    major = gss_wrap(&minor, from, 1, GSS_C_QOP_DEFAULT, &plain, &sealed, &token);
    expect("gss_wrap", major, minor, GSS_S_COMPLETE);
    CHECK(sealed);
    major = gss_unwrap(&minor, to, &token, &back, &sealed, NULL);
    expect("gss_unwrap", major, minor, GSS_S_COMPLETE);
    CHECK(sealed && is_text(&back, text));
    gss_release_buffer(&minor, &token);
    gss_release_buffer(&minor, &back);
    major = gss_get_mic(&minor, from, GSS_C_QOP_DEFAULT, &plain, &token);
    expect("gss_get_mic", major, minor, GSS_S_COMPLETE);
    major = gss_verify_mic(&minor, to, &plain, &token, NULL);
    expect("gss_verify_mic", major, minor, GSS_S_COMPLETE);
    major = gss_verify_mic(&minor, to, &plain, &token, NULL);
    CHECK(major == (GSS_S_BAD_MIC | GSS_S_DUPLICATE_TOKEN));
    gss_release_buffer(&minor, &token);
}

/* Messages each way, with an export of each side between them. */
static void talk(struct pair *pair)
{
    for (int i = 0; i < 4; i++) {
        message(pair->client, pair->server, "to the server");
        if (i > 0)
            carry(&pair->server);
        message(pair->server, pair->client, "to the client");
        if (i > 1)
            carry(&pair->client);
    }
}

static gss_cred_id_t initiator(gss_OID mech)
{
    OM_uint32 major, minor;
    gss_buffer_desc user = {strlen(setting("INITIATOR_USER")), (void *)setting("INITIATOR_USER")};
    gss_buffer_desc password = {strlen(setting("INITIATOR_PASSWORD")),
                                (void *)setting("INITIATOR_PASSWORD")};
    gss_OID_set_desc mechs = {1, mech};
    gss_cred_id_t credential;
    gss_name_t name;

    major = gss_import_name(&minor, &user, GSS_C_NT_USER_NAME, &name);
    expect("gss_import_name", major, minor, GSS_S_COMPLETE);
    major = gss_acquire_cred_with_password(&minor, name, &password, 0, &mechs, GSS_C_INITIATE,
                                           &credential, NULL, NULL);
    expect("gss_acquire_cred_with_password", major, minor, GSS_S_COMPLETE);
    gss_release_name(&minor, &name);
    return credential;
}

/* A refused export leaves the context as it is. libgssapi loses the minor code. */
static void not_exported(gss_ctx_id_t *context, OM_uint32 expected)
{
    OM_uint32 major, minor;
    gss_ctx_id_t before = *context;
    gss_buffer_desc token;

    major = gss_export_sec_context(&minor, context, &token);
    expect("gss_export_sec_context (refused)", major, minor, expected);
    CHECK(*context == before && token.length == 0);
}

/* A step of the client; returns whether its context is established. */
static int client(struct pair *pair, gss_cred_id_t credential, gss_buffer_t in, gss_buffer_t out)
{
    OM_uint32 major, minor, flags;
    gss_buffer_desc host = {8, "HTTP@www"};
    gss_name_t target;

    major = gss_import_name(&minor, &host, GSS_C_NT_HOSTBASED_SERVICE, &target);
    expect("gss_import_name", major, minor, GSS_S_COMPLETE);
    major = gss_init_sec_context(&minor, credential, &pair->client, target, pair->mech,
                                 GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG, 0, GSS_C_NO_CHANNEL_BINDINGS,
                                 in, NULL, out, &flags, NULL);
    gss_release_name(&minor, &target);
    gss_release_buffer(&minor, in);
    if (major == GSS_S_COMPLETE)
        CHECK(flags & GSS_C_TRANS_FLAG);
    else
        expect("gss_init_sec_context", major, minor, GSS_S_CONTINUE_NEEDED);
    return major == GSS_S_COMPLETE;
}

static int server(struct pair *pair, gss_cred_id_t credential, gss_buffer_t in, gss_buffer_t out)
{
    OM_uint32 major, minor, flags;

    major = gss_accept_sec_context(&minor, &pair->server, credential, in, GSS_C_NO_CHANNEL_BINDINGS,
                                   NULL, NULL, out, &flags, NULL, NULL);
    gss_release_buffer(&minor, in);
    if (major == GSS_S_COMPLETE)
        CHECK(flags & GSS_C_TRANS_FLAG);
    else
        expect("gss_accept_sec_context", major, minor, GSS_S_CONTINUE_NEEDED);
    return major == GSS_S_COMPLETE;
}

static void ask_client(gss_ctx_id_t context)
{
    OM_uint32 major, minor;
    gss_name_t source, target;
    gss_buffer_desc text;
    int initiated;

    major = gss_inquire_context(&minor, context, &source, &target, NULL, NULL, NULL, &initiated,
                                NULL);
    expect("gss_inquire_context", major, minor, GSS_S_COMPLETE);
    CHECK(initiated);
    expect("gss_display_name", gss_display_name(&minor, source, &text, NULL), minor, 0);
    CHECK(is_text(&text, setting("INITIATOR_USER")));
    gss_release_buffer(&minor, &text);
    expect("gss_display_name", gss_display_name(&minor, target, &text, NULL), minor, 0);
    CHECK(is_text(&text, "HTTP@www"));
    gss_release_buffer(&minor, &text);
    gss_release_name(&minor, &source);
    gss_release_name(&minor, &target);
}

static void ask_server(gss_ctx_id_t context)
{
    OM_uint32 major, minor;
    gss_name_t source;

    ask_context(context);
    major = gss_inquire_context(&minor, context, &source, NULL, NULL, NULL, NULL, NULL, NULL);
    expect("gss_inquire_context", major, minor, GSS_S_COMPLETE);
    ask_attributes(source);
    gss_release_name(&minor, &source);
}

static void alone(struct pair *pair, gss_cred_id_t ours, gss_cred_id_t theirs, int first)
{
    OM_uint32 minor;
    gss_buffer_desc token = GSS_C_EMPTY_BUFFER, message = GSS_C_EMPTY_BUFFER, challenge, copy;
    gss_ctx_id_t other;

    name_case("export of a waiting acceptor");
    CHECK(!client(pair, ours, &token, &message));
    not_exported(&pair->client, GSS_S_UNAVAILABLE);
    CHECK(!server(pair, theirs, &message, &challenge));
    (first ? carry_past_forgers : carry)(&pair->server);
    CHECK(client(pair, ours, &challenge, &message));

    /* Two copies of a waiting acceptor's token: only one is imported. */
    name_case("second import of a token");
    token = export(&pair->server);
    copy.length = token.length;
    CHECK((copy.value = malloc(token.length)) != NULL);
    memcpy(copy.value, token.value, token.length);
    pair->server = import(&token);
    not_imported(&copy, GSS_S_NO_CONTEXT, CONTEXT_TOKEN_USED);
    gss_release_buffer(&minor, &token);
    free(copy.value);
    CHECK(server(pair, theirs, &message, &challenge));
    CHECK(challenge.length == 0);

    name_case("export of an established context");
    (first ? carry_past_forgers : carry)(&pair->server);
    carry(&pair->client);
    ask_server(pair->server);
    ask_client(pair->client);
    talk(pair);

    /* A context whose login failed cannot be exported, and stays usable for another login. */
    name_case("export of a failed context");
    message.length = strlen("nonsense");
    CHECK((message.value = strdup("nonsense")) != NULL);
    CHECK(GSS_ERROR(gss_accept_sec_context(&minor, &pair->server, theirs, &message,
                                           GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, &challenge, NULL,
                                           NULL, NULL)));
    gss_release_buffer(&minor, &message);
    not_exported(&pair->server, GSS_S_NO_CONTEXT);
    other = GSS_C_NO_CONTEXT;
    CHECK(GSS_ERROR(gss_export_sec_context(&minor, &other, &token)));
}

static void by_spnego(struct pair *pair, gss_cred_id_t ours, gss_cred_id_t theirs)
{
    gss_buffer_desc to_client = GSS_C_EMPTY_BUFFER, to_server = GSS_C_EMPTY_BUFFER;
    int client_done = 0, server_done = 0;

    name_case("login by SPNEGO");
    while (!client_done || !server_done) {
        if (!client_done)
            client_done = client(pair, ours, &to_client, &to_server);
        if (!server_done)
            server_done = server(pair, theirs, &to_server, &to_client);
    }
    name_case("export of an established context of SPNEGO");
    carry(&pair->server);
    carry(&pair->client);
    talk(pair);
}

int main(int argc, char **argv)
{
    OM_uint32 major, minor;
    gss_OID mech = argc == 3 && strcmp(argv[1], "spnego") == 0 ? &spnego : &ntlm;
    gss_OID_set_desc mechs = {1, mech};
    gss_cred_id_t ours = initiator(mech), theirs;

    raw = mech == &ntlm;
    CHECK(argc == 3 && (mech == &spnego || strcmp(argv[1], "alone") == 0));
    major = gss_acquire_cred(&minor, GSS_C_NO_NAME, 0, &mechs, GSS_C_ACCEPT, &theirs, NULL, NULL);
    expect("gss_acquire_cred", major, minor, GSS_S_COMPLETE);
    for (long i = 0; i < strtol(argv[2], NULL, 10); i++) {
        struct pair pair = {mech, GSS_C_NO_CONTEXT, GSS_C_NO_CONTEXT};

        if (mech == &spnego)
            by_spnego(&pair, ours, theirs);
        else
            alone(&pair, ours, theirs, i == 0);
        gss_delete_sec_context(&minor, &pair.client, GSS_C_NO_BUFFER);
        gss_delete_sec_context(&minor, &pair.server, GSS_C_NO_BUFFER);
    }
    gss_release_cred(&minor, &ours);
    gss_release_cred(&minor, &theirs);
    return 0;
}
