#include "apps/server/proxied.h"

#include "apps/files/authorized_from.h"
#include "apps/server/proxy_header.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    PROXIED_MAX = 1024,    /* of a worker; balancers send the header at once, so that few wait */
    HEADER_MS = 10 * 1000, /* the default of handshake_ms */
};

struct proxied {
    struct source source;
    struct timer deadline;
    struct worker *worker;
    struct proxied *next, **link;
    const struct proxied_calls *calls;
    struct sockaddr_storage address; /* the balancer's */
    int fd;
};

/* "unix" in the list stands for every Unix socket, as "unix:" does in nginx. */
static bool names_unix(const char *list)
{
    static const char word[] = "unix";

    for (;; list++) {
        size_t len = strcspn(list, ",");

        if (len == strlen(word) && memcmp(list, word, len) == 0)
            return true;
        list += len;
        if (*list == 0)
            return false;
    }
}

bool proxied_expected(const struct worker *worker, int fd, const struct sockaddr_storage *address)
{
    const struct nacre_admission *admission = worker->settings->config.admission;
    const char *list = admission != NULL ? admission->proxy_from : NULL;
    char text[ADDRESS_MAX], host[ADDRESS_MAX];

    if (list == NULL)
        return false;
    if (address->ss_family == AF_UNIX)
        return names_unix(list);
    address_text(text, address, fd);
    address_host(host, text);
    return authorized_from(list, host) == FROM_YES;
}

/* Forget it; the socket is the caller's. */
static void forget(struct proxied *p)
{
    struct worker *worker = p->worker;

    (void)loop_set_timer(&worker->loop, &p->deadline, UINT64_MAX);
    loop_unwatch(&worker->loop, p->fd, &p->source);
    if (p->next != NULL)
        p->next->link = p->link;
    *p->link = p->next;
    worker->proxied_count--;
    free(p);
}

static void leave(struct proxied *p)
{
    int fd = p->fd;

    forget(p);
    (void)close(fd);
}

static void refuse(struct proxied *p)
{
    struct proxied was = *p;

    forget(p);
    was.calls->refuse(was.worker, was.fd, &was.address, NACRE_LIMIT_PROXY_HEADER);
}

/* The header is whole, and still in the socket with what follows it. */
static void admit(struct proxied *p, const struct sockaddr_storage *address, size_t size)
{
    uint8_t header[PROXY_HEADER_MAX];
    struct proxied was = *p;

    if (recv(p->fd, header, size, MSG_DONTWAIT) != (ssize_t)size) {
        leave(p);
        return;
    }
    forget(p);
    was.calls->admit(was.worker, was.fd, address);
}

/* What is only looked at stays readable, so that the balancer's end shows in the event alone. */
static void on_readable(struct source *source, uint32_t events)
{
    struct proxied *p = container_of(source, struct proxied, source);
    uint8_t data[PROXY_HEADER_MAX];
    ssize_t n = recv(p->fd, data, sizeof data, MSG_PEEK | MSG_DONTWAIT);
    struct sockaddr_storage address = p->address;
    size_t size = 0;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        leave(p);
        return;
    }
    switch (proxy_header_read((struct bytes){data, (size_t)n}, &address, &size)) {
    case PROXY_PARTIAL:
        if (events & EPOLLRDHUP) /* which an error and a hangup set too */
            leave(p);
        return;
    case PROXY_ADDRESS:
    case PROXY_OWN: /* which leaves the balancer's address */
        admit(p, &address, size);
        return;
    case PROXY_BAD:
        refuse(p);
        return;
    }
}

static void on_deadline(struct timer *timer)
{
    refuse(container_of(timer, struct proxied, deadline));
}

static uint64_t deadline(const struct worker *worker)
{
    const struct nacre_server_config *c = &worker->settings->config;
    uint32_t ms = c->limits != NULL ? c->limits->handshake_ms : 0;

    if (ms == NACRE_UNLIMITED)
        ms = c->login_grace_ms;
    return worker->loop.now_ms + (ms != 0 ? ms : HEADER_MS);
}

void proxied_start(struct worker *worker, int fd, const struct sockaddr_storage *address,
                   const struct proxied_calls *calls)
{
    struct proxied *p;

    if (worker->proxied_count >= PROXIED_MAX || (p = calloc(1, sizeof *p)) == NULL) {
        calls->refuse(worker, fd, address, NACRE_LIMIT_STARTUPS);
        return;
    }
    p->source.ready = on_readable;
    p->deadline.fire = on_deadline;
    p->worker = worker;
    p->calls = calls;
    p->address = *address;
    p->fd = fd;
    p->link = &worker->proxied;
    p->next = worker->proxied;
    if (p->next != NULL)
        p->next->link = &p->next;
    worker->proxied = p;
    worker->proxied_count++;
    /* Edge-triggered, because what was only looked at stays readable. */
    if (!loop_watch(&worker->loop, fd, &p->source, EPOLLIN | EPOLLRDHUP | EPOLLET) ||
        !loop_set_timer(&worker->loop, &p->deadline, deadline(worker)))
        leave(p);
}

void proxied_close_all(struct worker *worker)
{
    struct proxied *next;

    for (struct proxied *p = worker->proxied; p != NULL; p = next) {
        next = p->next;
        leave(p);
    }
}
