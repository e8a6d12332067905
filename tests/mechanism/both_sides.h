/*
 * Both sides of a login in one process, with the library loaded directly or through libgssapi; and
 * objects in every state that a program can reach.
 *
 * $INITIATOR_USER logs in with $INITIATOR_PASSWORD.
 */
#ifndef BOTH_SIDES_H
#define BOTH_SIDES_H

#define _GNU_SOURCE

#include <dlfcn.h>

#include "harness.h"

/* The library, loaded without a libgssapi; NULL for the functions of the real one. */
static void *bare;

static void *find(const char *name)
{
    void *function = dlsym(bare == NULL ? RTLD_DEFAULT : bare, name);

    if (function == NULL)
        FAIL("%s is not exported", name);
    return function;
}

static void load(const char *library)
{
    bare = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (bare == NULL)
        FAIL("%s", dlerror());
}

/* A function of gssapi.h, of the library in use. */
#define CALL(name) ((__typeof__(&name))find(#name))

/* The memory of a mechanism's output is from malloc. */
static inline void free_buffer(gss_buffer_t buffer)
{
    free(buffer->value);
    *buffer = (gss_buffer_desc)GSS_C_EMPTY_BUFFER;
}

static inline gss_name_t import_name(const char *text, gss_OID type)
{
    OM_uint32 major, minor;
    gss_buffer_desc buffer = {strlen(text), (void *)text};
    gss_name_t name;

    major = CALL(gss_import_name)(&minor, &buffer, type, &name);
    expect("gss_import_name", major, minor, GSS_S_COMPLETE);
    return name;
}

/* A credential for a mechanism and a usage; the initiator is $INITIATOR_USER. */
static inline gss_cred_id_t acquire(gss_OID mech, gss_cred_usage_t usage)
{
    OM_uint32 major, minor;
    gss_key_value_element_desc element = {"password", setting("INITIATOR_PASSWORD")};
    gss_key_value_set_desc store = {usage == GSS_C_ACCEPT ? 0 : 1, &element};
    gss_name_t name = GSS_C_NO_NAME;
    gss_OID_set_desc mechs = {1, mech};
    gss_cred_id_t credential;

    if (usage != GSS_C_ACCEPT)
        name = import_name(setting("INITIATOR_USER"), GSS_C_NT_USER_NAME);
    major = CALL(gss_acquire_cred_from)(&minor, name, 0, &mechs, usage, &store, &credential,
                                        NULL, NULL);
    expect("gss_acquire_cred_from", major, minor, GSS_S_COMPLETE);
    if (name != GSS_C_NO_NAME)
        CALL(gss_release_name)(&minor, &name);
    return credential;
}

/* Both sides of a login. */
struct pair {
    gss_OID mech;
    OM_uint32 flags;
    gss_cred_id_t initiators, acceptors;
    gss_ctx_id_t initiator, acceptor;
    gss_name_t target, client;
};

static inline struct pair pair(gss_OID mech, OM_uint32 flags)
{
    return (struct pair){.mech = mech,
                         .flags = flags,
                         .initiators = acquire(mech, GSS_C_INITIATE),
                         .acceptors = acquire(mech, GSS_C_ACCEPT),
                         .target = import_name("HTTP@www.test", GSS_C_NT_HOSTBASED_SERVICE)};
}

/* The initiator's answer to a token, or its first one. */
static inline OM_uint32 initiate(OM_uint32 *minor, struct pair *p, gss_buffer_t token,
                                 gss_buffer_t answer)
{
    *answer = (gss_buffer_desc)GSS_C_EMPTY_BUFFER;
    return CALL(gss_init_sec_context)(minor, p->initiators, &p->initiator, p->target, p->mech,
                                      p->flags, 0, GSS_C_NO_CHANNEL_BINDINGS, token, NULL, answer,
                                      NULL, NULL);
}

/* The acceptor's. */
static inline OM_uint32 answer_to(OM_uint32 *minor, struct pair *p, gss_buffer_t token,
                                  gss_buffer_t answer)
{
    gss_name_t client = GSS_C_NO_NAME;
    OM_uint32 major;

    *answer = (gss_buffer_desc)GSS_C_EMPTY_BUFFER;
    major = CALL(gss_accept_sec_context)(minor, &p->acceptor, p->acceptors, token,
                                         GSS_C_NO_CHANNEL_BINDINGS, &client, NULL, answer, NULL,
                                         NULL, NULL);
    CHECK(major == GSS_S_COMPLETE || client == GSS_C_NO_NAME);
    if (major == GSS_S_COMPLETE) {
        if (p->client != GSS_C_NO_NAME)
            CALL(gss_release_name)(minor, &p->client);
        p->client = client;
    }
    return major;
}

/* Exchanges so many tokens of a login; returns the next one, if the login is not complete. */
static inline gss_buffer_desc steps(struct pair *p, int count)
{
    OM_uint32 major, minor;
    gss_buffer_desc token = GSS_C_EMPTY_BUFFER, answer;

    for (int i = 0; i <= count; i++) {
        major = i % 2 == 0 ? initiate(&minor, p, i == 0 ? GSS_C_NO_BUFFER : &token, &answer)
                           : answer_to(&minor, p, &token, &answer);
        if (GSS_ERROR(major))
            expect(i % 2 == 0 ? "gss_init_sec_context" : "gss_accept_sec_context", major, minor, 0);
        free_buffer(&token);
        token = answer;
    }
    return token;
}

/* Deletes a login, complete or not; the pair can be used for another one. */
static inline void forget(struct pair *p)
{
    OM_uint32 minor;

    if (p->initiator != GSS_C_NO_CONTEXT)
        CALL(gss_delete_sec_context)(&minor, &p->initiator, GSS_C_NO_BUFFER);
    if (p->acceptor != GSS_C_NO_CONTEXT)
        CALL(gss_delete_sec_context)(&minor, &p->acceptor, GSS_C_NO_BUFFER);
    if (p->client != GSS_C_NO_NAME)
        CALL(gss_release_name)(&minor, &p->client);
}

static inline void end(struct pair *p)
{
    OM_uint32 minor;

    forget(p);
    CALL(gss_release_cred)(&minor, &p->initiators);
    CALL(gss_release_cred)(&minor, &p->acceptors);
    CALL(gss_release_name)(&minor, &p->target);
}

#endif
