/* The exports with their parameters, and arguments of every kind for them. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include "both_sides.h"

/*
 * The parameters of an export, one letter each: M minor status; n name, c context, k credential;
 * r, x, q a variable with one of these; b buffer; o mechanism, t name type, e option; s set of
 * mechanisms; g channel bindings; p credential store; w pieces of a message and v how many;
 * i number; z variable with an object identifier. For results N name, C context, K credential,
 * B buffer, O object identifier, S set of these, D set of buffers, I number.
 */
static const struct export {
    const char *name, *takes;
} exports[] = {
    {"gss_accept_sec_context", "MxkbgNOBIIK"},
    {"gss_acquire_cred", "MnisiKSI"},
    {"gss_acquire_cred_from", "MnisipKSI"},
    {"gss_compare_name", "MnnI"},
    {"gss_context_time", "McI"},
    {"gss_delete_sec_context", "MxB"},
    {"gss_display_name", "MnBO"},
    {"gss_display_status", "MiioIB"},
    {"gss_duplicate_name", "MnN"},
    {"gss_export_cred", "MkB"},
    {"gss_export_name", "MnB"},
    {"gss_export_sec_context", "MxB"},
    {"gss_get_mic", "McibB"},
    {"gss_get_mic_iov", "Mciwv"},
    {"gss_get_mic_iov_length", "Mciwv"},
    {"gss_get_name_attribute", "MnbIIBBI"},
    {"gss_import_cred", "MbK"},
    {"gss_import_name", "MbtN"},
    {"gss_import_sec_context", "MbC"},
    {"gss_indicate_mechs", "MS"},
    {"gss_init_sec_context", "MkxnoiigbOBII"},
    {"gss_inquire_attrs_for_mech", "MoSS"},
    {"gss_inquire_context", "McNNIOIII"},
    {"gss_inquire_cred", "MkNIIS"},
    {"gss_inquire_cred_by_mech", "MkoNIII"},
    {"gss_inquire_mech_for_saslname", "MbO"},
    {"gss_inquire_name", "MnIOD"},
    {"gss_inquire_names_for_mech", "MoS"},
    {"gss_inquire_saslname_for_mech", "MoBBB"},
    {"gss_inquire_sec_context_by_oid", "MceD"},
    {"gss_internal_release_oid", "Mz"},
    {"gss_localname", "MnoB"},
    {"gss_process_context_token", "Mcb"},
    {"gss_release_cred", "Mq"},
    {"gss_release_name", "Mr"},
    {"gss_set_sec_context_option", "Mxeb"},
    {"gss_unwrap", "McbBII"},
    {"gss_unwrap_iov", "McIIwv"},
    {"gss_verify_mic", "McbbI"},
    {"gss_verify_mic_iov", "McIwv"},
    {"gss_wrap", "MciibIB"},
    {"gss_wrap_iov", "MciiIwv"},
    {"gss_wrap_iov_length", "MciiIwv"},
    {"gss_wrap_size_limit", "MciiiI"},
    {"gssspi_acquire_cred_with_password", "MnbisiKSI"},
    {"gssspi_authorize_localname", "Mnbt"},
    {"gssspi_import_name_by_mech", "MobtN"},
    {"gssspi_set_cred_option", "Mqeb"},
};
enum { EXPORTS = sizeof exports / sizeof *exports, MOST = 13, PIECES = 4 };

static struct pair both;
static gss_buffer_desc exported_name, exported_credential;

/* The states of a context. */
enum { NONE, HALF_OPEN, FAILED, ACCEPTED, UNPROTECTED, BEGUN, CONFUSED, INITIATED, CONTEXTS };

