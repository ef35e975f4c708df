#include "apps/confine/parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

static bool done(struct confine_note *note)
{
    memcpy(note->value, "yes", sizeof "yes");
    return true;
}

static bool not_done(struct confine_note *note, const char *what)
{
    return confine_say(note->reason, sizeof note->reason, "%s: %s", what, strerror(errno));
}

/* No core file; no other process of this user can attach to the server or read its memory: proc(5).
 * Executing another program undoes it. */
static bool confine_memory(const struct confinement *c, struct confine_note *note)
{
    (void)c;
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? done(note)
                                                   : not_done(note, "memory stays readable");
}

static bool confine_core(const struct confinement *c, struct confine_note *note)
{
    const struct rlimit none = {0, 0};

    (void)c;
    return setrlimit(RLIMIT_CORE, &none) == 0 ? done(note) : not_done(note, "core files");
}

/* Set-uid programs and those with file capabilities give the server no privileges: prctl(2).
 * seccomp requires it. */
static bool confine_privileges(const struct confinement *c, struct confine_note *note)
{
    (void)c;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? done(note)
                                                       : not_done(note, "new privileges");
}

static bool confine_keys(const struct confinement *c, struct confine_note *note)
{
    if (c->locked_memory == 0)
        return confine_say(note->reason, sizeof note->reason,
                           "no memory can be locked (ulimit -l), so keys may reach a swap device");
    (void)snprintf(note->value, sizeof note->value, "%zu", c->locked_memory);
    return true;
}

/* Taken in this order.
 *
 * alone      by a server that starts no programs
 * parent     by one that does: programs must not inherit restrictions that nobody chose for them
 * sanitized  also in a build with a sanitizer, which at its end reads /proc, starts a process and
 *            inspects memory
 * always     also with --no-sandbox; failure is fatal */
static const struct {
    const char *name; /* in the log */
    bool (*apply)(const struct confinement *c, struct confine_note *note);
    bool alone, parent, sanitized, always;
} measures[] = {
    {"user", confine_identity, true, true, true, true},
    {"capabilities", confine_capabilities, true, false, true, false},
    {"locked_bytes", confine_keys, true, true, false, false},
    {"undumpable", confine_memory, true, true, false, false},
    {"no_core", confine_core, true, false, true, false},
    {"no_new_privileges", confine_privileges, true, false, true, false},
    {"files", confine_files, true, false, false, false},
    {"calls", confine_calls, true, false, false, false},
};

_Static_assert(sizeof measures / sizeof measures[0] == CONFINE_MEASURES, "one note per measure");

static bool is_wanted(const struct confinement *c, size_t i)
{
    if (measures[i].always)
        return true;
    return !c->off && (c->starts_programs ? measures[i].parent : measures[i].alone) &&
           (measures[i].sanitized || !CONFINE_SANITIZED);
}

bool confine(const struct confinement *c, struct confine_note notes[CONFINE_MEASURES], char *errbuf,
             size_t size)
{
    memset(notes, 0, CONFINE_MEASURES * sizeof *notes);
    tzset(); /* reads a file, once */
    for (size_t i = 0; i < CONFINE_MEASURES; i++) {
        notes[i].name = measures[i].name;
        if (is_wanted(c, i) && !measures[i].apply(c, &notes[i]) && measures[i].always)
            return confine_say(errbuf, size, "%s", notes[i].reason);
        if (notes[i].value[0] == '\0')
            memcpy(notes[i].value, "no", sizeof "no");
    }
    return true;
}
