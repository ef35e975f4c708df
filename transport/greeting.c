#include "transport/greeting.h"

#include "transport/parts.h"
#include "transport/service.h"
#include "transport/text.h"
#include "transport/version.h"

#include <string.h>

/* Keep the first line that is not empty. Without memory nothing is kept. */
static void keep(struct transport *t, struct bytes line)
{
    if (line.len == 0 || t->peer.text != NULL)
        return;
    t->peer.text = pool_allocate(t->pool, PEER_TEXT_MAX);
    if (t->peer.text != NULL)
        (void)clean_text(t->peer.text, PEER_TEXT_MAX, line);
}

void greeting_line(struct transport *t, struct bytes line)
{
    static const char end[] = "\r\n";
    size_t size = line.len + sizeof end;
    char *text;

    keep(t, line);
    if (t->config->banner == NULL)
        return;
    text = pool_allocate(t->pool, size);
    if (text == NULL) {
        (void)transport_no_memory(t);
        return;
    }
    (void)clean_text(text, line.len + 1, line);
    memcpy(text + strlen(text), end, sizeof end);
    t->config->banner(t->context, text);
    pool_release(t->pool, text, size);
}

const char *greeting_lost(struct transport *t)
{
    static const char prefix[] = "connection lost; the server had sent: ";
    enum { PREFIX = sizeof prefix - 1 };
    struct bytes rest = buffer_contents(&t->in);
    char line[PEER_TEXT_MAX];

    if (rest.len == 0 && t->peer.text == NULL)
        return "connection lost";
    keep(t, rest);
    if (t->peer.text == NULL)
        return "connection lost";
    if (rest.len > 0)
        (void)clean_text(line, sizeof line, rest);
    else
        memcpy(line, t->peer.text, sizeof line);
    memcpy(t->peer.text, prefix, PREFIX);
    (void)clean_text(t->peer.text + PREFIX, PEER_TEXT_MAX - PREFIX, bytes_of(line));
    return t->peer.text;
}
