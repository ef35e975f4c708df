#include "apps/trace/visible.h"

#include <stdbool.h>
#include <stdint.h>

void visible_print(FILE *out, const char *text, size_t len)
{
    const char *end = text + len;

    for (; text < end; text++) {
        bool is_c1 = (uint8_t)text[0] == 0xc2 && end - text > 1 && (uint8_t)text[1] < 0xa0;
        uint8_t byte = (uint8_t)(is_c1 ? *++text : *text);

        if (is_c1 || byte == 0x7f || (byte < ' ' && byte != '\n'))
            (void)fprintf(out, "\\x%02x", byte);
        else
            (void)fputc(byte, out);
    }
}
