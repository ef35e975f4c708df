#include "apps/trace/schema.h"

#include <string.h>

enum type {
    NUMBER,
    TEXT,
    FLAG,
    HEX,       /* digits in pairs; "--" stands for a secret byte */
    DIRECTION, /* "in" or "out" */
    ROLE,      /* "client" or "server" */
    NUMBER_OR_FLAG,
    TEXTS,  /* an array */
    FIELDS, /* an array of objects with the members of a field */
};

struct member {
    const char *name;
    enum type type;
};

/* The members of all events, in the order of a normalised line. */
/* clang-format off */
static const struct member event_members[] = {
    {"trace", NUMBER}, {"program", TEXT}, {"version", TEXT}, {"time", TEXT}, {"secrets", FLAG}, {"data", NUMBER},
    {"us", NUMBER}, {"conn", NUMBER}, {"event", TEXT},
    {"role", ROLE}, {"local", TEXT}, {"peer", TEXT},
    {"dir", DIRECTION}, {"why", TEXT}, {"text", TEXT}, {"bytes", HEX},
    {"seq", NUMBER}, {"phase", TEXT}, {"number", NUMBER}, {"name", TEXT}, {"section", TEXT}, {"length", NUMBER},
    {"fields", FIELDS}, {"kind", TEXT}, {"kind_section", TEXT}, {"malformed", FLAG}, {"truncated", FLAG},
    {"payload", HEX}, {"cut", NUMBER}, {"packet", HEX}, {"packet_length", NUMBER},
    {"kex", TEXT}, {"host_key", TEXT}, {"cipher_client_to_server", TEXT}, {"cipher_server_to_client", TEXT},
    {"mac_client_to_server", TEXT}, {"mac_server_to_client", TEXT}, {"strict", FLAG},
    {"hash", TEXT}, {"inputs", FIELDS}, {"H", HEX}, {"session_id", HEX},
    {"lists", FIELDS}, {"client", TEXT}, {"server", TEXT}, {"limit", TEXT}, {"label", TEXT}, {"hex", HEX},
    {"messages", NUMBER}, {"others", NUMBER},
};

/* Of one field, input of the hash, or negotiated list. */
static const struct member field_members[] = {
    {"name", TEXT}, {"type", TEXT}, {"at", NUMBER}, {"len", NUMBER}, {"value", NUMBER_OR_FLAG}, {"code", TEXT}, {"text", TEXT},
    {"hex", HEX}, {"list", TEXTS}, {"chosen", TEXT}, {"why", TEXT}, {"client", TEXTS}, {"server", TEXTS}, {"secret", FLAG}, {"fields", FIELDS},
};

/* What cannot be missing. */
static const struct {
    const char *event;
    const char *needs[8];
} kinds[] = {
    [TRACE_HEADER]         = {NULL, {"trace"}},
    [TRACE_OPEN]           = {"open", {"us", "conn", "role"}},
    [TRACE_IDENTIFICATION] = {"identification", {"us", "conn", "dir", "text"}},
    [TRACE_MESSAGE]        = {"message", {"us", "conn", "dir", "seq", "number", "length"}},
    [TRACE_NEGOTIATED]     = {"negotiated", {"us", "conn"}},
    [TRACE_HASH]           = {"hash", {"us", "conn", "inputs"}},
    [TRACE_SECRET]         = {"secret", {"us", "conn", "label"}},
    [TRACE_PHASE]          = {"phase", {"us", "conn", "phase"}},
    [TRACE_GAP]            = {"gap", {"us", "messages"}},
    [TRACE_CLOSE]          = {"close", {"us", "conn"}},
    [TRACE_OTHER]          = {NULL, {"us", "event"}},
};
/* clang-format on */

enum {
    EVENT_MEMBERS = sizeof event_members / sizeof event_members[0],
    FIELD_MEMBERS = sizeof field_members / sizeof field_members[0],
    NEEDS = sizeof kinds[0].needs / sizeof kinds[0].needs[0],
};

static bool is_text(const struct value *v)
{
    return v->type == VALUE_STRING;
}

static bool is_one_of(const struct value *v, const char *a, const char *b)
{
    return is_text(v) && (strcmp(v->text, a) == 0 || strcmp(v->text, b) == 0);
}

static bool is_flag(const struct value *v)
{
    return v->type == VALUE_TRUE || v->type == VALUE_FALSE;
}

static bool is_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_hex(const struct value *v)
{
    const char *at = value_text(v);

    while ((is_digit(at[0]) && is_digit(at[1])) || (at[0] == '-' && at[1] == '-'))
        at += 2;
    return is_text(v) && at == v->text + v->len;
}

