/* A public key and a signature as a peer sends them: a row of ALGORITHM_PUBLIC_KEY, string key,
 * string signature, and then the signed data. A signature that verifies does so for this data only.
 */
#include "tests/fuzz/fuzz.h"

#include "transport/algorithms.h"
#include "transport/key_pair.h"

#include <string.h>

static const struct signature_algorithm *row(uint8_t which)
{
    const struct algorithm *a = algorithms_of(ALGORITHM_PUBLIC_KEY);

    for (; which > 0; which--)
        a = a[1].name == NULL ? algorithms_of(ALGORITHM_PUBLIC_KEY) : a + 1;
    return a->method;
}

static void check(const struct signature_algorithm *algorithm, struct bytes key,
                  struct bytes signature, struct bytes signed_data)
{
    uint8_t *other = malloc(signed_data.len + 1);

    require(other != NULL);
    if (key_blob_fits(algorithm, key) && key_verify(algorithm, key, signature, signed_data)) {
        struct reader r = read_from(signature);

        require(bytes_are(read_string(&r), algorithm->name));
        if (signed_data.len > 0)
            memcpy(other, signed_data.at, signed_data.len);
        other[signed_data.len] = 0;
        require(!key_verify(algorithm, key, signature, (struct bytes){other, signed_data.len + 1}));
    }
    free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct reader r = read_from((struct bytes){data, len});
    const struct signature_algorithm *algorithm = row(read_u8(&r));
    struct bytes key = read_string(&r);
    struct bytes signature = read_string(&r);
    struct bytes signed_data = read_rest(&r);

    if (!r.bad)
        check(algorithm, key, signature, signed_data);
    return 0;
}
