#include "apps/spec/outcome.h"

#include "apps/session/number.h"

#include <stdio.h>

void outcome_add(struct outcome *o, const char *reply)
{
    size_t i = 0;

    while (i < o->count && strcmp(o->replies[i].text, reply) != 0)
        i++;
    if (i == OUTCOMES_MAX)
        return;
    if (i == o->count) {
        (void)snprintf(o->replies[i].text, OUTCOME_MAX, "%s", reply);
        o->replies[i].times = 0;
        o->count++;
    }
    o->replies[i].times++;
}

/* One outcome of an alternative. */
struct term {
    char text[2 * OUTCOME_MAX];
    uint32_t times;  /* "x10"; 0: any number */
    uint32_t prefer; /* "(prefer disc 3)" */
    bool as_warn;
};

/* Cut the text where `suffix` begins. */
static bool cut(char *text, const char *suffix)
{
    char *found = strstr(text, suffix);

    if (found != NULL)
        *found = 0;
    return found != NULL;
}

static void trim(char *text)
{
    size_t len = strlen(text), lead = strspn(text, " ");

    while (len > lead && text[len - 1] == ' ')
        len--;
    memmove(text, text + lead, len - lead);
    text[len - lead] = 0;
}

/* Words after an outcome that only say when or to what it applies. */
static void drop_conditions(char *text)
{
    static const char *const conditions[] = {" within ",        " by the ",          " for each",
                                             " for the second", " if not supported", " if a reply",
                                             " in order",       " after NEWKEYS"};

    for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++)
        (void)cut(text, conditions[i]);
}

