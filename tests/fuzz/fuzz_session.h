/* A session that receives fuzzed bytes before it has keys, or fuzzed messages as decryption would
 * return them. */
#ifndef NACRE_TESTS_FUZZ_FUZZ_SESSION_H
#define NACRE_TESTS_FUZZ_FUZZ_SESSION_H

#include "apps/session/session.h"
#include "tests/fuzz/fuzz.h"
#include "transport/phase.h"

/* Bytes from the network to a new session. */
int fuzz_stream(enum nacre_role role, const uint8_t *data, size_t len);

/* Messages to a session in that phase: PHASE_KEXINIT, which leads to the others, PHASE_AUTH or
 * PHASE_CONNECTION. Keys that are negotiated are not used. The first byte chooses how the
 * application behaves. The rest is a sequence of uint16: below 0x8000 it is the length of a message
 * that follows, otherwise an action of the application or the clock. */
int fuzz_messages(enum nacre_role role, enum phase phase, const uint8_t *data, size_t len);

enum { FUZZ_ACT = 0x8000 };

#endif
