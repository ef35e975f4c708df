/* For rooms that make an endpoint for a program whose configuration they have read. Not a public
 * header. */
#ifndef NACRE_APPS_SESSION_ENDPOINT_H
#define NACRE_APPS_SESSION_ENDPOINT_H

#include "apps/session/session.h"

/* What comes from the program later, channels' applications for example, is as this version of the
 * headers has it. Before the first session. */
void endpoint_set_version(struct nacre_endpoint *e, uint32_t version);

#endif
