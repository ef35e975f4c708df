#include "apps/spec/list.h"

#include "apps/spec/case.h"

#include <stdio.h>

/* The words of a row need no escapes but for quotation marks. */
static void put_json(const char *name, const char *text, const char *after)
{
    (void)printf("\"%s\": \"", name);
    for (; *text != 0; text++)
        (void)printf("%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
    (void)printf("\"%s", after);
}

static void put_row(const struct spec_case *row, bool json)
{
    if (!json) {
        (void)printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row->id, role_name(row->role),
                     level_name(row->level), row->clause, row->requirements, row->title,
                     row->expected);
        return;
    }
    (void)putchar('{');
    put_json("id", row->id, ", ");
    put_json("role", role_name(row->role), ", ");
    put_json("level", level_name(row->level), ", ");
    put_json("clause", row->clause, ", ");
    put_json("requirements", row->requirements, ", ");
    put_json("title", row->title, ", ");
    put_json("expected", row->expected, "}\n");
}

void list_cases(bool json)
{
    for (const struct spec_case *const *t = spec_tables; *t != NULL; t++)
        for (const struct spec_case *row = *t; row->id != NULL; row++)
            put_row(row, json);
}

bool explain_case(const char *id)
{
    const struct spec_case *row = case_find(id);

    if (row == NULL)
        return false;
    (void)printf("%s\n\n    %s\n\n", row->id, row->title);
    (void)printf("clause        %s\nlevel         %s\ntests         %s\nrequirements  %s\n",
                 row->clause, level_name(row->level),
                 row->role == BOTH ? "servers and clients" : role_name(row->role),
                 row->requirements);
    (void)printf("expected      %s\n", row->expected);
    if (row->run == NULL)
        (void)printf("\nA watch: every message of every case is checked.\n");
    if (row->slow)
        (void)printf("\nIt takes minutes: only with --slow.\n");
    if (row->note != NULL)
        (void)printf("\n%s\n", row->note);
    return true;
}
