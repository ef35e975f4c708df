#include "apps/daemon/confined.h"

#include "apps/daemon/events.h"
#include "apps/daemon/log_writer.h"

void log_confined(const struct confinement *c, const struct confine_note notes[CONFINE_MEASURES])
{
    struct log_line l;

    log_begin(&l, LOG_INFO, "confined");
    for (size_t i = 0; i < CONFINE_MEASURES; i++)
        log_text(&l, notes[i].name, notes[i].value);
    log_end(&l);
    for (size_t i = 0; i < CONFINE_MEASURES; i++)
        if (notes[i].reason[0] != '\0')
            log_trouble("sandbox", notes[i].reason);
    if (c->off)
        log_trouble("sandbox", "off, by --no-sandbox");
    else if (CONFINE_SANITIZED && !c->starts_programs)
        log_trouble("sandbox", "incomplete: this program was built with a sanitizer");
}

void log_forbidden(int call)
{
    struct log_line l;

    log_begin(&l, LOG_ERROR, "forbidden");
    log_i64(&l, "call", call);
    log_text(&l, "reason",
             "the sandbox does not allow this system call (ausyscall prints its name), so the "
             "server ends; if this was not an attack, please report it; --no-sandbox turns the "
             "sandbox off");
    log_end(&l);
    log_stop(); /* the process is about to be killed */
}
