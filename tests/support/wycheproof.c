#include "tests/support/wycheproof.h"

#include <check.h>
#include <stdio.h>

#include "tests/support/vectors.h"

void wycheproof(const char *name,
                bool (*run)(struct json *group, struct json *test, const void *context),
                const void *context)
{
    char path[128];
    struct json *root;
    size_t ran = 0, total = 0;

    snprintf(path, sizeof path, "wycheproof/%s", name);
    root = json_open_shared(path);
    for (struct json *g = json_first(json_get(root, "testGroups")); g != NULL; g = json_next(g)) {
        for (struct json *t = json_first(json_get(g, "tests")); t != NULL; t = json_next(t)) {
            total++;
            ran += run(g, t, context);
        }
    }
    ck_assert_int_eq((int)total, (int)json_number(json_get(root, "numberOfTests")));
    vectors_report(path, ran);
    json_free(root);
}

void wycheproof_verdict(struct json *test, bool accepted, bool acceptable)
{
    bool wanted =
        json_is(test, "result", "valid") || (json_is(test, "result", "acceptable") && acceptable);

    ck_assert_msg(accepted == wanted, "tcId %d (%s, %s) was %s",
                  (int)json_number(json_get(test, "tcId")), json_text(json_get(test, "comment")),
                  json_text(json_get(test, "result")), accepted ? "accepted" : "refused");
}
