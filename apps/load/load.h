/* nacre-load: a run, its connections and its modes. */
#ifndef NACRE_APPS_LOAD_LOAD_H
#define NACRE_APPS_LOAD_LOAD_H

#include "apps/connect/client.h"
#include "apps/load/options.h"

struct load_job;

/* One way to load a server. */
struct load_mode {
    const char *name, *about;
    const char *command;   /* nacre-echo's; %BYTES is the number of bytes; NULL: none is run */
    const char *elsewhere; /* the same for a server with a shell */
    const char *unit;      /* what is counted: "logins" */
    const char *sample;    /* what is timed, or NULL */
    uint64_t count;        /* default of --count */
    bool one_connection;   /* --at-once counts its channels, not connections */
    bool per_connection;   /* --count connections, not --at-once of them */
    bool returns;          /* --bytes come from the server */
    bool holds;            /* its sessions stay until --hold is over */
    const struct nacre_channel_app *app; /* of its channels, or NULL */
    void (*ready)(struct load_job *job); /* logged in */
};

extern const struct load_mode load_modes[]; /* the last one has no name */

/* One connection. */
struct load_job {
    struct load *load;
    struct nacre_client *client;
    uint64_t began_ns;
    bool counted; /* as done or as failed */
    bool stalled; /* ... because the server did nothing for too long */

    /* Its channel, in the modes that have one per connection */
    struct nacre_channel *channel;
    uint64_t sent, received;     /* bytes */
    uint64_t keystrokes, key_ns; /* rtt: keystrokes answered; when the last one was sent, or 0 */
    bool asked, granted, sent_eof, wrong;

    uint64_t started; /* channels: opened so far */

    uint64_t steps;           /* what the server did besides sending and accepting data */
    uint64_t moved, moved_ns; /* all that it did, when that was looked at last and had changed */
};

struct load {
    const struct load_options *options;
    struct nacre_clients *clients;
    struct load_job *jobs;
    uint64_t begun, ready, over; /* connections */
    uint64_t done, failed;       /* units */
    uint64_t standing;           /* idle: sessions that are open now */
    uint64_t channels_opened, channels_closed, channels_live;
    uint64_t sent, received;    /* bytes of channel data */
    uint64_t wire_in, wire_out; /* bytes on the sockets */
    uint64_t first_ns, last_ns; /* of the measured work */
    uint64_t look_ns;           /* when to look for stalled connections */
    uint64_t release_ns;        /* idle: when to close the sessions; 0 until all are open */
    uint32_t *samples;          /* microseconds */
    size_t sample_count, sample_room;
    char server[256], cipher[64];
    char errbuf[LOAD_SENTENCE_MAX]; /* why the first unit failed */
    bool interrupted, giving_up;
};

/* ---- count.c ---- */

/* Count what began at that time and is over now. */
void load_sample(struct load *load, uint64_t began_ns);

/* Count one unit as done or as failed. */
void load_done(struct load_job *job);
void load_failed(struct load *load, const char *why);

/* ---- stall.c ---- */

/* Look at every connection once in a while: one for which the server has done nothing for --timeout
 * has failed. */
void load_end_stalled(struct load *load);

/* ---- report.c ---- */

void load_progress(const struct load *load, bool last);

/* Print the figures to standard output, as a table or as JSON. */
void load_report(struct load *load);

#endif
