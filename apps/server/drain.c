#include "apps/server/drain.h"

#include "apps/server/accept.h"

enum { NOTE_MS = 10 * 1000 /* between two `draining` events */ };

/* worker_run checks what there is to do. */
static void on_due(struct timer *timer)
{
    (void)timer;
}

static void begin(struct worker *worker)
{
    uint32_t ms = worker->server->drain_for_ms;

    worker->draining = true;
    worker->drain_timer.fire = on_due;
    worker->drain_until_ms = ms == NACRE_UNLIMITED ? UINT64_MAX : worker->loop.now_ms + ms;
    accept_queued(worker);
    accept_close(worker);
}

/* Connections on all workers */
static uint32_t count_left(const struct nacre_server *server)
{
    uint32_t connections, startups;

    admission_count(server->admission, &connections, &startups);
    return connections;
}

/* The first worker says how many are left, now and then. */
static void note(struct worker *worker, uint32_t left)
{
    const struct nacre_server *server = worker->server;

    if (worker->loop.now_ms < worker->drain_note_ms)
        return;
    worker->drain_note_ms = worker->loop.now_ms + NOTE_MS;
    if (server->parts.events.draining != NULL)
        server->parts.events.draining(worker->settings->config.context, left);
}

bool drain_step(struct worker *worker)
{
    struct nacre_server *server = worker->server;
    bool is_first = worker == server->workers;
    uint64_t due;

    if (!server->draining || worker->stop_at_ms != 0)
        return false;
    if (!worker->draining)
        begin(worker);
    if (is_first)
        note(worker, count_left(server));
    if (worker->loop.now_ms >= worker->drain_until_ms && !server->stopping) {
        server->stopping = true;
        server_wake(server);
    }
    due = is_first && worker->drain_note_ms < worker->drain_until_ms ? worker->drain_note_ms
                                                                     : worker->drain_until_ms;
    (void)loop_set_timer(&worker->loop, &worker->drain_timer, due);
    return worker->peers == NULL && worker->proxied_count == 0 &&
           (!is_first || count_left(server) == 0);
}
