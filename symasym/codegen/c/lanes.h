/* One problem in each lane of a vector, so that no loop of a formula needs to be long. Works with GCC and Clang. Vectors are no
   wider than the machine's registers: wider ones are cut up by compilers, through memory. Registers of eight doubles are left
   alone: they divide no faster, lower the clock, and what is written lane by lane goes through memory there as well. */

#include <math.h>
#include <stdlib.h>

#ifndef LANES
#if defined(__AVX__)
#define LANES 4
#else
#define LANES 2
#endif
#endif

#if LANES == 8
#define EACH(x) x(0), x(1), x(2), x(3), x(4), x(5), x(6), x(7)
#elif LANES == 4
#define EACH(x) x(0), x(1), x(2), x(3)
#else
#define EACH(x) x(0), x(1)
#endif

typedef double vec __attribute__((vector_size(8 * LANES)));
typedef double loose __attribute__((vector_size(8 * LANES), aligned(8), may_alias));
typedef long long mask __attribute__((vector_size(8 * LANES)));
static const vec zero = {0};

#ifdef __clang__
#define PICK(x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
#else
#define PICK(x, y, ...) __builtin_shuffle(x, y, (mask){__VA_ARGS__})
#endif

static inline vec roots(vec x) {
    for (int m = 0; m < LANES; m++) x[m] = sqrt(x[m]);
    return x;
}

static inline vec powers(vec x, double exponent) {
    for (int m = 0; m < LANES; m++) x[m] = pow(x[m], exponent);
    return x;
}

/* The least and the largest magnitude of a product of two divisors. While both are in range, 1 / x = y * (1 / (x * y)) has
   lost nothing to underflow or overflow, and two divisions can be one. */
typedef struct { vec least, most; } span;

static inline span within(span old, vec x) {
    for (int m = 0; m < LANES; m++) {
        const double size = fabs(x[m]);
        old.least[m] = size < old.least[m] ? size : old.least[m];
        old.most[m] = size > old.most[m] ? size : old.most[m];
    }
    return old;
}

/* A product that is not a number leaves the bounds alone, but then the sums are not numbers either. */
static inline int in_range(span seen, vec sums) {
    const mask fine = (mask)(seen.least > 1e-290) & (mask)(seen.most < 1e290) & (mask)(sums - sums == 0.0);
    long long all = -1;
    for (int m = 0; m < LANES; m++) all &= fine[m];
    return all != 0;
}

/* A square of numbers, as many rows as lanes, turned round. */
static inline void turned(vec *restrict r) {
#if LANES == 8
    vec s[LANES];
    for (int m = 0; m < LANES; m += 2) {
        s[m] = PICK(r[m], r[m + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        s[m + 1] = PICK(r[m], r[m + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    for (int h = 0; h < LANES; h += 4)
        for (int m = h; m < h + 2; m++) {
            r[m] = PICK(s[m], s[m + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            r[m + 2] = PICK(s[m], s[m + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    for (int m = 0; m < LANES / 2; m++) {
        const vec low = r[m], high = r[m + 4];
        r[m] = PICK(low, high, 0, 1, 2, 3, 8, 9, 10, 11);
        r[m + 4] = PICK(low, high, 4, 5, 6, 7, 12, 13, 14, 15);
    }
#elif LANES == 4
    const vec a = PICK(r[0], r[1], 0, 4, 2, 6), b = PICK(r[0], r[1], 1, 5, 3, 7);
    const vec c = PICK(r[2], r[3], 0, 4, 2, 6), d = PICK(r[2], r[3], 1, 5, 3, 7);
    r[0] = PICK(a, c, 0, 1, 4, 5);
    r[1] = PICK(b, d, 0, 1, 4, 5);
    r[2] = PICK(a, c, 2, 3, 6, 7);
    r[3] = PICK(b, d, 2, 3, 6, 7);
#else
    const vec a = r[0], b = r[1];
    r[0] = PICK(a, b, 0, 2);
    r[1] = PICK(a, b, 1, 3);
#endif
}

/* Rows of problems n, n + 1, .. into lanes; `by` is 0 where all problems share one row. The last problem fills lanes without one. */
static inline void load(vec *restrict to, const double *from, long by, long size, long n, long count) {
    const double *row[LANES];
    for (int m = 0; m < LANES; m++) row[m] = from + (n + m < count ? n + m : count - 1) * by;
    if (n + 2 * LANES <= count)
        for (long m = 0; m < LANES * by; m += 8) __builtin_prefetch(row[0] + LANES * by + m, 0, 2);
    long at = 0;
    for (; at + LANES <= size; at += LANES) {
        for (int m = 0; m < LANES; m++) to[at + m] = *(const loose *)(row[m] + at);
        turned(to + at);
    }
#define ENTRY(m) row[m][at]
    for (; at < size; at++) to[at] = (vec){EACH(ENTRY)};
}

static inline void store(double *to, const vec *restrict from, long size, long n, long count) {
    const int lanes = n + LANES <= count ? LANES : (int)(count - n);
    to += n * size;
    long at = 0;
    for (; lanes == LANES && at + LANES <= size; at += LANES) {
        vec square[LANES];
        for (int m = 0; m < LANES; m++) square[m] = from[at + m];
        turned(square);
        for (int m = 0; m < LANES; m++) *(loose *)(to + m * size + at) = square[m];
    }
    if (lanes == LANES)
        for (; at + 2 <= size; at += 2)
            for (int m = 0; m < LANES; m++) {
                to[m * size + at] = from[at][m];
                to[m * size + at + 1] = from[at + 1][m];
            }
    for (; at < size; at++)
        for (int m = 0; m < lanes; m++) to[m * size + at] = from[at][m];
}

/* Cumulants of the weights, kappa_r = 2^(r-1) (r-1)! sum_a w_a^r. */
static inline void cumulants(const vec *restrict w, long size, long orders, vec *restrict found) {
    vec one = zero, two = zero;
    for (long a = 0; a < size; a++) {
        one += w[a];
        two += w[a] * w[a];
    }
    found[0] = one;
    if (orders > 1) found[1] = 2.0 * two;
    double factor = 2;
    for (long r = 2; r < orders; r++) {
        factor *= 2.0 * (double)r;
        found[r] = zero;
        for (long a = 0; a < size; a++) {
            vec power = w[a];
            for (long m = 0; m < r; m++) power *= w[a];
            found[r] += factor * power;
        }
    }
}

/* The derivative of sum_r c_r w^r by w; the powers of w are added to their sums on the way. */
static inline vec slope(vec w, long orders, const vec *restrict c, vec *restrict sums) {
    vec found = zero + c[0], power = w;
    sums[0] += w;
    for (long r = 1; r < orders; r++) {
        found += (double)(r + 1) * c[r] * power;
        power *= w;
        sums[r] += power;
    }
    return found;
}
