/* A login in an initiator: the calls of both steps, and checks of their results. */
#ifndef INITIATOR_H
#define INITIATOR_H

#include "login.h"

#define PROTECTED (GSS_C_INTEG_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG)

static inline gss_name_t name_of(const char *text, gss_OID type)
{
    OM_uint32 major, minor;
    gss_buffer_desc buffer = {strlen(text), (void *)text};
    gss_name_t name;

    major = gss_import_name(&minor, &buffer, type, &name);
    expect("gss_import_name", major, minor, GSS_S_COMPLETE);
    return name;
}

/* The lifetime that Apache requests for Basic. */
enum { ASKED_LIFETIME = 300 };

static inline gss_cred_id_t with_password(const char *user, const char *password)
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

/* Whether a new context has the lifetime of its credential. */
static inline int is_lifetime_of(gss_cred_id_t credential, OM_uint32 lifetime)
{
    OM_uint32 minor, asked = GSS_C_INDEFINITE;

    if (credential != GSS_C_NO_CREDENTIAL)
        CHECK(gss_inquire_cred(&minor, credential, NULL, &asked, NULL, NULL) == GSS_S_COMPLETE);
    if (asked == GSS_C_INDEFINITE)
        return lifetime == GSS_C_INDEFINITE;
    return lifetime <= asked && lifetime > asked - 60;
}

struct wish {
    gss_cred_id_t credential;
    gss_name_t target;
    OM_uint32 flags;
    gss_channel_bindings_t channel;
};

static inline OM_uint32 init(OM_uint32 *minor, gss_ctx_id_t *context, const struct wish *wish,
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

/* The first message. Like Apache, passes an empty token rather than none. */
static inline gss_buffer_desc begin(gss_ctx_id_t *context, const struct wish *wish)
{
    OM_uint32 major, minor, flags = 1;
    gss_buffer_desc nothing = {0, ""}, negotiate;

    major = init(&minor, context, wish, &nothing, &negotiate, &flags);
    expect("gss_init_sec_context (1)", major, minor, GSS_S_CONTINUE_NEEDED);
    CHECK(negotiate.length == 40);
    return negotiate;
}

static inline gss_buffer_desc answer(gss_ctx_id_t *context, const struct wish *wish,
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

static const OM_uint32 wishes[] = {0, GSS_C_INTEG_FLAG, GSS_C_REPLAY_FLAG, GSS_C_SEQUENCE_FLAG,
                                   GSS_C_CONF_FLAG, GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG,
                                   GSS_C_DELEG_FLAG | GSS_C_MUTUAL_FLAG | GSS_C_ANON_FLAG};
enum { WISHES = sizeof wishes / sizeof *wishes };

#endif
