/*
 * One login in a server: the calls of mod_auth_gssapi, and checks of their results.
 *
 * $EXPECT_NAME and $EXPECT_LOCAL are the names of the user; $STORE_CONFIG goes into the credential
 * store.
 */
#ifndef LOGIN_H
#define LOGIN_H

#include "harness.h"

enum {
    MALFORMED = FIRST_MINOR + 0x102,
    NOT_NEGOTIATED = FIRST_MINOR + 0x103,
    UNEXPECTED_MESSAGE = FIRST_MINOR + 0x104,
    BAD_USER_OR_PASSWORD = FIRST_MINOR + 0x401,
    CONTEXT_FAILED = FIRST_MINOR + 0x704,
};

/* The flags for an initiator that requests all: no delegation and no mutual authentication. */
#define GRANTED                                                                                \
    (GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG |                \
     GSS_C_PROT_READY_FLAG | GSS_C_TRANS_FLAG)

static inline int same_oid(gss_const_OID one, gss_const_OID other)
{
    return one != NULL && other != NULL && one->length == other->length &&
           memcmp(one->elements, other->elements, one->length) == 0;
}

/* Texts end with a NUL: servers print them as C strings. */
static inline int is_text(const gss_buffer_desc *buffer, const char *text)
{
    return buffer->length == strlen(text) && strcmp(buffer->value, text) == 0;
}

/* With $STORE_CONFIG, by a credential store that also has a key of other mechanisms. */
static inline gss_cred_id_t acquire(gss_cred_usage_t usage)
{
    OM_uint32 major, minor, lifetime;
    gss_cred_id_t credential;
    gss_key_value_element_desc elements[] = {
        {"keytab", "/nonexistent"}, {"ntlmdc_config", getenv("STORE_CONFIG")}};
    gss_key_value_set_desc store = {2, elements};

    if (elements[1].value == NULL)
        major = gss_acquire_cred(&minor, GSS_C_NO_NAME, 0, &ntlm_only, usage, &credential, NULL,
                                 &lifetime);
    else
        major = gss_acquire_cred_from(&minor, GSS_C_NO_NAME, 0, &ntlm_only, usage, &store,
                                      &credential, NULL, &lifetime);
    expect("gss_acquire_cred", major, minor, GSS_S_COMPLETE);
    CHECK(lifetime == GSS_C_INDEFINITE);
    return credential;
}

/* One call, with a credential for this call only, as mod_auth_gssapi does it. */
static inline OM_uint32 accept_token(OM_uint32 *minor, gss_ctx_id_t *context,
                                     gss_buffer_desc *token, gss_buffer_desc *answer,
                                     gss_name_t *name)
{
    OM_uint32 major, ignored, flags = 1, lifetime = 1;
    gss_cred_id_t credential = acquire(GSS_C_ACCEPT), delegated = GSS_C_NO_CREDENTIAL;
    gss_OID mech = NULL;

    major = gss_accept_sec_context(minor, context, credential, token, GSS_C_NO_CHANNEL_BINDINGS,
                                   name, &mech, answer, &flags, &lifetime, &delegated);
    CHECK(delegated == GSS_C_NO_CREDENTIAL);
    if (major == GSS_S_COMPLETE) {
        CHECK(flags == GRANTED && same_oid(mech, &ntlm));
        CHECK(lifetime > 0 && lifetime <= 4 * 60 * 60);
    }
    gss_release_cred(&ignored, &credential);
    return major;
}

static inline gss_buffer_desc challenge(gss_ctx_id_t *context, gss_buffer_desc *negotiate)
{
    OM_uint32 major, minor;
    gss_buffer_desc answer;
    gss_name_t name = GSS_C_NO_NAME;

    major = accept_token(&minor, context, negotiate, &answer, &name);
    expect("gss_accept_sec_context (1)", major, minor, GSS_S_CONTINUE_NEEDED);
    CHECK(name == GSS_C_NO_NAME && answer.length > 32);
    return answer;
}