static bool is_texts(const struct value *v)
{
    if (v->type != VALUE_ARRAY)
        return false;
    for (v = v->first; v != NULL; v = v->next)
        if (!is_text(v))
            return false;
    return true;
}

static bool has_type(const struct value *v, enum type type)
{
    switch (type) {
    case NUMBER:
        return v->type == VALUE_NUMBER;
    case TEXT:
        return is_text(v);
    case FLAG:
        return is_flag(v);
    case HEX:
        return is_hex(v);
    case DIRECTION:
        return is_one_of(v, "in", "out");
    case ROLE:
        return is_one_of(v, "client", "server");
    case NUMBER_OR_FLAG:
        return v->type == VALUE_NUMBER || is_flag(v);
    case TEXTS:
        return is_texts(v);
    case FIELDS:
        return v->type == VALUE_ARRAY;
    }
    return false;
}

static const char *expected(enum type type)
{
    static const char *const texts[] = {
        [NUMBER] = "a number",
        [TEXT] = "a string",
        [FLAG] = "true or false",
        [HEX] = "a string of hex digits",
        [DIRECTION] = "\"in\" or \"out\"",
        [ROLE] = "\"client\" or \"server\"",
        [NUMBER_OR_FLAG] = "a number, true or false",
        [TEXTS] = "an array of strings",
        [FIELDS] = "an array of objects",
    };

    return texts[type];
}

static bool check_fields(const struct value *fields, const struct errbuf *why);

static bool check_members(const struct value *object, const struct member *members, size_t count,
                          const struct errbuf *why)
{
    for (size_t i = 0; i < count; i++) {
        const struct value *v = value_get(object, members[i].name);

        if (v == NULL)
            continue;
        if (!has_type(v, members[i].type))
            return errbuf_say(why, "\"%s\" is not %s", members[i].name, expected(members[i].type));
        if (members[i].type == FIELDS && !check_fields(v, why))
            return false;
    }
    return true;
}

/* Its depth is bounded by that of the parser. */
static bool check_fields(const struct value *fields, const struct errbuf *why)
{
    for (const struct value *v = fields->first; v != NULL; v = v->next) {
        if (v->type != VALUE_OBJECT)
            return errbuf_say(why, "a field is not an object");
        if (value_get(v, "name") == NULL)
            return errbuf_say(why, "a field has no \"name\"");
        if (!check_members(v, field_members, FIELD_MEMBERS, why))
            return false;
    }
    return true;
}

static enum trace_kind kind_of(const struct value *line)
{
    const char *event = value_text_of(line, "event");

    if (value_get(line, "trace") != NULL)
        return TRACE_HEADER;
    for (enum trace_kind kind = TRACE_OPEN; kind < TRACE_OTHER; kind++)
        if (strcmp(kinds[kind].event, event) == 0)
            return kind;
    return TRACE_OTHER;
}

bool schema_check(const struct value *line, enum trace_kind *kind, const struct errbuf *why)
{
    if (line->type != VALUE_OBJECT)
        return errbuf_say(why, "the line is not an object");
    *kind = kind_of(line);
    for (size_t i = 0; i < NEEDS && kinds[*kind].needs[i] != NULL; i++)
        if (value_get(line, kinds[*kind].needs[i]) == NULL)
            return errbuf_say(why, "\"%s\" is missing", kinds[*kind].needs[i]);
    if (!check_members(line, event_members, EVENT_MEMBERS, why))
        return false;
    if (*kind == TRACE_HEADER && value_number_of(line, "trace") != TRACE_SCHEMA)
        return errbuf_say(why,
                          "this is a trace of schema %llu, and this nacre-trace reads schema %d",
                          (unsigned long long)value_number_of(line, "trace"), TRACE_SCHEMA);
    return true;
}

const char *schema_member(bool of_field, size_t i)
{
    if (i >= (of_field ? FIELD_MEMBERS : EVENT_MEMBERS))
        return NULL;
    return (of_field ? field_members : event_members)[i].name;
}

bool schema_has(bool of_field, const char *name)
{
    size_t i = 0;
    const char *member;

    while ((member = schema_member(of_field, i)) != NULL && strcmp(member, name) != 0)
        i++;
    return member != NULL;
}

bool schema_holds_fields(const char *name)
{
    return strcmp(name, "fields") == 0 || strcmp(name, "inputs") == 0 || strcmp(name, "lists") == 0;
}
