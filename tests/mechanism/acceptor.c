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
 * The environment says which mechanism and configuration it uses, whom the initiator of harness.h
 * logs in, and what name to expect ($EXPECT_NAME, $EXPECT_LOCAL). $STORE_CONFIG goes into the
 * credential store.
 */
#include <dirent.h>
#include <pthread.h>
#include <time.h>

#include "harness.h"

#define FIRST_MINOR 0x4E440000u
enum {
    MALFORMED = FIRST_MINOR + 0x102,
    NOT_NEGOTIATED = FIRST_MINOR + 0x103,
    UNEXPECTED_MESSAGE = FIRST_MINOR + 0x104,
    BAD_USER_OR_PASSWORD = FIRST_MINOR + 0x401,
    CONTEXT_FAILED = FIRST_MINOR + 0x704,
};

static int same_oid(gss_const_OID one, gss_const_OID other)
{
    return one != NULL && other != NULL && one->length == other->length &&
           memcmp(one->elements, other->elements, one->length) == 0;
}

/* Texts end with a NUL: servers print them as C strings. */
static int is_text(const gss_buffer_desc *buffer, const char *text)
{
    return buffer->length == strlen(text) && strcmp(buffer->value, text) == 0;
}

/* With a credential store, if $STORE_CONFIG is to be in it; beside what other mechanisms read. */
static gss_cred_id_t acquire(gss_cred_usage_t usage)
{
    OM_uint32 major, minor, lifetime;
    gss_cred_id_t credential;
    gss_key_value_element_desc elements[] = {
        {"keytab", "/nonexistent"}, {"ntlmdc_config", getenv("STORE_CONFIG")}};
    gss_key_value_set_desc store = {2, elements};

    if (elements[1].value == NULL)
        major = gss_acquire_cred(&minor, GSS_C_NO_NAME, 0, &ntlm_only, usage, &credential, NULL,
                                 &lifetime);
    else
        major = gss_acquire_cred_from(&minor, GSS_C_NO_NAME, 0, &ntlm_only, usage, &store,
                                      &credential, NULL, &lifetime);
    expect("gss_acquire_cred", major, minor, GSS_S_COMPLETE);
    CHECK(lifetime == GSS_C_INDEFINITE);
    return credential;
}

/* One call, with a credential of its own that is gone afterwards, as mod_auth_gssapi does it. */
static OM_uint32 accept_token(OM_uint32 *minor, gss_ctx_id_t *context, gss_buffer_desc *token,
                              gss_buffer_desc *answer, gss_name_t *name)
{
    OM_uint32 major, ignored, flags = 1, lifetime = 1;
    gss_cred_id_t credential = acquire(GSS_C_ACCEPT), delegated = GSS_C_NO_CREDENTIAL;
    gss_OID mech = NULL;

    major = gss_accept_sec_context(minor, context, credential, token, GSS_C_NO_CHANNEL_BINDINGS,
                                   name, &mech, answer, &flags, &lifetime, &delegated);
    CHECK(delegated == GSS_C_NO_CREDENTIAL);
    if (major == GSS_S_COMPLETE) {
        CHECK(flags == 0 && same_oid(mech, &ntlm));
        CHECK(lifetime > 0 && lifetime <= 4 * 60 * 60);
    }
    gss_release_cred(&ignored, &credential);
    return major;
}

static gss_buffer_desc challenge(gss_ctx_id_t *context, gss_buffer_desc *negotiate)
{
    OM_uint32 major, minor;
    gss_buffer_desc answer;
    gss_name_t name = GSS_C_NO_NAME;

    major = accept_token(&minor, context, negotiate, &answer, &name);
    expect("gss_accept_sec_context (1)", major, minor, GSS_S_CONTINUE_NEEDED);
    CHECK(name == GSS_C_NO_NAME && answer.length > 32);
    return answer;
}

