/*
 * An initiator in a process of its own: initiator_process DOMAIN\user password
 *
 * Reads challenges from standard input and writes messages to standard output, as frames of
 * harness.h. An empty challenge begins a new login; any other is for the oldest login without one.
 * The mechanism is the one that libgssapi loads.
 */
#include "harness.h"

/* The largest number of logins that wait for their challenge. */
enum { MOST = 64 };

static gss_name_t import(const char *text, gss_OID type)
{
    OM_uint32 major, minor;
    gss_buffer_desc buffer = {strlen(text), (void *)text};
    gss_name_t name;

    major = gss_import_name(&minor, &buffer, type, &name);
    expect("gss_import_name", major, minor, GSS_S_COMPLETE);
    return name;
}

int main(int argc, char **argv)
{
    OM_uint32 major, minor;
    gss_buffer_desc password, challenge, message;
    gss_cred_id_t credential;
    gss_ctx_id_t waiting[MOST] = {GSS_C_NO_CONTEXT};
    unsigned long begun = 0, answered = 0;
    gss_name_t user, target;

    if (argc != 3)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    user = import(argv[1], GSS_C_NT_USER_NAME);
    target = import("HTTP@www.example.test", GSS_C_NT_HOSTBASED_SERVICE);
    password.length = strlen(argv[2]);
    password.value = argv[2];
    major = gss_acquire_cred_with_password(&minor, user, &password, GSS_C_INDEFINITE, &ntlm_only,
                                           GSS_C_INITIATE, &credential, NULL, NULL);
    expect("gss_acquire_cred_with_password", major, minor, GSS_S_COMPLETE);

    while (read_frame(0, &challenge)) {
        int begins = challenge.length == 0;
        gss_ctx_id_t *context = &waiting[begins ? begun++ % MOST : answered++ % MOST];

        CHECK(answered <= begun && begun - answered <= MOST);
        major = gss_init_sec_context(&minor, credential, context, target, &ntlm,
                                     GSS_C_INTEG_FLAG | GSS_C_CONF_FLAG, 0,
                                     GSS_C_NO_CHANNEL_BINDINGS,
                                     begins ? GSS_C_NO_BUFFER : &challenge, NULL, &message, NULL,
                                     NULL);
        expect("gss_init_sec_context", major, minor,
               begins ? GSS_S_CONTINUE_NEEDED : GSS_S_COMPLETE);
        free(challenge.value);
        if (!begins)
            gss_delete_sec_context(&minor, context, GSS_C_NO_BUFFER);
        if (!write_frame(1, message.value, message.length))
            break;
        gss_release_buffer(&minor, &message);
    }
    gss_release_cred(&minor, &credential);
    gss_release_name(&minor, &user);
    gss_release_name(&minor, &target);
    return 0;
}
