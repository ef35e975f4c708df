#include "apps/spec/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    READ_SIZE = 65536,
    PRINTED_MAX = 64 << 20, /* bytes that are kept of what it prints */
    SLICE_MS = 20,          /* between two looks at whether it has ended */
};

/* ---- text ---- */

static void text_add(struct child_text *t, const void *from, size_t len)
{
    if (t->len + len > t->size) {
        size_t size = 2 * (t->len + len) + 4096;
        uint8_t *bigger = size > 2 * PRINTED_MAX ? NULL : realloc(t->at, size);

        if (bigger == NULL)
            return;
        t->at = bigger;
        t->size = size;
    }
    if (len > 0)
        memcpy(t->at + t->len, from, len);
    t->len += len;
}

static void text_clear(struct child_text *t)
{
    free(t->at);
    *t = (struct child_text){0};
}

struct bytes child_output(const struct child *c)
{
    return (struct bytes){c->printed[STDOUT_FILENO].at, c->printed[STDOUT_FILENO].len};
}

struct bytes child_errors(const struct child *c)
{
    return (struct bytes){c->printed[STDERR_FILENO].at, c->printed[STDERR_FILENO].len};
}

/* ---- serving its streams ---- */

static void close_one(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static bool has_input(const struct child *c)
{
    return c->fd[STDIN_FILENO] >= 0 && c->input_sent < c->input.len;
}

/* What a connection polls beside its socket. */
static size_t put_polled(void *of, struct pollfd *out)
{
    const struct child *c = of;
    size_t n = 0;

    for (int i = STDOUT_FILENO; i <= STDERR_FILENO; i++)
        if (c->fd[i] >= 0)
            out[n++] = (struct pollfd){.fd = c->fd[i], .events = POLLIN};
    if (has_input(c))
        out[n++] = (struct pollfd){.fd = c->fd[STDIN_FILENO], .events = POLLOUT};
    return n;
}

static void send_input(struct child *c)
{
    ssize_t n;

    if (has_input(c)) {
        n = write(c->fd[STDIN_FILENO], c->input.at + c->input_sent, c->input.len - c->input_sent);
        if (n > 0)
            c->input_sent += (size_t)n;
        else if (n < 0 && errno != EAGAIN && errno != EINTR)
            close_one(&c->fd[STDIN_FILENO]);
    }
    if (c->input_ends && !has_input(c) && !c->terminal)
        close_one(&c->fd[STDIN_FILENO]);
}

static bool contains(const uint8_t *at, size_t len, const char *text)
{
    return len > 0 && memmem(at, len, text, strlen(text)) != NULL;
}

/* The prompts are answered in order, the last one as often as it comes. */
static void answer_prompt(struct child *c)
{
    const struct child_text *t = &c->printed[STDOUT_FILENO];
    const struct child_answer *a = &c->answers[0];

    if (c->answer_count == 0 ||
        !contains(t->at + c->answered_at, t->len - c->answered_at, a->prompt))
        return;
    c->answered_at = t->len;
    child_type(c, bytes_of(a->answer));
    child_type(c, bytes_of("\n"));
    if (c->answer_count > 1)
        memmove(c->answers, c->answers + 1, --c->answer_count * sizeof *c->answers);
}

static void read_stream(struct child *c, int stream)
{
    uint8_t block[READ_SIZE];
    ssize_t n = read(c->fd[stream], block, sizeof block);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) { /* a terminal ends with EIO */
        close_one(&c->fd[stream]);
        c->input_ends = c->input_ends || (c->echo && stream == STDOUT_FILENO);
        return;
    }
    text_add(&c->printed[stream], block, (size_t)n);
    if (stream == STDOUT_FILENO && c->echo)
        text_add(&c->input, block, (size_t)n);
    if (stream == STDOUT_FILENO)
        answer_prompt(c);
}

static void serve(void *of)
{
    struct child *c = of;

    for (int i = STDOUT_FILENO; i <= STDERR_FILENO; i++)
        if (c->fd[i] >= 0)
            read_stream(c, i);
    send_input(c);
}

void child_type(struct child *c, struct bytes bytes)
{
    text_add(&c->input, bytes.at, bytes.len);
}