static inline gss_name_t complete(gss_ctx_id_t *context, gss_buffer_desc *authenticate)
{
    OM_uint32 major, minor;
    gss_buffer_desc answer;
    gss_name_t name = GSS_C_NO_NAME;

    major = accept_token(&minor, context, authenticate, &answer, &name);
    expect("gss_accept_sec_context (2)", major, minor, GSS_S_COMPLETE);
    CHECK(name != GSS_C_NO_NAME && answer.length == 0);
    return name;
}

/* The message must be refused with this minor code, and its text must say so. */
#define REFUSED(...) refused(__LINE__, __VA_ARGS__)
static inline void refused(int line, gss_ctx_id_t *context, gss_buffer_desc *message,
                           OM_uint32 code)
{
    OM_uint32 major, minor, ignored, more = 1;
    gss_buffer_desc answer, text;
    gss_name_t name = GSS_C_NO_NAME;
    char ending[16];

    major = accept_token(&minor, context, message, &answer, &name);
    if (!GSS_ERROR(major) || minor != code)
        FAIL("line %d: %08x %08x, not an error %08x", line, major, minor, code);
    CHECK(name == GSS_C_NO_NAME && answer.length == 0);
    major = gss_display_status(&ignored, minor, GSS_C_MECH_CODE, &ntlm, &more, &text);
    expect("gss_display_status", major, ignored, GSS_S_COMPLETE);
    snprintf(ending, sizeof ending, "[%08x]", code);
    CHECK(more == 0 && strlen(text.value) == text.length);
    CHECK(strcmp((char *)text.value + text.length - strlen(ending), ending) == 0);
    gss_release_buffer(&ignored, &text);
}

static inline void ask_name(gss_name_t name)
{
    OM_uint32 major, minor;
    gss_buffer_desc text, again;
    gss_OID type;
    gss_name_t copy;
    int equal = 0;

    major = gss_display_name(&minor, name, &text, &type);
    expect("gss_display_name", major, minor, GSS_S_COMPLETE);
    CHECK(is_text(&text, setting("EXPECT_NAME")) && same_oid(type, GSS_C_NT_USER_NAME));
    gss_release_buffer(&minor, &text);

    major = gss_localname(&minor, name, GSS_C_NO_OID, &text);
    expect("gss_localname", major, minor, GSS_S_COMPLETE);
    CHECK(is_text(&text, setting("EXPECT_LOCAL")));
    gss_release_buffer(&minor, &text);

    major = gss_duplicate_name(&minor, name, &copy);
    expect("gss_duplicate_name", major, minor, GSS_S_COMPLETE);
    major = gss_display_name(&minor, copy, &text, NULL);
    expect("gss_display_name (copy)", major, minor, GSS_S_COMPLETE);
    CHECK(is_text(&text, setting("EXPECT_NAME")));
    gss_release_buffer(&minor, &text);
    CHECK(gss_userok(name, setting("EXPECT_LOCAL")) == 1 && gss_userok(name, "root") == 0);

    /* An exported name compares equal, but does not prove an authentication. */
    major = gss_export_name(&minor, name, &text);
    expect("gss_export_name", major, minor, GSS_S_COMPLETE);
    gss_release_name(&minor, &copy);
    major = gss_import_name(&minor, &text, GSS_C_NT_EXPORT_NAME, &copy);
    expect("gss_import_name (exported)", major, minor, GSS_S_COMPLETE);
    major = gss_compare_name(&minor, name, copy, &equal);
    expect("gss_compare_name", major, minor, GSS_S_COMPLETE);
    CHECK(equal && gss_userok(copy, setting("EXPECT_LOCAL")) == 0);
    major = gss_export_name(&minor, copy, &again);
    expect("gss_export_name (again)", major, minor, GSS_S_COMPLETE);
    CHECK(again.length == text.length && memcmp(again.value, text.value, text.length) == 0);
    gss_release_buffer(&minor, &again);
    gss_release_buffer(&minor, &text);
    gss_release_name(&minor, &copy);
}

