#include "apps/client/explain.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>

static const struct {
    int failure; /* errno, or if it is negative a result of getaddrinfo */
    const char *advice;
} rows[] = {
    {ECONNREFUSED, ". Nothing listens on that port: is the server running, and is -p right?"},
    {ETIMEDOUT, ". The host does not answer: is it up, and does a firewall let you through?"},
    {EHOSTUNREACH, ". The network has no way to that host"},
    {ENETUNREACH, ". This machine has no network that leads there"},
    {EAI_NONAME, ". No host has that name: is it spelled right?"},
    {EAI_AGAIN, ". The name server does not answer: is this machine on the network?"},
    {EAI_NODATA, ". The name exists, but it has no address"},
};

const char *explain_connecting(const char *sentence)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *text =
            rows[i].failure > 0 ? strerror(rows[i].failure) : gai_strerror(rows[i].failure);

        if (strstr(sentence, text) != NULL)
            return rows[i].advice;
    }
    return "";
}
