#include "apps/load/clock.h"
#include "apps/load/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PIECE = 32 * 1024, PERIOD = 251 };

static struct load_job *job_of(const struct nacre_channel *ch)
{
    return nacre_client_context(nacre_channel_context(ch));
}

static void finish(struct load_job *job)
{
    if (job->client != NULL)
        nacre_client_close(job->client, "done");
}

static void fail(struct load_job *job, const char *why)
{
    load_failed(job->load, why);
    job->counted = true; /* a job fails only once */
    finish(job);
}

enum { STANDARD_MAX = 64 /* bytes of a command that is not --command */ };

/* The command to run on this job's server; "" if there is none. scratch may hold it. */
static const char *command_of(const struct load_job *job, char scratch[STANDARD_MAX])
{
    const struct load_options *o = job->load->options;
    bool nacre = strstr(job->load->server, "nacre") != NULL;
    const char *standard = nacre ? o->mode->command : o->mode->elsewhere;
    const char *bytes = standard != NULL ? strstr(standard, "%BYTES") : NULL;

    if (o->command != NULL)
        return o->command;
    if (bytes == NULL)
        return standard != NULL ? standard : "";
    (void)snprintf(scratch, STANDARD_MAX, "%.*s%" PRIu64 "%s", (int)(bytes - standard), standard,
                   o->bytes, bytes + strlen("%BYTES"));
    return scratch;
}

static enum nacre_sending send_command(struct nacre_channel *ch)
{
    char scratch[STANDARD_MAX];

    return nacre_channel_exec(ch, command_of(job_of(ch), scratch));
}

/* ---- handshake: log in and disconnect ---- */

static void handshake_ready(struct load_job *job)
{
    load_sample(job->load, job->began_ns);
    load_done(job);
    finish(job);
}

/* ---- one channel per connection: bulk, sink, source, rtt, idle ---- */

static void open_channel(struct load_job *job, const struct nacre_channel_app *app)
{
    job->channel = nacre_session_open_channel(nacre_client_session(job->client), "session", app,
                                              NULL, NULL, 0);
    if (job->channel == NULL)
        fail(job, "cannot open a channel");
}

static void open_mode_channel(struct load_job *job)
{
    open_channel(job, job->load->options->mode->app);
}

/* Without space now, `writable` follows and asks again. True: the command was sent. */
static bool ask(struct nacre_channel *ch)
{
    struct load_job *job = job_of(ch);
    enum nacre_sending sending = job->asked ? NACRE_SEND_DONE : send_command(ch);

    job->asked = sending == NACRE_SEND_DONE;
    if (sending == NACRE_SEND_NEVER)
        fail(job, "the command is too long, or the channel is closing");
    return job->asked;
}

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    job_of(ch)->steps++;
    job_of(ch)->load->channels_opened++;
    (void)ask(ch);
    return NACRE_GRANT;
}

static const uint8_t *pattern(uint64_t offset)
{
    static uint8_t bytes[PIECE + PERIOD];

    if (bytes[1] == 0)
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)(i % PERIOD);
    return bytes + offset % PERIOD;
}

static void send_more(struct nacre_channel *ch)
{
    struct load_job *job = job_of(ch);
    uint64_t bytes = job->load->options->bytes;

    if (!ask(ch))
        return;
    while (job->granted && job->sent < bytes) {
        size_t want = bytes - job->sent < PIECE ? (size_t)(bytes - job->sent) : PIECE;
        size_t n = nacre_channel_write(ch, pattern(job->sent), want);

        job->sent += n;
        job->load->sent += n;
        if (n < want)
            return;
    }
    if (job->granted && !job->sent_eof) {
        job->sent_eof = true;
        nacre_channel_eof(ch);
    }
}

static void on_replied(struct nacre_channel *ch, bool granted)
{
    struct load_job *job = job_of(ch);

    job->steps++;
    if (!granted) {
        fail(job, "the server refused the command");
        return;
    }
    job->granted = true;
    if (job->load->options->mode->app->writable != NULL)
        job->load->options->mode->app->writable(ch);
}

