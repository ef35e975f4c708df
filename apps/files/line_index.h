/* From a name to the lines of a text that are about it, so that a look-up does not read the whole
 * text. */
#ifndef NACRE_APPS_FILES_LINE_INDEX_H
#define NACRE_APPS_FILES_LINE_INDEX_H

#include "crypto/bytes.h"
#include "crypto/short_hash.h"

/* A line with that name, or, very rarely, with another that has the same hash: compare the name. */
struct indexed_line {
    uint64_t hash;
    uint32_t offset; /* of the line in the text */
    uint32_t number; /* of the line, from 1 */
    uint32_t next;   /* the next line with that hash: its place in `lines`, plus 1; 0: none */
    uint32_t last;   /* ... and the last one; of a first line only */
};

/* Begins as zeros. */
struct line_index {
    uint8_t key[SHORT_HASH_KEY]; /* random: nobody can choose names that meet in one slot */
    struct indexed_line *lines;  /* in the order of the text */
    uint32_t *slots;             /* first lines, by their hash: as `next` */
    uint32_t count, space;
    uint32_t mask; /* slots, less 1 */
};

/* Make it empty, with space for all lines of this text (less than 2 GiB). False: out of memory; it
 * is empty, and nothing can be added, but it is to be cleared all the same. */
bool line_index_begin(struct line_index *index, struct bytes text);

/* Add a line; lines come in the order of the text. */
void line_index_add(struct line_index *index, struct bytes name, uint32_t offset, uint32_t number);

/* The first line with that name; NULL: none. */
const struct indexed_line *line_index_find(const struct line_index *index, struct bytes name);

/* The next one. */
const struct indexed_line *line_index_next(const struct line_index *index,
                                           const struct indexed_line *line);

/* Some line, which depends on the name: to do as much work for it as for one that was found. NULL:
 * the index is empty. */
const struct indexed_line *line_index_any(const struct line_index *index, struct bytes name);

void line_index_clear(struct line_index *index);

#endif
