#include "apps/spec/verdict.h"

#include <string.h>

const char *verdict_name(enum verdict_kind kind)
{
    static const char *const names[VERDICT_KINDS] = {
        [VERDICT_PASS] = "pass",   [VERDICT_FAIL] = "fail",   [VERDICT_WARN] = "warn",
        [VERDICT_INFO] = "info",   [VERDICT_SKIP] = "skip",   [VERDICT_XFAIL] = "xfail",
        [VERDICT_XPASS] = "xpass", [VERDICT_ERROR] = "error",
    };

    return names[kind];
}

enum verdict_kind verdict_of_match(enum spec_level level, enum match match, bool strict)
{
    if (level == MAY)
        return VERDICT_INFO;
    if (match == MATCH_YES)
        return VERDICT_PASS;
    if (match == MATCH_WARN)
        return VERDICT_WARN;
    return level == MUST || (level == SHOULD && strict) ? VERDICT_FAIL : VERDICT_WARN;
}

enum verdict_kind verdict_of_watch(const struct spec_case *row, const struct watched *w,
                                   bool strict)
{
    if (w->seen == 0)
        return VERDICT_SKIP;
    if (strcmp(row->expected, "report") == 0)
        return VERDICT_INFO;
    return verdict_of_match(row->level, w->broken == 0 ? MATCH_YES : MATCH_NO, strict);
}

bool verdict_is_bad(enum verdict_kind kind)
{
    return kind == VERDICT_FAIL || kind == VERDICT_XPASS || kind == VERDICT_ERROR;
}
