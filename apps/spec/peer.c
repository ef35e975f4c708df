#include "apps/spec/peer.h"

#include "apps/spec/inflate.h"
#include "crypto/hash.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct block {
    struct block *next;
    max_align_t content[];
};

static void out_of_memory(void)
{
    (void)fprintf(stderr, "nacre-spec: out of memory\n");
    abort(); /* the process of this case only: its verdict is "error" */
}

void *peer_memory(struct peer *p, size_t len)
{
    struct block *b = calloc(1, sizeof *b + len);

    if (b == NULL)
        out_of_memory();
    b->next = p->blocks;
    p->blocks = b;
    return b->content;
}

struct bytes peer_copy(struct peer *p, struct bytes bytes)
{
    uint8_t *copy = peer_memory(p, bytes.len + 1);

    if (bytes.len > 0)
        memcpy(copy, bytes.at, bytes.len);
    return (struct bytes){copy, bytes.len};
}

/* The case's own random bytes: the same in each run with the same --seed. */
static void seed_from(struct peer *p)
{
    uint8_t seed[HASH_MAX] = {0};
    char text[256];

    (void)snprintf(text, sizeof text, "%u %s", (unsigned)p->setting->seed,
                   p->row == NULL ? "baseline" : p->row->id);
    (void)hash_of(&hash_sha256, bytes_of(text), seed);
    p->random = random_from_seed(&p->seed, seed);
}

/* Everything that belongs to one connection. */
static void begin_connection(struct peer *p)
{
    enum nacre_role role = p->role;

    packet_way_init(&p->sending);
    packet_way_init(&p->receiving);
    memset(&p->x, 0, sizeof p->x);
    kexinit_offer_all(&p->x.ours, role);
    if (role == NACRE_SERVER) /* those of our keys */
        list_set(p->x.ours.list[LIST_HOST_KEY],
                 "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,"
                 "rsa-sha2-512,rsa-sha2-256");
    random_fill(&p->random, p->x.ours.cookie, COOKIE_LEN);
    (void)snprintf(p->ident[role], IDENT_MAX, "SSH-2.0-nacre_spec");
    p->ident_len[role] = strlen(p->ident[role]);
    p->ident_came = p->first_done = p->strict = p->in_exchange = false;
    p->session_rekeyed = p->kexinit_before = p->follows_due = p->interactive = false;
    p->padding_seen = (struct bytes){NULL, 0};
    p->bulk = false;
    p->disconnected = p->timed_out = p->garbled = p->ext_info = p->logged_in = p->observing = false;
    p->session_id_len = p->channel_count = 0;
    p->opens = p->open_answers = 0;
    p->offers_hostbound = p->offers_ping = false;
    p->sig_algs[0] = 0;
    p->hostkeys_came = p->replies_to_skip = 0;
    p->fencing = p->fence_unimplemented = false;
    p->fences = 0;
    p->reached = AT_IDENT;
    p->methods[0] = p->tried[0] = 0;
    p->opened_count = 0;
    p->lines_before = p->queries = p->forwards = p->late_requests = 0;
    p->prove = p->pty_modes = p->x11_cookie = (struct bytes){NULL, 0};
    p->opened_early = false;
    p->postponed = (struct bytes){NULL, 0};
    p->client_wants_ext_info = false;
}

struct peer *peer_new(const struct spec_case *row, const struct setting *setting)
{
    struct peer *p = calloc(1, sizeof *p);

    if (p == NULL)
        out_of_memory();
    p->row = row;
    p->setting = setting;
    p->role = setting->tested == NACRE_SERVER ? NACRE_CLIENT : NACRE_SERVER;
    p->padding = PADDING_SHORT;
    p->serve = (struct serving){.methods = "publickey",
                                .ext_info = "ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512,"
                                            "rsa-sha2-256"};
    p->conn.fd = -1;
    p->conn.ended = true;
    p->step = 5 * setting->facts.longest_us;
    if (p->step < 2000000)
        p->step = setting->facts.known ? 2000000 : 10000000;
    p->step *= setting->patient ? 5 : 1;
    p->began = now_us();
    p->deadline = p->began + (uint64_t)setting->timeout_ms * 1000 *
                                 (row != NULL && row->slow ? SLOW_TIMES : 1);
    p->scratch = peer_memory(p, SCRATCH_ROOM);
    p->channels = peer_memory(p, CHANNELS_MAX * sizeof *p->channels);
    seed_from(p);
    begin_connection(p);
    return p;
}

