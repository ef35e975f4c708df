#include "apps/trace/diff_fields.h"

#include <string.h>

/* Fields that differ in every session: RFC 4253 sections 7.1 and 8, RFC 4419, RFC 5656, RFC 8731,
 * the hybrid methods, RFC 4252 section 7. */
static const char *const random_fields[] = {
    "cookie", "e", "f", "Q_C", "Q_S", "C_INIT", "S_REPLY", "signature",
};

static bool is_random(const char *name)
{
    for (size_t i = 0; i < sizeof random_fields / sizeof random_fields[0]; i++)
        if (strcmp(random_fields[i], name) == 0)
            return true;
    return false;
}

static void print_value(FILE *out, const struct value *v)
{
    if (v == NULL)
        (void)fputs("nothing", out);
    else
        value_print(out, v, false);
}

static bool print_pair(FILE *out, const char *name, const char *what, const struct value *a,
                       const struct value *b)
{
    (void)fprintf(out, "    %s%s: ", name, what);
    print_value(out, a);
    (void)fputs(" in A, ", out);
    print_value(out, b);
    (void)fputs(" in B\n", out);
    return true;
}

/* ---- name-lists ---- */

static bool has_name(const struct value *list, const struct value *name)
{
    for (const struct value *v = list->first; v != NULL; v = v->next)
        if (value_equal(v, name))
            return true;
    return false;
}

/* The names of one list that the other does not have. */
static bool print_only(FILE *out, const char *field, const struct value *list,
                       const struct value *other, const char *where)
{
    bool any = false;

    for (const struct value *v = list->first; v != NULL; v = v->next)
        if (!has_name(other, v)) {
            if (!any)
                (void)fprintf(out, "    %s: only in %s:", field, where);
            (void)fputc(' ', out);
            print_value(out, v);
            any = true;
        }
    if (any)
        (void)fputc('\n', out);
    return any;
}

static void diff_lists(FILE *out, const char *field, const struct value *a, const struct value *b)
{
    bool only_a = print_only(out, field, a, b, "A"), only_b = print_only(out, field, b, a, "B");

    if (!only_a && !only_b)
        (void)print_pair(out, field, ": the order differs", a, b);
}

/* ---- fields ---- */

static bool same_length(const struct value *a, const struct value *b)
{
    return value_number_of(a, "len") == value_number_of(b, "len");
}

/* An mpint may be a byte shorter or longer. */
static bool diff_random(FILE *out, const char *name, const struct value *a, const struct value *b)
{
    if (same_length(a, b) || strcmp(value_text_of(a, "type"), "mpint") == 0)
        return false;
    return print_pair(out, name, ", length", value_get(a, "len"), value_get(b, "len"));
}

static bool diff_secret(FILE *out, const char *name, const struct value *a, const struct value *b)
{
    if (value_is_true(a, "secret") != value_is_true(b, "secret"))
        return false; /* one of the traces shows secrets: nothing to compare */
    return !same_length(a, b) &&
           print_pair(out, name, ", length", value_get(a, "len"), value_get(b, "len"));
}

static bool diff_value(FILE *out, const char *name, const struct value *a, const struct value *b)
{
    static const char *const members[] = {"value", "text", "hex"};
    const struct value *list_a = value_get(a, "list"), *list_b = value_get(b, "list");
    bool any = false;

    if (list_a != NULL && list_b != NULL && list_a->type == VALUE_ARRAY &&
        list_b->type == VALUE_ARRAY && !value_equal(list_a, list_b)) {
        diff_lists(out, name, list_a, list_b);
        any = true;
    }
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const struct value *of_a = value_get(a, members[i]), *of_b = value_get(b, members[i]);

        if (!value_equal(of_a, of_b))
            any = print_pair(out, name, "", of_a, of_b);
    }
    if (!value_equal(value_get(a, "chosen"), value_get(b, "chosen")))
        any = print_pair(out, name, ", chosen", value_get(a, "chosen"), value_get(b, "chosen"));
    return any;
}

static bool diff_list_of_fields(FILE *out, const struct value *a, const struct value *b);

static bool diff_field(FILE *out, const struct value *a, const struct value *b)
{
    const char *name = value_text_of(a, "name");

    if (is_random(name))
        return diff_random(out, name, a, b);
    if (value_is_true(a, "secret") || value_is_true(b, "secret"))
        return diff_secret(out, name, a, b);
    if (value_get(a, "fields") != NULL && value_get(b, "fields") != NULL)
        return diff_list_of_fields(out, value_get(a, "fields"), value_get(b, "fields"));
    return diff_value(out, name, a, b);
}

/* Fields in order, up to the first two whose names differ. */
static bool diff_list_of_fields(FILE *out, const struct value *a, const struct value *b)
{
    bool any = false;

    for (a = a->first, b = b->first; a != NULL && b != NULL; a = a->next, b = b->next) {
        if (strcmp(value_text_of(a, "name"), value_text_of(b, "name")) != 0)
            break;
        any = diff_field(out, a, b) || any;
    }
    if (a == NULL && b == NULL)
        return any;
    return print_pair(out, "the next field", "", value_get(a, "name"), value_get(b, "name"));
}

bool diff_members(FILE *out, const struct value *a, const struct value *b,
                  const char *const *members)
{
    bool any = false;

    for (; *members != NULL; members++) {
        const struct value *of_a = value_get(a, *members), *of_b = value_get(b, *members);

        if (!value_equal(of_a, of_b))
            any = print_pair(out, *members, "", of_a, of_b);
    }
    return any;
}

bool diff_fields(FILE *out, const struct value *a, const struct value *b)
{
    static const char *const of_message[] = {"number", "section", "kind", "malformed", NULL};
    static const char *const of_identification[] = {"text", NULL};
    const struct value *fields_a = value_get(a, "fields"), *fields_b = value_get(b, "fields");
    bool any;

    if (fields_a == NULL || fields_b == NULL)
        return diff_members(out, a, b, of_identification);
    any = diff_members(out, a, b, of_message);
    return diff_list_of_fields(out, fields_a, fields_b) || any;
}
