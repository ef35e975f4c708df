/* How the public structs of this layer grow: transport/growth.h. */
#ifndef NACRE_AUTH_GROWTH_H
#define NACRE_AUTH_GROWTH_H

#include "auth/policy.h"
#include "transport/growth.h"

extern const struct growth auth_policy_growth, client_login_growth;

#endif
