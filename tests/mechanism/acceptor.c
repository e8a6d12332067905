/*
 * An acceptor on the real libgssapi, as servers use it: acceptor work count
 *
 *   logins    so many logins, each with everything that a server may ask afterwards
 *   failures  so many rounds of logins that fail in each way, each followed by one that succeeds
 *   losses    so many logins of which nothing is released, for a test of the leak detector
 *   threads   so many logins in each of four threads, every call of a login on another thread
 *   fork      so many children, each of which completes logins that its parent began
 *   halfopen  so many contexts that wait for the client's answer at once
 *   mixture   so many handshakes, of which a fifth succeed; says what memory and files grew by
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
        gss_name_t name;

        name_case("login %ld", i);
        name = login(&context, initiator);
        ask_name(name);
        ask_attributes(name);
        ask_context(context);
        finish(&context, &name);
    }
}

/* Fails in each way on one context, with a right login between. */
static void failing_logins(const struct initiator *right, const struct initiator *wrong)
{
    OM_uint32 major, minor, lifetime;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_buffer_desc negotiate = initiator_begin(wrong), answer, again, authenticate;
    gss_buffer_desc a_challenge = {32, "NTLMSSP\0\2\0\0\0sent by a server?"};
    gss_name_t name;

    /* A malformed first message leaves no context. */
    authenticate = negotiate;
    authenticate.length = 12;
    REFUSED(&context, &authenticate, MALFORMED);
    CHECK(context == GSS_C_NO_CONTEXT);

    /* A second NEGOTIATE replaces the first challenge; then a wrong password; then no retry. */
    answer = challenge(&context, &negotiate);
    again = challenge(&context, &negotiate);
    CHECK(answer.length == again.length && memcmp(answer.value, again.value, answer.length));
    authenticate = initiator_step(wrong, &again);
    CHECK(GSS_ERROR(gss_context_time(&minor, context, &lifetime)));
    REFUSED(&context, &authenticate, BAD_USER_OR_PASSWORD);
    CHECK(context != GSS_C_NO_CONTEXT);
    CHECK(GSS_ERROR(gss_context_time(&minor, context, &lifetime)));
    REFUSED(&context, &authenticate, CONTEXT_FAILED);
    REFUSED(&context, &a_challenge, UNEXPECTED_MESSAGE);

    /* A right login on the same context; then the messages of the wrong one again. */
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

static void failures(const struct initiator *right, long count)
{
    struct initiator wrong = initiator_start("not the password");

    for (long i = 0; i < count; i++) {
        name_case("round %ld of failures", i);
        failing_logins(right, &wrong);
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

/* The server's challenge of a new context. */
static void fresh_challenge(const gss_buffer_desc *negotiate, char bytes[8])
{
    OM_uint32 minor;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_buffer_desc message = *negotiate, answer = challenge(&context, &message);

    memcpy(bytes, (char *)answer.value + 24, 8);
    gss_release_buffer(&minor, &answer);
    gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
}

/* Parent and child get different challenges. If the child fails, the parent reads end of file. */
static void compare_challenges(pid_t child, const int ends[2], const gss_buffer_desc *negotiate)
{
    char own_bytes[8], child_bytes[8];

    close(ends[child == 0 ? 0 : 1]);
    fresh_challenge(negotiate, own_bytes);
    if (child == 0) {
        CHECK(write(ends[1], own_bytes, 8) == 8);
    } else {
        CHECK(read(ends[0], child_bytes, 8) == 8);
        CHECK(memcmp(own_bytes, child_bytes, 8) != 0);
    }
    close(ends[child == 0 ? 1 : 0]);
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
        int status, ends[2];
        pid_t child;

        CHECK(pipe(ends) == 0);
        child = fork();
        CHECK(child >= 0);
        compare_challenges(child, ends, &negotiate);
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

/* A handshake that gets as far as the challenge. */
static gss_buffer_desc half(gss_ctx_id_t *context, const struct initiator *initiator)
{
    OM_uint32 minor;
    gss_buffer_desc negotiate = initiator_begin(initiator);
    gss_buffer_desc answer = challenge(context, &negotiate);
    gss_buffer_desc authenticate = initiator_step(initiator, &answer);

    free(negotiate.value);
    gss_release_buffer(&minor, &answer);
    return authenticate;
}

/* Five handshakes: one succeeds, two fail, and two are abandoned. */
static void mixed(const struct initiator *right, const struct initiator *wrong)
{
    OM_uint32 minor;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_buffer_desc authenticate = half(&context, right);
    /* Replaces the one before. */
    gss_name_t name = login(&context, right);

    REFUSED(&context, &authenticate, NOT_NEGOTIATED);
    gss_release_name(&minor, &name);
    free(authenticate.value);

    authenticate = half(&context, wrong);
    REFUSED(&context, &authenticate, BAD_USER_OR_PASSWORD);
    free(authenticate.value);

    authenticate = half(&context, wrong);
    gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
    REFUSED(&context, &authenticate, NOT_NEGOTIATED);
    free(authenticate.value);

    authenticate = half(&context, right);
    gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
    free(authenticate.value);
}

static void mixture(const struct initiator *right, long count)
{
    struct initiator wrong = initiator_start("not the password");
    long before = 0, files = 0;

    for (long i = 0; i < count; i += 5) {
        /* The first tenth fills the arenas of malloc, and what is opened once. */
        if (i <= count / 10) {
            before = resident();
            files = open_files();
        }
        name_case("handshake %ld", i);
        mixed(right, &wrong);
    }
    printf("bytes %ld files %ld\n", resident() - before, open_files() - files);
    initiator_stop(&wrong);
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
    } else if (strcmp(argv[1], "mixture") == 0) {
        mixture(&initiator, count);
    } else {
        fprintf(stderr, "acceptor: no work is called %s\n", argv[1]);
        return 2;
    }
    initiator_stop(&initiator);
    clock_gettime(CLOCK_MONOTONIC, &end);
    fprintf(stderr, "%s %ld: %ld s\n", argv[1], count, (long)(end.tv_sec - start.tv_sec));
    return 0;
}
