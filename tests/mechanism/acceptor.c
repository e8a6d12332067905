/*
 * An acceptor on the real libgssapi, as servers use it: acceptor work count
 *
 *   logins    so many logins, each with everything that a server may ask afterwards
 *   failures  so many rounds of logins that fail in each way, each followed by one that succeeds
 *   losses    so many logins of which nothing is released, for a test of the leak detector
 *   threads   so many logins in each of four threads, every call of a login on another thread
 *   fork      so many children, each of which completes logins that its parent began
 *   halfopen  so many contexts that wait for the client's answer at once
 *
 * The environment says which mechanism and configuration it uses, and more: see login.h for the
 * acceptor and harness.h for the initiator.
 */
#include <dirent.h>
#include <pthread.h>
#include <time.h>

#include "login.h"

static void logins(const struct initiator *initiator, long count)
{
    for (long i = 0; i < count; i++) {
        gss_ctx_id_t context = GSS_C_NO_CONTEXT;
        gss_name_t name = login(&context, initiator);

        ask_name(name);
        ask_attributes(name);
        ask_context(context);
        finish(&context, &name);
    }
}

static void failures(const struct initiator *right, long count)
{
    OM_uint32 major, minor, lifetime;
    struct initiator wrong = initiator_start("not the password");

    for (long i = 0; i < count; i++) {
        gss_ctx_id_t context = GSS_C_NO_CONTEXT;
        gss_buffer_desc negotiate = initiator_begin(&wrong), answer, again, authenticate;
        gss_buffer_desc a_challenge = {32, "NTLMSSP\0\2\0\0\0sent by a server?"};
        gss_name_t name;

        /* The first message is wrong: nothing is left. */
        authenticate = negotiate;
        authenticate.length = 12;
        REFUSED(&context, &authenticate, MALFORMED);
        CHECK(context == GSS_C_NO_CONTEXT);

        /* A challenge that is never answered; then a wrong password; then no new beginning. */
        answer = challenge(&context, &negotiate);
        again = challenge(&context, &negotiate);
        CHECK(answer.length == again.length && memcmp(answer.value, again.value, answer.length));
        authenticate = initiator_step(&wrong, &again);
        CHECK(GSS_ERROR(gss_context_time(&minor, context, &lifetime)));
        REFUSED(&context, &authenticate, BAD_USER_OR_PASSWORD);
        CHECK(context != GSS_C_NO_CONTEXT);
        CHECK(GSS_ERROR(gss_context_time(&minor, context, &lifetime)));
        REFUSED(&context, &authenticate, CONTEXT_FAILED);
        REFUSED(&context, &a_challenge, UNEXPECTED_MESSAGE);

        /* The right one, on the same context; then the messages of the wrong one again. */
        name = login(&context, right);
        ask_name(name);
        gss_release_name(&minor, &name);
        REFUSED(&context, &authenticate, NOT_NEGOTIATED);
        major = gss_context_time(&minor, context, &lifetime);
        CHECK(GSS_ERROR(major) && minor == CONTEXT_FAILED);
        name = login(&context, right);
        finish(&context, &name);

        REFUSED(&context, &authenticate, NOT_NEGOTIATED);
        CHECK(context == GSS_C_NO_CONTEXT);
        free(negotiate.value), free(authenticate.value);
        gss_release_buffer(&minor, &answer);
        gss_release_buffer(&minor, &again);
    }
    initiator_stop(&wrong);
}

static void losses(const struct initiator *initiator, long count)
{
    for (long i = 0; i < count; i++) {
        gss_ctx_id_t context = GSS_C_NO_CONTEXT;

        login(&context, initiator);
    }
}

