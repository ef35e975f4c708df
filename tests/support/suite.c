#include "tests/support/suite.h"

void assert_bytes(struct bytes got, struct bytes expected)
{
    ck_assert_uint_eq(got.len, expected.len);
    if (got.len > 0)
        ck_assert_mem_eq(got.at, expected.at, got.len);
}
