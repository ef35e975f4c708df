/* Print the table of messages, for tests/tools/message_fields: a line for each list of fields,
 * "name|section|type name|type name...". A list that a field chooses has the field's value in
 * place of the message's name. */
#include "apps/observe/messages.h"

#include <stdio.h>

static void print_fields(const struct field_row *rows);

static void print_row(const struct field_row *row)
{
    if (row->type == FIELD_REPEAT || row->type == FIELD_EACH)
        print_fields(row->parts);
    else if (row->type == FIELD_CHOICE || row->type == FIELD_REST)
        (void)printf("|...");
    else if (row->type == FIELD_BYTES)
        (void)printf("|byte[%u] %s", row->size, row->name);
    else
        (void)printf("|%s %s", field_type_name(row->type), row->name);
}

static void print_fields(const struct field_row *rows)
{
    for (; rows->type != FIELD_END; rows++)
        print_row(rows);
}

/* The lists below these rows. `before` are those that a list of the boolean's continues. */
static void print_choices(const struct field_row *rows, const char *name, const char *section)
{
    for (const struct field_row *row = rows; row->type != FIELD_END; row++) {
        if (row->parts != NULL)
            print_choices(row->parts, name, section);
        for (const struct field_choice *c = row->choices; c != NULL; c++) {
            (void)printf("%s|%s", c->value != NULL ? c->value : "*",
                         c->section != NULL ? c->section : section);
            if (c->fields != NULL)
                print_fields(c->fields);
            (void)printf("\n");
            if (c->fields != NULL)
                print_choices(c->fields, name, c->section != NULL ? c->section : section);
            if (c->value == NULL)
                break;
        }
    }
}

int main(void)
{
    for (size_t i = 0; message_at(i) != NULL; i++) {
        (void)printf("%s|%s", message_at(i)->name, message_at(i)->section);
        print_fields(message_at(i)->fields);
        (void)printf("\n");
    }
    for (size_t i = 0; message_at(i) != NULL; i++)
        print_choices(message_at(i)->fields, message_at(i)->name, message_at(i)->section);
    return 0;
}