void child_end_input(struct child *c)
{
    c->input_ends = true;
    send_input(c);
}

/* ---- starting ---- */

/* The program's ends and ours. */
static bool make_pipes(int theirs[CHILD_STREAMS], int ours[CHILD_STREAMS])
{
    for (int i = 0; i < CHILD_STREAMS; i++) {
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) != 0)
            return false;
        theirs[i] = ends[i == STDIN_FILENO ? 0 : 1];
        ours[i] = ends[i == STDIN_FILENO ? 1 : 0];
    }
    return true;
}

static bool make_terminal(int theirs[CHILD_STREAMS], int ours[CHILD_STREAMS])
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    const char *name =
        master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ? NULL : ptsname(master);

    ours[STDOUT_FILENO] = master;
    if (name == NULL)
        return false;
    ours[STDIN_FILENO] = fcntl(master, F_DUPFD_CLOEXEC, 0);
    theirs[STDIN_FILENO] = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    theirs[STDOUT_FILENO] = theirs[STDERR_FILENO] = theirs[STDIN_FILENO];
    return theirs[STDIN_FILENO] >= 0;
}

/* In the new process. */
static void become(const struct child_plan *plan, const int theirs[CHILD_STREAMS])
{
    static const int defaults[] = {SIGPIPE, SIGINT, SIGQUIT, SIGTERM, SIGHUP};

    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
        (void)signal(defaults[i], SIG_DFL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* it must not outlive us */
    (void)setsid(); /* a group of its own, and no terminal but the one it gets */
    if (plan->terminal)
        (void)ioctl(theirs[STDIN_FILENO], TIOCSCTTY, 0);
    for (int i = 0; i < CHILD_STREAMS; i++)
        if (dup2(theirs[i], i) < 0)
            _exit(126);
    environ = (char **)(uintptr_t)plan->environment; /* its PATH is searched, not ours */
    if (chdir(plan->folder) == 0)
        (void)execvp(plan->words[0], plan->words);
    _exit(127);
}

bool child_start(struct child *c, const struct child_plan *plan)
{
    int theirs[CHILD_STREAMS] = {-1, -1, -1};
    bool good;

    *c = (struct child){.fd = {-1, -1, -1}, .terminal = plan->terminal};
    c->beside = (struct beside){put_polled, serve, c};
    good = plan->terminal ? make_terminal(theirs, c->fd) : make_pipes(theirs, c->fd);
    c->pid = good ? fork() : -1;
    if (c->pid == 0)
        become(plan, theirs);
    for (int i = 0; i < CHILD_STREAMS; i++) {
        if (theirs[i] >= 0 && (i == 0 || theirs[i] != theirs[0]))
            (void)close(theirs[i]);
        if (c->fd[i] >= 0)
            (void)fcntl(c->fd[i], F_SETFL, O_NONBLOCK);
    }
    if (c->pid > 0)
        return true;
    c->pid = 0;
    child_end(c);
    return false;
}

/* ---- ending ---- */

static bool look(struct child *c)
{
    if (c->pid > 0 && !c->ended && waitpid(c->pid, &c->status, WNOHANG) == c->pid)
        c->ended = true;
    return c->ended || c->pid <= 0;
}

bool child_wait(struct child *c, uint64_t deadline)
{
    while (!look(c) && now_us() < deadline) {
        struct pollfd polled[CHILD_STREAMS];

        (void)poll(polled, put_polled(c, polled), SLICE_MS);
        serve(c);
    }
    if (c->ended)
        serve(c); /* what is still in the pipes */
    return c->ended;
}

void child_end(struct child *c)
{
    if (c->pid > 0 && !look(c)) {
        c->killed = true;
        (void)kill(-c->pid, SIGKILL);
        while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR)
            continue;
        c->ended = true;
    } else if (c->pid > 0) {
        (void)kill(-c->pid, SIGKILL); /* what it left behind */
    }
    for (int i = 0; i < CHILD_STREAMS; i++) {
        close_one(&c->fd[i]);
        text_clear(&c->printed[i]);
    }
    text_clear(&c->input);
    c->pid = 0;
}
