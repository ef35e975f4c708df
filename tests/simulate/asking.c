/* Requests and their answers. */
#include "tests/simulate/parts.h"

struct asked *asking_add(struct world *w, struct asking *a, bool want_reply, bool may_be_refused)
{
    w->tally->requests++;
    a->asked[a->made] = (struct asked){.want_reply = want_reply, .may_be_refused = may_be_refused};
    return &a->asked[a->made++];
}

struct asked *asking_see(const struct world *w, struct asking *a, uint32_t id)
{
    REQUIRE(w, id < a->made && id >= a->seen, "request %u came after %u of %u", id, a->seen,
            a->made);
    for (uint32_t i = a->seen; i < id; i++)
        REQUIRE(w, a->asked[i].may_be_refused, "request %u is missing", i);
    a->seen = id + 1;
    return &a->asked[id];
}

enum answered answered(enum nacre_answer answer)
{
    return answer == NACRE_GRANT ? GRANTED : answer == NACRE_REFUSE ? REFUSED : OPEN;
}

struct asked *asking_oldest(struct asking *a)
{
    for (uint32_t i = 0; i < a->seen; i++)
        if (a->asked[i].answer == OPEN)
            return &a->asked[i];
    return NULL;
}

void asking_check_reply(const struct world *w, struct asking *a, bool granted)
{
    const struct asked *asked;

    while (a->replied < a->made && !a->asked[a->replied].want_reply)
        a->replied++;
    REQUIRE(w, a->replied < a->made, "a reply without a request");
    asked = &a->asked[a->replied++];
    REQUIRE(w, asked->answer != OPEN, "request %u was answered before the application did",
            a->replied - 1);
    if (asked->answer == GRANTED)
        REQUIRE(w, granted, "request %u was granted, and is now refused", a->replied - 1);
    else if (asked->answer != EITHER)
        REQUIRE(w, !granted, "request %u was not granted, and is now", a->replied - 1);
}

void asking_give_in(struct asking *a)
{
    for (uint32_t i = 0; i < a->seen; i++)
        if (a->asked[i].answer == OPEN)
            a->asked[i].answer = EITHER;
}

void asking_check_all(const struct world *w, const struct asking *a)
{
    for (uint32_t i = 0; i < a->made; i++) {
        const struct asked *asked = &a->asked[i];

        REQUIRE(w, asked->answer != UNSEEN || asked->may_be_refused, "request %u was lost", i);
        REQUIRE(w, asked->answer != OPEN, "request %u was not answered by the application", i);
        REQUIRE(w, !asked->want_reply || i < a->replied, "the answer to request %u was lost", i);
    }
}
