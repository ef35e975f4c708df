/* A script that brings a session to any point of a connection, to send one message there. */
#ifndef NACRE_TESTS_SUPPORT_PLACES_H
#define NACRE_TESTS_SUPPORT_PLACES_H

#include "tests/support/pair.h"
#include "tests/support/script_peer.h"
#include "tests/support/scripted.h"
#include "tests/support/suite.h"

enum {
    SCRIPT_CHANNEL = 7, /* the script's number for its channel; the session's is 0 */
    WINDOW = 1 << 20,
    PACKET = 32 * 1024,
    ANSWERS_MAX = 128,
};

extern struct pair pair;
extern struct script script;
extern struct end *real;
extern enum nacre_role role; /* the session's */

bool is_server(void);

/* The numbers of the session's messages, "31 21", and the payload of the last one. */
struct answers {
    char numbers[ANSWERS_MAX];
    size_t count;
    uint8_t last[256];
};

/* What the session has sent since the last call; the exchange continues. */
struct answers collect(void);

/* Fail unless it has sent these. */
void expect(const char *numbers);

bool ended(struct nacre_end *why);

/* Send a message from the script. Fields as in scripted_encode: s text, u uint32, ? boolean. */
void say(uint8_t number, const char *fields, ...);

/* Send a well-formed message with that number. */
void say_well(uint8_t number);

enum exchange {
    NOBODY, /* began a later exchange */
    THE_SCRIPT,
    THE_SESSION,
};

struct place {
    enum phase phase;
    enum exchange by;
};

enum { PLACES = 13 };

extern const struct place places[PLACES];

/* Is the session's KEXINIT waiting for the script's? */
bool is_waiting(const struct place *at);

/* Bring the session there; `prepare`, unless NULL, is called before a later exchange begins. Clears
 * the logs. */
void reach(const struct place *at, void (*prepare)(void));

/* Complete the exchange that the session began. Returns what it sends after NEWKEYS. */
struct answers finish_exchange(void);

/* What makes a message welcome: the session has asked for it. */
void ask_for_words(void);
void offer_interactive(void);
void make_global_request(void);
void open_from_session(void);
void open_channel(void);
void make_request(void);

void start_session(bool strict);
void stop_session(void);

#endif
