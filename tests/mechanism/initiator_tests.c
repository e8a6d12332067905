/*
 * An initiator on the real libgssapi: initiator_tests work count
 *
 *   alone     so many logins, the acceptor in this process, as mod_auth_gssapi has it for Basic
 *   peer      so many logins with $RESPONDER, an acceptor in another process
 *   messages  a login with $RESPONDER for signatures and so many messages of each kind each way, and
 *             the same for encryption
 *   refusals  what must fail, so many times
 *   nobody    what a program is told that has nothing to log in with, and prints it
 *
 * $INITIATOR_USER logs in with $INITIATOR_PASSWORD; $EXPECT_NAME is who the acceptor takes him for.
 */
#include "login.h"

#define PROTECTED (GSS_C_INTEG_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG)
enum { WRONG_CHANNEL = FIRST_MINOR + 0x206, NO_CHALLENGE = FIRST_MINOR + 0x106 };

static gss_name_t name_of(const char *text, gss_OID type)
{
    OM_uint32 major, minor;
    gss_buffer_desc buffer = {strlen(text), (void *)text};
    gss_name_t name;

    major = gss_import_name(&minor, &buffer, type, &name);
    expect("gss_import_name", major, minor, GSS_S_COMPLETE);
    return name;
}

/* What Apache asks for with a password that came to it. */
enum { ASKED_LIFETIME = 300 };

static gss_cred_id_t with_password(const char *user, const char *password)
{
    OM_uint32 major, minor, lifetime;
    gss_buffer_desc buffer = {strlen(password), (void *)password};
    gss_name_t name = name_of(user, GSS_C_NT_USER_NAME);
    gss_cred_id_t credential;
    gss_OID_set mechs;

    major = gss_acquire_cred_with_password(&minor, name, &buffer, ASKED_LIFETIME, &ntlm_only,
                                           GSS_C_INITIATE, &credential, &mechs, &lifetime);
    expect("gss_acquire_cred_with_password", major, minor, GSS_S_COMPLETE);
    CHECK(mechs->count == 1 && lifetime == ASKED_LIFETIME);
    gss_release_oid_set(&minor, &mechs);
    gss_release_name(&minor, &name);
    return credential;
}

/* By a credential store with what other mechanisms read in it. */
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

/* Whether a context that has just been made has the lifetime of its credential. */
static int is_lifetime_of(gss_cred_id_t credential, OM_uint32 lifetime)
{
    OM_uint32 minor, asked = GSS_C_INDEFINITE;

    if (credential != GSS_C_NO_CREDENTIAL)
        CHECK(gss_inquire_cred(&minor, credential, NULL, &asked, NULL, NULL) == GSS_S_COMPLETE);
    if (asked == GSS_C_INDEFINITE)
        return lifetime == GSS_C_INDEFINITE;
    return lifetime <= asked && lifetime > asked - 60;
}

static const gss_OID_desc spnego = {6, "\x2b\x06\x01\x05\x05\x02"};

struct wish {
    gss_cred_id_t credential;
    gss_name_t target;
    OM_uint32 flags;
    gss_channel_bindings_t channel;
};

static OM_uint32 init(OM_uint32 *minor, gss_ctx_id_t *context, const struct wish *wish,
                      gss_buffer_t input, gss_buffer_t output, OM_uint32 *flags)
{
    OM_uint32 lifetime = 1;
    gss_OID mech = NULL;
    OM_uint32 major = gss_init_sec_context(minor, wish->credential, context, wish->target, &ntlm,
                                           wish->flags, 0, wish->channel, input, &mech, output,
                                           flags, &lifetime);

    if (major == GSS_S_COMPLETE)
        CHECK(same_oid(mech, &ntlm) && is_lifetime_of(wish->credential, lifetime));
    else
        CHECK(*flags == 0 && lifetime == 0);
    return major;
}

