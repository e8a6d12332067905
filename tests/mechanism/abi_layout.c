/* Prints the layout of the types and the constants of gssapi.h that src/gss/abi.rs repeats. */
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <stddef.h>
#include <stdio.h>

#define SIZE(type) printf("%s %zu %zu\n", #type, sizeof(type), _Alignof(type))
#define FIELD(type, field) printf("%s.%s %zu %zu\n", #type, #field, offsetof(type, field), \
                                  sizeof(((type *)0)->field))
#define VALUE(name) printf("%s %lu\n", #name, (unsigned long)(name))

typedef struct gss_channel_bindings_struct gss_channel_bindings_struct;

static void oid(const char *name, gss_const_OID oid)
{
    printf("%s ", name);
    for (OM_uint32 i = 0; i < oid->length; i++)
        printf("%02X", ((const unsigned char *)oid->elements)[i]);
    printf("\n");
}

static void types(void)
{
    SIZE(OM_uint32);
    SIZE(gss_cred_usage_t);
    SIZE(gss_name_t);
    SIZE(gss_OID_desc);
    FIELD(gss_OID_desc, length);
    FIELD(gss_OID_desc, elements);
    SIZE(gss_buffer_desc);
    FIELD(gss_buffer_desc, length);
    FIELD(gss_buffer_desc, value);
    SIZE(gss_OID_set_desc);
    FIELD(gss_OID_set_desc, count);
    FIELD(gss_OID_set_desc, elements);
    SIZE(gss_buffer_set_desc);
    FIELD(gss_buffer_set_desc, count);
    FIELD(gss_buffer_set_desc, elements);
    SIZE(gss_key_value_element_desc);
    FIELD(gss_key_value_element_desc, key);
    FIELD(gss_key_value_element_desc, value);
    SIZE(gss_key_value_set_desc);
    FIELD(gss_key_value_set_desc, count);
    FIELD(gss_key_value_set_desc, elements);
    SIZE(gss_iov_buffer_desc);
    FIELD(gss_iov_buffer_desc, type);
    FIELD(gss_iov_buffer_desc, buffer);
    SIZE(gss_channel_bindings_struct);
    FIELD(gss_channel_bindings_struct, initiator_addrtype);
    FIELD(gss_channel_bindings_struct, initiator_address);
    FIELD(gss_channel_bindings_struct, acceptor_addrtype);
    FIELD(gss_channel_bindings_struct, acceptor_address);
    FIELD(gss_channel_bindings_struct, application_data);
}

static void values(void)
{
    VALUE(GSS_C_BOTH);
    VALUE(GSS_C_INITIATE);
    VALUE(GSS_C_ACCEPT);
    VALUE(GSS_C_MECH_CODE);
    VALUE(GSS_C_INDEFINITE);
    VALUE(GSS_C_ROUTINE_ERROR_OFFSET);
    VALUE(GSS_S_COMPLETE);
    VALUE(GSS_S_CONTINUE_NEEDED);
    VALUE(GSS_S_BAD_MECH);
    VALUE(GSS_S_BAD_NAME);
    VALUE(GSS_S_BAD_NAMETYPE);
    VALUE(GSS_S_BAD_BINDINGS);
    VALUE(GSS_S_BAD_STATUS);
    VALUE(GSS_S_BAD_MIC);
    VALUE(GSS_S_NO_CRED);
    VALUE(GSS_S_NO_CONTEXT);
    VALUE(GSS_S_DEFECTIVE_TOKEN);
    VALUE(GSS_S_CONTEXT_EXPIRED);
    VALUE(GSS_S_FAILURE);
    VALUE(GSS_S_BAD_QOP);
    VALUE(GSS_S_UNAUTHORIZED);
    VALUE(GSS_S_UNAVAILABLE);
    VALUE(GSS_S_DUPLICATE_TOKEN);
    VALUE(GSS_S_GAP_TOKEN);
    VALUE(GSS_C_REPLAY_FLAG);
    VALUE(GSS_C_SEQUENCE_FLAG);
    VALUE(GSS_C_CONF_FLAG);
    VALUE(GSS_C_INTEG_FLAG);
    VALUE(GSS_C_PROT_READY_FLAG);
    VALUE(GSS_C_QOP_DEFAULT);
    VALUE(GSS_IOV_BUFFER_TYPE_DATA);
    VALUE(GSS_IOV_BUFFER_TYPE_HEADER);
    VALUE(GSS_IOV_BUFFER_TYPE_TRAILER);
    VALUE(GSS_IOV_BUFFER_TYPE_PADDING);
    VALUE(GSS_IOV_BUFFER_TYPE_STREAM);
    VALUE(GSS_IOV_BUFFER_TYPE_SIGN_ONLY);
    VALUE(GSS_IOV_BUFFER_TYPE_MIC_TOKEN);
    VALUE(GSS_IOV_BUFFER_FLAG_MASK);
    VALUE(GSS_IOV_BUFFER_FLAG_ALLOCATE);
    VALUE(GSS_IOV_BUFFER_FLAG_ALLOCATED);
}

static void oids(void)
{
    oid("GSS_C_NT_USER_NAME", GSS_C_NT_USER_NAME);
    oid("GSS_C_NT_HOSTBASED_SERVICE", GSS_C_NT_HOSTBASED_SERVICE);
    oid("GSS_C_NT_HOSTBASED_SERVICE_X", GSS_C_NT_HOSTBASED_SERVICE_X);
    oid("GSS_C_MA_MECH_CONCRETE", GSS_C_MA_MECH_CONCRETE);
    oid("GSS_C_MA_AUTH_INIT", GSS_C_MA_AUTH_INIT);
    oid("GSS_C_MA_INTEG_PROT", GSS_C_MA_INTEG_PROT);
    oid("GSS_C_MA_CONF_PROT", GSS_C_MA_CONF_PROT);
    oid("GSS_C_MA_MIC", GSS_C_MA_MIC);
    oid("GSS_C_MA_WRAP", GSS_C_MA_WRAP);
    oid("GSS_C_MA_REPLAY_DET", GSS_C_MA_REPLAY_DET);
    oid("GSS_C_MA_OOS_DET", GSS_C_MA_OOS_DET);
    oid("GSS_C_INQ_SSPI_SESSION_KEY", GSS_C_INQ_SSPI_SESSION_KEY);
    oid("GSS_C_SEC_CONTEXT_SASL_SSF", GSS_C_SEC_CONTEXT_SASL_SSF);
}

int main(void)
{
    types();
    values();
    oids();
    return 0;
}
