#include "apps/load/clock.h"
#include "apps/load/load.h"

enum { LOOK_NS = 500 * 1000 * 1000 /* between two looks at the connections */ };

/* Everything that brings a connection nearer to its end. What comes beyond the bytes that were
 * asked for does not: a server could send it for ever. */
static uint64_t moved(const struct load_job *job)
{
    const struct load_options *o = job->load->options;
    uint64_t wanted = o->mode->returns ? o->bytes : 0;

    return job->steps + job->sent + job->keystrokes +
           (job->received < wanted ? job->received : wanted);
}

/* Is the connection to do nothing at present? */
static bool may_rest(const struct load_job *job)
{
    return job->client == NULL || job->steps == 0 || job->stalled ||
           (job->load->options->mode->holds && job->counted);
}

static void look(struct load_job *job, uint64_t now_ns)
{
    const struct load_options *o = job->load->options;
    uint64_t now = moved(job);

    if (may_rest(job) || now != job->moved) {
        job->moved = now;
        job->moved_ns = now_ns;
    } else if (now_ns - job->moved_ns >= (uint64_t)o->timeout_s * 1000000000) {
        if (!job->counted || o->mode->one_connection)
            load_failed(job->load, "the server did nothing for the time that --timeout allows");
        job->counted = job->stalled = true;
        nacre_client_close(job->client, "timeout");
    }
}

void load_end_stalled(struct load *load)
{
    uint64_t now_ns = clock_now_ns();

    if (now_ns < load->look_ns)
        return;
    load->look_ns = now_ns + LOOK_NS;
    for (uint64_t i = 0; i < load->begun; i++)
        look(&load->jobs[i], now_ns);
}
