/* The signals of nacre-client: each one is noted, and the loop acts on it. */
#ifndef NACRE_APPS_CLIENT_CAUGHT_H
#define NACRE_APPS_CLIENT_CAUGHT_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/* From now on signals are noted: SIGINT, SIGTERM, SIGHUP and SIGQUIT, unless they are ignored, and
 * SIGTSTP, SIGCONT and SIGWINCH. */
void caught_begin(void);

/* The number of a signal that ends the program; 0: none has arrived. */
int caught_end(void);

/* Has this signal arrived since the last call? */
bool caught_take_stop(void);     /* SIGTSTP */
bool caught_take_continue(void); /* SIGCONT */
bool caught_take_resize(void);   /* SIGWINCH */

/* poll(2) that a signal interrupts, also one that has arrived before the call. */
void caught_poll(struct pollfd *fds, nfds_t count, uint32_t timeout_ms);

/* Let a signal have its default effect on this process: it stops, or ends. */
void caught_default(int number);

#endif
