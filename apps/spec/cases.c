#include "apps/spec/tables.h"

#include <string.h>

/* clang-format off */
const struct spec_case *const spec_tables[] = {
    spec_ident,
    spec_packet,
    spec_protection,
    spec_compression,
    spec_offers,
    spec_kexinit,
    spec_order,
    spec_shares,
    spec_curves,
    spec_rsa_exchange,
    spec_rekey,
    spec_messages,
    spec_strict,
    spec_ext_info,
    spec_auth,
    spec_before_login,
    spec_publickey,
    spec_password,
    spec_certificates,
    spec_global,
    spec_windows,
    spec_ends,
    spec_requests,
    spec_programs,
    spec_forward,
    spec_addresses,
    spec_hostkeys,
    spec_robust,
    spec_client_kex,
    spec_client_hostkey,
    spec_client_padding,
    spec_client_auth,
    spec_client_interactive,
    spec_client_messages,
    spec_client_channel,
    spec_client_program,
    spec_client_cert,
    spec_slow,
    NULL,
};
/* clang-format on */

const struct spec_case *case_find(const char *id)
{
    for (const struct spec_case *const *t = spec_tables; *t != NULL; t++)
        for (const struct spec_case *row = *t; row->id != NULL; row++)
            if (strcmp(row->id, id) == 0)
                return row;
    return NULL;
}

const char *level_name(enum spec_level level)
{
    static const char *const names[] = {"MUST", "SHOULD", "MAY", "practice", "withdrawn"};

    return names[level];
}

const char *role_name(enum spec_role role)
{
    return role == BOTH ? "both" : role == SERVER ? "server" : "client";
}