/* The first message; as Apache asks for it, with an empty token rather than none. */
static gss_buffer_desc begin(gss_ctx_id_t *context, const struct wish *wish)
{
    OM_uint32 major, minor, flags = 1;
    gss_buffer_desc nothing = {0, ""}, negotiate;

    major = init(&minor, context, wish, &nothing, &negotiate, &flags);
    expect("gss_init_sec_context (1)", major, minor, GSS_S_CONTINUE_NEEDED);
    CHECK(negotiate.length == 40);
    return negotiate;
}

static gss_buffer_desc answer(gss_ctx_id_t *context, const struct wish *wish,
                              gss_buffer_t challenge)
{
    OM_uint32 major, minor, flags = 1, asked = wish->flags, granted = GSS_C_TRANS_FLAG;
    gss_buffer_desc authenticate;

    major = init(&minor, context, wish, challenge, &authenticate, &flags);
    expect("gss_init_sec_context (2)", major, minor, GSS_S_COMPLETE);
    if (asked & (PROTECTED | GSS_C_CONF_FLAG))
        granted |= PROTECTED;
    if (asked & GSS_C_CONF_FLAG)
        granted |= GSS_C_CONF_FLAG;
    CHECK((flags & ~GSS_C_PROT_READY_FLAG) == granted);
    return authenticate;
}

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

/* What the acceptor in this process makes of a login: its major status. */
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

static const OM_uint32 wishes[] = {0, GSS_C_INTEG_FLAG, GSS_C_REPLAY_FLAG, GSS_C_SEQUENCE_FLAG,
                                   GSS_C_CONF_FLAG, GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG,
                                   GSS_C_DELEG_FLAG | GSS_C_MUTUAL_FLAG | GSS_C_ANON_FLAG};
enum { WISHES = sizeof wishes / sizeof *wishes };

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

static struct initiator responder;

static char ask_responder(const gss_buffer_desc *frame, gss_buffer_t rest)
{
    char *text;

    CHECK(write_frame(responder.to, frame->value, frame->length));
    CHECK(read_frame(responder.from, rest) && rest->length > 0);
    text = rest->value;
    rest->length--;
    text[rest->length + 1] = '\0';
    return text[0];
}

/* A login with the responder; the context is open afterwards. */
static gss_ctx_id_t log_in_there(const struct wish *wish)
{
    OM_uint32 minor;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_buffer_desc nothing = {0, ""}, token, reply, input;
    char letter;

    CHECK(ask_responder(&nothing, &reply) == 'b');
    free(reply.value);
    token = begin(&context, wish);
    letter = ask_responder(&token, &reply);
    gss_release_buffer(&minor, &token);
    if (letter != 'c')
        FAIL("no challenge: %c %.*s", letter, (int)reply.length, (char *)reply.value + 1);
    input.value = (char *)reply.value + 1;
    input.length = reply.length;
    token = answer(&context, wish, &input);
    free(reply.value);
    letter = ask_responder(&token, &reply);
    gss_release_buffer(&minor, &token);
    if (letter != 'e' || strcmp((char *)reply.value + 1, setting("EXPECT_NAME")) != 0)
        FAIL("not let in: %c %s", letter, (char *)reply.value + 1);
    free(reply.value);
    return context;
}

static void logins_there(const struct wish *template, long count)
{
    OM_uint32 minor;
    struct wish wish = *template;

    for (long i = 0; i < count; i++) {
        gss_ctx_id_t context;

        wish.flags = wishes[i % WISHES];
        name_case("login %ld, flags %x", i, wish.flags);
        context = log_in_there(&wish);
        gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
    }
}

/* Sends a letter and two pieces, and returns what comes back behind the same letter. */
static gss_buffer_desc exchange(char letter, const gss_buffer_desc *one, const gss_buffer_desc *two)
{
    gss_buffer_desc frame = {1 + one->length + two->length, NULL}, reply;
    char *bytes = frame.value = malloc(frame.length);

    CHECK(bytes != NULL);
    bytes[0] = letter;
    memcpy(bytes + 1, one->value, one->length);
    if (two->length > 0)
        memcpy(bytes + 1 + one->length, two->value, two->length);
    CHECK(ask_responder(&frame, &reply) == letter);
    free(bytes);
    memmove(reply.value, (char *)reply.value + 1, reply.length);
    return reply;
}

