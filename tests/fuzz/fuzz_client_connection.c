/* What a server sends to a client that is logged in. */
#include "tests/fuzz/fuzz_session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return fuzz_messages(NACRE_CLIENT, PHASE_CONNECTION, data, len);
}
