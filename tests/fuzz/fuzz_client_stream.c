/* What a server sends before there are keys. */
#include "tests/fuzz/fuzz_session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return fuzz_stream(NACRE_CLIENT, data, len);
}
