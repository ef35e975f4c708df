/* The identification line. However it is split, it is read the same way, and as early as possible.
 */
#include "tests/fuzz/fuzz.h"

#include "transport/version.h"

static void check(enum nacre_role role, const uint8_t *data, size_t len)
{
    struct bytes line = {NULL, 0}, first = {NULL, 0};
    size_t size = 0, first_size = 0;
    enum version_status whole = version_read((struct bytes){data, len}, role, &line, &size);
    enum version_status status = VERSION_PARTIAL;

    for (size_t n = 0; n <= len && status == VERSION_PARTIAL; n++)
        status = version_read((struct bytes){data, n}, role, &first, &first_size);
    require(status == whole);
    if (whole == VERSION_READY || whole == VERSION_SKIP)
        require(first_size == size && size <= len);
    if (whole == VERSION_READY)
        require(line.at == first.at && line.len == first.len && line.len + 1 <= size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    check(NACRE_SERVER, data, len);
    check(NACRE_CLIENT, data, len);
    return 0;
}