/* What does not depend on a login. */
static void facts(void)
{
    OM_uint32 major, minor, lifetime;
    gss_buffer_desc names[3], text, user = {13, "EXAMPLE\\alice"};
    gss_cred_id_t credential = acquire(GSS_C_ACCEPT);
    gss_OID_set set;
    gss_OID mech, type;
    gss_name_t name, canonical;
    gss_cred_usage_t usage;
    int present;

    major = gss_inquire_cred(&minor, credential, &name, &lifetime, &usage, &set);
    expect("gss_inquire_cred", major, minor, GSS_S_COMPLETE);
    CHECK(lifetime == GSS_C_INDEFINITE && usage == GSS_C_ACCEPT && set->count == 1);
    gss_release_oid_set(&minor, &set);
    major = gss_display_name(&minor, name, &text, &type);
    expect("gss_display_name (default credential)", major, minor, GSS_S_COMPLETE);
    CHECK(strncmp(text.value, "host@", 5) == 0 && same_oid(type, GSS_C_NT_HOSTBASED_SERVICE));
    gss_release_buffer(&minor, &text);
    gss_release_name(&minor, &name);
    major = gss_inquire_cred_by_mech(&minor, credential, &ntlm, &name, NULL, &lifetime, &usage);
    expect("gss_inquire_cred_by_mech", major, minor, GSS_S_COMPLETE);
    CHECK(lifetime == GSS_C_INDEFINITE && usage == GSS_C_ACCEPT);
    gss_release_name(&minor, &name);

    /* Into another process and back; it is as good as the first. */
    major = gss_export_cred(&minor, credential, &text);
    expect("gss_export_cred", major, minor, GSS_S_COMPLETE);
    gss_release_cred(&minor, &credential);
    major = gss_import_cred(&minor, &text, &credential);
    expect("gss_import_cred", major, minor, GSS_S_COMPLETE);
    gss_release_buffer(&minor, &text);
    major = gss_inquire_cred(&minor, credential, NULL, NULL, &usage, NULL);
    expect("gss_inquire_cred (imported)", major, minor, GSS_S_COMPLETE);
    CHECK(usage == GSS_C_ACCEPT);
    gss_release_cred(&minor, &credential);

    major = gss_acquire_cred(&minor, 0, 0, &ntlm_only, GSS_C_INITIATE, &credential, NULL, NULL);
    expect("gss_acquire_cred (initiate)", major, minor,
           getenv("NTLM_USER_FILE") == NULL ? GSS_S_NO_CRED : GSS_S_COMPLETE);
    gss_release_cred(&minor, &credential);
    credential = acquire(GSS_C_BOTH);
    gss_release_cred(&minor, &credential);

    major = gss_inquire_names_for_mech(&minor, &ntlm, &set);
    expect("gss_inquire_names_for_mech", major, minor, GSS_S_COMPLETE);
    CHECK(gss_test_oid_set_member(&minor, GSS_C_NT_USER_NAME, set, &present) == 0 && present);
    gss_release_oid_set(&minor, &set);
    major = gss_inquire_attrs_for_mech(&minor, &ntlm, &set, NULL);
    expect("gss_inquire_attrs_for_mech", major, minor, GSS_S_COMPLETE);
    CHECK(gss_test_oid_set_member(&minor, (gss_OID)GSS_C_MA_AUTH_INIT, set, &present) == 0);
    CHECK(present && set->count == 10);
    CHECK(gss_test_oid_set_member(&minor, (gss_OID)GSS_C_MA_CTX_TRANS, set, &present) == 0);
    CHECK(present);
    gss_release_oid_set(&minor, &set);
    major = gss_inquire_saslname_for_mech(&minor, &ntlm, &names[0], &names[1], &names[2]);
    expect("gss_inquire_saslname_for_mech", major, minor, GSS_S_COMPLETE);
    CHECK(is_text(&names[1], "NTLM") && names[2].length > 0);
    major = gss_inquire_mech_for_saslname(&minor, &names[0], &mech);
    expect("gss_inquire_mech_for_saslname", major, minor, GSS_S_COMPLETE);
    CHECK(same_oid(mech, &ntlm));
    major = gss_inquire_mech_for_saslname(&minor, &user, &mech);
    expect("gss_inquire_mech_for_saslname (unknown)", major, minor, GSS_S_BAD_MECH);
    for (int i = 0; i < 3; i++)
        gss_release_buffer(&minor, &names[i]);

    /* A name that is only typed proves nothing. */
    major = gss_import_name(&minor, &user, GSS_C_NT_USER_NAME, &name);
    expect("gss_import_name", major, minor, GSS_S_COMPLETE);
    major = gss_canonicalize_name(&minor, name, &ntlm, &canonical);
    expect("gss_canonicalize_name", major, minor, GSS_S_COMPLETE);
    major = gss_display_name(&minor, canonical, &text, &type);
    expect("gss_display_name (typed)", major, minor, GSS_S_COMPLETE);
    CHECK(is_text(&text, "EXAMPLE\\alice") && same_oid(type, GSS_C_NT_USER_NAME));
    gss_release_buffer(&minor, &text);
    major = gss_localname(&minor, canonical, &ntlm, &text);
    CHECK(GSS_ERROR(major));
    CHECK(gss_userok(canonical, "alice") == 0);
    gss_release_name(&minor, &canonical);
    gss_release_name(&minor, &name);

    /* Nobody is called nobody; users of this machine's own numbering are not ours. */
    major = gss_import_name(&minor, GSS_C_NO_BUFFER, GSS_C_NT_ANONYMOUS, &name);
    expect("gss_import_name (anonymous)", major, minor, GSS_S_COMPLETE);
    major = gss_canonicalize_name(&minor, name, &ntlm, &canonical);
    expect("gss_canonicalize_name (anonymous)", major, minor, GSS_S_COMPLETE);
    major = gss_display_name(&minor, canonical, &text, &type);
    expect("gss_display_name (anonymous)", major, minor, GSS_S_COMPLETE);
    CHECK(is_text(&text, "<anonymous>") && same_oid(type, GSS_C_NT_ANONYMOUS));
    major = gss_compare_name(&minor, canonical, canonical, &present);
    expect("gss_compare_name (anonymous)", major, minor, GSS_S_COMPLETE);
    CHECK(present == 0);
    gss_release_buffer(&minor, &text);
    gss_release_name(&minor, &canonical);
    gss_release_name(&minor, &name);
    user = (gss_buffer_desc){4, "1000"};
    major = gss_import_name(&minor, &user, GSS_C_NT_STRING_UID_NAME, &name);
    expect("gss_import_name (number)", major, minor, GSS_S_COMPLETE);
    major = gss_canonicalize_name(&minor, name, &ntlm, &canonical);
    expect("gss_canonicalize_name (number)", major, minor, GSS_S_BAD_NAMETYPE);
    gss_release_name(&minor, &name);
}

