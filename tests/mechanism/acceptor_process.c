/*
 * An acceptor for initiators in other processes: acceptor_process
 *
 * Reads frames (harness.h) from standard input and answers each with one. Before the context is
 * established, a frame is a token, and an empty one begins a new login. The answer is a letter and
 * its data: c and a challenge, e and the user's name (established), f and the text of a failure.
 * Afterwards a frame is a letter and a message: w and a wrapped message, which is sent back
 * wrapped; m and a signature of 16 bytes with its message, for which a signature is sent back. The
 * mechanism is the one that libgssapi loads.
 *
 * With $HAND_OVER, each frame is handled by a process of its own, which imports the context and
 * exports it afterwards.
 */
#include "harness.h"

static void answer(char letter, const gss_buffer_desc *text)
{
    char *frame = malloc(text->length + 1);

    CHECK(frame != NULL);
    frame[0] = letter;
    if (text->length > 0)
        memcpy(frame + 1, text->value, text->length);
    if (!write_frame(1, frame, text->length + 1))
        exit(0);
    free(frame);
}

static void answer_failure(OM_uint32 code)
{
    OM_uint32 minor, more = 0;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;

    gss_display_status(&minor, code, GSS_C_MECH_CODE, &ntlm, &more, &text);
    answer('f', &text);
    gss_release_buffer(&minor, &text);
}

/* Returns whether the context is established. */
static int accept_frame(gss_ctx_id_t *context, gss_cred_id_t credential, gss_buffer_t token)
{
    OM_uint32 major, minor, ignored;
    gss_buffer_desc output = GSS_C_EMPTY_BUFFER, text = GSS_C_EMPTY_BUFFER;
    gss_name_t name = GSS_C_NO_NAME;

    major = gss_accept_sec_context(&minor, context, credential, token, GSS_C_NO_CHANNEL_BINDINGS,
                                   &name, NULL, &output, NULL, NULL, NULL);
    if (major == GSS_S_CONTINUE_NEEDED) {
        answer('c', &output);
    } else if (major == GSS_S_COMPLETE) {
        expect("gss_display_name", gss_display_name(&minor, name, &text, NULL), minor, 0);
        answer('e', &text);
    } else {
        answer_failure(minor);
    }
    gss_release_name(&ignored, &name);
    gss_release_buffer(&ignored, &text);
    gss_release_buffer(&ignored, &output);
    return major == GSS_S_COMPLETE;
}

static void message_frame(gss_ctx_id_t context, const gss_buffer_desc *frame)
{
    OM_uint32 major, minor;
    gss_buffer_desc plain, token = {frame->length - 1, (char *)frame->value + 1}, reply;
    int sealed = 0;

    if (*(char *)frame->value == 'w') {
        major = gss_unwrap(&minor, context, &token, &plain, &sealed, NULL);
        expect("gss_unwrap (responder)", major, minor, GSS_S_COMPLETE);
        major = gss_wrap(&minor, context, sealed, 0, &plain, NULL, &reply);
        expect("gss_wrap (responder)", major, minor, GSS_S_COMPLETE);
        gss_release_buffer(&minor, &plain);
    } else {
        CHECK(token.length >= 16);
        plain.value = (char *)token.value + 16;
        plain.length = token.length - 16;
        token.length = 16;
        major = gss_verify_mic(&minor, context, &plain, &token, NULL);
        expect("gss_verify_mic (responder)", major, minor, GSS_S_COMPLETE);
        major = gss_get_mic(&minor, context, 0, &plain, &reply);
        expect("gss_get_mic (responder)", major, minor, GSS_S_COMPLETE);
    }
    answer(*(char *)frame->value, &reply);
    gss_release_buffer(&minor, &reply);
}

/* Handles one frame; returns whether the context is established then. */
static int frame_of(gss_ctx_id_t *context, gss_cred_id_t credential, int established,
                    gss_buffer_t frame)
{
    OM_uint32 minor;

    if (frame->length == 0) {
        gss_delete_sec_context(&minor, context, GSS_C_NO_BUFFER);
        answer('b', frame);
        return 0;
    }
    if (!established)
        return accept_frame(context, credential, frame);
    message_frame(*context, frame);
    return 1;
}

/* The same in a process that has only the token of the context, if there is one. */
static int hand_over(gss_buffer_t held, gss_cred_id_t credential, int established,
                     gss_buffer_t frame)
{
    OM_uint32 major, minor;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    int back[2], status;
    pid_t child;

    CHECK(pipe(back) == 0 && (child = fork()) >= 0);
    if (child == 0) {
        if (held->length > 0) {
            major = gss_import_sec_context(&minor, held, &context);
            expect("gss_import_sec_context (responder)", major, minor, GSS_S_COMPLETE);
        }
        established = frame_of(&context, credential, established, frame);
        gss_release_buffer(&minor, held);
        /* A context whose login failed cannot be exported. */
        if (context != GSS_C_NO_CONTEXT)
            gss_export_sec_context(&minor, &context, held);
        CHECK(write_frame(back[1], held->value, held->length));
        _exit(established);
    }
    close(back[1]);
    free(held->value);
    CHECK(read_frame(back[0], held));
    close(back[0]);
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) < 2);
    return WEXITSTATUS(status);
}

int main(void)
{
    OM_uint32 major, minor;
    gss_cred_id_t credential;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_buffer_desc frame, held = GSS_C_EMPTY_BUFFER;
    int established = 0, hands_over = getenv("HAND_OVER") != NULL;

    signal(SIGPIPE, SIG_IGN);
    major = gss_acquire_cred(&minor, GSS_C_NO_NAME, 0, &ntlm_only, GSS_C_ACCEPT, &credential, NULL,
                             NULL);
    expect("gss_acquire_cred (responder)", major, minor, GSS_S_COMPLETE);
    while (read_frame(0, &frame)) {
        if (hands_over)
            established = hand_over(&held, credential, established, &frame);
        else
            established = frame_of(&context, credential, established, &frame);
        free(frame.value);
    }
    free(held.value);
    gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
    gss_release_cred(&minor, &credential);
    return 0;
}
