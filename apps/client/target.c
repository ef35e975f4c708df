#include "apps/client/target.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { SSH_PORT = 22 };

/* An IPv6 address, perhaps with a zone: "fe80::1%eth0". */
static bool is_ipv6(const char *host)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr unused;
    size_t len = strcspn(host, "%");

    if (len >= sizeof address)
        return false;
    memcpy(address, host, len);
    address[len] = 0;
    return inet_pton(AF_INET6, address, &unused) == 1;
}

/* Copy the host without its brackets. False: it is empty, too long, or has only one of them. */
static bool copy_host(char out[CLIENT_HOST_MAX], const char *host)
{
    size_t len = strlen(host);
    bool opens = host[0] == '[', closes = len > 0 && host[len - 1] == ']';

    if (opens != closes || len <= 2 * (size_t)opens || len >= CLIENT_HOST_MAX)
        return false;
    (void)snprintf(out, CLIENT_HOST_MAX, "%.*s", (int)(len - 2 * opens), host + opens);
    return strpbrk(out, "[]") == NULL;
}

bool target_is_unix(const char *host)
{
    return strncmp(host, "unix:", strlen("unix:")) == 0;
}

/* The @ after the user, if there is one. A path may contain others. */
static const char *end_of_user(const char *word)
{
    for (const char *at = strchr(word, '@'); at != NULL; at = strchr(at + 1, '@'))
        if (target_is_unix(at + 1))
            return at;
    return target_is_unix(word) ? NULL : strrchr(word, '@');
}

/* The library says what is wrong with the path. */
static bool use_unix(struct client_options *o, const char *host, const struct errbuf *p)
{
    if (strlen(host) >= CLIENT_HOST_MAX)
        return errbuf_say(p, "'%.40s...' is too long", host);
    (void)snprintf(o->host_name, sizeof o->host_name, "%s", host);
    (void)snprintf(o->target, sizeof o->target, "%s", host);
    return true;
}

bool target_read(struct client_options *o, const char *word, const struct errbuf *p)
{
    const char *at = end_of_user(word);
    size_t user_len = at != NULL ? (size_t)(at - word) : 0;

    if (at != NULL && (user_len == 0 || user_len >= sizeof o->user_in_word))
        return errbuf_say(p, "'%s' is not USER@HOST", word);
    if (at != NULL) {
        (void)snprintf(o->user_in_word, sizeof o->user_in_word, "%.*s", (int)user_len, word);
        o->user = o->user != NULL ? o->user : o->user_in_word;
    }
    if (target_is_unix(at != NULL ? at + 1 : word))
        return use_unix(o, at != NULL ? at + 1 : word, p);
    if (!copy_host(o->host_name, at != NULL ? at + 1 : word))
        return errbuf_say(p, "'%s' is not a host", word);
    if (strchr(o->host_name, ':') != NULL && !is_ipv6(o->host_name))
        return errbuf_say(p, "'%s' is not a host: the port of a server goes after -p", word);
    (void)snprintf(o->target, sizeof o->target,
                   strchr(o->host_name, ':') != NULL ? "[%s]:%s" : "%s:%s", o->host_name, o->port);
    return true;
}

void target_known_as(char *out, size_t size, const char *host, uint16_t port)
{
    if (port == SSH_PORT)
        (void)snprintf(out, size, "%s", host);
    else
        (void)snprintf(out, size, "[%s]:%u", host, port);
}
