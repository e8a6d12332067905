/*
 * Messages both ways between two processes with a mechanism each:
 * messages raw|spnego granted count
 *
 * The parent accepts. It starts the initiator $TALKER, this program or other_initiators.py, with
 * the mechanism of $INITIATOR_MECH_CONFIG, for $INITIATOR_USER. `granted` is the protection that
 * the initiator requests and the context has: conf, with a key of $STRENGTH bits, integ or none.
 * Each of `count` rounds sends one message of each kind both ways. Messages of every size, forged
 * messages, messages in pieces and calls from many threads follow.
 */
#include <pthread.h>

#include "pieces.h"
#include "talk.h"

#define SPNEGO_ENCODING "\x2b\x06\x01\x05\x05\x02"
static gss_OID_desc spnego = {6, SPNEGO_ENCODING};
static gss_OID_desc require_mic = {11, "\x2b\x06\x01\x04\x01\xb7\x7d\x85\x0f\x01\x02"};
static gss_OID_desc reset_crypto = {11, "\x2b\x06\x01\x04\x01\xb7\x7d\x85\x0f\x01\x03"};
static gss_OID_desc unknown_option = {11, "\x2b\x06\x01\x04\x01\xb7\x7d\x85\x0f\x01\x63"};

/* Messages of each kind both ways; the initiator begins. */
static void rounds(const struct talk *talk, int initiates, long count)
{
    static const size_t sizes[] = {1, 2, 15, 16, 17, 255, 4096, 65536, 1 << 20, 3 << 20};

    for (long i = 0; i < count + (long)(sizeof sizes / sizeof *sizes); i++) {
        size_t length = i < count ? 1 + (size_t)(i * 37) % 1000 : sizes[i - count];

        for (unsigned turn = 0; turn < 2; turn++) {
            if ((turn == 0) == initiates) {
                send_wrapped(talk, length, (unsigned)i);
                send_signature(talk, length, (unsigned)i + 1);
            } else {
                receive_wrapped(talk, length, (unsigned)i);
                receive_signature(talk, length, (unsigned)i + 1);
            }
        }
    }
}

/* A changed token is refused, and the original is accepted afterwards. */
static void refuses_forgeries(const struct talk *talk)
{
    OM_uint32 major, minor;
    gss_buffer_desc token = get(talk), plain;
    unsigned char *bytes = token.value;
    int sealed;

    for (size_t bit = 0; bit < 8 * token.length; bit++) {
        bytes[bit / 8] ^= 1 << bit % 8;
        major = gss_unwrap(&minor, talk->context, &token, &plain, &sealed, NULL);
        CHECK(GSS_ERROR(major) && minor != 0 && plain.length == 0);
        CHECK(sealed == 0);
        bytes[bit / 8] ^= 1 << bit % 8;
    }
    for (size_t length = token.length; length-- > 0;) {
        gss_buffer_desc shorter = {length, token.value};

        if (length == 0) /* refused by libgssapi itself */
            CHECK(GSS_ERROR(gss_unwrap(&minor, talk->context, &shorter, &plain, NULL, NULL)));
        else
            FAILS(length < 16 ? BAD_MESSAGE_TOKEN : BAD_SIGNATURE,
                  gss_unwrap(&minor, talk->context, &shorter, &plain, NULL, NULL));
    }
    major = gss_unwrap(&minor, talk->context, &token, &plain, &sealed, NULL);
    expect("gss_unwrap (after forgeries)", major, minor, GSS_S_COMPLETE);
    CHECK(sealed == ((talk->asked & GSS_C_CONF_FLAG) != 0));
    gss_release_buffer(&minor, &plain);
    major = gss_unwrap(&minor, talk->context, &token, &plain, &sealed, NULL);
    CHECK(major == (GSS_S_BAD_MIC | GSS_S_DUPLICATE_TOKEN) && (!raw || minor == MESSAGE_REPEATED));
    free(token.value);
}

