/* The requests of a session channel, as a client makes them. RFC 4254 section 6. */
#include "connection/channel.h"
#include "transport/wire.h"

#include <string.h>

enum { TEXT_MAX = 8 * 1024 }; /* bytes of text in one request */

static bool request_texts(struct nacre_channel *ch, const char *type, bool want_reply,
                          const char *first, const char *second)
{
    uint8_t scratch[TEXT_MAX];
    struct writer w = write_to(scratch, sizeof scratch);

    write_text(&w, first);
    if (second != NULL)
        write_text(&w, second);
    return !w.bad && nacre_channel_request(ch, type, want_reply, w.start, written(&w));
}

/* Section 6.2; no modes: their list is its end alone, section 8. */
bool nacre_channel_pty(struct nacre_channel *ch, const char *term, uint32_t columns, uint32_t rows)
{
    static const uint8_t no_modes[] = {0};
    uint8_t scratch[512];
    struct writer w = write_to(scratch, sizeof scratch);

    write_text(&w, term);
    write_u32(&w, columns);
    write_u32(&w, rows);
    write_u32(&w, 0);
    write_u32(&w, 0);
    write_string(&w, (struct bytes){no_modes, sizeof no_modes});
    return !w.bad && nacre_channel_request(ch, "pty-req", true, w.start, written(&w));
}

/* Section 6.4 */
bool nacre_channel_env(struct nacre_channel *ch, const char *name, const char *value)
{
    return request_texts(ch, "env", true, name, value);
}

/* Section 6.5 */
bool nacre_channel_shell(struct nacre_channel *ch)
{
    return nacre_channel_request(ch, "shell", true, NULL, 0);
}

bool nacre_channel_exec(struct nacre_channel *ch, const char *command)
{
    return request_texts(ch, "exec", true, command, NULL);
}

bool nacre_channel_subsystem(struct nacre_channel *ch, const char *name)
{
    return request_texts(ch, "subsystem", true, name, NULL);
}

/* Section 6.7 */
bool nacre_channel_window_change(struct nacre_channel *ch, uint32_t columns, uint32_t rows)
{
    uint8_t size[16];
    struct writer w = write_to(size, sizeof size);

    write_u32(&w, columns);
    write_u32(&w, rows);
    write_u32(&w, 0);
    write_u32(&w, 0);
    return nacre_channel_request(ch, "window-change", false, size, sizeof size);
}

/* Section 6.9 */
bool nacre_channel_signal(struct nacre_channel *ch, const char *name)
{
    return request_texts(ch, "signal", false, name, NULL);
}
