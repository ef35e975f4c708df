/* What a server sends before packets are encrypted. */
#include "tests/fuzz/fuzz_session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return fuzz_stream(NACRE_CLIENT, data, len);
}
