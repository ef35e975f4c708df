#include "apps/serve/survivors.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    STAT_MAX = 512, /* bytes of /proc/PID/stat that are read: the fields come early */
    REST = 20       /* so many times as long as a count took there is no other one */
};

bool survivors_exist(pid_t group)
{
    return group > 0 && kill(-group, 0) == 0;
}

/* proc(5), stat: pid (comm) state ppid pgrp session ... The name in parentheses may contain any
 * character. */
static bool is_alive_in(const char *stat, pid_t leader)
{
    const char *end = strrchr(stat, ')');
    char state;
    int session;

    return end != NULL && sscanf(end + 1, " %c %*d %*d %d", &state, &session) == 2 &&
           session == leader && state != 'Z' && state != 'X';
}

static bool belongs(int proc, const char *name, pid_t leader)
{
    char path[300], stat[STAT_MAX] = "";
    int fd;

    if (!isdigit((unsigned char)name[0]))
        return false;
    (void)snprintf(path, sizeof path, "%s/stat", name);
    fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    (void)!read(fd, stat, sizeof stat - 1); /* nothing, if the process ends now */
    (void)close(fd);
    return is_alive_in(stat, leader);
}

static unsigned count(pid_t leader)
{
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    unsigned found = 0;

    if (proc == NULL)
        return 0;
    while ((entry = readdir(proc)) != NULL)
        found += belongs(dirfd(proc), entry->d_name, leader);
    (void)closedir(proc);
    return found;
}

static int64_t now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

unsigned survivors_count(pid_t leader)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static int64_t next_us;
    unsigned found = 0;
    int64_t begin;

    if (pthread_mutex_trylock(&lock) != 0)
        return 0;
    begin = now_us();
    if (begin >= next_us) {
        found = count(leader);
        next_us = now_us() + REST * (now_us() - begin);
    }
    (void)pthread_mutex_unlock(&lock);
    return found;
}
