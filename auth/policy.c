#include "auth/policy.h"

#include "transport/wire.h"

bool nacre_password_equals(const char *password, const char *expected)
{
    size_t len = strlen(expected);

    return strlen(password) == len && secrets_equal(password, expected, len);
}
