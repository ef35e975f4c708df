/* Confinement: what a server program gives up once it listens, so that an attacker who takes it
 * over through the network gains little. The measures are a table in confine.c. Linux only. */
#ifndef NACRE_APPS_CONFINE_CONFINE_H
#define NACRE_APPS_CONFINE_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CONFINE_SANITIZED true /* sanitizers need memory and system calls of their own */
#else
#define CONFINE_SANITIZED false
#endif

enum {
    CONFINE_FILES_MAX = 4,
    CONFINE_RELOADS_MAX = 64,
    CONFINE_MEASURES = 8,
    CONFINE_NOTE_MAX = 512, /* bytes */
};

struct confinement {
    const char *user;     /* root becomes this user; NULL: the user does not change */
    bool off;             /* --no-sandbox: change the user and do nothing else */
    bool starts_programs; /* they inherit: only measures that suit them are taken */
    bool changes_user;    /* this and the next two are set by confine_find_user */
    uid_t uid;
    gid_t gid;
    size_t locked_memory; /* bytes for keys */
    /* Files that the server reads again while it runs, NULL at the end; %u is a user, %% is %. */
    const char *reads[CONFINE_FILES_MAX + 1];
    /* Files that it reads again only when it is told to, and folders in which it then looks for
     * files; NULL at the end. Unlike those above, they need not be readable. */
    const char *reloads[CONFINE_RELOADS_MAX + 1], *searches[CONFINE_RELOADS_MAX + 1];
    const char *appends; /* a file that it opens again to append to it, or makes; or NULL */
    /* Called when the process makes a forbidden system call, which is not carried out, just before
     * the process ends with SIGSYS. Runs in a signal handler, on the thread that made the call;
     * NULL: not called. */
    void (*forbidden)(int call);
};

/* The outcome of one measure, for the log. */
struct confine_note {
    const char *name;              /* of the measure */
    char value[CONFINE_NOTE_MAX];  /* "yes", "no", or what is in force */
    char reason[CONFINE_NOTE_MAX]; /* a sentence for whoever runs the server, or "" */
};

/* Look the user up, before the files that name users become unreadable. False, with a sentence:
 * there is no such user, or this process is not root and cannot become another user. */
bool confine_find_user(struct confinement *c, char *errbuf, size_t size);

/* Run `job` as the user that the server is going to become, to see whether it will work then.
 * No other thread may run. False when the job returns false, or with a sentence. */
bool confine_try(const struct confinement *c, bool (*job)(void *context), void *context,
                 char *errbuf, size_t size);

/* Can the current user read the files? False: the sentence names the file and the user. */
bool confine_can_read(const struct confinement *c, char *errbuf, size_t size);

/* Is the file in a folder that the sandbox allows, if it restricts files at all? Before `confine`
 * and after it. */
bool confine_reaches(const struct confinement *c, const char *pattern);

/* Give everything up, and fill in a note for each measure. Call it before threads are started: some
 * measures apply to one thread, and threads that it starts inherit them. False, with a sentence:
 * the user did not change as requested. A measure that the system lacks is not a failure; its note
 * has a reason. */
bool confine(const struct confinement *c, struct confine_note notes[CONFINE_MEASURES], char *errbuf,
             size_t size);

#endif
