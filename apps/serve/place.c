#include "apps/serve/place.h"

#include "apps/daemon/events.h"

const char *place_take(struct quota_place *place, const struct nacre_peer *peer)
{
    static const struct {
        const char *text, *limit;
    } refusals[] = {
        [QUOTA_USER_FULL] = {"this user has too many sessions", "per-user-max-sessions"},
        [QUOTA_ALL_FULL] = {"the server has too many sessions", "sessions"},
        [QUOTA_NO_MEMORY] = {"the server is out of memory", "memory"},
    };
    char address[NACRE_PEER_HOST_MAX];
    enum quota_answer answer;
    bool news;

    nacre_peer_host(peer, address);
    answer = quota_take(place, nacre_session_user(nacre_peer_session(peer)), address, &news);
    if (answer != QUOTA_GRANTED && news)
        log_limit(peer, refusals[answer].limit);
    return refusals[answer].text; /* NULL if it was granted */
}
