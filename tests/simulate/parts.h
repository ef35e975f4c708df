/* What the simulator's files use of each other. Each file uses only files above it. */
#ifndef NACRE_TESTS_SIMULATE_PARTS_H
#define NACRE_TESTS_SIMULATE_PARTS_H

#include "tests/simulate/simulate.h"

/* ---- tests/simulate/chance.c ---- */

/* The next number that follows from the seed. */
uint64_t chance_next(struct chance *c);

/* An application's answer to a request. */
enum nacre_answer chance_answer(struct chance *c);

/* ---- tests/simulate/stream.c ---- */

enum { PIECE = 48 * 1024 /* bytes that are written or compared at once */ };

/* What `s` writes at that offset; PIECE bytes of it. */
const uint8_t *stream_pattern(const struct side *s, int stream, uint64_t offset);

/* Require that these are the bytes that `writer` wrote at that offset. */
void stream_check(const struct side *writer, int stream, uint64_t offset, const uint8_t *data,
                  size_t len);

/* Write as much of the backlog as the channel accepts. */
void stream_push(struct side *s, int stream);

/* ---- tests/simulate/asking.c ---- */

/* A request was made. */
struct asked *asking_add(struct world *w, struct asking *a, bool want_reply, bool may_be_refused);

/* Request `id` arrived. Requires that none before it is missing, unless the library may have
 * answered it by itself. */
struct asked *asking_see(const struct world *w, struct asking *a, uint32_t id);

/* What an application's answer means for the request. */
enum answered answered(enum nacre_answer answer);

/* The oldest request without an answer, or NULL. */
struct asked *asking_oldest(struct asking *a);

/* A reply arrived. Requires that it is the application's answer to the oldest request that wants
 * one. */
void asking_check_reply(const struct world *w, struct asking *a, bool granted);

/* The channel is being closed: requests without an answer may now be refused. */
void asking_give_in(struct asking *a);

/* Require that every request arrived and was answered. */
void asking_check_all(const struct world *w, const struct asking *a);

/* ---- tests/simulate/channel.c ---- */

enum mood channel_mood(struct world *w);

extern const struct nacre_channel_app channel_app;

/* ---- tests/simulate/action.c ---- */

void act_answer_open(struct side *s);
void act_answer(struct side *s);
void act_answer_global(struct party *p);
void act_decide(struct party *p);

/* The person responds to the server's prompts. */
void act_respond(struct party *p);

/* The port that a server chooses for this forwarding request. */
uint32_t act_port_of(const struct party *p, const struct asked *asked);

/* ---- tests/simulate/owner.c ---- */

bool owner_has_output(const struct party *p);

/* Read the session's deadline. */
void owner_look_at_timer(struct party *p);

/* One loop iteration. False: there was nothing to do. */
bool owner_serve(struct party *p);

/* Bytes arrive at the other end. False: none could. */
bool owner_receive(struct party *from);

/* An end that is gone no longer reads: what the other end sends is lost, and it notices. */
bool owner_notice(struct party *p);

/* Owners of ended sessions whose last output is not accepted give up. */
bool owner_give_up(struct world *w);

/* ---- tests/simulate/settle.c ---- */

/* Require what must be true after every step. */
void world_check_party(struct party *p);

/* ---- tests/simulate/shortage.c ---- */

/* Give some of the sessions a budget. */
void shortage_begin(struct party *p);

/* Other connections take more of the budget, or give some back. */
void shortage_happen(struct party *p);

/* Require that what was promised has been taken from the budget. */
void shortage_check(const struct party *p);

/* The session is gone: require that everything was given back. */
void shortage_end(struct party *p);

/* ---- tests/simulate/config.c ---- */

/* Mostly the same for both ends: otherwise they would often have nothing in common. */
void choose_algorithms(struct world *w);

void choose_limits(struct party *p);

#endif
