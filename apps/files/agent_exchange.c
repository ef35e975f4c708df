#include "apps/files/agent_exchange.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

bool agent_exchange_begin(struct agent_exchange *x, const char *path, struct bytes request)
{
    *x = (struct agent_exchange){.path = path, .fd = -1, .request = malloc(request.len)};
    if (x->request == NULL)
        return false;
    memcpy(x->request, request.at, request.len);
    x->request_len = request.len;
    return true;
}

static void close_socket(struct agent_exchange *x)
{
    int failure = errno;

    if (x->fd >= 0)
        (void)close(x->fd);
    x->fd = -1;
    errno = failure;
}

/* A Unix socket connects at once, or its queue is full. */
static enum agent_progress connect_it(struct agent_exchange *x)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(x->path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return AGENT_FAILED;
    }
    memcpy(address.sun_path, x->path, strlen(x->path) + 1);
    x->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (x->fd < 0)
        return AGENT_FAILED;
    if (connect(x->fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return AGENT_WRITABLE;
    close_socket(x);
    return errno == EAGAIN || errno == EINTR ? AGENT_RETRY : AGENT_FAILED;
}

static enum agent_progress send_request(struct agent_exchange *x)
{
    while (x->sent < x->request_len) {
        ssize_t n = send(x->fd, x->request + x->sent, x->request_len - x->sent, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN)
            return AGENT_WRITABLE;
        if (n < 0 && errno != EINTR)
            return AGENT_FAILED;
        if (n > 0)
            x->sent += (size_t)n;
    }
    return AGENT_READABLE;
}

/* RFC 9987 section 4: uint32 length, byte type, byte[length - 1] contents */
static bool take_header(struct agent_exchange *x)
{
    x->reply_len = load_u32(x->header);
    if (x->reply_len < 1 || x->reply_len > AGENT_REPLY_MAX) {
        errno = EPROTO;
        return false;
    }
    x->reply = malloc(x->reply_len);
    return x->reply != NULL;
}

static enum agent_progress receive_reply(struct agent_exchange *x)
{
    const size_t head = sizeof x->header;

    while (x->reply == NULL || x->received < head + x->reply_len) {
        uint8_t *at = x->received < head ? x->header + x->received : x->reply + x->received - head;
        size_t room = x->received < head ? head - x->received : head + x->reply_len - x->received;
        ssize_t n = recv(x->fd, at, room, 0);

        if (n < 0 && errno == EAGAIN)
            return AGENT_READABLE;
        if (n == 0)
            errno = EPROTO;
        if (n == 0 || (n < 0 && errno != EINTR))
            return AGENT_FAILED;
        if (n > 0)
            x->received += (size_t)n;
        if (x->received == head && x->reply == NULL && !take_header(x))
            return AGENT_FAILED;
    }
    return AGENT_ANSWERED;
}

enum agent_progress agent_exchange_step(struct agent_exchange *x)
{
    enum agent_progress progress = x->fd < 0 ? connect_it(x) : AGENT_WRITABLE;

    if (progress == AGENT_WRITABLE)
        progress = send_request(x);
    return progress == AGENT_READABLE ? receive_reply(x) : progress;
}

void agent_exchange_clear(struct agent_exchange *x)
{
    close_socket(x);
    free(x->request);
    free(x->reply);
    x->request = x->reply = NULL;
}

/* ---- waiting ---- */

static int64_t clock_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Wait for the progress. False: the time is over. */
static bool wait_for(const struct agent_exchange *x, enum agent_progress progress, int64_t end_ms)
{
    struct pollfd at = {.fd = x->fd, .events = progress == AGENT_READABLE ? POLLIN : POLLOUT};
    int64_t left = end_ms - clock_ms();

    if (left <= 0) {
        errno = ETIMEDOUT;
        return false;
    }
    if (progress == AGENT_RETRY && left > AGENT_RETRY_MS)
        left = AGENT_RETRY_MS;
    (void)poll(&at, progress != AGENT_RETRY, (int)left);
    return true;
}

uint8_t *agent_exchange_wait(const char *path, struct bytes request, int timeout_ms, size_t *len)
{
    int64_t end_ms = clock_ms() + timeout_ms;
    struct agent_exchange x;
    enum agent_progress progress;
    uint8_t *reply = NULL;
    int failure;

    if (!agent_exchange_begin(&x, path, request))
        return NULL;
    do
        progress = agent_exchange_step(&x);
    while (progress < AGENT_ANSWERED && wait_for(&x, progress, end_ms));
    failure = errno;
    if (progress == AGENT_ANSWERED) {
        reply = x.reply;
        *len = x.reply_len;
        x.reply = NULL;
    }
    agent_exchange_clear(&x);
    errno = failure;
    return reply;
}
