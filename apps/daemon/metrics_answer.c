#include "apps/daemon/metrics_answer.h"

#include <string.h>

/* A piece of the request line */
struct word {
    const char *at;
    size_t len;
};

static bool is(struct word w, const char *text)
{
    return w.len == strlen(text) && memcmp(w.at, text, w.len) == 0;
}

/* Does the header end with an empty line? RFC 9112 section 2.2: a line feed alone may end a line.
 */
static bool is_complete(const char *request, size_t len)
{
    for (size_t i = 1; i < len; i++)
        if (request[i] == '\n' &&
            (request[i - 1] == '\n' || (i > 1 && request[i - 1] == '\r' && request[i - 2] == '\n')))
            return true;
    return false;
}

/* Up to the next space of the line, which is skipped. */
static struct word next(struct word *line)
{
    const char *space = memchr(line->at, ' ', line->len);
    struct word found = {line->at, space != NULL ? (size_t)(space - line->at) : line->len};
    size_t used = found.len + (space != NULL ? 1 : 0);

    line->at += used;
    line->len -= used;
    return found;
}

static struct word without_query(struct word target)
{
    const char *query = memchr(target.at, '?', target.len);

    if (query != NULL)
        target.len = (size_t)(query - target.at);
    return target;
}

/* RFC 9112 section 3: request-line = method SP request-target SP HTTP-version */
static enum metrics_answer judge(struct word line, bool *head)
{
    struct word method = next(&line), target = next(&line), version = line;

    if (method.len == 0 || target.len == 0 || target.at[0] != '/')
        return METRICS_MALFORMED;
    if (!is(version, "HTTP/1.1") && !is(version, "HTTP/1.0"))
        return METRICS_MALFORMED;
    *head = is(method, "HEAD");
    target = without_query(target);
    if (!is(target, "/metrics") && !is(target, "/healthz"))
        return METRICS_NOT_FOUND;
    if (!*head && !is(method, "GET"))
        return METRICS_NOT_ALLOWED;
    return is(target, "/metrics") ? METRICS_TEXT : METRICS_HEALTH;
}

enum metrics_answer metrics_answer(const char *request, size_t len, bool *head)
{
    const char *end = len > 0 ? memchr(request, '\n', len) : NULL;
    struct word line = {request, end != NULL ? (size_t)(end - request) : 0};

    *head = false;
    if (!is_complete(request, len))
        return METRICS_UNTIL_LATER;
    if (line.len > 0 && request[line.len - 1] == '\r')
        line.len--;
    return judge(line, head);
}
