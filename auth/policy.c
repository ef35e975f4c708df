#include "auth/growth.h"

#include "transport/wire.h"

const struct growth auth_policy_growth = {sizeof(struct nacre_auth_policy), {{0}}};
const struct growth client_login_growth = {sizeof(struct nacre_client_login), {{0}}};

bool nacre_password_equals(const char *password, const char *expected)
{
    size_t len = strlen(expected);

    return strlen(password) == len && secrets_equal(password, expected, len);
}
