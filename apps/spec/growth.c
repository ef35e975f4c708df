#include "apps/spec/growth.h"

#include <ctype.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_ROOM = 512, PATH_ROOM = 300, ALLOWANCE = 16 << 20 };

static in_port_t port_of(const struct sockaddr_storage *at)
{
    struct sockaddr_in6 six;
    struct sockaddr_in four;

    memcpy(&six, at, sizeof six);
    memcpy(&four, at, sizeof four);
    return ntohs(at->ss_family == AF_INET6 ? six.sin6_port : four.sin_port);
}

/* The socket with these ports in /proc/net/tcp or tcp6, whose lines are: number, local address and
 * port, remote address and port, state, and six fields before the inode. */
static unsigned long find_inode(const char *table, unsigned local, unsigned remote)
{
    unsigned long inode = 0;
    char line[LINE_ROOM];
    FILE *in = fopen(table, "re");

    while (in != NULL && inode == 0 && fgets(line, sizeof line, in) != NULL) {
        unsigned here, there;
        unsigned long found;

        if (sscanf(line, "%*s %*[0-9A-F]:%X %*[0-9A-F]:%X %*s %*s %*s %*s %*s %*s %lu", &here,
                   &there, &found) == 3 &&
            here == local && there == remote)
            inode = found;
    }
    if (in != NULL)
        (void)fclose(in);
    return inode;
}

static unsigned long inode_of_peer(int fd)
{
    struct sockaddr_storage here = {0}, there = {0};
    socklen_t here_len = sizeof here, there_len = sizeof there;
    unsigned long inode;

    if (getsockname(fd, (struct sockaddr *)&here, &here_len) != 0 ||
        getpeername(fd, (struct sockaddr *)&there, &there_len) != 0)
        return 0;
    inode = find_inode("/proc/net/tcp", port_of(&there), port_of(&here));
    if (inode == 0)
        inode = find_inode("/proc/net/tcp6", port_of(&there), port_of(&here));
    return inode;
}

static bool holds(const char *pid, const char *socket)
{
    char path[PATH_ROOM], target[64];
    bool found = false;
    DIR *fds;

    (void)snprintf(path, sizeof path, "/proc/%s/fd", pid);
    fds = opendir(path);
    for (struct dirent *e; fds != NULL && !found && (e = readdir(fds)) != NULL;) {
        ssize_t len = readlinkat(dirfd(fds), e->d_name, target, sizeof target - 1);

        target[len < 0 ? 0 : len] = 0;
        found = strcmp(target, socket) == 0;
    }
    if (fds != NULL)
        (void)closedir(fds);
    return found;
}

size_t growth_find(int fd, pid_t pids[GROWTH_PROCESSES])
{
    unsigned long inode = inode_of_peer(fd);
    size_t count = 0;
    char socket[48];
    DIR *proc = inode == 0 ? NULL : opendir("/proc");

    (void)snprintf(socket, sizeof socket, "socket:[%lu]", inode);
    for (struct dirent *e; proc != NULL && count < GROWTH_PROCESSES && (e = readdir(proc)) != NULL;)
        if (isdigit((unsigned char)e->d_name[0]) && holds(e->d_name, socket))
            pids[count++] = (pid_t)strtol(e->d_name, NULL, 10);
    if (proc != NULL)
        (void)closedir(proc);
    return count;
}

/* proc(5): 5 in clear_refs resets VmHWM. */
bool growth_reset(pid_t pid)
{
    char path[PATH_ROOM];
    bool good;
    FILE *out;

    (void)snprintf(path, sizeof path, "/proc/%d/clear_refs", (int)pid);
    out = fopen(path, "we");
    if (out == NULL)
        return false;
    good = fputs("5\n", out) >= 0;
    return fclose(out) == 0 && good;
}

uint64_t growth_peak(pid_t pid)
{
    char path[PATH_ROOM], line[LINE_ROOM];
    unsigned long kib = 0;
    FILE *in;

    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    in = fopen(path, "re");
    while (in != NULL && kib == 0 && fgets(line, sizeof line, in) != NULL)
        (void)sscanf(line, "VmHWM: %lu", &kib);
    if (in != NULL)
        (void)fclose(in);
    return (uint64_t)kib * 1024;
}

static uint64_t all_peaks(const struct growth *g)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < g->count; i++)
        sum += growth_peak(g->pids[i]);
    return sum;
}

struct growth growth_begin(struct peer *p)
{
    struct growth g = {.sent = p->conn.sent};
    bool good = true;

    if (over(p))
        return g;
    g.count = growth_find(p->conn.fd, g.pids);
    for (size_t i = 0; i < g.count; i++)
        good = growth_reset(g.pids[i]) && good;
    if (!good)
        g.count = 0;
    g.before = all_peaks(&g);
    return g;
}

void growth_look(struct growth *g)
{
    uint64_t now = all_peaks(g);

    if (now > g->peak)
        g->peak = now;
}

void growth_end(struct peer *p, struct growth *g)
{
    uint64_t sent = p->conn.sent - g->sent, allowed = sent > ALLOWANCE ? sent : ALLOWANCE;

    growth_look(g);
    if (g->peak > g->before + allowed)
        observe(p, "growth of %llu KiB", (unsigned long long)(g->peak - g->before) / 1024);
}