/* The second of two messages arrives first. */
static void refuses_gaps(const struct talk *talk)
{
    OM_uint32 major, minor;
    gss_buffer_desc first = get(talk), second = get(talk), plain;

    major = gss_unwrap(&minor, talk->context, &second, &plain, NULL, NULL);
    CHECK(major == (GSS_S_BAD_MIC | GSS_S_GAP_TOKEN) && (!raw || minor == MESSAGE_MISSING));
    major = gss_unwrap(&minor, talk->context, &first, &plain, NULL, NULL);
    expect("gss_unwrap (first)", major, minor, GSS_S_COMPLETE);
    gss_release_buffer(&minor, &plain);
    major = gss_unwrap(&minor, talk->context, &second, &plain, NULL, NULL);
    expect("gss_unwrap (second)", major, minor, GSS_S_COMPLETE);
    gss_release_buffer(&minor, &plain);
    free(first.value), free(second.value);
}

/* Invalid arguments. */
static void refuses_nonsense(const struct talk *talk)
{
    OM_uint32 minor, limit;
    gss_ctx_id_t context = talk->context;
    gss_buffer_desc plain = {3, "abc"}, token;
    gss_iov_buffer_desc none = {GSS_IOV_BUFFER_TYPE_EMPTY, {0, NULL}};
    gss_iov_buffer_desc two[] = {{GSS_IOV_BUFFER_TYPE_HEADER, {16, "0123456789abcdef"}},
                                 {GSS_IOV_BUFFER_TYPE_HEADER, {16, "0123456789abcdef"}}};
    enum { BAD_ARGUMENT = FIRST_MINOR + 0x701 };

    FAILS(BAD_QOP, gss_wrap(&minor, context, 1, 1, &plain, NULL, &token));
    FAILS(BAD_QOP, gss_get_mic(&minor, context, 1, &plain, &token));
    FAILS(BAD_QOP, gss_wrap_size_limit(&minor, context, 1, 1, 1000, &limit));
    FAILS(BAD_QOP, gss_wrap_iov(&minor, context, 1, 1, NULL, two, 1));
    FAILS(BAD_ARGUMENT, gss_wrap_iov(&minor, context, 1, 0, NULL, &none, 1));
    FAILS(BAD_ARGUMENT, gss_wrap_iov(&minor, context, 1, 0, NULL, two, 2));
    FAILS(BAD_ARGUMENT, gss_unwrap_iov(&minor, context, NULL, NULL, &none, 1));
    FAILS(BAD_ARGUMENT, gss_get_mic_iov(&minor, context, 0, two, 2));
    FAILS(BAD_ARGUMENT, gss_verify_mic_iov(&minor, context, NULL, &none, 1));
    FAILS(BAD_MESSAGE_TOKEN, gss_verify_mic(&minor, context, &plain, &plain, NULL));
    FAILS(BAD_MESSAGE_TOKEN, gss_process_context_token(&minor, context, &plain));
}

/* Inquiries of a context by object identifier. */
static void options(struct talk *talk)
{
    OM_uint32 major, minor, strength = (talk->asked & GSS_C_INTEG_FLAG) != 0;
    gss_buffer_set_t set;
    gss_buffer_desc theirs, nine = {4, "\x09\0\0\0"};

    if (talk->asked & GSS_C_CONF_FLAG)
        strength = (OM_uint32)atoi(setting("STRENGTH"));
    major = gss_inquire_sec_context_by_oid(&minor, talk->context, GSS_C_SEC_CONTEXT_SASL_SSF, &set);
    expect("gss_inquire_sec_context_by_oid (SSF)", major, minor, GSS_S_COMPLETE);
    CHECK(set->count == 1 && set->elements[0].length == 4);
    CHECK(memcmp(set->elements[0].value, "\0\0\0", 3) == 0);
    CHECK(((unsigned char *)set->elements[0].value)[3] == strength);
    gss_release_buffer_set(&minor, &set);

    theirs = get(talk);
    major = gss_inquire_sec_context_by_oid(&minor, talk->context, GSS_C_INQ_SSPI_SESSION_KEY, &set);
    expect("gss_inquire_sec_context_by_oid (session key)", major, minor, GSS_S_COMPLETE);
    CHECK(set->count == 2);
    same(&set->elements[0], &theirs);
    gss_release_buffer_set(&minor, &set);
    free(theirs.value);

    FAILS(NO_SUCH_OPTION,
          gss_inquire_sec_context_by_oid(&minor, talk->context, &unknown_option, &set));
    CHECK(set == GSS_C_NO_BUFFER_SET);
    /* gss-ntlmssp sends a MIC only within SPNEGO. */
    major = gss_inquire_sec_context_by_oid(&minor, talk->context, &require_mic, &set);
    expect("gss_inquire_sec_context_by_oid (MIC)", major, minor, GSS_S_COMPLETE);
    CHECK(set->count == 1 && set->elements[0].length == 1);
    CHECK(*(unsigned char *)set->elements[0].value ==
          (!raw || getenv("TALKER_KIND") != NULL));
    gss_release_buffer_set(&minor, &set);
    major = gss_set_sec_context_option(&minor, &talk->context, &unknown_option, &nine);
    CHECK(major == GSS_S_UNAVAILABLE && (!raw || minor == NO_SUCH_OPTION));
    major = gss_set_sec_context_option(&minor, &talk->context, &reset_crypto, &nine);
    CHECK(GSS_ERROR(major) && talk->context != GSS_C_NO_CONTEXT);
}