/* A message of this length goes there signed, and a signature for it comes back. */
static void signed_message(gss_ctx_id_t context, gss_buffer_t message)
{
    OM_uint32 major, minor;
    gss_buffer_desc signature, reply;

    major = gss_get_mic(&minor, context, 0, message, &signature);
    expect("gss_get_mic", major, minor, GSS_S_COMPLETE);
    CHECK(signature.length == 16);
    reply = exchange('m', &signature, message);
    major = gss_verify_mic(&minor, context, message, &reply, NULL);
    expect("gss_verify_mic", major, minor, GSS_S_COMPLETE);
    gss_release_buffer(&minor, &signature);
    free(reply.value);
}

/* The same wrapped. It is sealed in every case; that it is, is promised with `seals` only. */
static void wrapped_message(gss_ctx_id_t context, gss_buffer_t message, int seals)
{
    OM_uint32 major, minor;
    gss_buffer_desc token, reply, plain, nothing = GSS_C_EMPTY_BUFFER;
    int sealed = 0;

    major = gss_wrap(&minor, context, seals, 0, message, &sealed, &token);
    expect("gss_wrap", major, minor, GSS_S_COMPLETE);
    CHECK(sealed == seals && token.length == message->length + 16);
    if (message->length >= 16)
        CHECK(memcmp((char *)token.value + 16, message->value, message->length) != 0);
    reply = exchange('w', &token, &nothing);
    sealed = 0;
    major = gss_unwrap(&minor, context, &reply, &plain, &sealed, NULL);
    expect("gss_unwrap", major, minor, GSS_S_COMPLETE);
    CHECK(sealed == seals && plain.length == message->length);
    if (plain.length > 0)
        CHECK(memcmp(plain.value, message->value, plain.length) == 0);
    gss_release_buffer(&minor, &token);
    gss_release_buffer(&minor, &plain);
    free(reply.value);
}

static void messages(const struct wish *template, long count)
{
    static char bytes[1 << 20];
    static const size_t sizes[] = {0, 1, 7, 16, 100, 1000, 4096, 65537};
    struct wish wish = *template;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 31 + i / 251);
    for (int seals = 0; seals <= 1; seals++) {
        OM_uint32 minor;
        gss_ctx_id_t context;

        wish.flags = seals ? GSS_C_CONF_FLAG : GSS_C_INTEG_FLAG;
        name_case(seals ? "sealed messages" : "signed messages");
        context = log_in_there(&wish);
        for (long i = 0; i < count; i++) {
            gss_buffer_desc message = {sizes[i % (sizeof sizes / sizeof *sizes)], bytes};

            if (i == count - 1)
                message.length = sizeof bytes;
            if (message.length == 0 && getenv("NO_EMPTY_MESSAGES") != NULL)
                message.length = 2;
            wrapped_message(context, &message, seals);
            signed_message(context, &message);
        }
        gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
    }
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

static void nobody(void)
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
    signal(SIGPIPE, SIG_IGN);
    if (strcmp(argv[1], "nobody") == 0) {
        nobody();
        return 0;
    }
    wish.credential = with_password(setting("INITIATOR_USER"), setting("INITIATOR_PASSWORD"));
    wish.target = name_of("HTTP@www.example.test", GSS_C_NT_HOSTBASED_SERVICE);
    if (strcmp(argv[1], "alone") == 0) {
        credentials(&wish);
        logins_alone(&wish, count);
    } else if (strcmp(argv[1], "refusals") == 0) {
        refusals(&wish, count);
    } else {
        responder = start(setting("RESPONDER"), setting("RESPONDER_MECH_CONFIG"), NULL, NULL);
        if (strcmp(argv[1], "peer") == 0) {
            logins_there(&wish, count);
        } else {
            CHECK(strcmp(argv[1], "messages") == 0);
            messages(&wish, count);
        }
        initiator_stop(&responder);
    }
    gss_release_cred(&minor, &wish.credential);
    gss_release_name(&minor, &wish.target);
    return exit_status();
}
