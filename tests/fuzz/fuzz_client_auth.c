/* What a server sends while we log in. */
#include "tests/fuzz/fuzz_session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return fuzz_messages(NACRE_CLIENT, PHASE_AUTH, data, len);
}