static size_t take(struct load_job *job, size_t len)
{
    job->received += len;
    job->load->received += len;
    return len;
}

static size_t bulk_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    struct load_job *job = job_of(ch);

    for (size_t i = 0; i < len; i += PIECE) {
        size_t n = len - i < PIECE ? len - i : PIECE;

        if (memcmp(data + i, pattern(job->received + i), n) != 0)
            job->wrong = true;
    }
    return take(job, len);
}

static size_t any_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    (void)data;
    return take(job_of(ch), len);
}

/* source: nothing is sent, and the server may wait for the end of the input. */
static void send_eof(struct nacre_channel *ch)
{
    struct load_job *job = job_of(ch);

    if (ask(ch) && job->granted && !job->sent_eof) {
        job->sent_eof = true;
        nacre_channel_eof(ch);
    }
}

static void channel_closed(struct nacre_channel *ch)
{
    struct load_job *job = job_of(ch);

    job->steps++;
    job->channel = NULL;
    job->load->channels_closed++;
}

/* complete: as many bytes as were to come have come. */
static void end_transfer(struct nacre_channel *ch, bool complete)
{
    struct load_job *job = job_of(ch);

    channel_closed(ch);
    if (job->counted)
        return;
    if (job->wrong) {
        fail(job, "the bytes that came back differ from those sent");
    } else if (!complete) {
        fail(job, "the channel was closed too early");
    } else {
        load_done(job);
        finish(job);
    }
}

static void bulk_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    const struct load_job *job = job_of(ch);
    uint64_t bytes = job->load->options->bytes;

    (void)why;
    end_transfer(ch, job->sent == bytes && job->received == bytes);
}

static void sink_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    const struct load_job *job = job_of(ch);

    end_transfer(ch, why->cause == NACRE_PEER_CLOSED && job->sent == job->load->options->bytes);
}

static void source_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    (void)why;
    end_transfer(ch, job_of(ch)->received == job_of(ch)->load->options->bytes);
}

static void send_keystroke(struct nacre_channel *ch)
{
    struct load_job *job = job_of(ch);

    if (!ask(ch) || !job->granted || job->key_ns != 0)
        return;
    if (job->keystrokes == job->load->options->count) {
        send_eof(ch);
        return;
    }
    if (nacre_channel_write(ch, "k", 1) == 1) {
        job->key_ns = clock_now_ns();
        job->load->sent++;
    }
}

static size_t keystroke_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    struct load_job *job = job_of(ch);

    (void)data;
    job->wrong = job->wrong || len != 1 || job->key_ns == 0;
    if (job->key_ns != 0) {
        load_sample(job->load, job->key_ns);
        job->key_ns = 0;
        job->keystrokes++;
    }
    (void)take(job, len);
    send_keystroke(ch);
    return len;
}

static void rtt_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    (void)why;
    end_transfer(ch, job_of(ch)->keystrokes == job_of(ch)->load->options->count);
}

static enum nacre_answer idle_open(struct nacre_channel *ch)
{
    struct load_job *job = job_of(ch);

    job->load->channels_opened++;
    job->load->standing++;
    load_sample(job->load, job->began_ns);
    load_done(job);
    return NACRE_GRANT;
}

static void idle_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct load *load = job_of(ch)->load;

    channel_closed(ch);
    if (job_of(ch)->stalled)
        return; /* it was never open */
    load->standing -= job_of(ch)->counted;
    if (why->cause != NACRE_SHUTTING_DOWN)
        load_failed(load, why->text);
}

/* ---- channels: many on one connection, each opened and closed ---- */

static void more_channels(struct load_job *job);

/* Without space now, it is called again as `writable`. */
static void channels_ask(struct nacre_channel *ch)
{
    char scratch[STANDARD_MAX];

    if (command_of(job_of(ch), scratch)[0] == 0 || send_command(ch) == NACRE_SEND_NEVER)
        nacre_channel_close(ch);
}

