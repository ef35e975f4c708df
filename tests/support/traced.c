#include "tests/support/traced.h"

#include "apps/observe/print.h"
#include "tests/support/encode.h"
#include "transport/message.h"

#include <check.h>

enum { LINE_SIZE = 4 * 1024 * 1024, FIRST_MESSAGES = 100 };

static struct json *print(const struct print_message *m)
{
    const struct print_options all = {.secrets = true, .data = true};
    static char buffer[LINE_SIZE]; /* not from malloc: sanitizers make that slow */
    struct line l = line_in(buffer, sizeof buffer);
    struct print_summary s;

    print_json(&l, m, &all, &s);
    LINE_PUT(&l, "}");
    line_char(&l, '\0');
    return l.full ? NULL : json_parse(l.at);
}

static bool comes_back(struct json *printed, struct bytes payload)
{
    static uint8_t scratch[LINE_SIZE];
    struct writer w = write_to(scratch, payload.len);

    return encode_message(printed, &w) && bytes_equal(written_bytes(&w), payload);
}

/* What follows the type in these comes from the application, and some tests make it wrong. */
static bool has_fields_of_application(uint8_t number)
{
    return number == SSH_MSG_CHANNEL_OPEN || number == SSH_MSG_CHANNEL_REQUEST ||
           number == SSH_MSG_GLOBAL_REQUEST;
}

/* Printing a message and reading it back takes long under valgrind, where all cases share a
 * process. Of each number the first ones are enough, and some of the others. */
static bool is_examined(uint8_t number)
{
    static unsigned seen[256];

    return seen[number]++ < 64 || seen[number] % 32 == 0;
}

static const char *round_trip(const struct print_message *m)
{
    const char *complaint = NULL;
    struct json *printed = print(m);

    if (printed == NULL)
        complaint = "the message is not printed as JSON";
    else if (!comes_back(printed, m->payload)) /* a malformed one is printed whole, too */
        complaint = "the fields that are printed do not give the same message";
    json_free(printed);
    return complaint;
}

const char *traced_complaint(const struct message_context *context, enum nacre_direction direction,
                             struct bytes payload)
{
    const struct print_message m = {
        .direction = direction, .phase = "test", .payload = payload, .context = context};
    const struct print_options all = {.secrets = true, .data = true};
    struct print_summary s = print_summarize(&m, &all);

    if (s.message == NULL && direction == NACRE_SENT)
        return "the table of messages has no row for a message that was sent";
    if (s.malformed && direction == NACRE_SENT && !has_fields_of_application(payload.at[0]))
        return "the table of messages has other fields for a message that was sent";
    return is_examined(payload.at[0]) ? round_trip(&m) : NULL;
}

static bool is_data(uint8_t number)
{
    return number == SSH_MSG_CHANNEL_DATA || number == SSH_MSG_CHANNEL_EXTENDED_DATA ||
           number == SSH_MSG_IGNORE || number == SSH_MSG_PING || number == SSH_MSG_PONG;
}

const char *traced_next(struct traced *t, enum nacre_direction direction, struct bytes payload)
{
    const char *complaint = NULL;

    if (t->messages++ < FIRST_MESSAGES || !is_data(payload.at[0]))
        complaint = traced_complaint(&t->context, direction, payload);
    context_note(&t->context, direction, payload);
    return complaint;
}

void traced_message(struct traced *t, enum nacre_direction direction, struct bytes payload)
{
    const char *complaint = traced_next(t, direction, payload);

    ck_assert_msg(complaint == NULL, "message %u: %s", payload.at[0], complaint);
}

void traced_negotiated(struct traced *t, const struct nacre_negotiated *choice)
{
    t->context.kex = context_kex_find(choice->kex);
    ck_assert_ptr_nonnull(t->context.kex);
}
