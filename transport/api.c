#include "transport/api.h"

uint32_t nacre_version(void)
{
    return NACRE_VERSION_NUMBER;
}

const char *nacre_version_text(void)
{
    return NACRE_VERSION;
}

const char *nacre_cause_text(enum nacre_cause cause)
{
    static const char *const texts[] = {
        [NACRE_OPEN] = "open",
        [NACRE_PEER_CLOSED] = "peer closed",
        [NACRE_WE_CLOSED] = "we closed",
        [NACRE_OPEN_REFUSED] = "open refused",
        [NACRE_DISCONNECTED] = "disconnected by peer",
        [NACRE_CONNECTION_LOST] = "connection lost",
        [NACRE_TIMED_OUT] = "timeout",
        [NACRE_PROTOCOL_ERROR] = "protocol error",
        [NACRE_SHUTTING_DOWN] = "shutting down",
        [NACRE_AUTH_FAILED] = "authentication failed",
        [NACRE_OUT_OF_RESOURCES] = "out of resources",
        [NACRE_HOST_KEY_REJECTED] = "host key rejected",
    };

    return (size_t)cause < sizeof texts / sizeof texts[0] ? texts[cause] : "unknown";
}