enum { AT_ONCE = 4, EACH = 2000 };

/* Half of the calls are refused: they only have to return. */
static void *many_calls(void *argument)
{
    const struct talk *talk = argument;
    OM_uint32 minor;

    for (int i = 0; i < EACH; i++) {
        gss_buffer_desc plain = {7, "message"}, token, again;
        char header[16], data[] = "message";
        gss_iov_buffer_desc iov[] = {{GSS_IOV_BUFFER_TYPE_HEADER, {16, header}},
                                     {GSS_IOV_BUFFER_TYPE_DATA, {7, data}}};

        CHECK(gss_wrap(&minor, talk->context, 1, 0, &plain, NULL, &token) == GSS_S_COMPLETE);
        CHECK(GSS_ERROR(gss_unwrap(&minor, talk->context, &token, &again, NULL, NULL)));
        CHECK(GSS_ERROR(gss_verify_mic(&minor, talk->context, &plain, &token, NULL)));
        gss_release_buffer(&minor, &token);
        CHECK(gss_wrap_iov(&minor, talk->context, 1, 0, NULL, iov, 2) == GSS_S_COMPLETE);
        CHECK(GSS_ERROR(gss_unwrap_iov(&minor, talk->context, NULL, NULL, iov, 2)));
        CHECK(gss_get_mic(&minor, talk->context, 0, &plain, &token) == GSS_S_COMPLETE);
        gss_release_buffer(&minor, &token);
    }
    return NULL;
}

/* Several threads on one context: the sequence number counts every message. */
static void threads(const struct talk *talk)
{
    pthread_t thread[AT_ONCE];
    OM_uint32 minor, sent;
    gss_buffer_desc before, after, plain = {7, "message"};

    CHECK(gss_get_mic(&minor, talk->context, 0, &plain, &before) == GSS_S_COMPLETE);
    for (int i = 0; i < AT_ONCE; i++)
        CHECK(pthread_create(&thread[i], NULL, many_calls, (void *)talk) == 0);
    for (int i = 0; i < AT_ONCE; i++)
        CHECK(pthread_join(thread[i], NULL) == 0);
    CHECK(gss_get_mic(&minor, talk->context, 0, &plain, &after) == GSS_S_COMPLETE);
    sent = *(OM_uint32 *)((char *)after.value + 12) - *(OM_uint32 *)((char *)before.value + 12);
    CHECK(sent == 3 * AT_ONCE * EACH + 1);
    gss_release_buffer(&minor, &before);
    gss_release_buffer(&minor, &after);
}

static void unprotected(const struct talk *talk)
{
    OM_uint32 minor;
    gss_ctx_id_t context = talk->context;
    gss_buffer_desc plain = {3, "abc"}, token = {16, "\1\0\0\0456789abcdef"}, out;
    gss_iov_buffer_desc header = {GSS_IOV_BUFFER_TYPE_HEADER, token};

    FAILS(NO_PROTECTION, gss_wrap(&minor, context, 0, 0, &plain, NULL, &out));
    FAILS(NO_PROTECTION, gss_unwrap(&minor, context, &token, &out, NULL, NULL));
    FAILS(NO_PROTECTION, gss_get_mic(&minor, context, 0, &plain, &out));
    FAILS(NO_PROTECTION, gss_verify_mic(&minor, context, &plain, &token, NULL));
    FAILS(NO_PROTECTION, gss_wrap_iov(&minor, context, 0, 0, NULL, &header, 1));
}

