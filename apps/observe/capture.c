#include "apps/observe/capture.h"

#include "apps/observe/flow.h"
#include "apps/observe/key_lines.h"
#include "apps/observe/pcapng.h"
#include "apps/observe/secret_file.h"
#include "apps/observe/spool.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    CAPACITY = 32 * 1024 * 1024, /* bytes that wait for the disk */
    SENTENCE_MAX = 1024,
};

static struct {
    struct capture_config config;
    struct spool *spool;
    pthread_mutex_t lock;
    uint64_t dropped;  /* packets */
    uint64_t unmarked; /* ... that the next one in the file does not mention yet */
    bool failed;       /* writing has */
} out = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* A connection. */
struct capture {
    struct flow flow;
    struct observed connection;
    struct key_lines keys;
    bool holds; /* in a key exchange: see hold */
    uint8_t *held;
    size_t held_len;
    uint64_t held_us;
};

static uint64_t now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---- the file ---- */

/* On the spool's thread. */
static void on_failed(void *context, int failure)
{
    char sentence[SENTENCE_MAX];

    (void)context;
    (void)snprintf(sentence, sizeof sentence, "%s: cannot write the capture: %s; it ends here",
                   out.config.file, strerror(failure));
    pthread_mutex_lock(&out.lock);
    out.failed = true;
    pthread_mutex_unlock(&out.lock);
    out.config.trouble(sentence);
}

bool capture_open(const struct capture_config *config, const struct errbuf *p)
{
    struct spool_config spool = {.capacity = CAPACITY, .failed = on_failed};
    uint8_t start[PCAPNG_START_MAX];
    char program[PCAPNG_START_MAX / 2];
    struct bytes part = {start, 0};

    out.config = *config;
    out.dropped = out.unmarked = 0;
    out.failed = false;
    spool.fd = secret_file_open(config->file, SECRET_FILE_REPLACE, p);
    if (spool.fd < 0)
        return false;
    out.spool = spool_new(&spool);
    if (out.spool == NULL)
        return errbuf_say(p, "out of memory");
    (void)snprintf(program, sizeof program, "%s %s", config->program, NACRE_VERSION);
    part.len = pcapng_start(start, program);
    return spool_add(out.spool, &part, 1);
}

void capture_start(void)
{
    if (!spool_start(out.spool))
        out.config.trouble("no thread to write the capture: it ends when the buffer is full");
}

void capture_close(void)
{
    char sentence[SENTENCE_MAX];

    spool_free(out.spool);
    out.spool = NULL;
    if (out.dropped == 0 || out.failed)
        return;
    (void)snprintf(sentence, sizeof sentence,
                   "%s: %" PRIu64 " packets are missing: the disk was too slow", out.config.file,
                   out.dropped);
    out.config.trouble(sentence);
}

/* Add the packet, and count it if there is no space. The first one that is dropped is reported. */
static void add(struct pcapng_packet *packet, const struct bytes contents[2])
{
    struct pcapng_block block = {0};
    struct bytes parts[4] = {{0}, contents[0], contents[1], {0}};
    bool is_first = false;

    pthread_mutex_lock(&out.lock);
    packet->dropped = out.unmarked;
    pcapng_packet(&block, packet);
    parts[0] = (struct bytes){block.head, block.head_len};
    parts[3] = (struct bytes){block.tail, block.tail_len};
    if (spool_add(out.spool, parts, 4)) {
        out.unmarked = 0;
    } else {
        out.unmarked++;
        is_first = out.dropped++ == 0 && !out.failed;
    }
    pthread_mutex_unlock(&out.lock);
    if (is_first)
        out.config.trouble("the capture's disk is too slow: packets are missing in it");
}

static void add_secrets(const char *lines, size_t len)
{
    struct pcapng_block block = {0};
    struct bytes parts[3];

    pcapng_secrets(&block, len);
    parts[0] = (struct bytes){block.head, block.head_len};
    parts[1] = (struct bytes){(const uint8_t *)lines, len};
    parts[2] = (struct bytes){block.tail, block.tail_len};
    (void)spool_add(out.spool, parts, 3);
}

/* ---- segments ---- */

/* What is captured of a connection at one time. */
struct moment {
    uint64_t us;
    const char *comment; /* or NULL */
};

static void put_segment(struct capture *c, enum nacre_role sender, enum flow_flags flags,
                        struct bytes data, const struct moment *at)
{
    uint8_t header[FLOW_HEADER_MAX];
    size_t len = flow_header(&c->flow, sender, flags, data, header);
    struct pcapng_packet packet = {.us = at->us,
                                   .len = len + data.len,
                                   .is_sent = sender == c->connection.role,
                                   .comment = at->comment};

    add(&packet, (const struct bytes[]){{header, len}, data});
}

/* One segment, so that versions of Wireshark that reassemble nothing decrypt it; only what is
 * longer than a segment can be is split. */
