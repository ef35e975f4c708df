/* RFC 4253 sections 4.2 and 5: the identification. */
#include "apps/spec/reach.h"
#include "apps/spec/serve.h"
#include "apps/spec/tables.h"

#include <stdio.h>

enum { LONG_ENOUGH = 65536, AT_ONCE_US = 5000000 };

/* The client's program ends with status 0, and so does the client. */
static void end_well(struct peer *p, struct spec_channel *ch)
{
    if (ch == NULL || over(p))
        return;
    end_program(p, ch, 0);
    if (current_part(p)->program == PROGRAM_NONZERO || current_part(p)->program == PROGRAM_RUNS)
        observe(p, "the client did not end with the command's exit status");
}

/* A session whose program sends back what it gets, until its end if it runs in the server. */
static struct spec_channel *use_cat(struct peer *p)
{
    struct spec_channel *ch = open_session(p);

    (void)run(p, ch, p->setting->profile.cat);
    (void)send_all(p, ch, sample(p, 100));
    if (p->role == NACRE_CLIENT)
        send_eof(p, ch);
    if (!wait_received(p, ch, 100))
        observe(p, "the command did not send its input back");
    if (p->role == NACRE_CLIENT)
        (void)wait_channel_close(p, ch);
    return ch;
}

static void baseline(struct peer *p)
{
    struct spec_channel *ch = NULL;

    reach(p, AT_LOGIN);
    if (p->setting->facts.exec)
        ch = use_cat(p);
    go_on(p);
    if (p->role == NACRE_SERVER)
        end_well(p, ch);
}

static void at_once(struct peer *p)
{
    peer_connect(p);
    p->step = AT_ONCE_US;
    if (receive_ident(p))
        observe(p, "ident");
    else
        observe_end(p);
}

/* The row's text in place of our identification. */
static void ident(struct peer *p)
{
    reach(p, AT_IDENT);
    send_ident_bytes(p, bytes_of(p->row->text));
    go_on(p);
}

/* For a client this is a line before the identification, after which it waits for that. */
static void ident_lower_case(struct peer *p)
{
    reach(p, AT_IDENT);
    send_ident_bytes(p, bytes_of(p->row->text));
    if (p->role == NACRE_SERVER)
        conn_finish(&p->conn);
    go_on(p);
}

/* The row's bytes, which may contain NUL. */
static void ident_bytes(struct peer *p)
{
    reach(p, AT_IDENT);
    send_ident_bytes(p, p->row->bytes);
    go_on(p);
}

/* An identification of so many characters, CR LF included. */
static void ident_length(struct peer *p)
{
    char line[IDENT_MAX];
    size_t len = p->row->number;

    memset(line, 'x', sizeof line);
    memcpy(line, "SSH-2.0-", 8);
    memcpy(line + len - 2, "\r\n", 2);
    reach(p, AT_IDENT);
    send_ident_bytes(p, (struct bytes){(const uint8_t *)line, len});
    go_on(p);
}

static void ident_endless(struct peer *p)
{
    reach(p, AT_IDENT);
    send_raw(p, bytes_of("SSH-2.0-"));
    send_raw(p, filled(p, 'x', LONG_ENOUGH));
    wait_close(p, p->step);
}

/* Something that is no identification, after which nothing can go on. */
static void no_ident(struct peer *p)
{
    reach(p, AT_IDENT);
    send_raw(p, p->row->bytes);
    wait_close(p, p->step);
}

static void line_before(struct peer *p)
{
    reach(p, AT_IDENT);
    send_raw(p, bytes_of("a line before the identification\r\n"));
    send_ident(p);
    go_on(p);
}

/* The last byte shares a segment with KEXINIT. */
static void in_bytes(struct peer *p)
{
    char *line = p->ident[p->role];

    reach(p, AT_IDENT);
    p->conn.drip = true;
    send_raw(p, bytes_of(line));
    send_raw(p, bytes_of("\r"));
    p->conn.drip = false;
    p->conn.corked = true;
    send_raw(p, bytes_of("\n"));
    p->reached = AT_KEXINIT;
    send_kexinit(p);
    conn_uncork(&p->conn, step_deadline(p));
    go_on(p);
}

