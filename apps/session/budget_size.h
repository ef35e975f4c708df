/* Another size for a budget: for the server room, which has the budgets of its users. */
#ifndef NACRE_APPS_SESSION_BUDGET_SIZE_H
#define NACRE_APPS_SESSION_BUDGET_SIZE_H

#include "apps/session/budget.h"

/* What is taken stays taken, also if it is more than the new size. From any thread. */
void budget_resize(struct nacre_budget *budget, uint64_t bytes);

#endif
