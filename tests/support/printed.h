/* What the code under test prints on a standard stream. */
#ifndef NACRE_TESTS_SUPPORT_PRINTED_H
#define NACRE_TESTS_SUPPORT_PRINTED_H

/* From now on, what is written to this descriptor, 1 or 2, is collected. */
void printed_begin(int fd);

/* The descriptor is what it was before. Returns the text, which is valid until the next call. */
const char *printed_end(void);

/* Fail the test unless the text that ends here is this one. */
void expect_printed(const char *expected);

#endif