static void end_connection(struct peer *p)
{
    if (p->setting->client_end != NULL)
        p->setting->client_end(p);
    inflater_free(p->inflater);
    p->inflater = NULL;
    p->deflating = p->success_came = false;
    packet_way_clear(&p->sending);
    packet_way_clear(&p->receiving);
    if (p->x.share != NULL && p->x.share->clear != NULL && p->x.state != NULL)
        p->x.share->clear(p->x.state);
    conn_close(&p->conn);
}

void peer_free(struct peer *p)
{
    for (size_t i = 0; i < p->trace_count; i++)
        if (p->trace[i].kind == TRACED_SECRET || p->trace[i].kind == TRACED_HASH)
            wipe((uint8_t *)(uintptr_t)p->trace[i].payload.at, p->trace[i].payload.len);
    end_connection(p);
    while (p->blocks != NULL) {
        struct block *b = p->blocks;

        p->blocks = b->next;
        free(b);
    }
    free(p->wire);
    free(p->trace);
    wipe(p, sizeof *p);
    free(p);
}

void peer_connect(struct peer *p)
{
    if (p->skip != NULL || p->problem[0] != 0)
        return;
    if (p->conn.fd >= 0 || p->reached > AT_IDENT || p->observing) {
        end_connection(p);
        begin_connection(p);
        next_part(p);
    }
    p->conn = (struct conn){.fd = -1};
    p->wire_len = 0;
    p->connections++;
    if (p->role == NACRE_SERVER)
        p->setting->client_connect(p);
    else if (!conn_open(&p->conn, (const struct sockaddr *)&p->setting->address,
                        p->setting->address_len, step_deadline(p)))
        problem(p, "the connection was refused");
}

bool over(const struct peer *p)
{
    return p->conn.ended || p->skip != NULL || p->problem[0] != 0;
}

void need(struct peer *p, bool holds, const char *why, ...)
{
    va_list arguments;

    if (holds || p->skip != NULL)
        return;
    va_start(arguments, why);
    (void)vsnprintf(p->skip_text, sizeof p->skip_text, why, arguments);
    va_end(arguments);
    p->skip = p->skip_text;
}

void problem(struct peer *p, const char *format, ...)
{
    va_list arguments;

    if (p->problem[0] != 0 || p->skip != NULL)
        return;
    va_start(arguments, format);
    (void)vsnprintf(p->problem, sizeof p->problem, format, arguments);
    va_end(arguments);
}

struct outcome *current_part(struct peer *p)
{
    return &p->parts[p->part];
}

void next_part(struct peer *p)
{
    const struct outcome *o = current_part(p);

    if (o->count == 0 && o->ending == ENDING_NONE)
        return;
    if (p->part + 1 < PARTS_MAX)
        p->part++;
    else
        problem(p, "the case has more than %d parts", PARTS_MAX);
}

void observe(struct peer *p, const char *format, ...)
{
    char text[OUTCOME_MAX];
    va_list arguments;

    if (p->skip != NULL || p->problem[0] != 0)
        return;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    outcome_add(current_part(p), text);
}

void report(struct peer *p, const char *format, ...)
{
    size_t len = strlen(p->note);
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(p->note + len, sizeof p->note - len, format, arguments);
    va_end(arguments);
}

uint64_t step_deadline(const struct peer *p)
{
    uint64_t deadline = now_us() + p->step;

    return deadline < p->deadline ? deadline : p->deadline;
}
