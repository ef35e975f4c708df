/* An authorized_keys file: every line with its options, and what it grants to a login. */
#include "tests/fuzz/fuzz.h"

#include "apps/files/authorized_line.h"
#include "apps/files/authorized_options.h"
#include "transport/key_pair.h"

#include <string.h>

static size_t count(char **list)
{
    size_t n = 0;

    while (list != NULL && list[n] != NULL)
        n += strlen(list[n]) > 0;
    return n;
}

static void match(const struct authorized_line *line, const struct nacre_key_login *login)
{
    struct nacre_key_grant grant = {.command = NULL};
    char what[128] = "";

    switch (authorized_line_match(line, login, &grant, &(struct errbuf){what, sizeof what})) {
    case LINE_GRANTS:
        require(grant.command == NULL || strlen(grant.command) < 1 << 20);
        require(count(grant.environment) + count(grant.permit_open) + count(grant.permit_listen) <
                1 << 20);
        break;
    case LINE_BAD:
        require(what[0] != 0 && memchr(what, 0, sizeof what) != NULL);
        break;
    case LINE_OTHER:
        break;
    }
    key_grant_clear(&grant);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct nacre_key key;
    const uint8_t seed[32] = {1};
    struct bytes text = {data, len};
    struct nacre_key_login login = {
        .version = NACRE_VERSION_NUMBER, .user = "alice", .address = "192.0.2.1"};
    struct authorized_line line;

    if (key.type == NULL)
        require(private_key_ed25519(&key, seed));
    login.key = private_key_blob(&key).at;
    login.key_len = private_key_blob(&key).len;
    while (authorized_line_next(&text, &line))
        match(&line, &login);
    require(text.len == 0);
    return 0;
}
