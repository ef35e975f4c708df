/* Private key files: the text, and the bytes that it encodes. A key that was read can be used, and
 * written if nacre writes its format. */
#include "tests/fuzz/fuzz.h"

#include "apps/files/key_format.h"

#include <string.h>

static void use(struct nacre_key *key)
{
    char text[4096], errbuf[256];
    const struct errbuf p = {errbuf, sizeof errbuf};
    struct nacre_key again = {0};

    require(private_key_blob(key).len > 0);
    require(key_print_public(key, "comment", text, sizeof text));
    if (key_print_private(key, "comment", 7, text, sizeof text)) {
        require(key_parse(&again, bytes_of(text), "again", &p));
        require(bytes_equal(private_key_blob(key), private_key_blob(&again)));
        private_key_clear(&again);
    }
}

static void parse_text(struct bytes text)
{
    char errbuf[256] = "";
    const struct errbuf p = {errbuf, sizeof errbuf};
    struct nacre_key key = {0};

    if (key_parse(&key, text, "file", &p)) {
        use(&key);
        private_key_clear(&key);
    } else {
        require(errbuf[0] != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static enum key_result (*const parsers[])(struct nacre_key *, struct bytes) = {
        key_parse_openssh, key_parse_pkcs8, key_parse_pkcs1, key_parse_sec1};
    struct nacre_key key = {0};

    if (len == 0 || data[0] >= sizeof parsers / sizeof parsers[0]) {
        parse_text((struct bytes){data, len});
        return 0;
    }
    if (parsers[data[0]](&key, (struct bytes){data + 1, len - 1}) == KEY_GOOD)
        use(&key);
    private_key_clear(&key);
    return 0;
}
