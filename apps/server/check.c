#include "apps/server/check.h"

#include "apps/files/authorized_from.h"
#include "apps/server/admission.h"

enum {
    WORKERS_MAX = 1024,
    BITS_V4 = 32, /* of an address */
    BITS_V6 = 128,
};

static bool check_list(const char *list, const char *option, const struct errbuf *p)
{
    return list == NULL || authorized_from_is_list(list) ||
           errbuf_say(p,
                      "%s: cannot parse '%s': write addresses and networks (no bits set after the "
                      "prefix), separated by commas",
                      option, list);
}

static bool check_admission(const struct nacre_admission *config, const struct errbuf *p)
{
    const struct nacre_admission c = admission_resolve(config);

    if (c.startups_rate > 100)
        return errbuf_say(p, "admission.startups_rate is %u: it is a percentage, 1 to 100",
                          (unsigned)c.startups_rate);
    if (c.startups_begin > c.startups_full)
        return errbuf_say(p, "admission.startups_begin is %u, more than startups_full, which is %u",
                          (unsigned)c.startups_begin, (unsigned)c.startups_full);
    if (c.netblock_v4 > BITS_V4 || c.netblock_v6 > BITS_V6)
        return errbuf_say(
            p,
            "admission.netblock_v4 and netblock_v6 are %u and %u bits: an address has "
            "32 and 128",
            (unsigned)c.netblock_v4, (unsigned)c.netblock_v6);
    return c.no_penalties || c.penalty_min_ms <= c.penalty_max_ms ||
           errbuf_say(p,
                      "admission.penalty_min_ms is %u, more than penalty_max_ms, %u: no penalty "
                      "would take effect",
                      (unsigned)c.penalty_min_ms, (unsigned)c.penalty_max_ms);
}

static bool check_login(const struct nacre_server_config *c, const struct errbuf *p)
{
    return c->auth == NULL || (c->password_file == NULL && c->authorized_keys == NULL) ||
           errbuf_say(p, "auth is set, and so is password_file or authorized_keys: the files would "
                         "not be used");
}

bool server_check(const struct nacre_server_config *c, const struct errbuf *p)
{
    if (c->workers > WORKERS_MAX)
        return errbuf_say(p, "workers is %u: at most %d are possible", c->workers, WORKERS_MAX);
    return check_login(c, p) &&
           (c->admission == NULL ||
            (check_list(c->admission->penalty_exempt, "--per-source-penalty-exempt-list", p) &&
             check_list(c->admission->proxy_from, "--proxy-from", p) &&
             check_admission(c->admission, p)));
}