static void accept_context(struct talk *talk, OM_uint32 *granted)
{
    OM_uint32 major, minor;
    gss_OID_set_desc mechs = {1, raw ? &ntlm : &spnego};
    gss_cred_id_t credential;
    gss_name_t name = GSS_C_NO_NAME;
    gss_buffer_desc text;

    major = gss_acquire_cred(&minor, GSS_C_NO_NAME, 0, &mechs, GSS_C_ACCEPT, &credential, NULL,
                             NULL);
    expect("gss_acquire_cred", major, minor, GSS_S_COMPLETE);
    do {
        gss_buffer_desc token = get(talk), answer;

        major = gss_accept_sec_context(&minor, &talk->context, credential, &token,
                                       GSS_C_NO_CHANNEL_BINDINGS, &name, NULL, &answer, granted,
                                       NULL, NULL);
        if (major != GSS_S_CONTINUE_NEEDED)
            expect("gss_accept_sec_context", major, minor, GSS_S_COMPLETE);
        put(talk, &answer);
        gss_release_buffer(&minor, &answer);
        free(token.value);
    } while (major == GSS_S_CONTINUE_NEEDED);
    major = gss_display_name(&minor, name, &text, NULL);
    expect("gss_display_name", major, minor, GSS_S_COMPLETE);
    CHECK(strcmp(text.value, setting("EXPECT_NAME")) == 0);
    gss_release_buffer(&minor, &text);
    gss_release_name(&minor, &name);
    gss_release_cred(&minor, &credential);
}

static void accept_and_talk(struct talk *talk, long count)
{
    OM_uint32 major, minor, granted, expected = talk->asked, flags, limit;

    STEP(accept_context(talk, &granted));
    if (expected & GSS_C_INTEG_FLAG)
        expected |= GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG;
    expected |= GSS_C_TRANS_FLAG;
    /* SPNEGO does not report this flag. */
    if (raw)
        expected |= GSS_C_PROT_READY_FLAG;
    CHECK(granted == expected);
    major = gss_inquire_context(&minor, talk->context, NULL, NULL, NULL, NULL, &flags, NULL, NULL);
    expect("gss_inquire_context", major, minor, GSS_S_COMPLETE);
    CHECK(flags == (granted | GSS_C_PROT_READY_FLAG));
    STEP(options(talk));
    if (talk->asked == 0) {
        STEP(unprotected(talk));
        return;
    }
    STEP(rounds(talk, 0, count));
    STEP(refuses_forgeries(talk));
    STEP(refuses_gaps(talk));
    STEP(pieces_out(talk, 0));
    STEP(pieces_out(talk, 1));
    STEP(pieces_in(talk));
    STEP(signatures_of_pieces(talk));
    STEP(refuses_nonsense(talk));
    major = gss_wrap_size_limit(&minor, talk->context, 1, 0, 1000, &limit);
    CHECK(major == GSS_S_COMPLETE && limit == 984);
    major = gss_wrap_size_limit(&minor, talk->context, 1, 0, 15, &limit);
    CHECK(major == GSS_S_COMPLETE && limit == 0);
    STEP(rounds(talk, 0, 2));
    STEP(threads(talk));
}