static enum nacre_answer channels_open(struct nacre_channel *ch)
{
    job_of(ch)->steps++;
    job_of(ch)->load->channels_opened++;
    channels_ask(ch);
    return NACRE_GRANT;
}

static void channels_replied(struct nacre_channel *ch, bool granted)
{
    job_of(ch)->steps++;
    if (!granted)
        nacre_channel_close(ch);
    else
        nacre_channel_eof(ch);
}

static void channels_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct load_job *job = job_of(ch);
    struct load *load = job->load;
    uint64_t began = (uint64_t)(uintptr_t)nacre_channel_app_data(ch);

    job->steps++;
    load->channels_closed++;
    load->channels_live--;
    if (job->stalled)
        return;
    if (why->cause == NACRE_PEER_CLOSED || why->cause == NACRE_WE_CLOSED) {
        load_sample(load, began);
        load_done(job);
    } else {
        load_failed(load, why->text);
    }
    more_channels(job);
}

static void more_channels(struct load_job *job)
{
    static const struct nacre_channel_app app = {.open = channels_open,
                                                 .replied = channels_replied,
                                                 .data = any_data,
                                                 .writable = channels_ask,
                                                 .closed = channels_closed};
    struct load *load = job->load;
    const struct load_options *o = load->options;

    while (job->started < o->count && load->channels_live < o->at_once) {
        void *began = (void *)(uintptr_t)clock_now_ns();

        if (nacre_session_open_channel(nacre_client_session(job->client), "session", &app, began,
                                       NULL, 0) == NULL)
            break;
        job->started++;
        load->channels_live++;
    }
    if (load->channels_live == 0)
        finish(job);
}

/* clang-format off */
static const struct nacre_channel_app bulk_app = {
    .open = on_open, .replied = on_replied, .data = bulk_data, .writable = send_more, .closed = bulk_closed};
static const struct nacre_channel_app sink_app = {
    .open = on_open, .replied = on_replied, .data = any_data, .writable = send_more, .closed = sink_closed};
static const struct nacre_channel_app source_app = {
    .open = on_open, .replied = on_replied, .data = any_data, .writable = send_eof, .closed = source_closed};
static const struct nacre_channel_app rtt_app = {
    .open = on_open, .replied = on_replied, .data = keystroke_data, .writable = send_keystroke, .closed = rtt_closed};
static const struct nacre_channel_app idle_app = {.open = idle_open, .closed = idle_closed};

const struct load_mode load_modes[] = {
    {.name = "handshake", .about = "log in `-n` times, `-c` at a time", .unit = "logins", .sample = "connect to login",
     .count = 100, .per_connection = true, .ready = handshake_ready},
    {.name = "bulk", .about = "send `-b` bytes and get them back, on each of `-c` connections", .unit = "transfers",
     .command = "cat", .elsewhere = "cat", .returns = true, .app = &bulk_app, .ready = open_mode_channel},
    {.name = "sink", .about = "send `-b` bytes", .unit = "transfers",
     .command = "discard", .elsewhere = "cat >/dev/null", .app = &sink_app, .ready = open_mode_channel},
    {.name = "source", .about = "receive `-b` bytes", .unit = "transfers",
     .command = "chargen %BYTES", .elsewhere = "head -c %BYTES /dev/zero", .returns = true, .app = &source_app, .ready = open_mode_channel},
    {.name = "rtt", .about = "send a keystroke and wait for its echo, `-n` times", .unit = "connections", .sample = "keystroke to echo",
     .command = "cat", .elsewhere = "cat", .count = 1000, .app = &rtt_app, .ready = open_mode_channel},
    {.name = "idle", .about = "hold `-n` sessions for `--hold` seconds; log in `-c` at a time", .unit = "sessions",
     .sample = "connect to session", .count = 100, .per_connection = true, .holds = true, .app = &idle_app, .ready = open_mode_channel},
    {.name = "channels", .about = "open and close `-n` channels on one connection, `-c` at a time", .unit = "channels",
     .sample = "open to closed", .count = 1000, .one_connection = true, .ready = more_channels},
    {.name = NULL},
};
/* clang-format on */
