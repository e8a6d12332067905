/*
 * Tokens that were changed on the way: changed_tokens work [library.so]
 *
 *   login     each token of a login, truncated at each byte and with each single bit flipped
 *   spnego    the same with a login through MIT's SPNEGO
 *   unsigned-spnego  the same where MIT's SPNEGO does not find the signature of its list: then the
 *                    initiator does not get the acceptor's
 *   messages  the same with protected messages
 *
 * With library.so its functions are called directly, else those of libgssapi. Our initiator always
 * sends a MIC, so a login is accepted only if both sides have seen the same messages.
 */
#include "both_sides.h"

static gss_OID_desc spnego = {6, "\x2b\x06\x01\x05\x05\x02"};
static int finds_signature = 1;

/* The number of changes of a token: it is truncated to fewer bytes, or one bit is flipped. */
static size_t changes(size_t length)
{
    return length + 8 * length;
}

/* Makes a change and returns its offset. */
static size_t change(gss_buffer_t token, size_t which)
{
    size_t bit = which - token->length;

    if (which < token->length) {
        /* Reallocated, so that AddressSanitizer sees a read beyond the end. */
        token->length = which;
        token->value = realloc(token->value, which == 0 ? 1 : which);
        return which;
    }
    CHECK(bit / 8 < token->length);
    ((unsigned char *)token->value)[bit / 8] ^= 1 << (bit % 8);
    return bit / 8;
}

struct outcome {
    int let_in, complete;
};

/* Continues a login with this token, which has the number `step`. */
static struct outcome go_on(struct pair *p, int step, gss_buffer_desc token)
{
    struct outcome outcome = {0, 0};
    OM_uint32 major, minor;
    gss_buffer_desc answer;

    do {
        step++;
        major = step % 2 == 0 ? initiate(&minor, p, &token, &answer)
                              : answer_to(&minor, p, &token, &answer);
        CHECK(!GSS_ERROR(major) || bare == NULL || (minor != 0 && answer.length == 0));
        if (major == GSS_S_COMPLETE && step % 2 == 0)
            outcome.complete = 1;
        if (major == GSS_S_COMPLETE && step % 2 == 1)
            outcome.let_in = 1;
        free_buffer(&token);
        token = answer;
    } while (!GSS_ERROR(major) && token.length > 0);
    free_buffer(&token);
    return outcome;
}

static void is_alice(gss_name_t client)
{
    OM_uint32 major, minor;
    gss_buffer_desc text;

    major = CALL(gss_display_name)(&minor, client, &text, NULL);
    expect("gss_display_name", major, minor, GSS_S_COMPLETE);
    CHECK(strcmp(text.value, setting("INITIATOR_USER")) == 0);
    if (bare == NULL)
        CHECK(gss_userok(client, setting("EXPECT_LOCAL")) == 1 && gss_userok(client, "root") == 0);
    free_buffer(&text);
}

/* The offset of the NTLM message in a token of SPNEGO; the length of the token if it has none. */
static size_t inner(const gss_buffer_desc *token)
{
    const char *found = memmem(token->value, token->length, "NTLMSSP", 8);

    return found == NULL ? token->length : (size_t)(found - (char *)token->value);
}

/*
 * Whether the byte at this distance from the end of a token belongs to SPNEGO's frame around its
 * signature, behind the NTLM message. A change of the frame removes the signature, and SPNEGO needs
 * none where NTLM is the initiator's first choice (RFC 4178 5). In a signature that is found, every
 * bit is verified.
 */
static int before_signature(int step, int tokens, size_t from_end)
{
    return tokens == 4 && step == 2 && from_end <= 20 && (from_end > 16 || !finds_signature);
}

/* Logs in with one change of the token; counts the logins that succeed nevertheless. */
static void try_change(struct pair *p, int step, int tokens, size_t begins, size_t which,
                       struct outcome *total)
{
    gss_buffer_desc changed = steps(p, step);
    size_t length = changed.length, where = change(&changed, which);
    struct outcome outcome = go_on(p, step, changed);

    if (outcome.let_in)
        is_alice(p->client);
    if (outcome.let_in && where >= begins && !before_signature(step, tokens, length - where))
        FAIL("accepted with change %zu at byte %zu of %zu", which, where, length);
    total->let_in += outcome.let_in;
    total->complete += outcome.complete;
    forget(p);
}

/*
 * Every change of one token; prints how many logins were accepted nevertheless. None may be with a
 * change in the token of NTLM itself: the others are in SPNEGO's frame, which nothing protects.
 */
