#include "apps/spec/tables.h"

#include <string.h>

/* clang-format off */
const struct spec_case *const spec_tables[] = {
    spec_ident,
    spec_packet,
    spec_kexinit,
    spec_order,
    spec_shares,
    spec_curves,
    spec_strict,
    spec_protection,
    spec_rekey,
    spec_ext_info,
    spec_messages,
    spec_auth,
    spec_methods,
    spec_global,
    spec_windows,
    spec_requests,
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
