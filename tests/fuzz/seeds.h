/* Writing the seed corpora: tests/fuzz/seeds.c. */
#ifndef NACRE_TESTS_FUZZ_SEEDS_H
#define NACRE_TESTS_FUZZ_SEEDS_H

#include <stddef.h>

/* seeds_file.c: the folder for all corpora */
void save_below(const char *name);

/* Write one seed of a fuzzer to a file with that name. */
void save(const char *corpus, const char *title, const void *data, size_t len);
void save_text(const char *corpus, const char *title, const char *text);

/* seeds_keys.c: private and public keys, signatures, an agent's answers. */
void save_keys(void);

/* seeds_decode.c: messages */
void save_messages(void);

#endif
