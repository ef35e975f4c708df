#include "apps/connect/check.h"

#include "apps/session/version.h"

#include <string.h>

static bool check_known_as(const char *known_as, const struct errbuf *p)
{
    return known_as == NULL || (known_as[0] != ':' && nacre_address_is_good(known_as)) ||
           errbuf_say(p, "known_as: %s is not an address: write HOST:PORT, or [HOST]:PORT for IPv6",
                      known_as);
}

bool check_clients(const struct nacre_client_config *c, const struct errbuf *p)
{
    if (c->known_hosts != NULL &&
        !version_check("struct nacre_known_hosts", c->known_hosts->version, p))
        return false;
    if (c->known_hosts != NULL && c->known_hosts->file == NULL)
        return errbuf_say(p, "known_hosts has no file: set its `file`, or known_hosts to NULL");
    return check_known_as(c->known_as, p);
}

/* The text of user and password is checked when the endpoint is made, for those of all clients. */
static bool check_login(const struct nacre_connection_config *c, const struct errbuf *p)
{
    if (strlen(c->user) > NACRE_USER_MAX)
        return errbuf_say(p, "the user name has %zu bytes; at most %d are allowed", strlen(c->user),
                          NACRE_USER_MAX);
    if (c->password != NULL && strlen(c->password) > NACRE_PASSWORD_MAX)
        return errbuf_say(p, "the password has %zu bytes; at most %d are allowed",
                          strlen(c->password), NACRE_PASSWORD_MAX);
    if (c->key_count > 0 && c->keys == NULL)
        return errbuf_say(p, "keys is NULL, but there are to be %zu keys", c->key_count);
    for (size_t i = 0; i < c->key_count; i++)
        if (c->keys[i] == NULL)
            return errbuf_say(p, "keys[%zu] is NULL", i);
    return true;
}

bool check_connection(const struct nacre_client_config *clients,
                      const struct nacre_connection_config *c, const struct errbuf *p)
{
    if (c->address == NULL)
        return errbuf_say(p, "no address to connect to: set `address`");
    if (c->user != NULL)
        return check_login(c, p) && check_known_as(c->known_as, p);
    if (clients->user == NULL)
        return errbuf_say(p, "no user to log in as: set `user`");
    if (c->password != NULL || c->keys != NULL || c->ask != NULL)
        return errbuf_say(p, "password, keys and ask of a connection need a `user` with them");
    return check_known_as(c->known_as, p);
}