static gss_ctx_id_t context(int state)
{
    OM_uint32 minor;
    gss_buffer_desc token = GSS_C_EMPTY_BUFFER, garbage = {12, "NTLMSSP\0\3\0\0"}, answer;
    gss_ctx_id_t wanted = GSS_C_NO_CONTEXT, *kept;

    static const int tokens[CONTEXTS] = {-1, 1, 1, 3, 3, 0, 0, 2};
    both.flags = state == UNPROTECTED ? 0 : GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG;
    token = steps(&both, tokens[state]);
    if (state == FAILED)
        CHECK(GSS_ERROR(answer_to(&minor, &both, &garbage, &answer)));
    if (state == CONFUSED)
        CHECK(GSS_ERROR(initiate(&minor, &both, &garbage, &answer)));
    kept = state < BEGUN ? &both.acceptor : &both.initiator;
    wanted = *kept;
    *kept = GSS_C_NO_CONTEXT;
    forget(&both);
    free_buffer(&token);
    return wanted;
}

enum { NAMES = 5, CREDENTIALS = 4, BUFFERS = 7, NUMBERS = 3 };

static gss_name_t name(int kind)
{
    gss_name_t verified;

    switch (kind) {
    case 0:
        return GSS_C_NO_NAME;
    case 1:
        return import_name(setting("INITIATOR_USER"), GSS_C_NT_USER_NAME);
    case 2:
        return import_name("HTTP@www.example.test", GSS_C_NT_HOSTBASED_SERVICE);
    case 3:
        return import_name("", GSS_C_NT_ANONYMOUS);
    }
    steps(&both, 3);
    verified = both.client;
    both.client = GSS_C_NO_NAME;
    forget(&both);
    return verified;
}

static gss_cred_id_t credential(int kind)
{
    static const int usages[CREDENTIALS] = {0, GSS_C_ACCEPT, GSS_C_INITIATE, GSS_C_BOTH};

    return kind == 0 ? GSS_C_NO_CREDENTIAL : acquire(&ntlm, usages[kind]);
}

static const gss_buffer_desc *buffer(int kind)
{
    static gss_buffer_desc buffers[] = {
        {0, ""},
        {4, "user"},
        {32, "NTLMSSP\0\1\0\0\0\x97\x82\x08\xe2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"},
        {38, "\1\0\0\0 neither a token nor anything else"},
        {4, "\1\0\0\0"},
    };
    return kind == 5 ? &exported_name : kind == 6 ? &exported_credential : &buffers[kind];
}

/* The objects of a call, and the argument that is NULL. */
struct choice {
    int context, name, credential, buffer, number, null;
};
enum { ALL = -2, NOTHING = -1 };

/* The arguments and the outputs of a call. */
struct arguments {
    gss_ctx_id_t context;
    gss_name_t name;
    gss_cred_id_t credential;
    OM_uint32 minor;
    gss_iov_buffer_desc pieces[PIECES];
    char data[64];
    gss_OID oid;
    union {
        gss_name_t name;
        gss_ctx_id_t context;
        gss_cred_id_t credential;
        gss_buffer_desc buffer;
        gss_OID oid;
        gss_OID_set set;
        gss_buffer_set_t buffers;
        int number;
    } out[MOST];
    uintptr_t value[MOST];
};

