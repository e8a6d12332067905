/*
 * A program that loads the library without libgssapi: bare_host library.so [panic]
 *
 * Loading and calling the library opens no file and starts no thread. call_arguments.c has all
 * arguments that may be NULL. With "panic", and a library with the feature provoke-panic, a panic
 * becomes GSS_S_FAILURE.
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

    if (function == NULL)
        FAIL("%s is not exported", name);
    return function;
}

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

/* These cases pass NULL for one argument; the others are valid. */
static void accept_with_null(void)
{
    OM_uint32 minor;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_buffer_desc token = {1, NULL}, answer = {1, "x"};
    gss_name_t name = (gss_name_t)&token;

    CHECK(GSS_ERROR(OURS(gss_accept_sec_context)(&minor, &context, 0, NULL, 0, &name, NULL, &answer,
                                                 NULL, NULL, NULL)));
    CHECK(context == GSS_C_NO_CONTEXT && name == NULL);
    CHECK(answer.length == 0 && answer.value == NULL);
    CHECK(GSS_ERROR(OURS(gss_accept_sec_context)(&minor, &context, 0, &token, 0, NULL, NULL, NULL,
                                                 NULL, NULL, NULL)));
    CHECK(GSS_ERROR(OURS(gss_accept_sec_context)(&minor, &context, 0, &token, 0, NULL, NULL,
                                                 &answer, NULL, NULL, NULL)));
    CHECK(context == GSS_C_NO_CONTEXT);
}

static void acquire_with_null(void)
{
    OM_uint32 minor;
    gss_cred_id_t credential = (gss_cred_id_t)&minor;
    gss_key_value_element_desc element = {"ntlmdc_config", NULL};
    gss_key_value_set_desc store = {1, NULL};

    CHECK(GSS_ERROR(OURS(gss_acquire_cred_from)(&minor, 0, 0, 0, GSS_C_ACCEPT, &store, &credential,
                                                NULL, NULL)));
    CHECK(credential == GSS_C_NO_CREDENTIAL);
    store.elements = &element;
    CHECK(GSS_ERROR(OURS(gss_acquire_cred_from)(&minor, 0, 0, 0, GSS_C_ACCEPT, &store, &credential,
                                                NULL, NULL)));
    element.key = NULL;
    CHECK(GSS_ERROR(OURS(gss_acquire_cred_from)(&minor, 0, 0, 0, GSS_C_ACCEPT, &store, &credential,
                                                NULL, NULL)));
}

static void release_null(void)
{
    OM_uint32 minor;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
    gss_name_t name = GSS_C_NO_NAME;

    CHECK(OURS(gss_release_cred)(&minor, &credential) == GSS_S_COMPLETE);
    CHECK(OURS(gss_release_name)(&minor, &name) == GSS_S_COMPLETE);
    CHECK(OURS(gss_delete_sec_context)(&minor, &context, NULL) == GSS_S_COMPLETE);
}

static void display_with_null(void)
{
    OM_uint32 minor, more = 9;
    gss_buffer_desc answer = {1, "x"};

    /* Callers repeat the call until the message context is 0, whatever its status. */
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
        RUN_CASE(panics(), "panics");
        return exit_status();
    }
    RUN_CASE(accept_with_null(), "gss_accept_sec_context");
    RUN_CASE(acquire_with_null(), "gss_acquire_cred_from");
    RUN_CASE(release_null(), "releases");
    RUN_CASE(display_with_null(), "gss_display_status");
    name_case("after the calls");
    CHECK(entries("/proc/self/fd") == files && entries("/proc/self/task") == threads);
    puts("no file, no thread");
    return exit_status();
}
