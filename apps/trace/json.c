#include "apps/trace/commands.h"
#include "apps/trace/each.h"
#include "apps/trace/schema.h"

#include <string.h>

static void print_object(const struct value *object, bool is_field);

static void print_fields(const struct value *fields)
{
    (void)fputc('[', stdout);
    for (const struct value *v = fields->first; v != NULL; v = v->next) {
        if (v != fields->first)
            (void)fputc(',', stdout);
        if (v->type == VALUE_OBJECT)
            print_object(v, true);
        else
            value_print(stdout, v, false); /* in a member that the schema does not have */
    }
    (void)fputc(']', stdout);
}

static void print_member(const struct value *v, char before)
{
    (void)fputc(before, stdout);
    value_print_text(stdout, v->name, strlen(v->name), false);
    (void)fputc(':', stdout);
    if (schema_holds_fields(v->name) && v->type == VALUE_ARRAY)
        print_fields(v);
    else
        value_print(stdout, v, false);
}

/* Also if it is null. */
static const struct value *find(const struct value *object, const char *name)
{
    const struct value *v = object->first;

    while (v != NULL && strcmp(v->name, name) != 0)
        v = v->next;
    return v;
}

/* The schema's members in its order, then the others in theirs. */
static void print_object(const struct value *object, bool is_field)
{
    const char *name;
    char before = '{';

    for (size_t i = 0; (name = schema_member(is_field, i)) != NULL; i++) {
        const struct value *v = find(object, name);

        if (v != NULL) {
            print_member(v, before);
            before = ',';
        }
    }
    for (const struct value *v = object->first; v != NULL; v = v->next)
        if (!schema_has(is_field, v->name)) {
            print_member(v, before);
            before = ',';
        }
    (void)fputs(before == '{' ? "{}" : "}", stdout);
}

static bool print(void *context, const struct trace_event *event)
{
    (void)context;
    print_object(event->object, false);
    (void)fputc('\n', stdout);
    return true;
}

int json_run(const struct trace_options *options, char **files)
{
    return trace_for_each(files[0], options, print, NULL);
}
