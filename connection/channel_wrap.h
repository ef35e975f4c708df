/* For streams, pipes and forwards, which take the place of a channel's application and pass most
 * callbacks on to it. Not a public header. */
#ifndef NACRE_CONNECTION_CHANNEL_WRAP_H
#define NACRE_CONNECTION_CHANNEL_WRAP_H

#include "connection/channel.h"

/* The channel's application with all its members, to be wrapped. */
const struct nacre_channel_app *channel_current_app(const struct nacre_channel *ch);

/* That of the program's headers: transport/growth.h. */
uint32_t channel_version(const struct nacre_channel *ch);

/* Put app in the place of the channel's application. unwrapped is called once, and is the last call
 * made to app, when nacre_channel_set_app replaces it; nacre_channel_app is still app then. False:
 * the channel is wrapped already, or gone (inside closed). */
bool channel_wrap(struct nacre_channel *ch, const struct nacre_channel_app *app,
                  void (*unwrapped)(struct nacre_channel *ch));

/* Give the channel back to its application, without a call of unwrapped. */
void channel_unwrap(struct nacre_channel *ch, const struct nacre_channel_app *app);

/* A callback from the event loop, as from inside a message: what it brings about follows when it
 * has returned. */
void channel_call(struct nacre_channel *ch, void (*callback)(struct nacre_channel *ch));

/* The peer waits for our answer to its open. */
bool channel_is_question(const struct nacre_channel *ch);

/* Call unwrapped, if the channel is wrapped. */
void channel_wrap_end(struct nacre_channel *ch);

#endif
