#include "auth/policy.h"

#include "transport/wire.h"

bool nacre_password_equals(const char *password, const char *right)
{
    size_t len = strlen(right);

    return strlen(password) == len && secrets_equal(password, right, len);
}
