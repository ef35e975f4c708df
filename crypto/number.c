#include "crypto/number.h"

#include <limits.h>

BIGNUM *number_read(struct bytes number)
{
    return number.len <= INT_MAX ? BN_bin2bn(number.at, (int)number.len, NULL) : NULL;
}

bool number_write(const BIGNUM *number, uint8_t *out, size_t len)
{
    return len <= INT_MAX && BN_bn2binpad(number, out, (int)len) == (int)len;
}
