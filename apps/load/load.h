/* nacre-load: what its parts share. */
#ifndef NACRE_APPS_LOAD_H
#define NACRE_APPS_LOAD_H

#include "apps/files/agent.h"
#include "apps/session/algorithm_list.h"
#include "apps/connect/client.h"

enum { LOAD_KEYS_MAX = 32, LOAD_PROBLEM_MAX = 1024 };

struct load;
struct load_job;

/* One way to load a server. */
struct load_mode {
    const char *name, *about;
    const char *command; /* nacre-echo's; %llu stands for the number of bytes; NULL: none is run */
    const char *elsewhere; /* the same for a server with a shell */
    const char *unit;      /* what is counted: "logins" */
    const char *sample;    /* what is timed, or NULL */
    uint64_t count;        /* default of -n */
    bool one_connection;   /* -c counts channels of it, not connections */
    bool per_connection;   /* -c connections work through -n, else each of -c has its share */
    const struct nacre_channel_app *app; /* of its channels, or NULL */
    void (*ready)(struct load_job *job); /* logged in */
};

extern const struct load_mode load_modes[];

struct load_options {
    const struct load_mode *mode;
    const char *user, *password;
    const struct nacre_key *keys[LOAD_KEYS_MAX];
    size_t key_count, own_keys;              /* of them those that were read from files */
    struct nacre_agent *agent;               /* or NULL */
    char target[300];                        /* numeric HOST:PORT */
    char known_as[300];                      /* as the person wrote it */
    const char *known_hosts;                 /* NULL: whatever key */
    char *algorithms[NACRE_ALGORITHM_KINDS]; /* or NULL */
    const char *command;                     /* or NULL */
    uint64_t count, bytes;
    uint32_t at_once, hold_s;
    bool json, quiet;
};

/* True: go on; else *status is the exit status, and what there was to say has been said. Clear in
 * either case. */
bool load_read_options(int argc, char **argv, struct load_options *o, int *status);
void load_clear_options(struct load_options *o);

/* load_options.c: say what is wrong with the options; returns the exit status. */
int load_misused(const char *text, const char *what);

/* load_target.c: fill target and known_as from HOST:PORT, or, when where is NULL, from a port of
 * this machine. Returns 0, or the exit status. */
int load_find_target(struct load_options *o, const char *where, const char *port, bool yes_remote);

/* Put the types of host keys that are known first. */
void load_prefer_known(struct load_options *o);

/* One connection. */
struct load_job {
    struct load *load;
    struct nacre_client *client;
    uint64_t began_ns;
    bool counted; /* it did what it was for */
    /* Of its channel, in the modes that have one each. */
    struct nacre_channel *channel;
    uint64_t sent, received, key_ns, keys;
    bool granted, said_eof, wrong;
    uint64_t started; /* channels: begun here */
};

struct load {
    const struct load_options *options;
    struct nacre_clients *clients;
    struct load_job *jobs;
    uint64_t begun, ready, over; /* connections */
    uint64_t done, failed;       /* units */
    uint64_t standing;           /* idle: sessions that are held now */
    uint64_t channels_opened, channels_closed, channels_live;
    uint64_t sent, received;    /* bytes of channel data */
    uint64_t wire_in, wire_out; /* bytes on the sockets */
    uint64_t first_ns, last_ns; /* of the measured work */
    uint64_t release_ns;        /* idle: when to let go, 0 before all stand */
    uint32_t *samples;          /* microseconds */
    size_t sample_count, sample_room;
    char server[256], cipher[64];
    char errbuf[LOAD_PROBLEM_MAX]; /* the first */
    bool interrupted, giving_up;
};

uint64_t load_now_ns(void);

/* A time that began then is over now. */
void load_sample(struct load *load, uint64_t began_ns);

/* One unit is done; or it failed, and why. */
void load_done(struct load_job *job);
void load_failed(struct load *load, const char *why);

/* The command to run on a channel of this job's server. */
void load_command(const struct load_job *job, char *out, size_t size);

void load_progress(const struct load *load, bool last);
/* The table, or JSON, on standard output. */
void load_report(struct load *load);

#endif