static gss_OID_desc ssf = {11, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x05\x0f"};
static gss_OID_desc reset = {11, "\x2b\x06\x01\x04\x01\xb7\x7d\x85\x0f\x01\x03"};
static gss_OID_desc no_ci_flags = {6, "\x2a\x85\x70\x2b\x0d\x1d"};
static gss_key_value_set_desc empty_store = {0, NULL};
static struct gss_channel_bindings_struct bindings = {.application_data = {4, "here"}};

/* An option of what the export takes. */
static gss_OID option_of(const char *takes)
{
    if (strchr(takes, 'q') != NULL)
        return &no_ci_flags;
    return strchr(takes, 'x') != NULL ? &reset : &ssf;
}

static void prepare(const struct export *export, const struct choice *choice, struct arguments *a)
{
    int mic = strstr(export->name, "_mic_") != NULL;

    memset(a->data, 'x', sizeof a->data);
    a->pieces[0] = (gss_iov_buffer_desc){
        (mic ? GSS_IOV_BUFFER_TYPE_MIC_TOKEN : GSS_IOV_BUFFER_TYPE_HEADER), {16, a->data}};
    a->pieces[1] = (gss_iov_buffer_desc){GSS_IOV_BUFFER_TYPE_DATA, {32, a->data + 16}};
    a->pieces[2] = (gss_iov_buffer_desc){GSS_IOV_BUFFER_TYPE_PADDING, {8, a->data + 48}};
    a->pieces[3] = (gss_iov_buffer_desc){GSS_IOV_BUFFER_TYPE_TRAILER, {8, a->data + 56}};
    a->oid = &ntlm;
    for (int i = 0; export->takes[i] != 0; i++) {
        uintptr_t *value = &a->value[i];

        /* An output that the library does not set cannot be released. libgssapi sets not all. */
        memset(&a->out[i], bare != NULL || export->takes[i] == 'I' ? 0xFF : 0, sizeof a->out[i]);
        switch (export->takes[i]) {
        case 'M': *value = (uintptr_t)&a->minor; break;
        case 'n': *value = (uintptr_t)a->name; break;
        case 'c': *value = (uintptr_t)a->context; break;
        case 'k': *value = (uintptr_t)a->credential; break;
        case 'r': *value = (uintptr_t)&a->name; break;
        case 'x': *value = (uintptr_t)&a->context; break;
        case 'q': *value = (uintptr_t)&a->credential; break;
        case 'b': *value = (uintptr_t)buffer(choice->buffer); break;
        case 'o': *value = (uintptr_t)&ntlm; break;
        case 't': *value = (uintptr_t)GSS_C_NT_USER_NAME; break;
        case 'e': *value = (uintptr_t)option_of(export->takes); break;
        case 's': *value = (uintptr_t)&ntlm_only; break;
        case 'g': *value = (uintptr_t)&bindings; break;
        case 'p': *value = (uintptr_t)&empty_store; break;
        case 'w': *value = (uintptr_t)a->pieces; break;
        case 'v': *value = PIECES; break;
        case 'i': *value = (uintptr_t)choice->number; break;
        case 'z': *value = (uintptr_t)&a->oid; break;
        default: *value = (uintptr_t)&a->out[i]; break;
        }
        if (strchr("iv", export->takes[i]) == NULL && (choice->null == i || choice->null == ALL))
            *value = 0;
    }
}

/* Releases the outputs; a failed call must have none. */
static void settle(const struct export *export, OM_uint32 major, struct arguments *a)
{
    OM_uint32 minor;

    for (int i = 0; export->takes[i] != 0; i++) {
        char kind = export->takes[i];
        gss_buffer_desc *text = &a->out[i].buffer;

        if (a->value[i] != (uintptr_t)&a->out[i] || strchr("OI", kind) != NULL)
            continue;
        if (kind == 'B') {
            CHECK(!GSS_ERROR(major) || text->length == 0);
            /* A NUL follows the text. */
            if (bare != NULL)
                CHECK(text->length == 0 ? text->value == NULL
                                        : ((char *)text->value)[text->length] == 0);
            free_buffer(text);
            continue;
        }
        CHECK(!GSS_ERROR(major) || a->out[i].name == NULL);
        if (a->out[i].name == NULL)
            continue;
        switch (kind) {
        case 'N': CALL(gss_release_name)(&minor, &a->out[i].name); break;
        case 'C': CALL(gss_delete_sec_context)(&minor, &a->out[i].context, NULL); break;
        case 'K': CALL(gss_release_cred)(&minor, &a->out[i].credential); break;
        case 'S': gss_release_oid_set(&minor, &a->out[i].set); break;
        case 'D': gss_release_buffer_set(&minor, &a->out[i].buffers); break;
        default: CHECK(!"a letter of the table");
        }
    }
}

#endif
