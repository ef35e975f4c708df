#include "connection/pipe.h"

#include "connection/channel_wrap.h"
#include "connection/parts.h"
#include "transport/pool.h"

#include <string.h>

enum { HELD_MAX = 64 * 1024 /* bytes of requests that wait for space */ };

/* A request of the other channel that this one has no space for yet. */
struct held {
    struct held *next;
    size_t size; /* of this struct with its bytes */
    size_t len;
    bool want_reply;
    char type[CHANNEL_TYPE_MAX + 1];
    uint8_t payload[];
};

/* One channel of the two, and what it still has to send. */
struct half {
    struct nacre_channel_app app; /* found by nacre_channel_app */
    const struct nacre_channel_app *outer;
    struct nacre_channel *ch;
    struct half *other; /* NULL once it is gone */
    struct held *first, **last;
    size_t held;             /* bytes */
    bool eof_due, close_due; /* after the requests that wait */
};

/* app is the first member. */
static struct half *half_of(const struct nacre_channel *ch)
{
    return (struct half *)nacre_channel_get_app(ch);
}

/* Still, after a call that may have called an application. */
static bool is_joined(const struct nacre_channel *ch, const struct half *h)
{
    return nacre_channel_get_app(ch) == (const struct nacre_channel_app *)h;
}

static struct pool *pool_of(const struct half *h)
{
    return transport_pool(h->ch->connection->transport);
}

static void drop_held(struct half *h)
{
    struct held *first = h->first;

    h->first = first->next;
    if (h->first == NULL)
        h->last = &h->first;
    h->held -= first->size;
    pool_release(pool_of(h), first, first->size);
}

static void free_half(struct half *h)
{
    while (h->first != NULL)
        drop_held(h);
    pool_release(pool_of(h), h, sizeof *h);
}

/* ---- requests ---- */

static bool hold(struct half *h, const struct nacre_request *request)
{
    size_t size = sizeof(struct held) + request->payload_len;
    struct held *held;

    if (h->first != NULL && h->held + size > HELD_MAX)
        return false;
    held = pool_allocate(pool_of(h), size);
    if (held == NULL)
        return false;
    held->size = size;
    held->len = request->payload_len;
    held->want_reply = request->want_reply;
    memcpy(held->type, request->type, strlen(request->type) + 1);
    if (held->len > 0)
        memcpy(held->payload, request->payload, held->len);
    *h->last = held;
    h->last = &held->next;
    h->held += size;
    return true;
}

/* Send what waits, in order; false: some of it still does. */
static bool send_held(struct half *h)
{
    while (h->first != NULL) {
        const struct held *first = h->first;

        if (nacre_channel_request(h->ch, first->type, first->want_reply, first->payload,
                                  first->len) == NACRE_SEND_LATER)
            return false;
        drop_held(h); /* NACRE_SEND_NEVER: the channel ends, and answers no more */
    }
    if (h->eof_due)
        nacre_channel_eof(h->ch);
    if (h->close_due)
        nacre_channel_close(h->ch);
    return true;
}

static bool pass_on(const struct half *h, const struct nacre_request *request)
{
    struct nacre_channel *ch = h->ch;
    struct half *to = h->other;
    enum nacre_sending sending;

    if (to == NULL)
        return false;
    if (request->kind == NACRE_REQUEST_EOW) { /* not every peer accepts it */
        (void)nacre_channel_eow(to->ch);
        return true;
    }
    if (to->first != NULL)
        return hold(to, request);
    sending = nacre_channel_request(to->ch, request->type, request->want_reply, request->payload,
                                    request->payload_len);
    if (sending != NACRE_SEND_LATER)
        return sending == NACRE_SEND_DONE;
    return is_joined(ch, h) && h->other == to && hold(to, request);
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    struct half *h = half_of(ch);
    enum nacre_answer answer = request->want_reply ? NACRE_LATER : NACRE_GRANT;

    if (h->outer->request != NULL && h->outer->request(ch, request) == NACRE_REFUSE)
        return NACRE_REFUSE;
    if (!is_joined(ch, h) || !pass_on(h, request))
        return NACRE_REFUSE;
    return request->kind == NACRE_REQUEST_EOW ? NACRE_GRANT : answer;
}

static void on_replied(struct nacre_channel *ch, bool granted)
{
    const struct half *h = half_of(ch);

    if (h->outer->replied != NULL)
        h->outer->replied(ch, granted);
    if (is_joined(ch, h) && h->other != NULL)
        nacre_channel_answer_request(h->other->ch, granted);
}

/* ---- data ---- */

/* What follows a request waits with it. */
static size_t pass_data(struct nacre_channel *ch, const uint8_t *data, size_t len,
                        size_t (*write)(struct nacre_channel *, const void *, size_t))
{
    const struct half *to = half_of(ch)->other;

    if (to == NULL)
        return len; /* this channel is closing too */
    return to->first != NULL ? 0 : write(to->ch, data, len);
}

