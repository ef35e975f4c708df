/* Confinement: what a server program gives up once it has what it needs, so that whoever takes it
 * over through the network finds little to take. The measures are a table in confine.c; the system
 * calls that stay, in confine_calls.c; the files, in confine_files.c. Linux. */
#ifndef NACRE_APPS_CONFINE_H
#define NACRE_APPS_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CONFINE_SANITIZED true /* built with what wants memory and system calls for itself */
#else
#define CONFINE_SANITIZED false
#endif

enum { CONFINE_FILES_MAX = 4, CONFINE_NOTE_MAX = 512 /* bytes */ };

struct confinement {
    const char *user;     /* to become, from root; NULL: stay who we are */
    bool off;             /* --no-sandbox: the user, and nothing else */
    bool starts_programs; /* which inherit; only what suits them is done then */
    bool changes_user;    /* set by confine_find_user, like the two below */
    uid_t uid;
    gid_t gid;
    size_t locked_memory;                     /* bytes, for keys */
    const char *reads[CONFINE_FILES_MAX + 1]; /* files that are read again while it runs, NULL at
                                                 the end; %u stands for a user, %% for % */
};

/* Look the user up, while the files that name users can be read. False with a sentence: there is no
 * such user, or only root can become another one. */
bool confine_find_user(struct confinement *c, char *errbuf, size_t size);

/* Do something as the user that we are going to become, to see whether it will work then. Not with
 * other threads running. False when the job says so, or with a sentence. */
bool confine_try(const struct confinement *c, bool (*job)(void *context), void *context,
                 char *errbuf, size_t size);

/* Can the user that we are now read the files? False: the sentence names one, and the user. */
bool confine_can_read(const struct confinement *c, char *errbuf, size_t size);

/* Give it all up and log what is in force, as event=confined. Before threads are started: some
 * measures are a thread's, and what it starts inherits them. False with a sentence: we are not the
 * user that we were to become. What the system does not have is logged, and no failure. */
bool confine(const struct confinement *c, char *errbuf, size_t size);

#endif