static void ident_cr(struct peer *p)
{
    reach(p, AT_IDENT);
    send_raw(p, bytes_of("SSH-2.0-nacre_spec\r"));
    wait_close(p, p->step);
}

/* clang-format off */
const struct spec_case spec_ident[] = {
    {"4253/4.2/baseline", BOTH, MUST, "RFC 4253 4.2", "4253/4.2/1 4253/8/5",
     "a complete, conforming connection: identification, key exchange, login, one command", "go-on",
     .run = baseline},
    {"4253/4.2/ident-at-once", BOTH, MUST, "RFC 4253 4.2", "4253/4.2/1",
     "the peer sends its identification while we send nothing", "ident within 5 s",
     .run = at_once},
    {"4253/4.2/own-form", BOTH, MUST, "RFC 4253 4.2", "4253/4.2/2 4253/4.2/3",
     "the peer's identification is SSH-2.0-softwareversion, optionally followed by a space "
     "and comments", "never violated",
     .run = NULL, .watch = WATCH_IDENT_FORM},
    {"4253/4.2/own-cr-lf", BOTH, MUST, "RFC 4253 4.2", "4253/4.2/4",
     "the peer's identification ends with CR LF", "never violated",
     .run = NULL, .watch = WATCH_IDENT_CR_LF},
    {"4253/4.2/own-no-nul", BOTH, MUST, "RFC 4253 4.2", "4253/4.2/5",
     "the peer's identification contains no NUL", "never violated",
     .run = NULL, .watch = WATCH_IDENT_NO_NUL},
    {"4253/4.2/own-length", BOTH, MUST, "RFC 4253 4.2", "4253/4.2/6",
     "the peer's identification is at most 255 characters long, including CR LF", "never violated",
     .run = NULL, .watch = WATCH_IDENT_LENGTH},
    {"4253/4.2/own-softwareversion", BOTH, MUST, "RFC 4253 4.2", "4253/4.2/8",
     "softwareversion is printable ASCII without spaces or minus signs", "never violated",
     .run = NULL, .watch = WATCH_IDENT_SOFTWARE},
    {"4253/4.2/own-lines-before", SERVER, MUST, "RFC 4253 4.2", "4253/4.2/12",
     "lines the server sends before its identification do not begin with SSH-", "never violated",
     .run = NULL, .watch = WATCH_LINES_BEFORE},
    {"4253/4.2/ident-255", BOTH, MUST, "RFC 4253 4.2", "4253/4.2/6",
     "our identification is exactly 255 characters long", "go-on",
     .run = ident_length, .number = 255},
    {"4253/4.2/ident-256", BOTH, SHOULD, "RFC 4253 4.2", "4253/4.2/7",
     "our identification is 256 characters long", "close | go-on as warn",
     .run = ident_length, .number = 256},
    {"4253/4.2/ident-1000", BOTH, SHOULD, "RFC 4253 4.2", "4253/4.2/7",
     "our identification is 1000 characters long", "close | go-on as warn",
     .run = ident_length, .number = 1000},
    {"4253/4.2/ident-endless", BOTH, SHOULD, "RFC 4253 4.2", "4253/4.2/7",
     "64 KiB without a line ending", "close",
     .run = ident_endless},
    {"4253/4.2/ident-nul", BOTH, MUST, "RFC 4253 4.2", "4253/4.2/5",
     "our identification contains a NUL", "close | go-on as warn",
     .run = ident_bytes, .bytes = LITERAL("SSH-2.0-spec\0tail\r\n")},
    {"4253/4.2/ident-comments", BOTH, MAY, "RFC 4253 4.2", "4253/4.2/9",
     "our identification has comments after a space, with trailing spaces", "go-on",
     .run = ident, .text = "SSH-2.0-nacre_spec with comments and spaces  \r\n"},
    {"4253/4.2/ident-hashed-exactly", BOTH, MUST, "RFC 4253 4.2", "4253/4.2/15",
     "our identification ends with spaces: V is hashed with them and without CR LF", "go-on",
     .run = ident, .text = "SSH-2.0-nacre_spec   \r\n"},
    {"4253/4.2/ident-minus-in-version", BOTH, MAY, "RFC 4253 4.2", "4253/4.2/8",
     "our softwareversion contains a minus sign", "go-on | close",
     .run = ident, .text = "SSH-2.0-nacre-spec\r\n"},
    {"4253/4.2/ident-non-ascii", BOTH, PRACTICE, "RFC 4253 4.2", "4253/4.2/8",
     "our softwareversion contains bytes above 0x7e", "close | go-on",
     .run = ident, .text = "SSH-2.0-n\xc3\xa4kre\xff\r\n"},
    {"4253/4.2/line-before-client", SERVER, PRACTICE, "RFC 4253 4.2", "4253/4.2/16",
     "a client sends a line before its identification", "close | go-on as warn",
     .run = line_before},
    {"4253/4.2/http-request", SERVER, MUST, "RFC 4253 4.2", "4253/4.2/16",
     "an HTTP request in place of an identification", "close",
     .run = no_ident, .bytes = LITERAL("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")},
    {"4253/4.2/tls-hello", SERVER, MUST, "RFC 4253 4.2", "4253/4.2/16",
     "a TLS ClientHello in place of an identification", "close",
     .run = no_ident, .bytes = LITERAL("\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03" "0123456789abcdef0123456789abcdef" "\x00\x00\x04\x13\x01\x00\xff\x01\x00\r\n")},
    {"4253/4.2/ident-in-bytes", BOTH, MUST, "RFC 4253 4.2", "4253/4.2/17",
     "our identification arrives one byte at a time; its last byte shares a segment with "
     "KEXINIT", "go-on",
     .run = in_bytes},
    {"4253/5/ident-lf", BOTH, MAY, "RFC 4253 5", "4253/5/1",
     "our identification ends with LF only", "go-on | close",
     .run = ident, .text = "SSH-2.0-nacre_spec\n"},
    {"4253/5/ident-cr", BOTH, PRACTICE, "RFC 4253 4.2", "4253/4.2/4",
     "our identification ends with CR only, then we wait", "close | silent",
     .run = ident_cr},
    {"4253/5.1/ident-1.99", CLIENT, MUST, "RFC 4253 5.1", "4253/5.1/1",
     "the server's protoversion is 1.99", "go-on",
     .run = ident, .text = "SSH-1.99-nacre_spec\r\n"},
    {"4253/5.1/ident-1.99-client", SERVER, MAY, "RFC 4253 4.2", "4253/4.2/3",
     "the client's protoversion is 1.99", "go-on | close",
     .run = ident, .text = "SSH-1.99-nacre_spec\r\n"},
    {"4253/5.1/ident-1.5", BOTH, MUST, "RFC 4253 5.1", "4253/5.1/2",
     "protoversion 1.5", "close",
     .run = ident, .text = "SSH-1.5-nacre_spec\r\n"},
    {"4253/5.1/ident-2.1", BOTH, PRACTICE, "RFC 4253 5.1", "4253/5.1/3",
     "protoversion 2.1", "close | go-on as warn",
     .run = ident, .text = "SSH-2.1-nacre_spec\r\n"},
    {"4253/5.1/ident-3.0", BOTH, PRACTICE, "RFC 4253 5.1", "4253/5.1/3",
     "protoversion 3.0", "close",
     .run = ident, .text = "SSH-3.0-nacre_spec\r\n"},
    {"4253/5.1/ident-lower-case", BOTH, PRACTICE, "RFC 4253 4.2", "4253/4.2/2",
     "an identification in lower case, ssh-2.0-...", "close | go-on as warn",
     .run = ident_lower_case, .text = "ssh-2.0-nacre_spec\r\n"},
    {0},
};
/* clang-format on */