static gss_name_t complete(gss_ctx_id_t *context, gss_buffer_desc *authenticate)
{
    OM_uint32 major, minor;
    gss_buffer_desc answer;
    gss_name_t name = GSS_C_NO_NAME;

    major = accept_token(&minor, context, authenticate, &answer, &name);
    expect("gss_accept_sec_context (2)", major, minor, GSS_S_COMPLETE);
    CHECK(name != GSS_C_NO_NAME && answer.length == 0);
    return name;
}

/* The message must be refused with this minor code, and its text must say so. */
#define REFUSED(...) refused(__LINE__, __VA_ARGS__)
static void refused(int line, gss_ctx_id_t *context, gss_buffer_desc *message, OM_uint32 code)
{
    OM_uint32 major, minor, ignored, more = 1;
    gss_buffer_desc answer, text;
    gss_name_t name = GSS_C_NO_NAME;
    char ending[16];

    major = accept_token(&minor, context, message, &answer, &name);
    if (!GSS_ERROR(major) || minor != code) {
        fprintf(stderr, "line %d: %08x %08x, not an error %08x\n", line, major, minor, code);
        exit(1);
    }
    CHECK(name == GSS_C_NO_NAME && answer.length == 0);
    major = gss_display_status(&ignored, minor, GSS_C_MECH_CODE, &ntlm, &more, &text);
    expect("gss_display_status", major, ignored, GSS_S_COMPLETE);
    snprintf(ending, sizeof ending, "[%08x]", code);
    CHECK(more == 0 && strlen(text.value) == text.length);
    CHECK(strcmp((char *)text.value + text.length - strlen(ending), ending) == 0);
    gss_release_buffer(&ignored, &text);
}

static void ask_name(gss_name_t name)
{
    OM_uint32 major, minor;
    gss_buffer_desc text;
    gss_OID type;
    gss_name_t copy;

    major = gss_display_name(&minor, name, &text, &type);
    expect("gss_display_name", major, minor, GSS_S_COMPLETE);
    CHECK(is_text(&text, setting("EXPECT_NAME")) && same_oid(type, GSS_C_NT_USER_NAME));
    gss_release_buffer(&minor, &text);

    major = gss_localname(&minor, name, GSS_C_NO_OID, &text);
    expect("gss_localname", major, minor, GSS_S_COMPLETE);
    CHECK(is_text(&text, setting("EXPECT_LOCAL")));
    gss_release_buffer(&minor, &text);

    major = gss_duplicate_name(&minor, name, &copy);
    expect("gss_duplicate_name", major, minor, GSS_S_COMPLETE);
    major = gss_display_name(&minor, copy, &text, NULL);
    expect("gss_display_name (copy)", major, minor, GSS_S_COMPLETE);
    CHECK(is_text(&text, setting("EXPECT_NAME")));
    gss_release_buffer(&minor, &text);
    gss_release_name(&minor, &copy);
}

/* All values of one attribute; returns how many there are. */
static int ask_attribute(gss_name_t name, gss_buffer_t attribute, const char *first)
{
    OM_uint32 major, minor;
    int more = -1, count = 0;

    while (more != 0) {
        gss_buffer_desc value, displayed;
        int authenticated = -1, all = -1;

        major = gss_get_name_attribute(&minor, name, attribute, &authenticated, &all, &value,
                                       &displayed, &more);
        expect("gss_get_name_attribute", major, minor, GSS_S_COMPLETE);
        CHECK(all == 1 && authenticated == !is_text(attribute, "workstation"));
        CHECK(is_text(&value, displayed.value) && value.length > 0);
        if (count++ == 0 && first != NULL)
            CHECK(is_text(&value, first));
        gss_release_buffer(&minor, &value);
        gss_release_buffer(&minor, &displayed);
    }
    return count;
}

static void ask_attributes(gss_name_t name)
{
    OM_uint32 major, minor;
    gss_buffer_set_t attributes;
    gss_buffer_desc user = {4, "user"}, unknown = {7, "unknown"};
    int more = -1;

    major = gss_inquire_name(&minor, name, NULL, NULL, &attributes);
    expect("gss_inquire_name", major, minor, GSS_S_COMPLETE);
    CHECK(attributes->count >= 2);
    for (size_t i = 0; i < attributes->count; i++)
        CHECK(ask_attribute(name, &attributes->elements[i], NULL) >= 1);
    gss_release_buffer_set(&minor, &attributes);

    CHECK(ask_attribute(name, &user, setting("EXPECT_LOCAL")) == 1);
    major = gss_get_name_attribute(&minor, name, &unknown, NULL, NULL, NULL, NULL, &more);
    expect("gss_get_name_attribute (unknown)", major, minor, GSS_S_UNAVAILABLE);
    CHECK(more == 0);
}

