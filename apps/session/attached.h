/* What a room above attaches to a session: the forwards. Not a public header. */
#ifndef NACRE_APPS_SESSION_ATTACHED_H
#define NACRE_APPS_SESSION_ATTACHED_H

#include "apps/session/session.h"

void session_attach(struct nacre_session *s, void *attached);

/* What is attached to the session of a channel; or NULL. */
void *session_attached(const struct nacre_channel *ch);

/* Around callbacks that do not come from a session's own calls, but from the loop: what the
 * application does in them takes effect when the outermost session_leave is called, which may free
 * the session. */
void session_enter(struct nacre_session *s);
void session_leave(struct nacre_session *s);

/* Answers to global requests that global_replied will report. */
uint32_t session_answers_due(const struct nacre_session *s);

#endif
