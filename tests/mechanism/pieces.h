/* The cases of messages.c for messages in pieces (gss_iov_buffer_desc). */
#ifndef PIECES_H
#define PIECES_H

#include "talk.h"

/* Wraps in pieces a message that the peer unwraps as a whole. */
static void pieces_out(const struct talk *talk, int allocate)
{
    OM_uint32 major, minor;
    gss_buffer_desc plain = message(100, 7), token = {116, malloc(116)};
    unsigned char *bytes = token.value;
    int sealed = -1;
    gss_iov_buffer_desc iov[] = {
        {GSS_IOV_BUFFER_TYPE_HEADER, {0, NULL}},
        {GSS_IOV_BUFFER_TYPE_DATA, {40, bytes + 16}},
        {GSS_IOV_BUFFER_TYPE_EMPTY, {0, NULL}},
        {GSS_IOV_BUFFER_TYPE_DATA, {60, bytes + 56}},
        {GSS_IOV_BUFFER_TYPE_DATA, {0, NULL}},
        {GSS_IOV_BUFFER_TYPE_PADDING, {5, bytes}},
        {GSS_IOV_BUFFER_TYPE_TRAILER, {5, bytes}},
    };

    memcpy(bytes + 16, plain.value, 100);
    major = gss_wrap_iov_length(&minor, talk->context, 1, GSS_C_QOP_DEFAULT, &sealed, iov, 7);
    expect("gss_wrap_iov_length", major, minor, GSS_S_COMPLETE);
    CHECK(iov[0].buffer.length == 16 && iov[5].buffer.length == 0 && iov[6].buffer.length == 0);
    CHECK(sealed == ((talk->asked & GSS_C_CONF_FLAG) != 0));
    if (allocate) {
        iov[0].type |= GSS_IOV_BUFFER_FLAG_ALLOCATE;
    } else {
        iov[0].buffer.value = bytes;
        iov[0].buffer.length = 15;
        major = gss_wrap_iov(&minor, talk->context, 1, GSS_C_QOP_DEFAULT, &sealed, iov, 7);
        CHECK(GSS_ERROR(major) && memcmp(bytes + 16, plain.value, 100) == 0);
        iov[0].buffer.length = 20;
    }
    major = gss_wrap_iov(&minor, talk->context, 1, GSS_C_QOP_DEFAULT, &sealed, iov, 7);
    expect("gss_wrap_iov", major, minor, GSS_S_COMPLETE);
    CHECK(iov[0].buffer.length == 16 && sealed == ((talk->asked & GSS_C_CONF_FLAG) != 0));
    CHECK(memcmp(bytes + 16, plain.value, 100) != 0);
    if (allocate) {
        CHECK(iov[0].type & GSS_IOV_BUFFER_FLAG_ALLOCATED);
        memcpy(bytes, iov[0].buffer.value, 16);
    }
    put(talk, &token);
    gss_release_iov_buffer(&minor, iov, 7);
    free(plain.value), free(token.value);
}

/* Unwraps a token as signature and data, then tokens as a stream: in place and to new memory. */
static void pieces_in(const struct talk *talk)
{
    OM_uint32 major, minor, qop;
    gss_buffer_desc expected = message(100, 8), token;
    int sealed = -1;

    token = get(talk);
    gss_iov_buffer_desc parts[] = {
        {GSS_IOV_BUFFER_TYPE_HEADER, {16, token.value}},
        {GSS_IOV_BUFFER_TYPE_DATA, {33, (char *)token.value + 16}},
        {GSS_IOV_BUFFER_TYPE_DATA, {67, (char *)token.value + 49}},
    };
    char *copy = malloc(116);

    memcpy(copy, token.value, 116);
    ((unsigned char *)token.value)[5] ^= 1;
    FAILS(BAD_SIGNATURE, gss_unwrap_iov(&minor, talk->context, &sealed, &qop, parts, 3));
    ((unsigned char *)token.value)[5] ^= 1;
    CHECK(memcmp(copy, token.value, 116) == 0);
    major = gss_unwrap_iov(&minor, talk->context, &sealed, &qop, parts, 3);
    expect("gss_unwrap_iov", major, minor, GSS_S_COMPLETE);
    CHECK(memcmp((char *)token.value + 16, expected.value, 100) == 0);
    CHECK(sealed == ((talk->asked & GSS_C_CONF_FLAG) != 0));
    free(token.value), free(copy);

    for (int allocate = 0; allocate < 2; allocate++) {
        token = get(talk);
        gss_iov_buffer_desc stream[] = {
            {GSS_IOV_BUFFER_TYPE_STREAM, token},
            {GSS_IOV_BUFFER_TYPE_DATA, {9, NULL}},
        };

        if (allocate)
            stream[1].type |= GSS_IOV_BUFFER_FLAG_ALLOCATE;
        stream[0].buffer.length = 15;
        FAILS(BAD_MESSAGE_TOKEN, gss_unwrap_iov(&minor, talk->context, NULL, NULL, stream, 2));
        stream[0].buffer.length = token.length;
        major = gss_unwrap_iov(&minor, talk->context, &sealed, NULL, stream, 2);
        expect("gss_unwrap_iov (stream)", major, minor, GSS_S_COMPLETE);
        same(&stream[1].buffer, &expected);
        CHECK(allocate == (stream[1].buffer.value != (char *)token.value + 16));
        gss_release_iov_buffer(&minor, stream + 1, 1);
        free(token.value);
    }
    free(expected.value);
}

/* Signatures of messages in pieces, some of which are only signed. */
static void signatures_of_pieces(const struct talk *talk)
{
    OM_uint32 major, minor;
    gss_buffer_desc plain = message(100, 9), token;
    gss_iov_buffer_desc iov[] = {
        {GSS_IOV_BUFFER_TYPE_SIGN_ONLY, {30, plain.value}},
        {GSS_IOV_BUFFER_TYPE_DATA, {70, (char *)plain.value + 30}},
        {GSS_IOV_BUFFER_TYPE_MIC_TOKEN | GSS_IOV_BUFFER_FLAG_ALLOCATE, {0, NULL}},
    };

    major = gss_get_mic_iov_length(&minor, talk->context, GSS_C_QOP_DEFAULT, iov, 3);
    expect("gss_get_mic_iov_length", major, minor, GSS_S_COMPLETE);
    CHECK(iov[2].buffer.length == 16);
    major = gss_get_mic_iov(&minor, talk->context, GSS_C_QOP_DEFAULT, iov, 3);
    expect("gss_get_mic_iov", major, minor, GSS_S_COMPLETE);
    put(talk, &iov[2].buffer);
    gss_release_iov_buffer(&minor, iov + 2, 1);

    token = get(talk);
    iov[2].type = GSS_IOV_BUFFER_TYPE_MIC_TOKEN;
    iov[2].buffer = token;
    ((char *)plain.value)[99] ^= 1;
    FAILS(BAD_SIGNATURE, gss_verify_mic_iov(&minor, talk->context, NULL, iov, 3));
    ((char *)plain.value)[99] ^= 1;
    major = gss_verify_mic_iov(&minor, talk->context, NULL, iov, 3);
    expect("gss_verify_mic_iov", major, minor, GSS_S_COMPLETE);
    free(token.value), free(plain.value);
}

#endif