static void initiate_context(struct talk *talk)
{
    OM_uint32 major, minor;
    gss_OID mech = raw ? &ntlm : &spnego;
    gss_OID_set_desc mechs = {1, mech};
    gss_buffer_desc text = {strlen(setting("INITIATOR_USER")), (void *)setting("INITIATOR_USER")};
    gss_buffer_desc password = {strlen(setting("INITIATOR_PASSWORD")),
                                (void *)setting("INITIATOR_PASSWORD")};
    gss_buffer_desc host = {21, "HTTP@www.example.test"}, token = GSS_C_EMPTY_BUFFER, answer;
    gss_cred_id_t credential;
    gss_name_t user, target;

    major = gss_import_name(&minor, &text, GSS_C_NT_USER_NAME, &user);
    expect("gss_import_name", major, minor, GSS_S_COMPLETE);
    major = gss_import_name(&minor, &host, GSS_C_NT_HOSTBASED_SERVICE, &target);
    expect("gss_import_name (target)", major, minor, GSS_S_COMPLETE);
    major = gss_acquire_cred_with_password(&minor, user, &password, GSS_C_INDEFINITE, &mechs,
                                           GSS_C_INITIATE, &credential, NULL, NULL);
    expect("gss_acquire_cred_with_password", major, minor, GSS_S_COMPLETE);
    do {
        major = gss_init_sec_context(&minor, credential, &talk->context, target, mech, talk->asked,
                                     0, GSS_C_NO_CHANNEL_BINDINGS, &token, NULL, &answer, NULL,
                                     NULL);
        if (major != GSS_S_CONTINUE_NEEDED)
            expect("gss_init_sec_context", major, minor, GSS_S_COMPLETE);
        free(token.value);
        token.length = 0, token.value = NULL;
        if (answer.length == 0)
            break;
        put(talk, &answer);
        gss_release_buffer(&minor, &answer);
        token = get(talk);
    } while (major == GSS_S_CONTINUE_NEEDED);
    free(token.value);
    gss_release_name(&minor, &user);
    gss_release_name(&minor, &target);
    gss_release_cred(&minor, &credential);
}

static void initiate_and_talk(struct talk *talk, long count)
{
    OM_uint32 major, minor;
    gss_buffer_set_t set;

    STEP(initiate_context(talk));
    major = gss_inquire_sec_context_by_oid(&minor, talk->context, GSS_C_INQ_SSPI_SESSION_KEY, &set);
    expect("gss_inquire_sec_context_by_oid", major, minor, GSS_S_COMPLETE);
    put(talk, &set->elements[0]);
    gss_release_buffer_set(&minor, &set);
    if (talk->asked == 0)
        return;
    STEP(rounds(talk, 1, count));
    for (unsigned i = 0; i < 3; i++)
        send_wrapped(talk, 50, i);
    for (unsigned i = 0; i < 2; i++)
        receive_wrapped(talk, 100, 7);
    for (unsigned i = 0; i < 3; i++)
        send_wrapped(talk, 100, 8);
    receive_signature(talk, 100, 9);
    send_signature(talk, 100, 9);
    STEP(rounds(talk, 1, 2));
}

static pid_t start_initiator(struct talk *talk, char **argv)
{
    int to[2], from[2];
    pid_t pid;

    CHECK(pipe(to) == 0 && pipe(from) == 0);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        CHECK(dup2(to[0], 0) == 0 && dup2(from[1], 1) == 1);
        close(to[0]), close(to[1]), close(from[0]), close(from[1]);
        CHECK(setenv("GSS_MECH_CONFIG", setting("INITIATOR_MECH_CONFIG"), 1) == 0);
        CHECK(setenv("INITIATES", "1", 1) == 0);
        execv(setting("TALKER"), argv);
        _exit(2);
    }
    close(to[0]), close(from[1]);
    talk->to = to[1];
    talk->from = from[0];
    return pid;
}

int main(int argc, char **argv)
{
    OM_uint32 minor;
    struct talk talk = {GSS_C_NO_CONTEXT, 0, 1, 0};
    int status;
    long count;

    CHECK(argc == 4);
    raw = strcmp(argv[1], "raw") == 0;
    if (strcmp(argv[2], "none") != 0)
        talk.asked = GSS_C_INTEG_FLAG | (strcmp(argv[2], "conf") == 0 ? GSS_C_CONF_FLAG : 0);
    count = atol(argv[3]);
    signal(SIGPIPE, SIG_IGN);
    if (getenv("INITIATES") != NULL) {
        initiate_and_talk(&talk, count);
    } else {
        pid_t pid = start_initiator(&talk, argv);

        accept_and_talk(&talk, count);
        close(talk.to), close(talk.from);
        CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    gss_delete_sec_context(&minor, &talk.context, GSS_C_NO_BUFFER);
    return 0;
}
