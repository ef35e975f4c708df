/* How public structs grow: new members come at the end, and programs that were compiled before do
 * not have them.
 *
 * A configuration begins with the version of the headers that the program was compiled with, which
 * holds for all structs that the configuration leads to. So the library copies the members that
 * this version has, takes newer ones as zero, and reads nothing beyond them. This is done once,
 * when something is made. */
#ifndef NACRE_TRANSPORT_GROWTH_H
#define NACRE_TRANSPORT_GROWTH_H

#include "transport/api.h"

enum {
    FIRST_VERSION = 0x000100, /* NACRE_VERSION_NUMBER of the first version, 0.1 */
    GROWTH_STEPS = 8,
};

/* A public struct as it is now. A version that made it longer is a step: GROWN_BY. tests/tools/abi
 * compares the steps with apps/library.abi. */
struct growth {
    size_t size; /* bytes */
    struct growth_step {
        uint32_t version;  /* NACRE_VERSION_NUMBER of the first headers with these members */
        size_t offset;     /* where the first of them begins */
    } steps[GROWTH_STEPS]; /* oldest first; then zeros */
};

/* The versions of clang-format disagree about it. */
/* clang-format off */
#define GROWN_BY(type, member, version) {version, offsetof(struct type, member)}
/* clang-format on */

/* Does the struct have members that are newer than that version? */
bool growth_is_newer(const struct growth *growth, uint32_t version);

/* Copy a program's struct to *full. given: as that version has it; NULL: all members are zero. */
void growth_copy(const struct growth *growth, void *full, const void *given, uint32_t version);

/* The same for a struct that may be missing: ours, or NULL if given is. */
const void *growth_keep(const struct growth *growth, void *ours, const void *given,
                        uint32_t version);

/* The public structs of this layer */
extern const struct growth memory_growth, limits_growth, observer_growth;

#endif