struct stage {
    gss_ctx_id_t context;
    gss_buffer_desc message, answer;
    gss_name_t name;
};

static void *first_thread(void *stage)
{
    struct stage *s = stage;

    s->answer = challenge(&s->context, &s->message);
    return NULL;
}

static void *second_thread(void *stage)
{
    struct stage *s = stage;

    s->name = complete(&s->context, &s->message);
    ask_name(s->name);
    return NULL;
}

static void *third_thread(void *stage)
{
    struct stage *s = stage;

    finish(&s->context, &s->name);
    return NULL;
}

static void in_a_thread(void *(*work)(void *), void *argument)
{
    pthread_t thread;

    CHECK(pthread_create(&thread, NULL, work, argument) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

static long logins_a_thread;

static void *many_logins(void *initiator)
{
    OM_uint32 minor;

    for (long i = 0; i < logins_a_thread; i++) {
        struct stage s = {GSS_C_NO_CONTEXT, initiator_begin(initiator), GSS_C_EMPTY_BUFFER, 0};

        in_a_thread(first_thread, &s);
        free(s.message.value);
        s.message = initiator_step(initiator, &s.answer);
        gss_release_buffer(&minor, &s.answer);
        in_a_thread(second_thread, &s);
        free(s.message.value);
        in_a_thread(third_thread, &s);
    }
    return NULL;
}

static void threads(long count)
{
    enum { THREADS = 4 };
    pthread_t thread[THREADS];
    struct initiator initiator[THREADS];

    logins_a_thread = count;
    for (int i = 0; i < THREADS; i++)
        initiator[i] = initiator_start(setting("INITIATOR_PASSWORD"));
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&thread[i], NULL, many_logins, &initiator[i]) == 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(thread[i], NULL) == 0);
    /* Each holds the pipes of those that came before it. */
    for (int i = THREADS - 1; i >= 0; i--)
        initiator_stop(&initiator[i]);
}

