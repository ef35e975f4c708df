#include "apps/spec/result.h"

#include "apps/spec/trace.h"

#include <stdio.h>

enum { LAST_MESSAGES = 10 /* in a report without -v */ };

static bool is_report(const struct spec_case *row)
{
    return strcmp(row->expected, "report") == 0;
}

static void judge(struct result_head *h, const struct peer *p, bool strict)
{
    size_t parts =
        p->part + (p->parts[p->part].count > 0 || p->parts[p->part].ending != ENDING_NONE ||
                   p->parts[p->part].program != PROGRAM_UNKNOWN);

    outcomes_text(h->observed, p->parts, parts);
    if (p->skip != NULL) {
        h->verdict = VERDICT_SKIP;
        (void)snprintf(h->reason, sizeof h->reason, "%s", p->skip);
    } else if (p->problem[0] != 0) {
        h->verdict = VERDICT_ERROR;
        h->unreached = true;
        (void)snprintf(h->reason, sizeof h->reason, "%s", p->problem);
    } else if (is_report(p->row)) {
        h->verdict = VERDICT_INFO;
        if (p->note[0] != 0)
            (void)snprintf(h->observed, sizeof h->observed, "%s", p->note);
    } else {
        h->verdict = verdict_of_match(p->row->level,
                                      outcomes_match(p->parts, parts, p->row->expected), strict);
    }
}

void result_from(struct result *r, const struct peer *p, bool strict)
{
    struct result_head *h = &r->head;

    memset(h, 0, sizeof *h);
    r->row = p->row;
    judge(h, p, strict);
    h->timed_out = p->timed_out && h->verdict != VERDICT_PASS && h->verdict != VERDICT_SKIP;
    for (size_t i = 0; i <= p->part; i++)
        h->timed_out = h->timed_out || p->parts[i].ending == ENDING_TIMEOUT || p->parts[i].late;
    for (size_t i = 0; i <= p->part; i++)
        h->crashed = h->crashed || p->parts[i].program == PROGRAM_SIGNAL;
    if (h->crashed) {
        h->verdict = VERDICT_FAIL;
        (void)snprintf(h->reason, sizeof h->reason, "a signal ended the client");
    }
    h->went_on = p->parts[p->part].ending == ENDING_GO_ON && !p->conn.ended;
    h->ms = (uint32_t)((now_us() - p->began) / 1000);
    memcpy(h->watched, p->watched, sizeof h->watched);
    r->text = trace_text(p, LAST_MESSAGES);
    h->text_len = r->text == NULL ? 0 : strlen(r->text);
}
