/* What a server sends after its identification: key exchange, login and channels as one sequence of
 * messages. */
#include "tests/fuzz/fuzz_session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return fuzz_messages(NACRE_CLIENT, PHASE_KEXINIT, data, len);
}