/* Checks all values of one attribute; returns their number. */
static inline int ask_attribute(gss_name_t name, gss_buffer_t attribute, const char *first)
{
    OM_uint32 major, minor;
    int more = -1, count = 0;

    while (more != 0) {
        gss_buffer_desc value, displayed;
        int authenticated = -1, all = -1;

        major = gss_get_name_attribute(&minor, name, attribute, &authenticated, &all, &value,
                                       &displayed, &more);
        expect("gss_get_name_attribute", major, minor, GSS_S_COMPLETE);
        CHECK(all == 1 && authenticated == !is_text(attribute, "workstation"));
        CHECK(is_text(&value, displayed.value) && value.length > 0);
        if (count++ == 0 && first != NULL)
            CHECK(is_text(&value, first));
        gss_release_buffer(&minor, &value);
        gss_release_buffer(&minor, &displayed);
    }
    return count;
}

static inline void ask_attributes(gss_name_t name)
{
    OM_uint32 major, minor;
    gss_buffer_set_t attributes;
    gss_buffer_desc user = {4, "user"}, unknown = {7, "unknown"};
    int more = -1;

    major = gss_inquire_name(&minor, name, NULL, NULL, &attributes);
    expect("gss_inquire_name", major, minor, GSS_S_COMPLETE);
    CHECK(attributes->count >= 2);
    for (size_t i = 0; i < attributes->count; i++)
        CHECK(ask_attribute(name, &attributes->elements[i], NULL) >= 1);
    gss_release_buffer_set(&minor, &attributes);

    CHECK(ask_attribute(name, &user, setting("EXPECT_LOCAL")) == 1);
    major = gss_get_name_attribute(&minor, name, &unknown, NULL, NULL, NULL, NULL, &more);
    expect("gss_get_name_attribute (unknown)", major, minor, GSS_S_UNAVAILABLE);
    CHECK(more == 0);
}

static inline void ask_context(gss_ctx_id_t context)
{
    OM_uint32 major, minor, lifetime, flags;
    gss_name_t source, target;
    gss_OID mech;
    int initiated, open;

    major = gss_context_time(&minor, context, &lifetime);
    expect("gss_context_time", major, minor, GSS_S_COMPLETE);
    CHECK(lifetime > 0 && lifetime <= 4 * 60 * 60);
    major = gss_inquire_context(&minor, context, &source, &target, &lifetime, &mech, &flags,
                                &initiated, &open);
    expect("gss_inquire_context", major, minor, GSS_S_COMPLETE);
    CHECK(open == 1 && initiated == 0 && flags == GRANTED && target == GSS_C_NO_NAME);
    CHECK(same_oid(mech, &ntlm) && lifetime <= 4 * 60 * 60);
    ask_name(source);
    gss_release_name(&minor, &source);
}

static inline void finish(gss_ctx_id_t *context, gss_name_t *name)
{
    OM_uint32 major, minor;

    major = gss_release_name(&minor, name);
    expect("gss_release_name", major, minor, GSS_S_COMPLETE);
    major = gss_delete_sec_context(&minor, context, GSS_C_NO_BUFFER);
    expect("gss_delete_sec_context", major, minor, GSS_S_COMPLETE);
}

/* A login on a new context, or on one whose login has failed. */
static inline gss_name_t login(gss_ctx_id_t *context, const struct initiator *initiator)
{
    OM_uint32 minor;
    gss_buffer_desc negotiate = initiator_begin(initiator), answer, authenticate;
    gss_name_t name;

    answer = challenge(context, &negotiate);
    authenticate = initiator_step(initiator, &answer);
    name = complete(context, &authenticate);
    free(negotiate.value), free(authenticate.value);
    gss_release_buffer(&minor, &answer);
    return name;
}

#endif
