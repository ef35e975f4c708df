#include "tests/support/tables.h"

#include "transport/cipher.h"

int algorithm_count(enum algorithm_kind kind)
{
    int count = 0;

    while (algorithms_of(kind)[count].name != NULL)
        count++;
    return count;
}

static bool is_aead(const struct algorithm *cipher)
{
    return ((const struct cipher_method *)cipher->method)->aead;
}

static int count_ciphers(bool aead)
{
    int count = 0;

    for (int i = 0; i < algorithm_count(ALGORITHM_CIPHER); i++)
        count += is_aead(&algorithms_of(ALGORITHM_CIPHER)[i]) == aead;
    return count;
}

static const struct algorithm *cipher_at(bool aead, int i)
{
    const struct algorithm *a = algorithms_of(ALGORITHM_CIPHER);

    for (;; a++)
        if (is_aead(a) == aead && i-- == 0)
            return a;
}

/* Enough pairs for every MAC and every cipher that needs one. */
int protection_count(void)
{
    int macs = algorithm_count(ALGORITHM_MAC), others = count_ciphers(false);

    return count_ciphers(true) + (macs > others ? macs : others);
}

struct protection protection_at(int i)
{
    int aeads = count_ciphers(true), others = count_ciphers(false);

    if (i < aeads || others == 0)
        return (struct protection){cipher_at(true, i), NULL};
    i -= aeads;
    return (struct protection){cipher_at(false, i % others),
                               &algorithms_of(ALGORITHM_MAC)[i % algorithm_count(ALGORITHM_MAC)]};
}
