#include "apps/server/complete.h"

#include "apps/forward/forwards.h"
#include "apps/session/version.h"
#include "auth/growth.h"

static const struct growth config_growth = {sizeof(struct nacre_server_config), {{0}}};
static const struct growth events_growth = {sizeof(struct nacre_server_events), {{0}}};
static const struct growth admission_growth = {sizeof(struct nacre_admission), {{0}}};

bool complete_config(struct nacre_server_config *config, struct complete *parts,
                     const struct nacre_server_config *given, const struct errbuf *p)
{
    const uint32_t v = given->version;

    if (!version_check("struct nacre_server_config", v, p))
        return false;
    growth_copy(&config_growth, config, given, v);
    config->auth = growth_keep(&auth_policy_growth, &parts->auth, config->auth, v);
    config->forwarding = growth_keep(&forwarding_growth, &parts->forwarding, config->forwarding, v);
    config->events = growth_keep(&events_growth, &parts->events, config->events, v);
    config->observer = growth_keep(&observer_growth, &parts->observer, config->observer, v);
    config->memory = growth_keep(&memory_growth, &parts->memory, config->memory, v);
    config->secrets = growth_keep(&memory_growth, &parts->secrets, config->secrets, v);
    config->limits = growth_keep(&limits_growth, &parts->limits, config->limits, v);
    config->admission = growth_keep(&admission_growth, &parts->admission, config->admission, v);
    return true;
}
