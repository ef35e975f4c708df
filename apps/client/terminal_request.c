#include "apps/client/terminal_request.h"

#include "apps/terminal/modes.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    COLUMNS = 80, /* without a terminal here */
    ROWS = 24,
    TERM_MAX = 256, /* bytes of TERM; of a longer one the beginning is sent */
    PTY_MAX = 4 + TERM_MAX + 4 * 4 + 4 + MODES_MAX,
};

static struct winsize terminal_size(void)
{
    struct winsize found = {.ws_col = 0};

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && found.ws_col == 0; fd++)
        if (ioctl(fd, TIOCGWINSZ, &found) != 0)
            found.ws_col = 0;
    return found.ws_col != 0 ? found : (struct winsize){.ws_col = COLUMNS, .ws_row = ROWS};
}

/* ---- encoding ---- */

static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *at++ = (uint8_t)(value >> shift);
    return at;
}

static uint8_t *put_string(uint8_t *at, const void *data, size_t len)
{
    at = put_u32(at, (uint32_t)len);
    memcpy(at, data, len);
    return at + len;
}

static uint8_t *put_size(uint8_t *at)
{
    struct winsize size = terminal_size();

    at = put_u32(at, size.ws_col);
    at = put_u32(at, size.ws_row);
    at = put_u32(at, size.ws_xpixel);
    return put_u32(at, size.ws_ypixel);
}

/* Those of the terminal here, so that its erase key erases there. */
static uint8_t *put_modes(uint8_t *at)
{
    uint8_t encoded[MODES_MAX] = {0}; /* none: only their end */
    struct termios modes;
    size_t len = 1;

    if (tcgetattr(STDIN_FILENO, &modes) == 0)
        len = modes_write(&modes, encoded);
    return put_string(at, encoded, len);
}

/* ---- requests ---- */

/* RFC 4254 section 6.2, after want_reply
 *     string    TERM environment variable value (e.g., vt100)
 *     uint32    terminal width, characters (e.g., 80)
 *     uint32    terminal height, rows (e.g., 24)
 *     uint32    terminal width, pixels (e.g., 640)
 *     uint32    terminal height, pixels (e.g., 480)
 *     string    encoded terminal modes                                         */
enum nacre_sending terminal_request_send(struct nacre_channel *ch)
{
    const char *term = getenv("TERM");
    uint8_t data[PTY_MAX], *at = data;

    if (term == NULL)
        term = "";
    at = put_string(at, term, strnlen(term, TERM_MAX));
    at = put_size(at);
    at = put_modes(at);
    return nacre_channel_request(ch, "pty-req", true, data, (size_t)(at - data));
}

/* RFC 4254 section 6.7, after want_reply
 *     uint32    terminal width, columns
 *     uint32    terminal height, rows
 *     uint32    terminal width, pixels
 *     uint32    terminal height, pixels                                        */
enum nacre_sending terminal_request_resize(struct nacre_channel *ch)
{
    uint8_t data[4 * 4];

    (void)put_size(data);
    return nacre_channel_request(ch, "window-change", false, data, sizeof data);
}
