/*
 * The cost of a login at the acceptor: accept warm-up count at-once threads
 *
 * After the warm-up, prints a line per round of so many concurrent logins, with three times per
 * login in nanoseconds: the CPU time of this process for all calls of the server (a credential for
 * each of the two messages, both messages, the name, all released, like mod_auth_gssapi); the time
 * of the message that is verified; and the time in which the threads completed all logins of the
 * round, divided by their number. The initiator is another process, and its time is not counted.
 *
 * Concurrent logins are those of a busy server: the first messages of all, then the second ones.
 * One at a time, each message also finds the caches filled by the initiator.
 */
#include <pthread.h>
#include <time.h>

#include "harness.h"

static __thread long latency;

static long now(clockid_t clock)
{
    struct timespec time;

    CHECK(clock_gettime(clock, &time) == 0);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

/* The largest number of logins that wait in the initiator. */
enum { MOST = 64 };

/* One message to the acceptor, with a credential for this message only. */
static gss_name_t step(gss_ctx_id_t *context, gss_buffer_desc *message, gss_buffer_desc *answer,
                       OM_uint32 expected)
{
    OM_uint32 major, minor;
    gss_cred_id_t credential;
    gss_name_t name = GSS_C_NO_NAME;

    major = gss_acquire_cred(&minor, GSS_C_NO_NAME, 0, &ntlm_only, GSS_C_ACCEPT, &credential, NULL,
                             NULL);
    expect("gss_acquire_cred", major, minor, GSS_S_COMPLETE);
    latency -= now(CLOCK_MONOTONIC);
    major = gss_accept_sec_context(&minor, context, credential, message, GSS_C_NO_CHANNEL_BINDINGS,
                                   &name, NULL, answer, NULL, NULL, NULL);
    latency += now(CLOCK_MONOTONIC);
    expect("gss_accept_sec_context", major, minor, expected);
    gss_release_cred(&minor, &credential);
    return name;
}

struct login {
    gss_ctx_id_t context;
    gss_buffer_desc negotiate, challenge, authenticate;
};

static void begin(struct login *login)
{
    step(&login->context, &login->negotiate, &login->challenge, GSS_S_CONTINUE_NEEDED);
}

static void complete(struct login *login)
{
    OM_uint32 major, minor;
    gss_buffer_desc nothing, text;
    gss_name_t name = step(&login->context, &login->authenticate, &nothing, GSS_S_COMPLETE);

    major = gss_display_name(&minor, name, &text, NULL);
    expect("gss_display_name", major, minor, GSS_S_COMPLETE);
    /* gss-ntlmssp includes the NUL in the length. */
    if (strcmp(text.value, setting("EXPECT_NAME")) != 0) {
        fprintf(stderr, "logged in as %s\n", (char *)text.value);
        exit(1);
    }
    gss_release_buffer(&minor, &text);
    gss_release_buffer(&minor, &login->challenge);
    gss_release_name(&minor, &name);
    gss_delete_sec_context(&minor, &login->context, GSS_C_NO_BUFFER);
}

/* The threads that complete logins, as those of a server. */
static struct team {
    pthread_barrier_t begin, end;
    pthread_t others[MOST];
    struct login *logins;
    long count, threads, latency[MOST];
} team;

/* The logins of one thread: every n-th one. */
static void complete_share(long thread)
{
    latency = 0;
    for (long i = thread; i < team.count; i += team.threads)
        complete(&team.logins[i]);
    team.latency[thread] = latency;
}

static void *work(void *thread)
{
    for (;;) {
        pthread_barrier_wait(&team.begin);
        if (team.count == 0)
            return NULL;
        complete_share((long)thread);
        pthread_barrier_wait(&team.end);
    }
}

static void team_start(long threads)
{
    team.threads = threads;
    CHECK(pthread_barrier_init(&team.begin, NULL, (unsigned)threads) == 0);
    CHECK(pthread_barrier_init(&team.end, NULL, (unsigned)threads) == 0);
    for (long i = 1; i < threads; i++)
        CHECK(pthread_create(&team.others[i], NULL, work, (void *)i) == 0);
}

static void team_stop(void)
{
    team.count = 0;
    pthread_barrier_wait(&team.begin);
    for (long i = 1; i < team.threads; i++)
        CHECK(pthread_join(team.others[i], NULL) == 0);
}

/* Completes all logins and returns the sum of their latencies. */
static long complete_all(struct login *logins, long count)
{
    long sum = 0;

    team.logins = logins;
    team.count = count;
    pthread_barrier_wait(&team.begin);
    complete_share(0);
    pthread_barrier_wait(&team.end);
    for (long i = 0; i < team.threads; i++)
        sum += team.latency[i];
    return sum;
}

static void measure(const struct initiator *initiator, long at_once, int counts)
{
    struct login logins[MOST] = {{0}};
    long cpu, clock, waited;

    for (long i = 0; i < at_once; i++)
        logins[i].negotiate = initiator_begin(initiator);
    cpu = -now(CLOCK_PROCESS_CPUTIME_ID);
    for (long i = 0; i < at_once; i++)
        begin(&logins[i]);
    cpu += now(CLOCK_PROCESS_CPUTIME_ID);
    for (long i = 0; i < at_once; i++)
        logins[i].authenticate = initiator_step(initiator, &logins[i].challenge);
    clock = -now(CLOCK_MONOTONIC);
    cpu -= now(CLOCK_PROCESS_CPUTIME_ID);
    waited = complete_all(logins, at_once);
    cpu += now(CLOCK_PROCESS_CPUTIME_ID);
    clock += now(CLOCK_MONOTONIC);
    for (long i = 0; i < at_once; i++)
        free(logins[i].negotiate.value), free(logins[i].authenticate.value);
    if (counts)
        printf("%ld %ld %ld\n", cpu / at_once, waited / at_once, clock / at_once);
}

int main(int argc, char **argv)
{
    struct initiator initiator;
    long warm_up, count, at_once, threads;

    CHECK(argc == 5);
    warm_up = atol(argv[1]);
    count = atol(argv[2]);
    at_once = atol(argv[3]);
    threads = atol(argv[4]);
    CHECK(at_once >= 1 && at_once <= MOST && threads >= 1 && threads <= at_once);
    initiator = initiator_start(setting("INITIATOR_PASSWORD"));
    team_start(threads);
    for (long i = 0; i < warm_up + count; i += at_once)
        measure(&initiator, at_once, i >= warm_up);
    team_stop();
    initiator_stop(&initiator);
    return 0;
}
