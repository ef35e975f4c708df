/* A session under fire: bytes before there are keys, or messages as they come out of decryption. */
#ifndef NACRE_TESTS_FUZZ_SESSION_H
#define NACRE_TESTS_FUZZ_SESSION_H

#include "apps/session/session.h"
#include "tests/fuzz/fuzz.h"
#include "transport/phase.h"

/* Bytes from the network to a fresh session. */
int fuzz_stream(enum nacre_role role, const uint8_t *data, size_t len);

/* Messages to a session in that phase: PHASE_KEXINIT, from where it goes on to the others,
 * PHASE_AUTH or PHASE_CONNECTION. Keys that are agreed on the way are not used. The first byte
 * chooses how the application behaves; then, again and again, a uint16: below 0x8000 the length of
 * a message that follows; else something that the application or the clock does. */
int fuzz_messages(enum nacre_role role, enum phase phase, const uint8_t *data, size_t len);

enum { FUZZ_ACT = 0x8000 };

#endif
