/*
 * Logins under strace: system_calls warm-up count [groups]
 *
 * After the warm-up, waits until files are checked again, then writes to standard error when the
 * logins begin and end. Of each, the server inquires the name, as mod_auth_gssapi does by default;
 * with "groups", after the warm-up, the groups too.
 */
#include "login.h"

static void logins(const struct initiator *initiator, long count, int with_groups)
{
    gss_buffer_desc groups = {6, "groups"};

    for (long i = 0; i < count; i++) {
        gss_ctx_id_t context = GSS_C_NO_CONTEXT;
        gss_name_t name = login(&context, initiator);

        ask_name(name);
        if (with_groups)
            CHECK(ask_attribute(name, &groups, NULL) > 0);
        finish(&context, &name);
    }
}

static void say(const char *text)
{
    CHECK(write(2, text, strlen(text)) > 0);
}

int main(int argc, char **argv)
{
    struct initiator initiator = initiator_start(setting("INITIATOR_PASSWORD"));

    CHECK(argc > 2);
    logins(&initiator, atol(argv[1]), 0);
    usleep(1100000);
    say("begin\n");
    logins(&initiator, atol(argv[2]), argc > 3 && strcmp(argv[3], "groups") == 0);
    say("end\n");
    initiator_stop(&initiator);
    return 0;
}
