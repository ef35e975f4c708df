/* The modes of a terminal, as a pty-req encodes them. RFC 4254 section 8. */
#ifndef NACRE_APPS_TERMINAL_MODES_H
#define NACRE_APPS_TERMINAL_MODES_H

#include <stddef.h>
#include <stdint.h>
#include <termios.h>

enum { MODES_MAX = 512 /* bytes of the modes of one terminal */ };

/* Put the encoded modes into *modes. Unknown modes are ignored. */
void modes_read(struct termios *modes, const uint8_t *data, size_t len);

/* Encode all modes that Linux has. Returns how many bytes. */
size_t modes_write(const struct termios *modes, uint8_t out[MODES_MAX]);

#endif
