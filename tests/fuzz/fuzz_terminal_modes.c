/* The terminal modes of a pty-req. RFC 4254 section 8. */
#include "tests/fuzz/fuzz.h"

#include "connection/channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *at = data;
    size_t left = len, modes = 0;
    uint32_t argument;
    uint8_t opcode;

    while (nacre_terminal_mode_next(&at, &left, &opcode, &argument)) {
        require(opcode > 0 && opcode < 160 && at >= data && at + left == data + len);
        modes++;
    }
    require(modes <= len / 5);
    return 0;
}