static void put_data(struct capture *c, enum nacre_role sender, struct bytes data, uint64_t us)
{
    const struct moment at = {.us = us};

    while (data.len > 0) {
        size_t n = data.len < FLOW_DATA_MAX ? data.len : FLOW_DATA_MAX;

        put_segment(c, sender, FLOW_PSH | FLOW_ACK, (struct bytes){data.at, n}, &at);
        data = bytes_from(data, n);
    }
}

/* RFC 9293 section 3.5: three segments begin a connection. */
static void put_beginning(struct capture *c)
{
    const struct observed *o = &c->connection;
    char comment[PCAPNG_COMMENT_MAX];
    const struct bytes none = {NULL, 0};
    struct moment at = {.us = now_us(), .comment = comment};

    (void)snprintf(comment, sizeof comment,
                   "Connection %" PRIu64 ": %s at %s, peer %s. The IP and TCP headers are made up; "
                   "the server's port is 22, by which Wireshark recognises SSH.",
                   o->id, out.config.program, o->local, o->peer);
    put_segment(c, NACRE_CLIENT, FLOW_SYN, none, &at);
    at.comment = NULL;
    put_segment(c, NACRE_SERVER, FLOW_SYN | FLOW_ACK, none, &at);
    put_segment(c, NACRE_CLIENT, FLOW_ACK, none, &at);
}

/* RFC 9293 section 3.6: each side ends its half; a lost connection is reset. */
static void put_end(struct capture *c, const struct nacre_end *why)
{
    bool by_peer = why->cause == NACRE_PEER_CLOSED || why->cause == NACRE_DISCONNECTED ||
                   why->cause == NACRE_CONNECTION_LOST;
    enum nacre_role ours = c->connection.role,
                    theirs = ours == NACRE_SERVER ? NACRE_CLIENT : NACRE_SERVER;
    enum nacre_role first = by_peer ? theirs : ours, second = by_peer ? ours : theirs;
    const struct bytes none = {NULL, 0};
    struct moment at = {.us = now_us(), .comment = why->text};

    if (why->cause == NACRE_CONNECTION_LOST) {
        put_segment(c, first, FLOW_RST | FLOW_ACK, none, &at);
        return;
    }
    put_segment(c, first, FLOW_FIN | FLOW_ACK, none, &at);
    at.comment = NULL;
    put_segment(c, second, FLOW_FIN | FLOW_ACK, none, &at);
    put_segment(c, first, FLOW_ACK, none, &at);
}

/* ---- a client's key exchange ---- */

/* A client knows the secrets only after it has received the server's reply, and Wireshark needs
 * them before: during a key exchange, a client's last packet is held until the next event. */
static bool hold(struct capture *c, const uint8_t *bytes, size_t len)
{
    if (!c->holds)
        return false;
    c->held = malloc(len);
    if (c->held == NULL)
        return false;
    memcpy(c->held, bytes, len);
    c->held_len = len;
    c->held_us = now_us();
    return true;
}

static void release(struct capture *c)
{
    if (c->held == NULL)
        return;
    put_data(c, NACRE_SERVER, (struct bytes){c->held, c->held_len}, c->held_us);
    free(c->held);
    c->held = NULL;
}

/* ---- the part ---- */

static void *on_open(const struct observed *connection)
{
    struct capture *c = calloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    c->connection = *connection;
    flow_begin(&c->flow, connection);
    put_beginning(c);
    return c;
}

static void on_packet(void *state, enum nacre_direction direction, const uint8_t *bytes, size_t len)
{
    struct capture *c = state;
    enum nacre_role ours = c->connection.role,
                    theirs = ours == NACRE_SERVER ? NACRE_CLIENT : NACRE_SERVER;

    release(c);
    if (direction == NACRE_RECEIVED && hold(c, bytes, len))
        return;
    put_data(c, direction == NACRE_SENT ? ours : theirs, (struct bytes){bytes, len}, now_us());
}

static void on_phase(void *state, const char *phase)
{
    struct capture *c = state;

    c->holds = out.config.with_secrets && c->connection.role == NACRE_CLIENT &&
               (strcmp(phase, "kex") == 0 || strcmp(phase, "rekey") == 0);
}

static void on_message(void *state, enum nacre_direction direction, uint32_t seq, const char *phase,
                       const uint8_t *payload, size_t len)
{
    struct capture *c = state;

    (void)seq;
    (void)phase;
    key_lines_message(&c->keys, direction, payload, len);
}

static void on_secret(void *state, char label, const uint8_t *bytes, size_t len)
{
    struct capture *c = state;
    char lines[KEY_LINES_MAX];
    size_t written;

    if (!out.config.with_secrets)
        return;
    written = key_lines_secret(&c->keys, label, bytes, len, lines);
    if (written == 0)
        return;
    add_secrets(lines, written);
    explicit_bzero(lines, written);
}

static void on_closed(void *state, const struct nacre_end *why)
{
    struct capture *c = state;

    release(c);
    put_end(c, why);
    explicit_bzero(c, sizeof *c);
    free(c);
}

const struct observed_part capture_part = {
    .open = on_open,
    .sees = {.packet = on_packet, .phase = on_phase, .message = on_message, .secret = on_secret},
    .closed = on_closed,
};
