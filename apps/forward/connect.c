#include "apps/forward/connect.h"

#include "apps/forward/dial.h"
#include "apps/runtime/stream.h"
#include "apps/session/attached.h"
#include "connection/channel_wrap.h"

#include <stdlib.h>

/* One channel, from its open to its end. */
struct joint {
    struct nacre_channel_app app; /* that of the channel, but for `closed` */
    const struct nacre_channel_app *outer;
    struct nacre_forwards *forwards;
    struct nacre_channel *ch;
    struct nacre_target target;
    struct dial dial;
};

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct joint *joint =
        container_of((struct nacre_channel_app *)nacre_channel_get_app(ch), struct joint, app);
    const struct nacre_channel_app *outer = joint->outer;

    dial_cancel(&joint->dial);
    forwards_end(joint->forwards);
    free(joint);
    nacre_channel_set_app(ch, outer);
    if (outer->closed != NULL)
        outer->closed(ch, why);
}

/* The stream waits until the channel is open. */
static void on_done(struct dial *dial, int fd, const char *failure)
{
    struct joint *joint = container_of(dial, struct joint, dial);
    struct nacre_session *session = joint->forwards->home.session;
    struct nacre_channel *ch = joint->ch;
    const struct nacre_stream_config config = {.input = fd, .error = -1, .output = fd};

    session_enter(session);
    forwards_event(joint->forwards, fd >= 0 ? NACRE_FORWARD_CONNECTED : NACRE_FORWARD_FAILED,
                   &joint->target, failure);
    if (fd < 0)
        nacre_channel_refuse_open(ch, NACRE_REASON_CONNECT_FAILED, failure);
    else if (nacre_stream_join(ch, joint->forwards->home.loop, &config) == NULL)
        nacre_channel_refuse_open(ch, NACRE_REASON_SHORTAGE, "out of memory or descriptors");
    else
        nacre_channel_answer_open(ch, true);
    session_leave(session);
}

static enum nacre_answer shortage(struct nacre_channel *ch)
{
    nacre_channel_refuse_open(ch, NACRE_REASON_SHORTAGE, "too many connections");
    return NACRE_REFUSE;
}

enum nacre_answer connect_channel(struct nacre_forwards *f, struct nacre_channel *ch,
                                  const struct nacre_target *target)
{
    struct joint *joint;

    if (!channel_is_question(ch) || channel_current_app(ch)->closed == on_closed)
        return NACRE_REFUSE; /* not from inside `open`, or for a second time */
    joint = calloc(1, sizeof *joint);
    if (joint == NULL || !forwards_begin(f)) {
        free(joint);
        return shortage(ch);
    }
    joint->outer = nacre_channel_get_app(ch);
    joint->app = *channel_current_app(ch);
    joint->app.open = NULL;
    joint->app.closed = on_closed;
    joint->forwards = f;
    joint->ch = ch;
    joint->target = *target;
    if (!dial_begin(&joint->dial, f, target, on_done)) {
        forwards_end(f);
        free(joint);
        return shortage(ch);
    }
    nacre_channel_set_app(ch, &joint->app);
    return NACRE_LATER;
}

enum nacre_answer nacre_forward_connect(struct nacre_forwards *f, struct nacre_channel *ch,
                                        const char *place)
{
    struct nacre_target target;

    if (!forwards_place(&target, place)) {
        nacre_channel_refuse_open(ch, NACRE_REASON_CONNECT_FAILED, "malformed address");
        return NACRE_REFUSE;
    }
    return connect_channel(f, ch, &target);
}
