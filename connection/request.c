#include "connection/request.h"

#include "transport/text.h"

#include <string.h>

/* A string of the message as text of *size bytes; a NUL inside makes the request bad. NULL: out of
 * memory, or the request is bad. */
static char *keep(struct pool *pool, struct reader *r, size_t *size)
{
    struct bytes wire = read_string(r);
    char *text;

    if (r->bad)
        return NULL;
    *size = wire.len + 1;
    text = pool_allocate(pool, *size);
    if (text != NULL && !text_from_wire(text, *size, wire))
        r->bad = true;
    return text;
}

static void keep_text(struct parsed_request *p, struct pool *pool, struct reader *r)
{
    p->request.text = p->text = keep(pool, r, &p->text_size);
}

static void keep_value(struct parsed_request *p, struct pool *pool, struct reader *r)
{
    p->request.value = p->value = keep(pool, r, &p->value_size);
}

static void read_size(struct nacre_request *q, struct reader *r)
{
    q->columns = read_u32(r);
    q->rows = read_u32(r);
    q->width = read_u32(r);
    q->height = read_u32(r);
}

/* RFC 4254 section 6.2, pty-req:
 *     string    TERM environment variable value (e.g., vt100)
 *     uint32    terminal width, characters (e.g., 80)
 *     uint32    terminal height, rows (e.g., 24)
 *     uint32    terminal width, pixels (e.g., 640)
 *     uint32    terminal height, pixels (e.g., 480)
 *     string    encoded terminal modes                                         */
static void read_pty(struct parsed_request *p, struct pool *pool, struct reader *r)
{
    struct bytes modes;

    keep_text(p, pool, r);
    read_size(&p->request, r);
    modes = read_string(r);
    p->request.data = modes.at;
    p->request.len = modes.len;
}

/* RFC 4254 section 6.4, env:
 *     string    variable name
 *     string    variable value                                                 */
static void read_env(struct parsed_request *p, struct pool *pool, struct reader *r)
{
    keep_text(p, pool, r);
    keep_value(p, pool, r);
}

/* RFC 4254 section 6.5, shell; PROTOCOL section 2.1, eow@openssh.com: no fields. */
static void read_nothing(struct parsed_request *p, struct pool *pool, struct reader *r)
{
    (void)p;
    (void)pool;
    (void)r;
}

/* RFC 4254 section 6.5, exec and subsystem; section 6.9, signal:
 *     string    command, subsystem name, or signal name (without the "SIG" prefix)*/
static void read_one_text(struct parsed_request *p, struct pool *pool, struct reader *r)
{
    keep_text(p, pool, r);
}

/* RFC 4254 section 6.7, window-change:
 *     uint32    terminal width, columns
 *     uint32    terminal height, rows
 *     uint32    terminal width, pixels
 *     uint32    terminal height, pixels                                        */
static void read_window_change(struct parsed_request *p, struct pool *pool, struct reader *r)
{
    (void)pool;
    read_size(&p->request, r);
}

/* RFC 4254 section 6.10, exit-status:
 *     uint32    exit_status                                                    */
static void read_exit_status(struct parsed_request *p, struct pool *pool, struct reader *r)
{
    (void)pool;
    p->request.exit_status = read_u32(r);
}

/* Text for a person: without control characters. RFC 4254 section 6.10 */
static char *keep_clean(struct pool *pool, struct reader *r, size_t *size)
{
    struct reader before = *r;
    char *text = keep(pool, r, size);

    if (text != NULL && !r->bad)
        (void)clean_text(text, *size, read_string(&before));
    return text;
}

/* RFC 4254 section 6.10, exit-signal:
 *     string    signal name (without the "SIG" prefix)
 *     boolean   core dumped
 *     string    error message in ISO-10646 UTF-8 encoding
 *     string    language tag                                                   */
static void read_exit_signal(struct parsed_request *p, struct pool *pool, struct reader *r)
{
    p->request.text = p->text = keep_clean(pool, r, &p->text_size);
    p->request.core_dumped = read_bool(r);
    p->request.value = p->value = keep_clean(pool, r, &p->value_size);
    (void)read_string(r);
}

/* RFC 4254 section 6.8, xon-xoff:
 *     boolean   client can do                                                  */
static void read_xon_xoff(struct parsed_request *p, struct pool *pool, struct reader *r)
{
    (void)pool;
    p->request.client_can_do = read_bool(r);
}

