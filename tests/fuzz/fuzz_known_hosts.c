/* A known_hosts file: every line with its hosts and its key. */
#include "tests/fuzz/fuzz.h"

#include "apps/files/known_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const names[] = {"localhost", "[localhost]:2022", "192.0.2.1"};
    uint8_t blob[KEY_BLOB_MAX];
    struct bytes text = {data, len};
    struct known_line line;

    while (known_line_next(&text, &line)) {
        const char *wrong = NULL;

        for (size_t i = 0; i < sizeof names / sizeof names[0] && line.wrong == NULL; i++)
            (void)known_line_is_for(&line, names[i], &wrong);
        if (line.wrong == NULL && line.key.len > 0) {
            wrong = NULL;
            require((known_line_key(&line, blob, &wrong).len == 0) == (wrong != NULL));
        }
    }
    require(text.len == 0);
    return 0;
}
