// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "agent/engine/features/holders_core.h"

void rx_people_marks_fini(struct rx_people_marks *marks)
{
    free(marks->marks);
    *marks = (struct rx_people_marks){0};
}

/* How many marks lie at or before `from`. */
static size_t count_until(const struct rx_people_marks *marks, double from)
{
    size_t low = 0;
    size_t high = marks->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if ((double)marks->marks[mid].time > from) {
            high = mid;
        } else {
            low = mid + 1;
        }
    }
    return low;
}

static void drop(struct rx_people_marks *marks, size_t n)
{
    if (n > 0) {
        marks->base = marks->marks[n - 1];
        marks->n -= n;
        memmove(marks->marks, marks->marks + n, marks->n * sizeof(*marks->marks));
    }
}

int rx_people_marks_reserve(struct rx_people_marks *marks, double from)
{
    if (marks->n < marks->cap) {
        return 0;
    }
    drop(marks, count_until(marks, from));
    if (marks->n == RX_MARKS_MAX) {
        marks->any_lost = true;
        marks->lost = marks->marks[RX_MARKS_MAX / 2 - 1].time;
        drop(marks, RX_MARKS_MAX / 2);
    }
    /* Growing unless half is free keeps the dropping amortised. */
    if (marks->cap > 0 && marks->n <= marks->cap / 2) {
        return 0;
    }
    size_t cap = marks->cap ? marks->cap * 2 : 8;
    struct rx_people_mark *bigger = realloc(marks->marks, cap * sizeof(*bigger));
    if (!bigger) {
        return -ENOMEM;
    }
    marks->marks = bigger;
    marks->cap = cap;
    return 0;
}

void rx_people_marks_add(struct rx_people_marks *marks)
{
    if (marks->n > 0 && marks->marks[marks->n - 1].time == marks->last.time) {
        marks->n--;
    }
    marks->marks[marks->n++] = marks->last;
}

const struct rx_people_mark *rx_people_marks_at(const struct rx_people_marks *marks, double from)
{
    if (marks->any_lost && from < (double)marks->lost) {
        return NULL;
    }
    size_t n = count_until(marks, from);
    return n > 0 ? &marks->marks[n - 1] : &marks->base;
}
