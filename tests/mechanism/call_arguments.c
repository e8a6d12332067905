/*
 * Each export with each argument missing, on objects in every state: call_arguments work [library.so]
 *
 *   nulls     each export; its arguments right, one of them NULL, all of them NULL
 *   threads   all calls on one context from four threads at once
 *   expired   what is answered when the lifetime of a login, a few seconds, is over
 *
 * With library.so its functions are called directly, else those of the real libgssapi. The answer
 * must be a status, and outputs that can be released. Prints the names of the exports.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "both_sides.h"

/*
 * The parameters of an export, a letter each: M minor status; n name, c context, k credential;
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
};
enum { EXPORTS = sizeof exports / sizeof *exports, MOST = 13, PIECES = 4 };

static struct pair both;
static gss_buffer_desc exported_name, exported_credential;

/* The states of a context, and those of names and credentials that follow. */
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

/* Which objects a call is made with, and which of its arguments is NULL. */
struct choice {
    int context, name, credential, buffer, number, null;
};
enum { ALL = -2, NOTHING = -1 };

/* What a call is made with and gives. */
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
static gss_key_value_set_desc empty_store = {0, NULL};
static struct gss_channel_bindings_struct bindings = {.application_data = {4, "here"}};

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

        /* One of ours that is left as it was cannot be released. The libgssapi leaves some so. */
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
        case 'e': *value = (uintptr_t)(strchr(export->takes, 'x') ? &reset : &ssf); break;
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

/* Releases what came; whatever failed gave nothing. */
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
            /* A NUL follows that is not counted. */
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

/* Calls about the mechanism and the default credential, of which every answer may be left out. */
static int needs_nothing(const struct export *export)
{
    static const char *const names[] = {"gss_inquire_attrs_for_mech", "gss_inquire_cred",
                                        "gss_inquire_cred_by_mech",
                                        "gss_inquire_saslname_for_mech"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(export->name, names[i]) == 0)
            return 1;
    return 0;
}

typedef OM_uint32 function(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t,
                           uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t,
                           uintptr_t);

/* One call. */
static void try(const struct export *export, const struct choice *choice, struct arguments *a)
{
    OM_uint32 major;
    uintptr_t *v = a->value;

    a->minor = 0xFFFFFFFF;
    memset(v, 0, sizeof a->value);
    prepare(export, choice, a);
    /* Whoever takes fewer arguments does not look at the rest. */
    major = ((function *)find(export->name))(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8],
                                             v[9], v[10], v[11], v[12]);
    if (major != GSS_S_COMPLETE && major != GSS_S_CONTINUE_NEEDED &&
        (!GSS_ERROR(major) || (bare != NULL && v[0] != 0 && a->minor >> 16 != FIRST_MINOR >> 16)))
        FAIL("%s: %08x %08x", export->name, major, a->minor);
    if (bare != NULL && choice->null == ALL)
        CHECK((GSS_ERROR(major) == 0) == needs_nothing(export));
    settle(export, major, a);
}

static int has(const struct export *export, const char *letters)
{
    return strpbrk(export->takes, letters) != NULL;
}

/* Calls that end in Kerberos, which the libgssapi asks first, and takes for its own. */
static int another_crashes(const struct export *export, const struct choice *choice)
{
    int null = choice->null == ALL ? 'b' : choice->null >= 0 ? export->takes[choice->null] : 0;

    if (strcmp(export->name, "gss_init_sec_context") == 0)
        return null == 'o' && choice->context != NONE;
    return strcmp(export->name, "gss_inquire_mech_for_saslname") == 0 && null == 'b';
}

static unsigned long tries;

