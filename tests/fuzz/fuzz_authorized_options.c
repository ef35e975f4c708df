/* The options before a key in authorized_keys, from= patterns included. What they allow depends
 * only on them, the client's address and the time. */
#include "tests/fuzz/fuzz.h"

#include "apps/files/authorized_options.h"

#include <string.h>

static size_t count(char **list)
{
    size_t n = 0;

    while (list != NULL && list[n] != NULL)
        n++;
    return n;
}

static bool same_list(char **a, char **b)
{
    size_t n = count(a);

    if (n != count(b))
        return false;
    for (size_t i = 0; i < n; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void check(struct bytes list, const char *address)
{
    const struct key_use use = {address, 1800000000, address == NULL};
    struct nacre_key_grant first, second;
    char what[256] = "";
    bool good;

    authorized_everything(&first);
    authorized_everything(&second);
    good = authorized_options(list, &use, &first, &(struct errbuf){what, sizeof what});
    require(good || (what[0] != 0 && memchr(what, 0, sizeof what) != NULL));
    require(authorized_options(list, &use, &second, &(struct errbuf){what, sizeof what}) == good);
    require(first.pty == second.pty && first.port_forwarding == second.port_forwarding &&
            same_text(first.command, second.command) &&
            same_list(first.environment, second.environment) &&
            same_list(first.permit_open, second.permit_open) &&
            same_list(first.permit_listen, second.permit_listen));
    key_grant_clear(&first);
    key_grant_clear(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const addresses[] = {"192.0.2.1", "2001:db8::1", "fe80::1%eth0", "nowhere",
                                            NULL};

    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++)
        check((struct bytes){data, len}, addresses[i]);
    return 0;
}
