/*
 * Each export with NULL for each argument, on objects in every state:
 * call_arguments work [library.so]
 *
 *   nulls     each export with valid arguments, with one of them NULL, with all of them NULL
 *   threads   all calls on one context from four threads at once
 *   expired   the calls after the lifetime of a login, a few seconds, is over
 *
 * With library.so its functions are called directly, else those of libgssapi. Each call must return
 * a status, and outputs that can be released. Prints the names of the exports.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "arguments.h"

/* Inquiries about the mechanism and the default credential, whose outputs are all optional. */
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
    /* A function with fewer parameters ignores the rest. */
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

/* Calls with these arguments crash in Kerberos, which libgssapi calls first. */
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
        /* libgssapi does not export the functions that only it calls. */
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

        /* These two delete the context. */
        if (!has(export, "cx") || strcmp(export->name, "gss_delete_sec_context") == 0 ||
            strcmp(export->name, "gss_export_sec_context") == 0)
            continue;
        /* Rarely, a first message of a login: the other threads meet the context in that state. */
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

    /* gss_inquire_context still succeeds; the other calls report the expiry. */
    major = CALL(gss_inquire_context)(&minor, *context, NULL, NULL, &shown, NULL, NULL, NULL,
                                      &open);
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

    /* The context can be used for another login. */
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
    /* The leak detector may end the program without a flush. */
    fflush(stdout);
    return exit_status();
}
