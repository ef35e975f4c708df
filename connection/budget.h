/* The part of a budget of memory that a connection uses: the windows of its channels, what came
 * with their opening, and input that no window allowed. */
#ifndef NACRE_CONNECTION_BUDGET_H
#define NACRE_CONNECTION_BUDGET_H

#include "connection/parts.h"

/* Take `want` bytes, or at least `least`, or none; see struct connection_budget. Returns how many.
 * That it is fewer counts as a limit that was reached, unless least is 0. */
uint32_t budget_take(struct connection *c, uint32_t want, uint32_t least);
void budget_give(struct connection *c, uint32_t bytes);

/* True while windows should shrink. */
bool budget_is_low(const struct connection *c);

/* The window of a new channel; 0: the budget is used up. */
uint32_t budget_take_window(struct connection *c, uint32_t want);

/* A budget runs low: bytes that the application has accepted are given back to it instead of being
 * granted again. They are granted later. */
void budget_withhold(struct nacre_channel *ch);

/* Grant them now, if the budget allows it: more of the channel's window is due. What is not granted
 * is tried again at budget_deadline. */
bool budget_grant_again(struct nacre_channel *ch);
uint64_t budget_deadline(const struct connection *c);

/* Bytes of output that wait in the buffer of a channel. Returns how many were taken: all of them or
 * none, if wanted as a whole. */
uint32_t budget_hold_output(struct connection *c, uint32_t want, bool whole);
void budget_release_output(struct connection *c, uint32_t bytes);

#endif
