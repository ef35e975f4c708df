/* Names of ports, as in permitopen="host:http". */
#ifndef NACRE_APPS_FILES_SERVICE_PORT_H
#define NACRE_APPS_FILES_SERVICE_PORT_H

#include <stdint.h>

#define SERVICES_FILE "/etc/services"

/* The TCP port of that name or alias in a file like /etc/services: services(5). 0: there is none.
 * Not getservbyname, which may load libraries and ask other programs: a sandbox forbids both. */
uint16_t service_port(const char *file, const char *name);

#endif