static void try_all_nulls(const struct export *export, struct choice choice)
{
    OM_uint32 minor;

    for (choice.null = ALL; choice.null < (int)strlen(export->takes); choice.null++) {
        if (bare == NULL && another_crashes(export, &choice))
            continue;
        struct arguments a = {
            .context = has(export, "cx") ? context(choice.context) : GSS_C_NO_CONTEXT,
            .name = has(export, "nr") ? name(choice.name) : GSS_C_NO_NAME,
            .credential = has(export, "kq") ? credential(choice.credential) : GSS_C_NO_CREDENTIAL,
        };

        name_case("%s, context %d, name %d, credential %d, buffer %d, number %d, NULL %d",
                  export->name, choice.context, choice.name, choice.credential, choice.buffer,
                  choice.number, choice.null);
        try(export, &choice, &a);
        tries++;
        if (a.context != GSS_C_NO_CONTEXT)
            CALL(gss_delete_sec_context)(&minor, &a.context, GSS_C_NO_BUFFER);
        if (a.name != GSS_C_NO_NAME)
            CALL(gss_release_name)(&minor, &a.name);
        if (a.credential != GSS_C_NO_CREDENTIAL)
            CALL(gss_release_cred)(&minor, &a.credential);
    }
}

static void try_everything(const struct export *export)
{
    struct choice c;

    for (c.context = 0; c.context < (has(export, "cx") ? CONTEXTS : 1); c.context++)
        for (c.name = 0; c.name < (has(export, "nr") ? NAMES : 1); c.name++)
            for (c.credential = 0; c.credential < (has(export, "kq") ? CREDENTIALS : 1);
                 c.credential++)
                for (c.buffer = 0; c.buffer < (has(export, "b") ? BUFFERS : 1); c.buffer++)
                    for (c.number = 0; c.number < (has(export, "i") ? NUMBERS : 1); c.number++)
                        try_all_nulls(export, c);
}

static void nulls(void)
{
    for (int i = 0; i < EXPORTS; i++) {
        /* What only the mechglue calls it does not export. */
        if (bare == NULL && (strncmp(exports[i].name, "gssspi_", 7) == 0 ||
                             strcmp(exports[i].name, "gss_internal_release_oid") == 0))
            continue;
        RUN_CASE(try_everything(&exports[i]), "%s", exports[i].name);
        puts(exports[i].name);
    }
    fprintf(stderr, "%lu calls\n", tries);
}

static gss_ctx_id_t shared;
static atomic_uint seed, right;

static void *a_thread(void *nothing)
{
    unsigned state = atomic_fetch_add(&seed, 1);

    for (int i = 0; i < 20000; i++) {
        const struct export *export = &exports[rand_r(&state) % EXPORTS];
        struct choice choice = {.buffer = rand_r(&state) % BUFFERS,
                                .null = rand_r(&state) % 20 - 1};
        struct arguments a = {.context = shared};
        OM_uint32 minor;

        /* These two take the context away. */
        if (!has(export, "cx") || strcmp(export->name, "gss_delete_sec_context") == 0 ||
            strcmp(export->name, "gss_export_sec_context") == 0)
            continue;
        /* Now and then the first message of a login: the others find the context in that state. */
        if (strcmp(export->name, "gss_accept_sec_context") == 0 && i % 50 != 0)
            continue;
        a.credential = has(export, "k") ? acquire(&ntlm, GSS_C_ACCEPT) : GSS_C_NO_CREDENTIAL;
        if (choice.null == 1 && has(export, "x"))
            choice.null = NOTHING;
        try(export, &choice, &a);
        CHECK(a.context == shared);
        atomic_fetch_add(&right, 1);
        if (a.credential != GSS_C_NO_CREDENTIAL)
            CALL(gss_release_cred)(&minor, &a.credential);
    }
    return nothing;
}

static void threads(void)
{
    static const int states[] = {ACCEPTED, INITIATED, HALF_OPEN, BEGUN};

    for (size_t s = 0; s < sizeof states / sizeof *states; s++) {
        OM_uint32 minor;
        pthread_t thread[4];

        shared = context(states[s]);
        for (int i = 0; i < 4; i++)
            CHECK(pthread_create(&thread[i], NULL, a_thread, NULL) == 0);
        for (int i = 0; i < 4; i++)
            CHECK(pthread_join(thread[i], NULL) == 0);
        CHECK(CALL(gss_delete_sec_context)(&minor, &shared, GSS_C_NO_BUFFER) == GSS_S_COMPLETE);
    }
    CHECK(right > 10000);
}