static void ask_context(gss_ctx_id_t context)
{
    OM_uint32 major, minor, lifetime, flags;
    gss_name_t source, target;
    gss_OID mech;
    int initiated, open;

    major = gss_context_time(&minor, context, &lifetime);
    expect("gss_context_time", major, minor, GSS_S_COMPLETE);
    CHECK(lifetime > 0 && lifetime <= 4 * 60 * 60);
    major = gss_inquire_context(&minor, context, &source, &target, &lifetime, &mech, &flags,
                                &initiated, &open);
    expect("gss_inquire_context", major, minor, GSS_S_COMPLETE);
    CHECK(open == 1 && initiated == 0 && flags == 0 && target == GSS_C_NO_NAME);
    CHECK(same_oid(mech, &ntlm) && lifetime <= 4 * 60 * 60);
    ask_name(source);
    gss_release_name(&minor, &source);
}

static void finish(gss_ctx_id_t *context, gss_name_t *name)
{
    OM_uint32 major, minor;

    major = gss_release_name(&minor, name);
    expect("gss_release_name", major, minor, GSS_S_COMPLETE);
    major = gss_delete_sec_context(&minor, context, GSS_C_NO_BUFFER);
    expect("gss_delete_sec_context", major, minor, GSS_S_COMPLETE);
}

/* A login on a context, which may be one on which a login has failed. */
static gss_name_t login(gss_ctx_id_t *context, const struct initiator *initiator)
{
    OM_uint32 minor;
    gss_buffer_desc negotiate = initiator_begin(initiator), answer, authenticate;
    gss_name_t name;

    answer = challenge(context, &negotiate);
    authenticate = initiator_step(initiator, &answer);
    name = complete(context, &authenticate);
    free(negotiate.value), free(authenticate.value);
    gss_release_buffer(&minor, &answer);
    return name;
}

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
    gss_release_cred(&minor, &credential);

    major = gss_acquire_cred(&minor, 0, 0, &ntlm_only, GSS_C_INITIATE, &credential, NULL, NULL);
    expect("gss_acquire_cred (initiate)", major, minor, GSS_S_NO_CRED);
    credential = acquire(GSS_C_BOTH);
    gss_release_cred(&minor, &credential);

    major = gss_inquire_names_for_mech(&minor, &ntlm, &set);
    expect("gss_inquire_names_for_mech", major, minor, GSS_S_COMPLETE);
    CHECK(gss_test_oid_set_member(&minor, GSS_C_NT_USER_NAME, set, &present) == 0 && present);
    gss_release_oid_set(&minor, &set);
    major = gss_inquire_attrs_for_mech(&minor, &ntlm, &set, NULL);
    expect("gss_inquire_attrs_for_mech", major, minor, GSS_S_COMPLETE);
    CHECK(gss_test_oid_set_member(&minor, (gss_OID)GSS_C_MA_AUTH_INIT, set, &present) == 0);
    CHECK(present && set->count == 2);
    gss_release_oid_set(&minor, &set);
    major = gss_inquire_saslname_for_mech(&minor, &ntlm, &names[0], &names[1], &names[2]);
    expect("gss_inquire_saslname_for_mech", major, minor, GSS_S_COMPLETE);
    CHECK(is_text(&names[1], "NTLM") && names[2].length > 0);
    major = gss_inquire_mech_for_saslname(&minor, &names[0], &mech);
    expect("gss_inquire_mech_for_saslname", major, minor, GSS_S_COMPLETE);
    CHECK(same_oid(mech, &ntlm));
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
    gss_release_name(&minor, &canonical);
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