static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    return pass_data(ch, data, len, nacre_channel_write);
}

static size_t on_extended_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    return pass_data(ch, data, len, nacre_channel_write_extended);
}

/* The last call for this half: it may be gone afterwards. */
static void go_on(struct half *h)
{
    if (send_held(h) && h->other != NULL)
        nacre_channel_resume(h->other->ch);
}

static void on_writable(struct nacre_channel *ch)
{
    go_on(half_of(ch));
}

static void on_eof(struct nacre_channel *ch)
{
    struct half *h = half_of(ch);

    if (h->outer->eof != NULL)
        h->outer->eof(ch);
    if (!is_joined(ch, h) || h->other == NULL)
        return;
    h->other->eof_due = true;
    if (h->other->first == NULL)
        nacre_channel_eof(h->other->ch);
}

/* ---- opening and closing ---- */

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    struct half *h = half_of(ch);

    if (h->outer->open != NULL)
        (void)h->outer->open(ch);
    if (is_joined(ch, h) && h->other != NULL && channel_is_question(h->other->ch))
        nacre_channel_answer_open(h->other->ch, true);
    if (is_joined(ch, h))
        go_on(h);
    return NACRE_GRANT;
}

static void on_close(struct nacre_channel *ch)
{
    const struct half *h = half_of(ch);

    if (h->outer->close != NULL)
        h->outer->close(ch);
}

/* The text is borrowed when the question is still inside its callback. */
static void refuse(struct nacre_channel *ch, const struct nacre_end *why)
{
    bool refused = why->cause == NACRE_OPEN_REFUSED && why->code != 0 && why->code <= UINT8_MAX;
    enum nacre_open_reason reason =
        refused ? (enum nacre_open_reason)why->code : NACRE_REASON_CONNECT_FAILED;

    nacre_channel_refuse_open(ch, reason, refused && !ch->busy ? why->text : "connect failed");
}

static void end_other(struct half *h, const struct nacre_end *why)
{
    h->other = NULL;
    h->close_due = true;
    if (channel_is_question(h->ch))
        refuse(h->ch, why);
    else if (h->first == NULL)
        nacre_channel_close(h->ch);
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct half *h = half_of(ch), *other = h->other;
    const struct nacre_channel_app *outer = h->outer;

    channel_unwrap(ch, outer);
    free_half(h);
    if (other != NULL)
        end_other(other, why);
    if (outer->closed != NULL)
        outer->closed(ch, why);
}

static void on_unwrapped(struct nacre_channel *ch)
{
    struct half *h = half_of(ch), *other = h->other;

    free_half(h);
    if (other != NULL)
        end_other(other, &(struct nacre_end){.cause = NACRE_WE_CLOSED, .text = ""});
}

/* ---- joining ---- */

static struct half *new_half(struct nacre_channel *ch)
{
    struct half *h = pool_allocate(transport_pool(ch->connection->transport), sizeof *h);

    if (h == NULL)
        return NULL;
    *h = (struct half){.app = {.open = on_open,
                               .data = on_data,
                               .extended_data = on_extended_data,
                               .writable = on_writable,
                               .request = on_request,
                               .replied = on_replied,
                               .eof = on_eof,
                               .close = on_close,
                               .closed = on_closed},
                       .outer = channel_current_app(ch),
                       .ch = ch};
    h->last = &h->first;
    return h;
}

/* False: one cannot be joined, and neither is. */
static bool wrap_both(struct half *a, struct half *b)
{
    if (!channel_wrap(a->ch, &a->app, on_unwrapped))
        return false;
    if (channel_wrap(b->ch, &b->app, on_unwrapped))
        return true;
    channel_unwrap(a->ch, a->outer);
    return false;
}

/* What came before the channels were joined: the other one's open or EOF, and data that its
 * application has not accepted. */
static void catch_up(struct half *h)
{
    const struct nacre_channel *other = h->other->ch;

    if (other->is_open && channel_is_question(h->ch))
        nacre_channel_answer_open(h->ch, true);
    if (other->told_eof)
        nacre_channel_eof(h->ch);
    nacre_channel_await_space(h->ch);
}

bool nacre_channel_pipe(struct nacre_channel *a, struct nacre_channel *b)
{
    struct transport *ta = a->connection->transport, *tb = b->connection->transport;
    struct half *one = a != b ? new_half(a) : NULL;
    struct half *two = one != NULL ? new_half(b) : NULL;

    if (two == NULL || !wrap_both(one, two)) {
        if (one != NULL)
            free_half(one);
        if (two != NULL)
            free_half(two);
        return false;
    }
    one->other = two;
    two->other = one;
    transport_enter(ta); /* no callback before both are done */
    transport_enter(tb);
    catch_up(one);
    catch_up(two);
    transport_leave(tb);
    transport_leave(ta);
    return true;
}