static void change_token(struct pair *p, int step, int tokens)
{
    gss_buffer_desc token = steps(p, step);
    size_t count = changes(token.length), begins = inner(&token);
    struct outcome outcome = go_on(p, step, token), total = {0, 0};

    CHECK(outcome.let_in == (step < 3));
    CHECK(outcome.complete == (finds_signature && step < tokens - tokens % 2));
    is_alice(p->client);
    forget(p);
    for (size_t which = 0; which < count; which++)
        try_change(p, step, tokens, begins, which, &total);
    printf("token %d: %zu changes, %d accepted, %d completed by the initiator\n", step, count,
           total.let_in, total.complete);
}

static void login(gss_OID mech, int tokens)
{
    struct pair p = pair(mech, GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG | GSS_C_MUTUAL_FLAG);

    for (int step = 0; step < tokens; step++) {
        RUN_CASE(change_token(&p, step, tokens), "token %d", step);
        forget(&p);
    }
    end(&p);
}

static gss_buffer_desc copy_of(const gss_buffer_desc *buffer)
{
    gss_buffer_desc copy = {buffer->length, malloc(buffer->length)};

    CHECK(copy.value != NULL);
    memcpy(copy.value, buffer->value, buffer->length);
    return copy;
}

/* Every change of a wrapped message is refused; the unchanged one is taken afterwards. */
static void wrapped(gss_ctx_id_t from, gss_ctx_id_t to)
{
    OM_uint32 major, minor;
    gss_buffer_desc message = {5, "hello"}, token, plain;

    major = CALL(gss_wrap)(&minor, from, 1, 0, &message, NULL, &token);
    expect("gss_wrap", major, minor, GSS_S_COMPLETE);
    for (size_t which = 0; which < changes(token.length); which++) {
        gss_buffer_desc changed = copy_of(&token);

        change(&changed, which);
        major = CALL(gss_unwrap)(&minor, to, &changed, &plain, NULL, NULL);
        CHECK(GSS_ERROR(major) && plain.length == 0 && plain.value == NULL);
        free_buffer(&changed);
    }
    major = CALL(gss_unwrap)(&minor, to, &token, &plain, NULL, NULL);
    expect("gss_unwrap", major, minor, GSS_S_COMPLETE);
    CHECK(plain.length == 5 && memcmp(plain.value, "hello", 5) == 0);
    free_buffer(&plain);
    free_buffer(&token);
}

/* The same of a signature and of the message that it is for. */
static void with_signature(gss_ctx_id_t from, gss_ctx_id_t to)
{
    OM_uint32 major, minor;
    gss_buffer_desc message = {5, "hello"}, signature;

    major = CALL(gss_get_mic)(&minor, from, 0, &message, &signature);
    expect("gss_get_mic", major, minor, GSS_S_COMPLETE);
    for (size_t which = 0; which < changes(signature.length); which++) {
        gss_buffer_desc changed = copy_of(&signature);

        change(&changed, which);
        CHECK(GSS_ERROR(CALL(gss_verify_mic)(&minor, to, &message, &changed, NULL)));
        free_buffer(&changed);
    }
    for (size_t which = 0; which < changes(message.length); which++) {
        gss_buffer_desc changed = copy_of(&message);

        change(&changed, which);
        CHECK(GSS_ERROR(CALL(gss_verify_mic)(&minor, to, &changed, &signature, NULL)));
        free_buffer(&changed);
    }
    major = CALL(gss_verify_mic)(&minor, to, &message, &signature, NULL);
    expect("gss_verify_mic", major, minor, GSS_S_COMPLETE);
    CHECK(GSS_ERROR(CALL(gss_verify_mic)(&minor, to, &message, &signature, NULL)));
    free_buffer(&signature);
}

static void messages(OM_uint32 flags, const char *kind)
{
    struct pair p = pair(&ntlm, flags);
    gss_buffer_desc nothing = steps(&p, 3);

    free_buffer(&nothing);
    for (int back = 0; back < 2; back++) {
        gss_ctx_id_t from = back ? p.acceptor : p.initiator, to = back ? p.initiator : p.acceptor;

        RUN_CASE(wrapped(from, to), "%s wrapped message, way %d", kind, back);
        RUN_CASE(with_signature(from, to), "%s message with a signature, way %d", kind, back);
    }
    end(&p);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2 || argc == 3);
    if (argc == 3)
        load(argv[2]);
    if (strcmp(argv[1], "login") == 0) {
        login(&ntlm, 3);
    } else if (strcmp(argv[1], "spnego") == 0) {
        login(&spnego, 4);
    } else if (strcmp(argv[1], "unsigned-spnego") == 0) {
        finds_signature = 0;
        login(&spnego, 4);
    } else {
        CHECK(strcmp(argv[1], "messages") == 0);
        messages(GSS_C_CONF_FLAG, "sealed");
        messages(GSS_C_INTEG_FLAG, "signed");
    }
    /* The leak detector ends the program without. */
    fflush(stdout);
    return exit_status();
}
