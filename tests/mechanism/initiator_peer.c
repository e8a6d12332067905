/*
 * An initiator, with libgssapi and an acceptor in another process: initiator_peer work count
 *
 *   logins    so many logins at $RESPONDER
 *   messages  a login at $RESPONDER with integrity and so many messages of each kind each way, and
 *             the same with confidentiality
 *
 * $INITIATOR_USER logs in with $INITIATOR_PASSWORD; $EXPECT_NAME is the name at the acceptor.
 */
#include "initiator.h"

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

/* A login at $RESPONDER; returns the established context. */
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

/* Sends a letter and two parts; returns the answer, which must have the same letter. */
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

/* Sends a message with its signature, and verifies the signature that is sent back. */
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

/* The same with a wrapped message. It is always sealed; conf_state says so only with `seals`. */
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

int main(int argc, char **argv)
{
    OM_uint32 minor;
    struct wish wish = {.flags = GSS_C_CONF_FLAG};
    long count;

    CHECK(argc == 3);
    count = atol(argv[2]);
    signal(SIGPIPE, SIG_IGN);
    wish.credential = with_password(setting("INITIATOR_USER"), setting("INITIATOR_PASSWORD"));
    wish.target = name_of("HTTP@www.example.test", GSS_C_NT_HOSTBASED_SERVICE);
    responder = start(setting("RESPONDER"), setting("RESPONDER_MECH_CONFIG"), NULL, NULL);
    if (strcmp(argv[1], "logins") == 0) {
        logins_there(&wish, count);
    } else {
        CHECK(strcmp(argv[1], "messages") == 0);
        messages(&wish, count);
    }
    initiator_stop(&responder);
    gss_release_cred(&minor, &wish.credential);
    gss_release_name(&minor, &wish.target);
    return 0;
}
