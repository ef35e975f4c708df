#include "tests/support/recorder.h"

#include "connection/parts.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct recorder recorder;

static struct end *end_of(const struct nacre_channel *ch)
{
    return nacre_channel_context(ch);
}

void recorder_reset(void)
{
    uint8_t *bytes = recorder.bytes != NULL ? recorder.bytes : malloc(RECORDER_BYTES);

    ck_assert_ptr_nonnull(bytes);
    recorder = (struct recorder){.open = NACRE_GRANT,
                                 .request = NACRE_GRANT,
                                 .take = SIZE_MAX,
                                 .take_most = SIZE_MAX,
                                 .bytes = bytes};
}

void recorder_clear(void)
{
    ck_assert_int_eq(recorder.alive, 0);
    free(recorder.bytes);
    recorder = (struct recorder){.bytes = NULL};
}

static void act(struct nacre_channel *ch, const char *where)
{
    if (recorder.where != NULL && strcmp(recorder.where, where) == 0)
        recorder.act(ch);
}

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    end_note(end_of(ch), "open;");
    recorder.ch = recorder.all[recorder.opened % RECORDER_CHANNELS] = ch;
    recorder.opened++;
    recorder.alive++;
    act(ch, "open");
    return recorder.open;
}

static size_t take(const char *what, struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    size_t n = len < recorder.take ? len : recorder.take;

    if (!recorder.quiet)
        end_note(end_of(ch), "%s %zu;", what, len);
    ck_assert_uint_gt(len, 0);
    n = n < recorder.take_most ? n : recorder.take_most;
    if (recorder.echo)
        n = nacre_channel_write(ch, data, n);
    ck_assert_uint_le(recorder.len + n, RECORDER_BYTES);
    memcpy(recorder.bytes + recorder.len, data, n);
    recorder.len += n;
    if (recorder.take_most != SIZE_MAX)
        recorder.take_most -= n;
    act(ch, what);
    return n;
}

static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    return take("data", ch, data, len);
}

static size_t on_extended(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    return take("extended", ch, data, len);
}

static void on_writable(struct nacre_channel *ch)
{
    if (!recorder.quiet)
        end_note(end_of(ch), "writable;");
    if (recorder.write != NULL)
        (void)recorder.write(ch);
    act(ch, "writable");
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    end_note(end_of(ch), "request %s%s%s%s%s;", request->type, request->text[0] ? " " : "",
             request->text, request->value[0] ? " " : "", request->value);
    recorder.last = *request;
    recorder.payload_len = request->payload_len;
    if (request->payload_len > 0 && request->payload_len <= sizeof recorder.payload)
        memcpy(recorder.payload, request->payload, request->payload_len);
    act(ch, "request");
    return recorder.request;
}

static void on_replied(struct nacre_channel *ch, bool granted)
{
    end_note(end_of(ch), "replied %s;", granted ? "yes" : "no");
    act(ch, "replied");
}

static void on_eof(struct nacre_channel *ch)
{
    end_note(end_of(ch), "eof;");
    act(ch, "eof");
}

static void on_close(struct nacre_channel *ch)
{
    end_note(end_of(ch), "close;");
    act(ch, "close");
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    end_note(end_of(ch), "closed %s;", nacre_cause_text(why->cause));
    recorder.why = *why;
    recorder.alive -= why->cause != NACRE_OPEN_REFUSED || !ch->ours; /* ours: never opened */
    act(ch, "closed");
    if (recorder.ch == ch)
        recorder.ch = NULL;
}

const struct nacre_channel_app recorder_app = {on_open,     on_data,    on_extended,
                                               on_writable, on_request, on_replied,
                                               on_eof,      on_close,   on_closed};

static enum nacre_answer bare_open(struct nacre_channel *ch)
{
    recorder.ch = ch;
    recorder.alive++;
    return NACRE_GRANT;
}

const struct nacre_channel_app bare_app = {.open = bare_open, .closed = on_closed};
