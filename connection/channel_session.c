/* The requests of a session channel, as a client makes them. RFC 4254 section 6. */
#include "connection/channel.h"

#include "connection/channel_request.h"

#include <string.h>

/* A request with one or two texts; second: or NULL. */
static enum nacre_sending send_texts(struct nacre_channel *ch, const char *type, bool want_reply,
                                     const char *first, const char *second)
{
    struct transport *t = ch->connection->transport;
    size_t len = 4 + strlen(first) + (second != NULL ? 4 + strlen(second) : 0);
    enum nacre_sending sending;
    struct writer w;

    transport_enter(t);
    sending = channel_request_begin(ch, type, want_reply, len, &w);
    if (sending == NACRE_SEND_DONE) {
        write_text(&w, first);
        if (second != NULL)
            write_text(&w, second);
        channel_request_end(ch, want_reply, &w);
    }
    transport_leave(t);
    return sending;
}

/* RFC 4254 section 6.2, after want_reply:
 *     string    TERM environment variable value (e.g., vt100)
 *     uint32    terminal width, characters (e.g., 80)
 *     uint32    terminal height, rows (e.g., 24)
 *     uint32    terminal width, pixels (e.g., 640)
 *     uint32    terminal height, pixels (e.g., 480)
 *     string    encoded terminal modes: their end alone, section 8             */
enum nacre_sending nacre_channel_pty(struct nacre_channel *ch, const char *term, uint32_t columns,
                                     uint32_t rows)
{
    static const uint8_t no_modes[] = {0};
    struct transport *t = ch->connection->transport;
    size_t len = 4 + strlen(term) + (size_t)4 * 4 + 4 + sizeof no_modes;
    enum nacre_sending sending;
    struct writer w;

    transport_enter(t);
    sending = channel_request_begin(ch, "pty-req", true, len, &w);
    if (sending == NACRE_SEND_DONE) {
        write_text(&w, term);
        write_u32(&w, columns);
        write_u32(&w, rows);
        write_u32(&w, 0);
        write_u32(&w, 0);
        write_string(&w, (struct bytes){no_modes, sizeof no_modes});
        channel_request_end(ch, true, &w);
    }
    transport_leave(t);
    return sending;
}

/* Section 6.4 */
enum nacre_sending nacre_channel_env(struct nacre_channel *ch, const char *name, const char *value)
{
    return send_texts(ch, "env", true, name, value);
}

/* Section 6.5 */
enum nacre_sending nacre_channel_shell(struct nacre_channel *ch)
{
    return nacre_channel_request(ch, "shell", true, NULL, 0);
}

enum nacre_answer nacre_channel_grant_shell(struct nacre_channel *ch,
                                            const struct nacre_request *request)
{
    (void)ch;
    return request->kind == NACRE_REQUEST_SHELL ? NACRE_GRANT : NACRE_REFUSE;
}

enum nacre_sending nacre_channel_exec(struct nacre_channel *ch, const char *command)
{
    return send_texts(ch, "exec", true, command, NULL);
}

enum nacre_sending nacre_channel_subsystem(struct nacre_channel *ch, const char *name)
{
    return send_texts(ch, "subsystem", true, name, NULL);
}

/* Section 6.7 */
enum nacre_sending nacre_channel_window_change(struct nacre_channel *ch, uint32_t columns,
                                               uint32_t rows)
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
enum nacre_sending nacre_channel_signal(struct nacre_channel *ch, const char *name)
{
    return send_texts(ch, "signal", false, name, NULL);
}