static void expired(void)
{
    OM_uint32 major, minor, lifetime, shown;
    gss_buffer_desc message = {5, "hello"}, token, early, negotiate;
    gss_ctx_id_t *context = &both.acceptor;
    int open;

    both.flags = GSS_C_CONF_FLAG;
    steps(&both, 3);
    major = CALL(gss_context_time)(&minor, *context, &lifetime);
    expect("gss_context_time", major, minor, GSS_S_COMPLETE);
    major = CALL(gss_inquire_context)(&minor, *context, NULL, NULL, &shown, NULL, NULL, NULL, NULL);
    expect("gss_inquire_context", major, minor, GSS_S_COMPLETE);
    CHECK(lifetime > 0 && lifetime < 5 && shown <= lifetime && shown + 1 >= lifetime);
    major = CALL(gss_wrap)(&minor, both.initiator, 1, 0, &message, NULL, &early);
    expect("gss_wrap (initiator)", major, minor, GSS_S_COMPLETE);
    major = CALL(gss_wrap)(&minor, *context, 1, 0, &message, NULL, &token);
    expect("gss_wrap", major, minor, GSS_S_COMPLETE);
    free_buffer(&token);
    sleep(lifetime + 1);

    /* Who asks how long is told, and so is who has a message. */
    major = CALL(gss_inquire_context)(&minor, *context, NULL, NULL, &shown, NULL, NULL, NULL, &open);
    expect("gss_inquire_context (expired)", major, minor, GSS_S_COMPLETE);
    CHECK(shown == 0 && open == 1);
#define EXPIRED(call, ...)                                                                     \
    major = CALL(call)(&minor, *context, __VA_ARGS__);                                             \
    expect(#call " (expired)", major, minor, GSS_S_CONTEXT_EXPIRED);                               \
    CHECK(minor == FIRST_MINOR + 0x70D)
    EXPIRED(gss_context_time, &lifetime);
    EXPIRED(gss_wrap, 1, 0, &message, NULL, &token);
    EXPIRED(gss_unwrap, &early, &token, NULL, NULL);
    EXPIRED(gss_get_mic, 0, &message, &token);
    EXPIRED(gss_verify_mic, &message, &early, NULL);
    EXPIRED(gss_wrap_size_limit, 1, 0, 100, &lifetime);
    EXPIRED(gss_process_context_token, &message);
    free_buffer(&early);

    /* The context is good for another login. */
    CALL(gss_delete_sec_context)(&minor, &both.initiator, GSS_C_NO_BUFFER);
    negotiate = steps(&both, 0);
    major = answer_to(&minor, &both, &negotiate, &token);
    expect("gss_accept_sec_context (again)", major, minor, GSS_S_CONTINUE_NEEDED);
    free_buffer(&token);
    free_buffer(&negotiate);
}

int main(int argc, char **argv)
{
    OM_uint32 major, minor;
    gss_name_t alice;

    CHECK(argc == 2 || argc == 3);
    if (argc == 3)
        load(argv[2]);
    both = pair(&ntlm, 0);
    if (bare == NULL) {
        major = gss_export_cred(&minor, both.acceptors, &exported_credential);
        expect("gss_export_cred", major, minor, GSS_S_COMPLETE);
        exported_name = (gss_buffer_desc){4, "\4\1\0\x0c"};
    } else {
        alice = import_name(setting("INITIATOR_USER"), GSS_C_NT_USER_NAME);
        major = CALL(gss_export_name)(&minor, alice, &exported_name);
        expect("gss_export_name", major, minor, GSS_S_COMPLETE);
        CALL(gss_release_name)(&minor, &alice);
        major = CALL(gss_export_cred)(&minor, both.acceptors, &exported_credential);
        expect("gss_export_cred", major, minor, GSS_S_COMPLETE);
    }
    if (strcmp(argv[1], "nulls") == 0) {
        nulls();
    } else if (strcmp(argv[1], "threads") == 0) {
        name_case("threads");
        threads();
    } else {
        CHECK(strcmp(argv[1], "expired") == 0);
        RUN_CASE(expired(), "expired login");
    }
    free_buffer(&exported_credential);
    if (bare != NULL)
        free_buffer(&exported_name);
    end(&both);
    /* The leak detector ends the program without. */
    fflush(stdout);
    return exit_status();
}
