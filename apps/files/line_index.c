#include "apps/files/line_index.h"

#include "crypto/random.h"

#include <stdlib.h>

static uint32_t count_lines(struct bytes text)
{
    uint32_t n = 1;

    for (size_t i = 0; i < text.len; i++)
        n += text.at[i] == '\n';
    return n;
}

bool line_index_begin(struct line_index *index, struct bytes text)
{
    uint32_t space = count_lines(text), slots = 16;

    line_index_clear(index);
    while (slots < 2 * space)
        slots *= 2;
    index->lines = calloc(space, sizeof *index->lines);
    index->slots = calloc(slots, sizeof *index->slots);
    if (index->lines == NULL || index->slots == NULL)
        return false;
    index->space = space;
    index->mask = slots - 1;
    random_system.fill(random_system.context, index->key, sizeof index->key);
    return true;
}

/* The slot of a hash: it is empty, or has the first line with that hash. */
static uint32_t *slot_of(const struct line_index *index, uint64_t hash)
{
    uint32_t i = (uint32_t)hash & index->mask;

    while (index->slots[i] != 0 && index->lines[index->slots[i] - 1].hash != hash)
        i = (i + 1) & index->mask;
    return &index->slots[i];
}

void line_index_add(struct line_index *index, struct bytes name, uint32_t offset, uint32_t number)
{
    uint64_t hash = short_hash(index->key, name);
    struct indexed_line *first;
    uint32_t *slot, place;

    if (index->count == index->space)
        return;
    slot = slot_of(index, hash);
    index->lines[index->count] = (struct indexed_line){hash, offset, number, 0, 0};
    place = ++index->count;
    if (*slot == 0)
        *slot = place;
    first = &index->lines[*slot - 1];
    if (first->last != 0)
        index->lines[first->last - 1].next = place;
    first->last = place;
}

const struct indexed_line *line_index_find(const struct line_index *index, struct bytes name)
{
    uint32_t place = index->count > 0 ? *slot_of(index, short_hash(index->key, name)) : 0;

    return place != 0 ? &index->lines[place - 1] : NULL;
}

const struct indexed_line *line_index_next(const struct line_index *index,
                                           const struct indexed_line *line)
{
    return line->next != 0 ? &index->lines[line->next - 1] : NULL;
}

const struct indexed_line *line_index_any(const struct line_index *index, struct bytes name)
{
    if (index->count == 0)
        return NULL;
    return &index->lines[short_hash(index->key, name) % index->count];
}

void line_index_clear(struct line_index *index)
{
    free(index->lines);
    free(index->slots);
    *index = (struct line_index){.count = 0};
}
