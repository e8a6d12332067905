/*
 * A host that loads the library without a libgssapi: host library.so [panic]
 *
 * Shows that loading it opens no file and starts no thread, and that NULL arguments are answered.
 * With "panic", of a library built with the feature provoke-panic: a panic becomes GSS_S_FAILURE.
 */
#include <dirent.h>
#include <dlfcn.h>

#include "harness.h"

static void *library;

/* A function of the library by its name, with the type that gssapi.h gives it. */
#define OURS(name) ((__typeof__(&name))find(#name))

static void *find(const char *name)
{
    void *function = dlsym(library, name);

    if (function == NULL) {
        fprintf(stderr, "%s is not exported\n", name);
        exit(1);
    }
    return function;
}

/* Not in gssapi.h: what the mechglue itself calls. */
typedef OM_uint32 internal_release_oid(OM_uint32 *, gss_OID *);
typedef OM_uint32 with_password(OM_uint32 *, gss_name_t, gss_buffer_t, OM_uint32, gss_OID_set, int,
                                gss_cred_id_t *, gss_OID_set *, OM_uint32 *);
typedef OM_uint32 import_name_by_mech(OM_uint32 *, gss_OID, gss_buffer_t, gss_OID, gss_name_t *);

static int entries(const char *folder)
{
    DIR *open_folder = opendir(folder);
    int count = 0;

    CHECK(open_folder != NULL);
    while (readdir(open_folder) != NULL)
        count++;
    closedir(open_folder);
    return count;
}

static int called;

/* The call failed, and with a reason that is ours; or it succeeded, where nothing was needed. */
static void answered(const char *call, OM_uint32 major, OM_uint32 minor, int fails)
{
    called++;
    if (fails ? !GSS_ERROR(major) || minor >> 16 != 0x4E44 : major != 0 || minor != 0) {
        fprintf(stderr, "%s(NULL, ...): %08x %08x\n", call, major, minor);
        exit(1);
    }
}

