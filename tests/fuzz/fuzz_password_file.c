/* A password file: every entry, and the cost of its hash. */
#include "tests/fuzz/fuzz.h"

#include "apps/files/password_entry.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct bytes text = {data, len};
    struct password_entry entry = {.line = 0};
    unsigned before = 0;

    while (password_entry_next(&text, &entry)) {
        require(entry.line > before);
        before = entry.line;
        require(password_entry_counts(&entry) || password_entry_problem(&entry) != NULL);
        require(!password_entry_counts(&entry) || entry.password.len > 0);
        if (entry.kind != PASSWORD_HASHED)
            continue;
        require(memchr(entry.hash, 0, sizeof entry.hash) != NULL);
        require(password_cost(entry.hash) > 0);
        require(password_costs_equal(entry.hash, entry.hash));
    }
    require(text.len == 0);
    return 0;
}
