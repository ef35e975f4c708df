#include "apps/spec/run.h"

#include "apps/spec/baseline.h"
#include "apps/spec/client.h"
#include "apps/spec/trace_json.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    JOBS_MAX = 64,
    ALIVE_TRIES = 3,
    ALIVE_WAIT_MS = 200,
    RESTART_TRIES = 900, /* three minutes */
    RESTART_WAIT_MS = 200,
};

/* A process that performs a case. */
struct job {
    pid_t pid;
    int fd; /* what it reports; -1: the slot is free */
    size_t index;
    uint8_t *got;
    size_t len, size;
};

/* ---- in the process of the case ---- */

static void put_all(int fd, const void *from, size_t len)
{
    const uint8_t *at = from;

    while (len > 0) {
        ssize_t n = write(fd, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        at += n;
        len -= (size_t)n;
    }
}

static void write_trace(const char *folder, const struct peer *p, const struct result_head *h)
{
    char path[512], *slash;
    FILE *out;

    (void)snprintf(path, sizeof path, "%s/%s.json", folder, p->row->id);
    for (slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')) != NULL;)
        *slash = '-';
    out = fopen(path, "w");
    if (out != NULL) {
        (void)trace_json(out, p, h);
        (void)fclose(out);
    }
}

/* After a case that did not end in go-on: a peer that no longer serves was killed by it. */
static void check_alive(const struct setting *setting, struct result_head *h)
{
    for (int i = 0; i < ALIVE_TRIES; i++) {
        if (baseline_alive(setting))
            return;
        (void)poll(NULL, 0, ALIVE_WAIT_MS); /* a full queue of connections may have to drain */
    }
    h->killed = true;
}

static void perform(const struct run *run, const struct spec_case *row, int fd)
{
    struct peer *p = peer_new(row, run->setting);
    struct result r = {0};

    row->run(p);
    client_end(p);
    result_from(&r, p, run->strict);
    if (run->trace_folder != NULL)
        write_trace(run->trace_folder, p, &r.head);
    peer_free(p);
    if (run->setting->client == NULL && !r.head.went_on && r.head.verdict != VERDICT_SKIP)
        check_alive(run->setting, &r.head);
    put_all(fd, &r.head, sizeof r.head);
    put_all(fd, r.text, r.head.text_len);
    free(r.text);
}

/* ---- in the reporting process ---- */

static bool start(const struct run *run, struct job *job, size_t index)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    job->pid = fork();
    if (job->pid == 0) {
        (void)signal(SIGINT, SIG_DFL);
        (void)signal(SIGTERM, SIG_DFL);
        (void)signal(SIGHUP, SIG_DFL);
        (void)close(ends[0]);
        perform(run, run->results[index].row, ends[1]);
        _exit(0);
    }
    (void)close(ends[1]);
    if (job->pid < 0) {
        (void)close(ends[0]);
        return false;
    }
    job->fd = ends[0];
    job->index = index;
    job->len = 0;
    return true;
}

/* Read what has arrived. False: that was all. */
static bool collect(struct job *job)
{
    ssize_t n;

    if (job->size - job->len < 65536) {
        uint8_t *bigger = realloc(job->got, job->size + 262144);

        if (bigger == NULL)
            return false;
        job->got = bigger;
        job->size += 262144;
    }
    n = read(job->fd, job->got + job->len, job->size - job->len);
    if (n < 0 && errno == EINTR)
        return true;
    if (n <= 0)
        return false;
    job->len += (size_t)n;
    return true;
}

static void fail_result(struct result *r, int status)
{
    memset(&r->head, 0, sizeof r->head);
    r->head.verdict = VERDICT_ERROR;
    if (WIFSIGNALED(status))
        (void)snprintf(r->head.reason, sizeof r->head.reason,
                       "nacre-spec: the case's process was ended by signal %d", WTERMSIG(status));
    else
        (void)snprintf(r->head.reason, sizeof r->head.reason,
                       "nacre-spec: the case's process reported nothing");
}

static void note_killed(struct run *run, struct result *r)
{
    if (!r->head.killed)
        return;
    r->head.verdict = VERDICT_FAIL;
    (void)snprintf(r->head.reason, sizeof r->head.reason,
                   "afterwards the peer no longer accepted a login");
    if (!run->down)
        run->last = r->row->id;
    run->down = true;
}

/* No case is running: start the server again, or give it time to recover. */
static void revive(struct run *run)
{
    int tries = run->restart == NULL ? ALIVE_TRIES : RESTART_TRIES;

    run->down = false;
    run->refusals = 0;
    if (run->restart != NULL && system(run->restart) != 0) /* NOLINT(cert-env33-c): the user's */
        (void)fprintf(stderr, "nacre-spec: '%s' failed\n", run->restart);
    for (int i = 0; i < tries; i++) {
        if (baseline_alive(run->setting))
            return;
        (void)poll(NULL, 0, RESTART_WAIT_MS);
    }
    run->refused = true;
}

/* A refusal before the case's own step says nothing about the case. */
static void note_refusal(struct run *run, const struct result *r)
{
    if (!r->head.unreached || run->down || run->setting->client != NULL)
        run->refusals = 0;
    else if (++run->refusals >= REFUSALS_MAX * run->jobs)
        run->refused = true;
}

static void finish(struct run *run, struct job *job)
{
    struct result *r = &run->results[job->index];
    int status = 0;

    (void)close(job->fd);
    while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    job->fd = -1;
    free(r->text);
    r->text = NULL;
    r->done = true;
    if (job->len < sizeof r->head) {
        fail_result(r, status);
        return;
    }
    memcpy(&r->head, job->got, sizeof r->head);
    if (job->len == sizeof r->head + r->head.text_len) {
        r->text = calloc(1, r->head.text_len + 1);
        if (r->text != NULL)
            memcpy(r->text, job->got + sizeof r->head, r->head.text_len);
    }
    note_killed(run, r);
    note_refusal(run, r);
}

/* The next case from `from` on that is still to be run. */
static size_t next_case(const struct run *run, size_t from)
{
    while (from < run->count && (run->results[from].done || run->results[from].row->run == NULL))
        from++;
    return from;
}

static size_t count_done(const struct run *run)
{
    size_t n = 0;

    for (size_t i = 0; i < run->count; i++)
        n += run->results[i].done;
    return n;
}

/* Wait until at least one process has reported something; finish those that are done. */
static void wait_for_jobs(struct run *run, struct job *jobs, unsigned count)
{
    struct pollfd polled[JOBS_MAX];

    for (unsigned i = 0; i < count; i++)
        polled[i] = (struct pollfd){.fd = jobs[i].fd, .events = POLLIN};
    if (poll(polled, count, -1) < 0)
        return;
    for (unsigned i = 0; i < count; i++)
        if (jobs[i].fd >= 0 && polled[i].revents != 0 && !collect(&jobs[i])) {
            finish(run, &jobs[i]);
            if (run->progress != NULL)
                run->progress(run, count_done(run));
        }
}

/* Start cases in the slots that are free, from *index on. How many are running. */
static unsigned fill(struct run *run, struct job *jobs, unsigned count, size_t *index)
{
    unsigned running = 0;

    for (unsigned i = 0; i < count; i++) {
        if (jobs[i].fd < 0 && *index < run->count && !run->refused && !run->down) {
            if (!start(run, &jobs[i], *index))
                fail_result(&run->results[*index], 0);
            *index = next_case(run, *index + 1);
        }
        running += jobs[i].fd >= 0;
    }
    return running;
}

/* A signal ends the run; main removes what was made for it. */
static volatile sig_atomic_t signalled;

static void on_signal(int number)
{
    (void)number;
    signalled = 1;
}

void run_catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    const struct sigaction action = {.sa_handler = on_signal};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        (void)sigaction(numbers[i], &action, NULL);
}

