/* The end of one client, and of all of them. */
#ifndef NACRE_APPS_CONNECT_END_H
#define NACRE_APPS_CONNECT_END_H

#include "apps/connect/parts.h"

/* End a client that has no session; `ended` is called in the next iteration of the loop. */
void client_give_up(struct nacre_client *client, enum nacre_cause cause, const char *text);
void client_on_failure(struct task *task); /* ... by this task */

/* Free a client that is in no list any more, or not yet, and what belongs to it. */
void client_release(struct nacre_client *client);

/* Close the socket of the current attempt to connect, if there is one. */
void client_drop_socket(struct nacre_client *client);

/* Report this sentence instead of the session's text about its end. */
void client_set_sentence(struct nacre_client *client, const char *sentence);

/* Call `ended`. */
void client_report_end(struct nacre_client *client, const struct nacre_end *why);

/* The pump is over: free the client. */
void client_on_over(struct pump *pump);

/* End every client at once, as connection lost. They are freed, those whose session is calling back
 * a little later. */
void clients_end_all(struct nacre_clients *all);

/* Free the clients if nacre_clients_free was called and nothing uses them any more. True: freed. */
bool clients_free_if_unused(struct nacre_clients *all);

#endif
