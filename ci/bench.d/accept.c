/*
 * What a login costs its acceptor: accept warm-up count
 *
 * Prints a line for each login after the warm-up: nanoseconds of this process's CPU for all that the
 * server does (a credential for each of the two messages, both messages, the name, all released, as
 * mod_auth_gssapi does it), and nanoseconds of the clock for the message that is verified. The
 * initiator is another process; talking to it is not counted.
 */
#include <time.h>

#include "../../tests/mechanism/harness.h"

static long cpu, latency;

static long now(clockid_t clock)
{
    struct timespec time;

    CHECK(clock_gettime(clock, &time) == 0);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

/* One message to the acceptor, with a credential of its own. */
static gss_name_t step(gss_ctx_id_t *context, gss_buffer_desc *message, gss_buffer_desc *answer,
                       OM_uint32 expected)
{
    OM_uint32 major, minor;
    gss_cred_id_t credential;
    gss_name_t name = GSS_C_NO_NAME;

    major = gss_acquire_cred(&minor, GSS_C_NO_NAME, 0, &ntlm_only, GSS_C_ACCEPT, &credential, NULL,
                             NULL);
    expect("gss_acquire_cred", major, minor, GSS_S_COMPLETE);
    latency = -now(CLOCK_MONOTONIC);
    major = gss_accept_sec_context(&minor, context, credential, message, GSS_C_NO_CHANNEL_BINDINGS,
                                   &name, NULL, answer, NULL, NULL, NULL);
    latency += now(CLOCK_MONOTONIC);
    expect("gss_accept_sec_context", major, minor, expected);
    gss_release_cred(&minor, &credential);
    return name;
}

static void login(const struct initiator *initiator)
{
    OM_uint32 major, minor;
    gss_buffer_desc negotiate = initiator_begin(initiator), answer, authenticate, nothing, text;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_name_t name;

    cpu = -now(CLOCK_PROCESS_CPUTIME_ID);
    step(&context, &negotiate, &answer, GSS_S_CONTINUE_NEEDED);
    cpu += now(CLOCK_PROCESS_CPUTIME_ID);
    authenticate = initiator_step(initiator, &answer);
    cpu -= now(CLOCK_PROCESS_CPUTIME_ID);
    name = step(&context, &authenticate, &nothing, GSS_S_COMPLETE);
    major = gss_display_name(&minor, name, &text, NULL);
    expect("gss_display_name", major, minor, GSS_S_COMPLETE);
    /* Not by its length: gss-ntlmssp counts the NUL. */
    if (strcmp(text.value, setting("EXPECT_NAME")) != 0) {
        fprintf(stderr, "logged in as %s\n", (char *)text.value);
        exit(1);
    }
    gss_release_buffer(&minor, &text);
    gss_release_buffer(&minor, &answer);
    gss_release_name(&minor, &name);
    gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
    cpu += now(CLOCK_PROCESS_CPUTIME_ID);
    free(negotiate.value), free(authenticate.value);
}

int main(int argc, char **argv)
{
    struct initiator initiator;
    long warm_up, count;

    CHECK(argc == 3);
    warm_up = atol(argv[1]);
    count = atol(argv[2]);
    initiator = initiator_start(setting("INITIATOR_PASSWORD"));
    for (long i = 0; i < warm_up + count; i++) {
        login(&initiator);
        if (i >= warm_up)
            printf("%ld %ld\n", cpu, latency);
    }
    initiator_stop(&initiator);
    return 0;
}
