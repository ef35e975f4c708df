/* A long wire between two network namespaces, for kernels without tc's netem: a TUN device in each,
 * and this program in between, which holds every packet back.
 *
 *   wire PID PID DELAY_MS MBIT   the devices, called "wire", are made in the namespaces of the two
 *                                processes; says "ready"; runs until it is ended
 *
 * DELAY_MS is one way. What comes faster than MBIT (10^6 bits/s, Ethernet's headers and gaps
 * included) waits its turn, and is dropped when more than QUEUE_MS wait: the queue of a router. The
 * kernel hands over and takes large TCP segments (as a network card would that cuts them), which
 * take the time of the packets that they stand for. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
    PACKET_MAX = 66 * 1024,
    PACKETS_MAX = 64 * 1024, /* on the wire in one direction */
    QUEUE_MS = 100,
    ETHERNET = 38,   /* bytes that Ethernet adds to a packet: preamble, header, check, gap */
    IP_HEADERS = 52, /* bytes that each packet of a large segment repeats: IPv4, TCP, timestamps */
};

struct packet {
    uint64_t due_ns;
    size_t len;
    uint8_t bytes[]; /* virtio_net_hdr first */
};

struct direction {
    int from, to;
    struct packet *packets[PACKETS_MAX]; /* a ring */
    uint32_t head, count;
    uint64_t free_ns; /* when the last packet will have been put on the wire */
};

static double ns_per_byte;
static uint64_t delay_ns;

static void fail(const char *what)
{
    (void)fprintf(stderr, "wire: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int make_device(const char *pid)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
    char path[64];
    int fd, space;

    (void)snprintf(path, sizeof path, "/proc/%s/ns/net", pid);
    space = open(path, O_RDONLY | O_CLOEXEC);
    if (space < 0 || setns(space, CLONE_NEWNET) != 0)
        fail(path);
    (void)close(space);
    fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        fail("/dev/net/tun");
    (void)strcpy(request.ifr_name, "wire");
    if (ioctl(fd, TUNSETIFF, &request) != 0 ||
        ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4) != 0)
        fail("the device cannot be made");
    return fd;
}

/* How long it takes to send: a large segment is many packets. */
static uint64_t time_of(const struct packet *p)
{
    const struct virtio_net_hdr *header = (const void *)p->bytes;
    size_t len = p->len - sizeof *header;
    size_t packets = 1;

    if (header->gso_type != VIRTIO_NET_HDR_GSO_NONE && header->gso_size > 0)
        packets = (len + header->gso_size - 1) / header->gso_size;
    return (uint64_t)((double)(len + packets * ETHERNET + (packets - 1) * IP_HEADERS) *
                      ns_per_byte);
}

/* Take what the kernel has to send. */
static void take(struct direction *d)
{
    static uint8_t bytes[PACKET_MAX];
    ssize_t n;

    while ((n = read(d->from, bytes, sizeof bytes)) > 0) {
        uint64_t now = now_ns();
        struct packet *p;

        if (d->free_ns < now)
            d->free_ns = now;
        if (d->count == PACKETS_MAX || d->free_ns - now > QUEUE_MS * UINT64_C(1000000))
            continue;
        p = malloc(sizeof *p + (size_t)n);
        if (p == NULL)
            fail("memory");
        p->len = (size_t)n;
        memcpy(p->bytes, bytes, (size_t)n);
        d->free_ns += time_of(p);
        p->due_ns = d->free_ns + delay_ns;
        d->packets[(d->head + d->count++) % PACKETS_MAX] = p;
    }
}

static void deliver(struct direction *d)
{
    uint64_t now = now_ns();

    while (d->count > 0 && d->packets[d->head]->due_ns <= now) {
        struct packet *p = d->packets[d->head];
        ssize_t n = write(d->to, p->bytes, p->len);

        (void)n; /* dropped, as on any wire */
        free(p);
        d->head = (d->head + 1) % PACKETS_MAX;
        d->count--;
    }
}

static void wait_for(struct direction d[2])
{
    struct pollfd fds[2] = {{.fd = d[0].from, .events = POLLIN},
                            {.fd = d[1].from, .events = POLLIN}};
    uint64_t now = now_ns(), first = UINT64_MAX;
    struct timespec wait;

    for (int i = 0; i < 2; i++)
        if (d[i].count > 0 && d[i].packets[d[i].head]->due_ns < first)
            first = d[i].packets[d[i].head]->due_ns;
    first = first > now ? first - now : 0;
    wait.tv_sec = first > 1000000000 ? 1 : 0;
    wait.tv_nsec = first > 1000000000 ? 0 : (long)first;
    (void)ppoll(fds, 2, &wait, NULL);
}

int main(int argc, char **argv)
{
    static struct direction d[2];

    if (argc != 5) {
        (void)fprintf(stderr, "usage: wire PID PID DELAY_MS MBIT\n");
        return 2;
    }
    delay_ns = (uint64_t)(strtod(argv[3], NULL) * 1e6);
    ns_per_byte = 8e3 / strtod(argv[4], NULL);
    d[0].from = d[1].to = make_device(argv[1]);
    d[1].from = d[0].to = make_device(argv[2]);
    (void)printf("ready\n");
    (void)fflush(stdout);
    for (;;) {
        wait_for(d);
        for (int i = 0; i < 2; i++) {
            take(&d[i]);
            deliver(&d[i]);
        }
    }
}
