/* Prints the mechanisms of libgssapi in its order: the first one is the default of programs. */
#include "harness.h"

int main(void)
{
    OM_uint32 major, minor;
    gss_OID_set mechs;

    major = gss_indicate_mechs(&minor, &mechs);
    expect("gss_indicate_mechs", major, minor, GSS_S_COMPLETE);
    for (size_t i = 0; i < mechs->count; i++) {
        gss_buffer_desc text;

        major = gss_oid_to_str(&minor, &mechs->elements[i], &text);
        expect("gss_oid_to_str", major, minor, GSS_S_COMPLETE);
        puts(text.value);
        gss_release_buffer(&minor, &text);
    }
    gss_release_oid_set(&minor, &mechs);
    return 0;
}
