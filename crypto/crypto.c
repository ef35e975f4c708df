#include "crypto/crypto.h"

#include <openssl/crypto.h>
#include <sodium.h>

bool crypto_init(void)
{
    (void)OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
    return sodium_init() >= 0;
}

bool crypto_use_memory(void *(*allocate)(size_t len, const char *file, int line),
                       void *(*resize)(void *block, size_t len, const char *file, int line),
                       void (*release)(void *block, const char *file, int line))
{
    return CRYPTO_set_mem_functions(allocate, resize, release) == 1;
}