/* A login is begun, then the process forks; parent and child both complete theirs. */
static void forks(const struct initiator *parents, long count)
{
    OM_uint32 minor;

    logins(parents, 1);
    for (long i = 0; i < count; i++) {
        gss_ctx_id_t context = GSS_C_NO_CONTEXT;
        gss_buffer_desc negotiate = initiator_begin(parents);
        gss_buffer_desc answer = challenge(&context, &negotiate);
        gss_buffer_desc authenticate = initiator_step(parents, &answer);
        gss_name_t name;
        int status;
        pid_t child = fork();

        CHECK(child >= 0);
        name = complete(&context, &authenticate);
        ask_name(name);
        finish(&context, &name);
        free(negotiate.value), free(authenticate.value);
        gss_release_buffer(&minor, &answer);
        if (child == 0) {
            struct initiator own = initiator_start(setting("INITIATOR_PASSWORD"));

            logins(&own, 10);
            initiator_stop(&own);
            _exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    logins(parents, 1);
}

static int open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    CHECK(folder != NULL);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

/* Resident memory in bytes. */
static long resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long pages;

    CHECK(file != NULL && fscanf(file, "%*d %ld", &pages) == 1);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static void halfopen(const struct initiator *initiator, long count)
{
    OM_uint32 minor;
    gss_buffer_desc negotiate = initiator_begin(initiator);
    gss_ctx_id_t *contexts = calloc((size_t)count, sizeof *contexts);
    long before;
    int files;

    CHECK(contexts != NULL);
    /* So that neither the page of the array nor the first call counts. */
    for (long i = 0; i < count; i++)
        contexts[i] = GSS_C_NO_CONTEXT;
    for (long i = 0; i < 2; i++) {
        gss_buffer_desc answer = challenge(&contexts[0], &negotiate);

        gss_release_buffer(&minor, &answer);
        gss_delete_sec_context(&minor, &contexts[0], GSS_C_NO_BUFFER);
    }
    before = resident();
    files = open_files();
    for (long i = 0; i < count; i++) {
        gss_buffer_desc answer = challenge(&contexts[i], &negotiate);

        gss_release_buffer(&minor, &answer);
    }
    printf("bytes %ld files %d\n", (resident() - before) / count, open_files() - files);
    for (long i = 0; i < count; i++)
        gss_delete_sec_context(&minor, &contexts[i], GSS_C_NO_BUFFER);
    free(contexts), free(negotiate.value);
}

int main(int argc, char **argv)
{
    struct initiator initiator;
    struct timespec start, end;
    long count;

    CHECK(argc == 3);
    count = atol(argv[2]);
    signal(SIGPIPE, SIG_IGN);
    clock_gettime(CLOCK_MONOTONIC, &start);
    initiator = initiator_start(setting("INITIATOR_PASSWORD"));
    if (strcmp(argv[1], "logins") == 0) {
        facts();
        logins(&initiator, count);
    } else if (strcmp(argv[1], "failures") == 0) {
        failures(&initiator, count);
    } else if (strcmp(argv[1], "losses") == 0) {
        losses(&initiator, count);
    } else if (strcmp(argv[1], "threads") == 0) {
        threads(count);
    } else if (strcmp(argv[1], "fork") == 0) {
        forks(&initiator, count);
    } else if (strcmp(argv[1], "halfopen") == 0) {
        halfopen(&initiator, count);
    } else {
        fprintf(stderr, "acceptor: no work is called %s\n", argv[1]);
        return 2;
    }
    initiator_stop(&initiator);
    clock_gettime(CLOCK_MONOTONIC, &end);
    fprintf(stderr, "%s %ld: %ld s\n", argv[1], count, (long)(end.tv_sec - start.tv_sec));
    return 0;
}
