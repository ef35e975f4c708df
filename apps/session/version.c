#include "apps/session/version.h"

#include "transport/growth.h"

bool version_check(const char *config, uint32_t version, const struct errbuf *p)
{
    if (version == 0)
        return errbuf_say(p, "%s: version is missing: set it to NACRE_VERSION_NUMBER", config);
    if (version < FIRST_VERSION)
        return errbuf_say(p, "%s: version is %lu, which is none: set it to NACRE_VERSION_NUMBER",
                          config, (unsigned long)version);
    return version <= NACRE_VERSION_NUMBER ||
           errbuf_say(p,
                      "%s: the program was compiled for nacre %lu.%lu.%lu, but runs with the "
                      "library of nacre " NACRE_VERSION ": install a library that is as new",
                      config, (unsigned long)version >> 16, (unsigned long)version >> 8 & 0xff,
                      (unsigned long)version & 0xff);
}
