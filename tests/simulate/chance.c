/* Numbers that follow from the seed. */
#include "tests/simulate/parts.h"

uint64_t chance_next(struct chance *c) /* splitmix64 */
{
    uint64_t z = c->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint32_t chance_below(struct chance *c, uint32_t n)
{
    return (uint32_t)(chance_next(c) % n);
}

bool chance_one_in(struct chance *c, uint32_t n)
{
    return chance_below(c, n) == 0;
}

uint32_t chance_size(struct chance *c, uint32_t most)
{
    uint32_t bits = 0;

    while (bits < 31 && most >> bits > 1)
        bits++;
    most = most >> chance_below(c, bits + 1);
    return most == 0 ? 1 : 1 + chance_below(c, most);
}

enum nacre_answer chance_answer(struct chance *c)
{
    static const enum nacre_answer choices[] = {NACRE_GRANT, NACRE_REFUSE, NACRE_LATER};

    return choices[chance_below(c, 3)];
}
