/* What a client sends after it has logged in. */
#include "tests/fuzz/fuzz_session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return fuzz_messages(NACRE_SERVER, PHASE_CONNECTION, data, len);
}
