/* The results as one page: the cases and what each run says about them. */
#ifndef NACRE_APPS_SPEC_REPORT_HTML_H
#define NACRE_APPS_SPEC_REPORT_HTML_H

#include "apps/spec/compare.h"
#include "apps/spec/report.h"

/* Print the page. False: its parts are not what they should be. */
bool html_print(FILE *out, const struct comparison *c);

/* Write index.html into the folder, which is made if it is not there. False and a sentence. */
bool html_write(const char *folder, const struct comparison *c, const struct errbuf *p);

/* The same for a run that has just ended. */
bool report_html(const char *folder, const struct report *r, const struct errbuf *p);

#endif
