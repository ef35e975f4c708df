/* Every message that sessions in tests exchange is looked at as a trace would: what nacre sends
 * has a row in the table of messages and is well-formed, and the fields of a message, printed as
 * JSON and encoded again, give its bytes: of the first messages of each number in a process, and of
 * some later ones. */
#ifndef NACRE_TESTS_SUPPORT_TRACED_H
#define NACRE_TESTS_SUPPORT_TRACED_H

#include "apps/observe/context.h"

/* One end of a connection. Begins as zeros. */
struct traced {
    struct message_context context;
    unsigned messages;
};

/* What is wrong with the trace of that message; NULL: nothing was found. */
const char *traced_complaint(const struct message_context *context, enum nacre_direction direction,
                             struct bytes payload);

/* The same for the next message of an end. Of a long session only the first messages and those of
 * other kinds than data are examined. */
const char *traced_next(struct traced *t, enum nacre_direction direction, struct bytes payload);

/* Fail the test if there is a complaint about what an end sent or received. */
void traced_message(struct traced *t, enum nacre_direction direction, struct bytes payload);

/* The key exchange method was chosen, on which some messages depend. */
void traced_negotiated(struct traced *t, const struct nacre_negotiated *choice);

#endif