/* RFC 4335 section 3, break:
 *     uint32    break-length in milliseconds                                   */
static void read_break(struct parsed_request *p, struct pool *pool, struct reader *r)
{
    (void)pool;
    p->request.break_ms = read_u32(r);
}

static void read_other(struct parsed_request *p, struct pool *pool, struct reader *r)
{
    struct bytes rest = read_rest(r);

    (void)pool;
    p->request.data = rest.at;
    p->request.len = rest.len;
}

#define FROM_CLIENT (1U << NACRE_CLIENT)
#define FROM_SERVER (1U << NACRE_SERVER)
#define FROM_EITHER (FROM_CLIENT | FROM_SERVER)

struct row {
    const char *type;
    enum nacre_request_kind kind;
    unsigned from; /* the roles that may send it */
    void (*read)(struct parsed_request *p, struct pool *pool, struct reader *r);
};

/* clang-format off */
/* RFC 4254 section 6. Section 6.3, x11-req, is not here, so it is refused. */
static const struct row rows[] = {
    {"pty-req",       NACRE_REQUEST_PTY,           FROM_CLIENT, read_pty},
    {"env",           NACRE_REQUEST_ENV,           FROM_CLIENT, read_env},
    {"shell",         NACRE_REQUEST_SHELL,         FROM_CLIENT, read_nothing},
    {"exec",          NACRE_REQUEST_EXEC,          FROM_CLIENT, read_one_text},
    {"subsystem",     NACRE_REQUEST_SUBSYSTEM,     FROM_CLIENT, read_one_text},
    {"window-change", NACRE_REQUEST_WINDOW_CHANGE, FROM_CLIENT, read_window_change},
    {"signal",        NACRE_REQUEST_SIGNAL,        FROM_CLIENT, read_one_text},
    {"exit-status",   NACRE_REQUEST_EXIT_STATUS,   FROM_SERVER, read_exit_status},
    {"exit-signal",   NACRE_REQUEST_EXIT_SIGNAL,   FROM_SERVER, read_exit_signal},
    {"xon-xoff",      NACRE_REQUEST_XON_XOFF,      FROM_SERVER, read_xon_xoff},
    {"break",         NACRE_REQUEST_BREAK,         FROM_CLIENT, read_break},
    {"eow@openssh.com", NACRE_REQUEST_EOW,         FROM_EITHER, read_nothing},
};
/* clang-format on */

static const struct row *find(struct bytes type)
{
    static const struct row other = {"", NACRE_REQUEST_OTHER, FROM_EITHER, read_other};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (bytes_are(type, rows[i].type))
            return &rows[i];
    return &other;
}

enum request_status request_read(struct parsed_request *p, struct pool *pool, enum nacre_role from,
                                 struct bytes type, bool want_reply, struct reader *r)
{
    const struct row *row = find(type);

    memset(p, 0, sizeof *p);
    if (type.len >= sizeof p->type || !is_name(type) || !(row->from & (1U << from)))
        return REQUEST_REFUSED;
    memcpy(p->type, type.at, type.len);
    p->request = (struct nacre_request){.kind = row->kind,
                                        .type = p->type,
                                        .want_reply = want_reply,
                                        .text = "",
                                        .value = "",
                                        .payload = r->at,
                                        .payload_len = (size_t)(r->end - r->at)};
    row->read(p, pool, r);
    if (!read_done(r))
        return REQUEST_REFUSED;
    if (p->request.text == NULL || p->request.value == NULL)
        return REQUEST_NO_MEMORY;
    return REQUEST_READY;
}

void request_clear(struct parsed_request *p, struct pool *pool)
{
    pool_release(pool, p->text, p->text_size);
    pool_release(pool, p->value, p->value_size);
}

/* RFC 4254 section 8: opcodes 1 to 159 carry a uint32; 0 ends the list; 160 and above stop the
 * parsing. */
bool nacre_terminal_mode_next(const uint8_t **data, size_t *len, uint8_t *opcode,
                              uint32_t *argument)
{
    struct reader r = read_from((struct bytes){*data, *len});

    *opcode = read_u8(&r);
    if (r.bad || *opcode == 0 || *opcode >= 160)
        return false;
    *argument = read_u32(&r);
    if (r.bad)
        return false;
    *data += 5;
    *len -= 5;
    return true;
}
