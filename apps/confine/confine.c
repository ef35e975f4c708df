#include "apps/confine/parts.h"
#include "apps/daemon/log.h"
#include "apps/daemon/events.h"

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
    (void)snprintf(note->reason, sizeof note->reason, "%s: %s", what, strerror(errno));
    return false;
}

/* No core file, nobody of the same user who attaches to us or reads our memory: proc(5). Starting
 * another program takes it back. */
static bool confine_memory(const struct confinement *c, struct confine_note *note)
{
    (void)c;
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? done(note)
                                                   : not_done(note, "memory can be looked at");
}

static bool confine_core(const struct confinement *c, struct confine_note *note)
{
    const struct rlimit none = {0, 0};

    (void)c;
    return setrlimit(RLIMIT_CORE, &none) == 0 ? done(note) : not_done(note, "core files");
}

/* Programs that are set-uid or have capabilities give none to us: prctl(2). seccomp needs it. */
static bool confine_privileges(const struct confinement *c, struct confine_note *note)
{
    (void)c;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? done(note)
                                                       : not_done(note, "new privileges");
}

static bool confine_keys(const struct confinement *c, struct confine_note *note)
{
    if (c->locked_memory > 0)
        (void)snprintf(note->value, sizeof note->value, "%zu", c->locked_memory);
    else
        (void)snprintf(note->reason, sizeof note->reason,
                       "keys may get to a swap device: no memory can be locked (ulimit -l)");
    return c->locked_memory > 0;
}

/* In this order. `alone`: for a program that starts no others. `parent`: for one that does: what
 * they would inherit is not for us to decide. `sanitized`: with a sanitizer in the program, which
 * at its end reads /proc, starts a process and looks into our memory. `always`: --no-sandbox, too,
 * and a failure is the end. */
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

enum { MEASURES = sizeof measures / sizeof measures[0] };

static bool is_wanted(const struct confinement *c, size_t i)
{
    if (measures[i].always)
        return true;
    return !c->off && (c->starts_programs ? measures[i].parent : measures[i].alone) &&
           (measures[i].sanitized || !CONFINE_SANITIZED);
}

static void log_notes(const struct confinement *c, const struct confine_note *notes)
{
    struct log_line l;

    log_begin(&l, LOG_INFO, "confined");
    for (size_t i = 0; i < MEASURES; i++)
        log_text(&l, measures[i].name, notes[i].value);
    log_end(&l);
    for (size_t i = 0; i < MEASURES; i++)
        if (notes[i].reason[0] != '\0')
            log_trouble("sandbox", notes[i].reason);
    if (c->off)
        log_trouble("sandbox", "off, by --no-sandbox");
    else if (CONFINE_SANITIZED && !c->starts_programs)
        log_trouble("sandbox", "not all of it: built with a sanitizer");
}

bool confine(const struct confinement *c, char *errbuf, size_t size)
{
    struct confine_note notes[MEASURES];

    memset(notes, 0, sizeof notes);
    tzset(); /* reads a file, once */
    for (size_t i = 0; i < MEASURES; i++) {
        memcpy(notes[i].value, "", 1);
        if (is_wanted(c, i) && !measures[i].apply(c, &notes[i]) && measures[i].always)
            return snprintf(errbuf, size, "%s", notes[i].reason) < 0;
        if (notes[i].value[0] == '\0')
            memcpy(notes[i].value, "no", sizeof "no");
    }
    log_notes(c, notes);
    return true;
}
