#include "auth/publickey_signed.h"

#include "auth/parts.h"

const char *publickey_name(bool host_bound)
{
    return host_bound ? PUBLICKEY_HOSTBOUND : PUBLICKEY_PLAIN;
}

/* RFC 4252 section 7, the data that is signed
 *     string    session identifier
 *     byte      SSH_MSG_USERAUTH_REQUEST
 *     string    user name
 *     string    service name
 *     string    "publickey"
 *     boolean   TRUE
 *     string    public key algorithm name
 *     string    public key to be used for authentication
 *     string    server host key                         host-bound only      */
void publickey_write_signed(const struct auth *a, struct writer *w, bool host_bound,
                            const char *algorithm, struct bytes blob)
{
    write_string(w, transport_session_id(a->transport));
    write_u8(w, SSH_MSG_USERAUTH_REQUEST);
    write_text(w, auth_user(a));
    write_text(w, transport_service_name(a->transport, SERVICE_CONNECTION));
    write_text(w, publickey_name(host_bound));
    write_bool(w, true);
    write_text(w, algorithm);
    write_string(w, blob);
    if (host_bound)
        write_string(w, transport_host_key(a->transport));
}