static void read_term(struct term *t, const char *text, size_t len)
{
    const char *prefer, *times;
    uint64_t number = 0;

    *t = (struct term){.times = 1};
    (void)snprintf(t->text, sizeof t->text, "%.*s", (int)len, text);
    t->as_warn = cut(t->text, " as warn");
    prefer = strstr(t->text, "(prefer disc ");
    if (prefer != NULL) {
        prefer += strlen("(prefer disc ");
        t->prefer = number_read(&prefer, 1, 99, &number) ? (uint32_t)number : 0;
        (void)cut(t->text, "(prefer");
    }
    times = strstr(t->text, " x");
    if (times != NULL) {
        times += 2;
        t->times = number_read(&times, 1, 100000, &number) ? (uint32_t)number : 1;
        (void)cut(t->text, " x");
    }
    drop_conditions(t->text);
    trim(t->text);
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Is the number in the parentheses of `reply` one of those in the parentheses of `wanted`? */
static bool has_number(const char *wanted, const char *reply)
{
    const char *at = strchr(wanted, '('), *mine = strchr(reply, '(');
    uint64_t one = 0, other = 0;

    if (at == NULL || mine == NULL)
        return at == NULL;
    mine++;
    if (!number_read(&mine, 0, UINT32_MAX, &one))
        return strcmp(at, mine - 1) == 0; /* "(seq)" */
    for (at++; number_read(&at, 0, UINT32_MAX, &other); at += *at == ',')
        if (one == other)
            return true;
    return false;
}

/* "open-failure" and "open-failure(1,2)" both stand for "open-failure(1)". */
static bool stands_for(const char *wanted, const char *reply)
{
    size_t len = strcspn(wanted, "(");

    if (strcmp(wanted, "answered") == 0)
        return strstr(reply, "success") || strstr(reply, "failure") || strstr(reply, "confirmed");
    return len == strcspn(reply, "(") && memcmp(wanted, reply, len) == 0 &&
           has_number(wanted, reply);
}

static bool is_close(const char *wanted)
{
    return strcmp(wanted, "close") == 0 || strcmp(wanted, "clean end") == 0;
}

static bool term_holds(const struct term *t, const struct outcome *o)
{
    bool open = o->ending == ENDING_GO_ON || o->ending == ENDING_NONE;

    if (strcmp(t->text, "clean end") == 0)
        return o->ending == ENDING_CLOSE &&
               (o->program == PROGRAM_UNKNOWN || o->program == PROGRAM_NONZERO);
    if (is_close(t->text))
        return o->ending == ENDING_CLOSE;
    if (strcmp(t->text, "nonzero exit status") == 0)
        return o->program == PROGRAM_NONZERO;
    if (strcmp(t->text, "go-on") == 0)
        return o->ending == ENDING_GO_ON;
    if (strcmp(t->text, "silent") == 0)
        return open || o->ending == ENDING_SILENT;
    if (strcmp(t->text, "ignored") == 0)
        return open;
    if (begins(t->text, "no growth")) /* growth would be a reply: growth.h */
        return true;
    for (size_t i = 0; i < o->count; i++)
        if (stands_for(t->text, o->replies[i].text))
            return strcmp(t->text, "answered") == 0 ||
                   (strcmp(t->text, "unimpl") == 0 && t->times == 1) ||
                   o->replies[i].times == t->times;
    return false;
}

/* Outcomes joined by commas. */
struct alternative {
    struct term terms[4];
    size_t count;
};

/* Is every reply, and the end, named by the alternative? */
static bool is_covered(const struct alternative *a, const struct outcome *o)
{
    bool close = false, silent = false;

    for (size_t i = 0; i < a->count; i++) {
        close = close || is_close(a->terms[i].text);
        silent = silent || strcmp(a->terms[i].text, "silent") == 0;
    }
    if (o->ending == ENDING_TIMEOUT || (o->ending == ENDING_CLOSE && !close) ||
        (o->ending == ENDING_SILENT && !silent))
        return false;
    for (size_t i = 0; i < o->count; i++) {
        /* A peer that answers UNIMPLEMENTED and then ends the connection has ended it. */
        bool named = close && strncmp(o->replies[i].text, "unimpl", 6) == 0;
        for (size_t j = 0; j < a->count; j++)
            named = named || stands_for(a->terms[j].text, o->replies[i].text);
        if (!named)
            return false;
    }
    return true;
}

static void read_alternative(struct alternative *a, const char *text, size_t len)
{
    const char *end = text + len;

    a->count = 0;
    while (text < end && a->count < sizeof a->terms / sizeof a->terms[0]) {
        size_t depth = 0, n = 0;

        for (; text + n < end && (depth > 0 || text[n] != ','); n++)
            depth += (size_t)(text[n] == '(') - (size_t)(text[n] == ')');
        read_term(&a->terms[a->count++], text, n);
        text += n + 1;
    }
}

static enum match alternative_matches(const struct outcome *o, const char *text, size_t len)
{
    struct alternative a;
    enum match match = o->late ? MATCH_WARN : MATCH_YES;

    read_alternative(&a, text, len);
    if (!is_covered(&a, o))
        return MATCH_NO;
    for (size_t i = 0; i < a.count; i++) {
        if (!term_holds(&a.terms[i], o))
            return MATCH_NO;
        if (a.terms[i].as_warn || (a.terms[i].prefer != 0 && a.terms[i].prefer != o->reason))
            match = MATCH_WARN;
    }
    return match;
}

static enum match any_matches(const struct outcome *o, const char *expected, size_t len)
{
    enum match best = MATCH_NO;

    for (const char *at = expected, *end = expected + len; at < end;) {
        const char *bar = memchr(at, '|', (size_t)(end - at));
        size_t n = bar == NULL ? (size_t)(end - at) : (size_t)(bar - at);
        enum match match = alternative_matches(o, at, n);

        best = match > best ? match : best;
        at += n + 1;
    }
    return best;
}

enum match outcome_matches(const struct outcome *o, const char *expected)
{
    return any_matches(o, expected, strlen(expected));
}

enum match outcomes_match(const struct outcome *parts, size_t count, const char *expected)
{
    enum match worst = count == 0 ? MATCH_NO : MATCH_YES;
    const char *at = expected;

    for (size_t i = 0; i < count; i++) {
        size_t len = strcspn(at, ";");
        enum match match = any_matches(&parts[i], at, len);

        worst = match < worst ? match : worst;
        if (strchr(expected, ';') != NULL)
            at += len + (at[len] == ';');
    }
    return worst;
}

/* ---- text ---- */

static void add(char *out, const char *text)
{
    size_t len = strlen(out);

    (void)snprintf(out + len, OBSERVED_MAX - len, "%s", text);
}

static void put_ending(char *out, const struct outcome *o)
{
    static const char *const words[] = {"", "go-on", "close", "silent", "timeout"};
    char text[OUTCOME_MAX + 64];

    if (o->ending == ENDING_NONE)
        return;
    (void)snprintf(text, sizeof text, "%s%s", out[0] != 0 && o->count > 0 ? ", " : "",
                   words[o->ending]);
    add(out, text);
    if (o->late)
        add(out, " (only when more was sent)");
    if (o->ending != ENDING_CLOSE || o->reason == 0)
        return;
    (void)snprintf(text, sizeof text, " (DISCONNECT %u: %s)", (unsigned)o->reason, o->said);
    add(out, text);
}

/* "exit status 255" */
static void put_program(char *out, const struct outcome *o)
{
    char text[OUTCOME_MAX];

    if (o->program == PROGRAM_UNKNOWN)
        return;
    if (o->program == PROGRAM_RUNS)
        (void)snprintf(text, sizeof text, "the program did not end");
    else
        (void)snprintf(text, sizeof text, "%s %d",
                       o->program == PROGRAM_SIGNAL ? "killed by signal" : "exit status",
                       o->status);
    add(out, out[0] != 0 ? ", " : "");
    add(out, text);
}

static void part_text(char out[OBSERVED_MAX], const struct outcome *o)
{
    char text[OUTCOME_MAX + 16];

    out[0] = 0;
    for (size_t i = 0; i < o->count; i++) {
        (void)snprintf(text, sizeof text, "%s%s", i > 0 ? ", " : "", o->replies[i].text);
        add(out, text);
        if (o->replies[i].times > 1) {
            (void)snprintf(text, sizeof text, " x%u", (unsigned)o->replies[i].times);
            add(out, text);
        }
    }
    put_ending(out, o);
    put_program(out, o);
}

void outcomes_text(char out[OBSERVED_MAX], const struct outcome *parts, size_t count)
{
    char part[OBSERVED_MAX], before[OBSERVED_MAX] = "";

    out[0] = 0;
    for (size_t i = 0; i < count; i++) {
        part_text(part, &parts[i]);
        if (strcmp(part, before) == 0)
            continue;
        add(out, i > 0 ? "; " : "");
        add(out, part);
        (void)snprintf(before, sizeof before, "%s", part);
    }
    if (out[0] == 0)
        add(out, "nothing");
}
