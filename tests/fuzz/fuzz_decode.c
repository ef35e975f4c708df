/* A message, decoded and printed as a trace does: every byte belongs to one field, what is printed
 * is JSON that gives the message again, and no secret is printed unless it is requested.
 *
 * The first two bytes choose what the messages before it were. */
#include "tests/fuzz/fuzz.h"

#include "apps/observe/print.h"
#include "tests/support/encode.h"

#include <string.h>

enum { LINE = 8 * 1024 * 1024, MESSAGE_MAX = 64 * 1024 };

static const char *const methods[] = {"mlkem768x25519-sha256",
                                      "sntrup761x25519-sha512",
                                      "curve25519-sha256",
                                      "ecdh-sha2-nistp256",
                                      "diffie-hellman-group14-sha256",
                                      "diffie-hellman-group-exchange-sha256"};

static struct message_context choose_context(uint8_t kex, uint8_t other)
{
    struct message_context context = {0};
    static const enum message_when auth[] = {WHEN_ALWAYS, WHEN_PUBLICKEY, WHEN_PASSWORD,
                                             WHEN_INTERACTIVE};
    static const enum message_when reply[] = {WHEN_ALWAYS, WHEN_PORT, WHEN_PROOFS, WHEN_ALWAYS};

    if (kex < sizeof methods / sizeof methods[0])
        context.kex = context_kex_find(methods[kex]);
    context.auth = auth[other & 3];
    context.asked[NACRE_SENT].count = 1;
    context.asked[NACRE_SENT].when[0] = (uint8_t)reply[other >> 2 & 3];
    return context;
}

static void check_fields(const struct print_message *m)
{
    size_t covered = 1, inside[DECODE_DEPTH] = {0};
    struct decoder d;
    struct field f;

    decode_begin(&d, m->context, m->direction, m->payload);
    while (decode_next(&d, &f)) {
        require(f.depth < DECODE_DEPTH && f.at + f.len <= m->payload.len);
        require(f.value.len <= f.len);
        require(f.value.at >= m->payload.at &&
                f.value.at + f.value.len == m->payload.at + f.at + f.len);
        if (f.depth == 0) {
            require(f.at == covered);
            covered += f.len;
        } else {
            require(f.at >= inside[f.depth - 1] && f.at + f.len <= covered);
        }
        inside[f.depth] = f.at;
    }
    require(covered == m->payload.len);
}

static void check_json(const struct print_message *m, char *buffer, uint8_t *scratch)
{
    const struct print_options all = {.secrets = true, .data = true};
    struct line l = line_in(buffer, LINE);
    struct print_summary s;
    struct json *printed;
    struct writer w = write_to(scratch, m->payload.len);

    print_json(&l, m, &all, &s);
    LINE_PUT(&l, "}");
    line_char(&l, '\0');
    if (l.full || strstr(buffer, ",\"truncated\":true") != NULL)
        return;
    printed = json_parse(buffer);
    require(printed != NULL);
    require(encode_message(printed, &w) && bytes_equal(written_bytes(&w), m->payload));
    json_free(printed);
}

/* The other forms only have to fit and end. */
static void check_others(const struct print_message *m, char *buffer)
{
    const struct print_options none = {0};
    struct print_summary s;

    for (size_t size = 64; size <= LINE; size *= 64) {
        struct line l = line_in(buffer, size);

        print_json(&l, m, &none, &s);
        require(l.len <= size && s.cut < m->payload.len);
        l = line_in(buffer, size);
        print_text(&l, m, &none, &s);
        require(l.len <= size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char buffer[LINE];
    static uint8_t scratch[MESSAGE_MAX];
    struct message_context context;
    struct print_message m = {.phase = "fuzz", .direction = NACRE_RECEIVED, .context = &context};

    if (len < 3 || len - 2 > MESSAGE_MAX)
        return 0;
    context = choose_context(data[0], data[1]);
    m.payload = (struct bytes){data + 2, len - 2};
    check_fields(&m);
    check_json(&m, buffer, scratch);
    check_others(&m, buffer);
    context_note(&context, NACRE_RECEIVED, m.payload);
    return 0;
}