static bool is_interrupted(struct run *run, struct job *jobs, unsigned count)
{
    if (!signalled)
        return false;
    run->interrupted = true;
    for (unsigned i = 0; i < count; i++)
        if (jobs[i].fd >= 0) {
            (void)kill(jobs[i].pid, SIGKILL); /* a client ends with it: child.c */
            finish(run, &jobs[i]);
        }
    return true;
}

static void run_some(struct run *run, unsigned count)
{
    struct job jobs[JOBS_MAX] = {0};
    size_t index = next_case(run, 0);

    count = count < JOBS_MAX ? count : JOBS_MAX;
    for (unsigned i = 0; i < count; i++)
        jobs[i].fd = -1;
    while (!is_interrupted(run, jobs, count)) {
        if (fill(run, jobs, count, &index) > 0)
            wait_for_jobs(run, jobs, count);
        else if (run->down)
            revive(run);
        else
            break;
    }
    for (unsigned i = 0; i < count; i++)
        free(jobs[i].got);
}

/* What all cases saw of a watch. */
static void add_watched(struct run *run, struct result *r)
{
    struct watched *sum = &r->head.watched[r->row->watch];
    const char *where = "";

    memset(&r->head, 0, sizeof r->head);
    for (size_t i = 0; i < run->count; i++) {
        const struct watched *w = &run->results[i].head.watched[r->row->watch];

        if (run->results[i].row->run == NULL || !run->results[i].done)
            continue;
        if (w->broken > 0 && sum->broken == 0) {
            memcpy(sum->how, w->how, sizeof sum->how);
            where = run->results[i].row->id;
        }
        sum->seen += w->seen;
        sum->broken += w->broken;
    }
    r->done = true;
    r->head.verdict = verdict_of_watch(r->row, sum, run->strict);
    if (sum->seen == 0)
        (void)snprintf(r->head.reason, sizeof r->head.reason, "nothing to check was seen");
    else if (sum->broken == 0)
        (void)snprintf(r->head.observed, OBSERVED_MAX, "never violated (checked %u times)",
                       (unsigned)sum->seen);
    else
        (void)snprintf(r->head.observed, OBSERVED_MAX, "violated %u of %u times: %s, in %s",
                       (unsigned)sum->broken, (unsigned)sum->seen, sum->how, where);
}

static bool has_grown(const struct result *r)
{
    return strstr(r->head.observed, "growth of") != NULL;
}

/* It ran out of time, did not serve afterwards, or grew: was it busy with another case? */
static bool may_have_been_busy(const struct result *r)
{
    return r->head.timed_out || r->head.unreached || r->head.killed || has_grown(r);
}

/* Once more, alone. */
static void run_alone(struct run *run, bool (*which)(const struct result *r))
{
    for (size_t i = 0; i < run->count; i++) {
        struct result *r = &run->results[i];

        if (r->row->run != NULL && r->done && which(r))
            r->done = false;
    }
    run->refusals = 0;
    run->setting->patient = true;
    if (!run->refused && !run->interrupted)
        run_some(run, 1);
}

void run_all(struct run *run)
{
    run_some(run, run->jobs);
    run_alone(run, may_have_been_busy);
    run_alone(run, has_grown); /* or it hashed the passwords of earlier cases */
    for (size_t i = 0; i < run->count; i++)
        if (run->results[i].row->run == NULL)
            add_watched(run, &run->results[i]);
}