/* Each export twice: with a minor status, and without. */
#define NULLS(name, fails, ...)                                                                \
    do {                                                                                       \
        OM_uint32 minor = 1, major = OURS(name)(&minor, __VA_ARGS__);                          \
        answered(#name, major, minor, fails);                                                  \
        CHECK(OURS(name)(NULL, __VA_ARGS__) == major);                                         \
    } while (0)

static void null_arguments(void)
{
    internal_release_oid *release_oid = (internal_release_oid *)find("gss_internal_release_oid");
    import_name_by_mech *by_mech = (import_name_by_mech *)find("gssspi_import_name_by_mech");
    with_password *password = (with_password *)find("gssspi_acquire_cred_with_password");
    OM_uint32 major, minor;

    NULLS(gss_accept_sec_context, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    NULLS(gss_acquire_cred, 1, 0, 0, 0, 0, 0, 0, 0);
    NULLS(gss_acquire_cred_from, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    NULLS(gss_context_time, 1, 0, 0);
    NULLS(gss_delete_sec_context, 1, 0, 0);
    NULLS(gss_display_name, 1, 0, 0, 0);
    NULLS(gss_display_status, 1, 0, 0, 0, 0, 0);
    NULLS(gss_duplicate_name, 1, 0, 0);
    NULLS(gss_export_cred, 1, 0, 0);
    NULLS(gss_export_sec_context, 1, 0, 0);
    NULLS(gss_get_name_attribute, 1, 0, 0, 0, 0, 0, 0, 0);
    NULLS(gss_get_mic, 1, 0, 0, 0, 0);
    NULLS(gss_get_mic_iov, 1, 0, 0, 0, 0);
    NULLS(gss_get_mic_iov_length, 1, 0, 0, 0, 0);
    NULLS(gss_import_cred, 1, 0, 0);
    NULLS(gss_import_name, 1, 0, 0, 0);
    NULLS(gss_import_sec_context, 1, 0, 0);
    NULLS(gss_init_sec_context, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    NULLS(gss_inquire_attrs_for_mech, 0, 0, 0, 0);
    NULLS(gss_inquire_context, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    NULLS(gss_inquire_cred, 1, 0, 0, 0, 0, 0);
    NULLS(gss_inquire_cred_by_mech, 1, 0, 0, 0, 0, 0, 0);
    NULLS(gss_inquire_name, 1, 0, 0, 0, 0);
    NULLS(gss_inquire_names_for_mech, 1, 0, 0);
    NULLS(gss_inquire_saslname_for_mech, 0, 0, 0, 0, 0);
    NULLS(gss_inquire_sec_context_by_oid, 1, 0, 0, 0);
    NULLS(gss_localname, 1, 0, 0, 0);
    NULLS(gss_process_context_token, 1, 0, 0);
    NULLS(gss_release_cred, 1, 0);
    NULLS(gss_release_name, 1, 0);
    NULLS(gss_set_sec_context_option, 1, 0, 0, 0);
    NULLS(gss_unwrap, 1, 0, 0, 0, 0, 0);
    NULLS(gss_unwrap_iov, 1, 0, 0, 0, 0, 0);
    NULLS(gss_verify_mic, 1, 0, 0, 0, 0);
    NULLS(gss_verify_mic_iov, 1, 0, 0, 0, 0);
    NULLS(gss_wrap, 1, 0, 0, 0, 0, 0, 0);
    NULLS(gss_wrap_iov, 1, 0, 0, 0, 0, 0, 0);
    NULLS(gss_wrap_iov_length, 1, 0, 0, 0, 0, 0, 0);
    NULLS(gss_wrap_size_limit, 1, 0, 0, 0, 0, 0);
    major = release_oid(&minor, NULL);
    answered("gss_internal_release_oid", major, minor, 1);
    CHECK(GSS_ERROR(release_oid(NULL, NULL)));
    major = by_mech(&minor, 0, 0, 0, 0);
    answered("gssspi_import_name_by_mech", major, minor, 1);
    CHECK(GSS_ERROR(by_mech(NULL, 0, 0, 0, 0)));
    major = password(&minor, 0, 0, 0, 0, 0, 0, 0, 0);
    answered("gssspi_acquire_cred_with_password", major, minor, 1);
    CHECK(GSS_ERROR(password(NULL, 0, 0, 0, 0, 0, 0, 0, 0)));
}

/* NULL for one argument, where the others are right. */
static void a_null_among_arguments(void)
{
    OM_uint32 minor, more = 9;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_buffer_desc token = {1, NULL}, answer = {1, "x"};
    gss_cred_id_t credential = (gss_cred_id_t)&token;
    gss_name_t name = (gss_name_t)&token;
    gss_key_value_element_desc element = {"ntlmdc_config", NULL};
    gss_key_value_set_desc store = {1, NULL};

    CHECK(GSS_ERROR(OURS(gss_accept_sec_context)(&minor, &context, 0, NULL, 0, &name, NULL, &answer,
                                                 NULL, NULL, NULL)));
    CHECK(context == GSS_C_NO_CONTEXT && name == NULL);
    CHECK(answer.length == 0 && answer.value == NULL);
    CHECK(GSS_ERROR(OURS(gss_accept_sec_context)(&minor, &context, 0, &token, 0, NULL, NULL, NULL,
                                                 NULL, NULL, NULL)));
    CHECK(GSS_ERROR(OURS(gss_accept_sec_context)(&minor, &context, 0, &token, 0, NULL, NULL,
                                                 &answer, NULL, NULL, NULL)));
    CHECK(context == GSS_C_NO_CONTEXT);

    CHECK(GSS_ERROR(OURS(gss_acquire_cred_from)(&minor, 0, 0, 0, GSS_C_ACCEPT, &store, &credential,
                                                NULL, NULL)));
    CHECK(credential == GSS_C_NO_CREDENTIAL);
    store.elements = &element;
    CHECK(GSS_ERROR(OURS(gss_acquire_cred_from)(&minor, 0, 0, 0, GSS_C_ACCEPT, &store, &credential,
                                                NULL, NULL)));
    element.key = NULL;
    CHECK(GSS_ERROR(OURS(gss_acquire_cred_from)(&minor, 0, 0, 0, GSS_C_ACCEPT, &store, &credential,
                                                NULL, NULL)));

    CHECK(OURS(gss_release_cred)(&minor, &credential) == GSS_S_COMPLETE);
    CHECK(OURS(gss_release_name)(&minor, &name) == GSS_S_COMPLETE);
    CHECK(OURS(gss_delete_sec_context)(&minor, &context, NULL) == GSS_S_COMPLETE);

    /* Callers repeat the call until the context is 0, whatever it returns. */
    CHECK(GSS_ERROR(OURS(gss_display_status)(&minor, 1, GSS_C_MECH_CODE, NULL, &more, &answer)));
    CHECK(more == 0 && answer.length == 0);
    CHECK(GSS_ERROR(
        OURS(gss_display_status)(&minor, 0x4E440101, GSS_C_GSS_CODE, NULL, &more, &answer)));
    CHECK(OURS(gss_display_status)(&minor, 0x4E440101, GSS_C_MECH_CODE, NULL, NULL, &answer) == 0);
    CHECK(strstr(answer.value, " [4e440101]") != NULL);
    CHECK(strlen(answer.value) == answer.length);
    free(answer.value);
}

static void panics(void)
{
    for (int i = 0; i < 3; i++) {
        OM_uint32 minor, more;
        gss_buffer_desc text = {1, "x"};

        CHECK(OURS(gss_display_status)(&minor, 0x4E44FFFF, GSS_C_MECH_CODE, NULL, &more, &text) ==
              GSS_S_FAILURE);
        CHECK(minor == 0x4E440708 && text.length == 0);
        CHECK(OURS(gss_display_status)(&minor, minor, GSS_C_MECH_CODE, NULL, &more, &text) ==
              GSS_S_COMPLETE);
        CHECK(strcmp(text.value, "internal error [4e440708]") == 0);
        free(text.value);
    }
    puts("three panics, and the host lives");
}

int main(int argc, char **argv)
{
    int files, threads;

    CHECK(argc == 2 || argc == 3);
    files = entries("/proc/self/fd");
    threads = entries("/proc/self/task");
    library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    CHECK(entries("/proc/self/fd") == files && entries("/proc/self/task") == threads);
    if (argc == 3) {
        CHECK(strcmp(argv[2], "panic") == 0);
        panics();
        return 0;
    }
    null_arguments();
    a_null_among_arguments();
    CHECK(entries("/proc/self/fd") == files && entries("/proc/self/task") == threads);
    printf("%d exports answer NULL; no file, no thread\n", called);
    return 0;
}
