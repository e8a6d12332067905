/* The conversation of messages.c: frames through pipes, and messages that both sides know. */
#ifndef TALK_H
#define TALK_H

#include "harness.h"

enum {
    NO_PROTECTION = FIRST_MINOR + 0x801,
    BAD_SIGNATURE = FIRST_MINOR + 0x802,
    MESSAGE_REPEATED = FIRST_MINOR + 0x803,
    MESSAGE_MISSING = FIRST_MINOR + 0x804,
    BAD_MESSAGE_TOKEN = FIRST_MINOR + 0x805,
    BAD_QOP = FIRST_MINOR + 0x807,
    NO_SUCH_OPTION = FIRST_MINOR + 0x808,
};

/* A context, the protection that was requested, and the pipes to the peer. */
struct talk {
    gss_ctx_id_t context;
    OM_uint32 asked;
    int to, from;
};

/* Without SPNEGO, whose minor codes libgssapi maps to other numbers. */
static int raw;

/* Fails the case unless a call failed with a code of ours. */
#define FAILS(code, call)                                                                      \
    do {                                                                                       \
        OM_uint32 major_ = (call);                                                             \
        if (!GSS_ERROR(major_) || (raw && minor != (code)))                                    \
            FAIL("%s: %08x %08x, not %08x", #call, major_, minor, (code));                     \
    } while (0)

/* Names the case. Both sides proceed in step, so a failure ends the program. */
#define STEP(call) (name_case("%s", #call), call)

static void put(const struct talk *talk, const gss_buffer_desc *frame)
{
    CHECK(write_frame(talk->to, frame->value, frame->length));
}

static gss_buffer_desc get(const struct talk *talk)
{
    gss_buffer_desc frame;

    CHECK(read_frame(talk->from, &frame));
    return frame;
}

/* The message of this number: both sides generate the same one. */
static gss_buffer_desc message(size_t length, unsigned number)
{
    gss_buffer_desc buffer = {length, malloc(length + 1)};

    CHECK(buffer.value != NULL);
    for (size_t i = 0; i < length; i++)
        ((unsigned char *)buffer.value)[i] = (unsigned char)(number * 131 + i * 7 + (i >> 8));
    return buffer;
}

static void same(const gss_buffer_desc *one, const gss_buffer_desc *other)
{
    CHECK(one->length == other->length);
    CHECK(one->length == 0 || memcmp(one->value, other->value, one->length) == 0);
}

static void send_wrapped(const struct talk *talk, size_t length, unsigned number)
{
    OM_uint32 major, minor;
    gss_buffer_desc plain = message(length, number), token;
    int sealed = -1;

    major = gss_wrap(&minor, talk->context, 1, GSS_C_QOP_DEFAULT, &plain, &sealed, &token);
    expect("gss_wrap", major, minor, GSS_S_COMPLETE);
    CHECK(token.length == length + 16);
    put(talk, &token);
    gss_release_buffer(&minor, &token);
    free(plain.value);
}

static void receive_wrapped(const struct talk *talk, size_t length, unsigned number)
{
    OM_uint32 major, minor, qop = 9;
    gss_buffer_desc token = get(talk), expected = message(length, number), plain;
    int sealed = -1;

    major = gss_unwrap(&minor, talk->context, &token, &plain, &sealed, &qop);
    expect("gss_unwrap", major, minor, GSS_S_COMPLETE);
    same(&plain, &expected);
    CHECK(qop == GSS_C_QOP_DEFAULT);
    gss_release_buffer(&minor, &plain);
    free(token.value), free(expected.value);
}

static void send_signature(const struct talk *talk, size_t length, unsigned number)
{
    OM_uint32 major, minor;
    gss_buffer_desc plain = message(length, number), token;

    major = gss_get_mic(&minor, talk->context, GSS_C_QOP_DEFAULT, &plain, &token);
    expect("gss_get_mic", major, minor, GSS_S_COMPLETE);
    CHECK(token.length == 16);
    put(talk, &token);
    gss_release_buffer(&minor, &token);
    free(plain.value);
}

static void receive_signature(const struct talk *talk, size_t length, unsigned number)
{
    OM_uint32 major, minor;
    gss_buffer_desc token = get(talk), plain = message(length, number);

    major = gss_verify_mic(&minor, talk->context, &plain, &token, NULL);
    expect("gss_verify_mic", major, minor, GSS_S_COMPLETE);
    free(token.value), free(plain.value);
}

#endif
