/*
 * What the C programs here share: cases and their checks, texts of statuses, and an initiator in a
 * process of its own, since one process can load only one mechanism for NTLM.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <errno.h>
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define NTLM_ENCODING "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"
static gss_OID_desc ntlm __attribute__((unused)) = {10, NTLM_ENCODING};
static gss_OID_set_desc ntlm_only __attribute__((unused)) = {1, &ntlm};

/* Our minor codes. */
#define FIRST_MINOR 0x4E440000u

/* A case is one call, and longjmp() does not change the variables that its caller did not. */
#pragma GCC diagnostic ignored "-Wclobbered"

/* The name of the case that runs: every failure is printed with it. */
static char case_name[128] __attribute__((unused)) = "set-up";
static jmp_buf end_of_case __attribute__((unused));
static __thread int can_go_on __attribute__((unused));
static int failed_cases __attribute__((unused));

__attribute__((format(printf, 1, 2))) static inline void name_case(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(case_name, sizeof case_name, format, arguments);
    va_end(arguments);
}

/*
 * Runs a statement as a case of this name. A failed check ends the case, and the program goes on to
 * the next one; on another thread, or outside of a case, a failed check ends the program.
 */
#define RUN_CASE(statement, ...)                                                               \
    do {                                                                                       \
        name_case(__VA_ARGS__);                                                                \
        can_go_on = 1;                                                                         \
        if (setjmp(end_of_case) == 0)                                                          \
            statement;                                                                         \
        else                                                                                   \
            failed_cases++;                                                                    \
        can_go_on = 0;                                                                         \
    } while (0)

__attribute__((noreturn)) static inline void end_case(void)
{
    if (can_go_on)
        longjmp(end_of_case, 1);
    exit(1);
}

/* The exit status of the program. */
static inline int exit_status(void)
{
    if (failed_cases > 0)
        fprintf(stderr, "%d cases failed\n", failed_cases);
    return failed_cases > 0;
}

/* Fails the case with a reason, formatted like printf. */
#define FAIL(...)                                                                              \
    do {                                                                                       \
        fprintf(stderr, "%s: %s:%d: ", case_name, __FILE__, __LINE__);                         \
        fprintf(stderr, __VA_ARGS__);                                                          \
        fputc('\n', stderr);                                                                   \
        end_case();                                                                            \
    } while (0)

/* Fails the case unless the condition holds. */
#define CHECK(condition)                                                                       \
    do {                                                                                       \
        if (!(condition))                                                                      \
            FAIL("check failed: %s", #condition);                                              \
    } while (0)

static inline void print_status(const char *what, OM_uint32 code, int type)
{
    OM_uint32 minor, more = 0;
    gss_buffer_desc text;

    do {
        if (gss_display_status(&minor, code, type, &ntlm, &more, &text) != GSS_S_COMPLETE)
            break;
        fprintf(stderr, "%s: %.*s (%08x)\n", what, (int)text.length, (char *)text.value, code);
        gss_release_buffer(&minor, &text);
    } while (more != 0);
}

/* Fails the case unless a call had the status that is expected. */
static inline void expect(const char *call, OM_uint32 major, OM_uint32 minor, OM_uint32 expected)
{
    if (major == expected)
        return;
    print_status(call, major, GSS_C_GSS_CODE);
    print_status(call, minor, GSS_C_MECH_CODE);
    FAIL("%s: %08x instead of %08x", call, major, expected);
}

static inline const char *setting(const char *name)
{
    const char *value = getenv(name);

    if (value == NULL) {
        fprintf(stderr, "%s is not set\n", name);
        exit(2);
    }
    return value;
}

static inline int read_all(int fd, void *to, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t n = read(fd, (char *)to + done, length - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        done += (size_t)n;
    }
    return 1;
}

static inline int write_all(int fd, const void *from, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t n = write(fd, (const char *)from + done, length - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        done += (size_t)n;
    }
    return 1;
}

/* A frame is a length of four bytes in the machine's byte order, and so many bytes. */
static inline int write_frame(int fd, const void *bytes, size_t length)
{
    uint32_t prefix = (uint32_t)length;

    return write_all(fd, &prefix, sizeof prefix) && write_all(fd, bytes, length);
}

/* The caller frees the value with free(). */
static inline int read_frame(int fd, gss_buffer_t frame)
{
    uint32_t prefix;

    if (!read_all(fd, &prefix, sizeof prefix) || prefix > 4 << 20)
        return 0;
    frame->length = prefix;
    frame->value = malloc(prefix + 1);
    return frame->value != NULL && read_all(fd, frame->value, prefix);
}

struct initiator {
    pid_t pid;
    int to;
    int from;
};

/* Starts a program with a mechanism of its own, with pipes to its input and from its output. */
static inline struct initiator start(const char *program, const char *mech_config,
                                     const char *first, const char *second)
{
    struct initiator initiator;
    int to[2], from[2];

    CHECK(pipe(to) == 0 && pipe(from) == 0);
    initiator.pid = fork();
    CHECK(initiator.pid >= 0);
    if (initiator.pid == 0) {
        can_go_on = 0;
        CHECK(dup2(to[0], 0) == 0 && dup2(from[1], 1) == 1);
        close(to[0]), close(to[1]), close(from[0]), close(from[1]);
        CHECK(setenv("GSS_MECH_CONFIG", mech_config, 1) == 0);
        execl(program, program, first, second, (char *)0);
        perror(program);
        _exit(2);
    }
    close(to[0]), close(from[1]);
    initiator.to = to[1];
    initiator.from = from[0];
    return initiator;
}

/*
 * Starts $INITIATOR with the mechanism of $INITIATOR_MECH_CONFIG; it logs in as $INITIATOR_USER
 * with the password given.
 */
static inline struct initiator initiator_start(const char *password)
{
    return start(setting("INITIATOR"), setting("INITIATOR_MECH_CONFIG"), setting("INITIATOR_USER"),
                 password);
}

/* Its answer to a challenge; to an empty one, the first message of a new login. */
static inline gss_buffer_desc initiator_step(const struct initiator *initiator,
                                             const gss_buffer_desc *challenge)
{
    gss_buffer_desc answer = GSS_C_EMPTY_BUFFER;

    CHECK(write_frame(initiator->to, challenge->value, challenge->length));
    CHECK(read_frame(initiator->from, &answer) && answer.length > 0);
    return answer;
}

static inline gss_buffer_desc initiator_begin(const struct initiator *initiator)
{
    gss_buffer_desc nothing = {0, ""};

    return initiator_step(initiator, &nothing);
}

/* Closes the pipes, which ends the initiator. */
static inline void initiator_stop(struct initiator *initiator)
{
    int status;

    close(initiator->to), close(initiator->from);
    CHECK(waitpid(initiator->pid, &status, 0) == initiator->pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#endif
