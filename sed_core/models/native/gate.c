/* What follows the convolution in a block of the CNN, in one pass over memory:
 *
 *   x = (y - mean) * inv_std              batch norm
 *   z = gamma * x + beta
 *   g = (W z + c) * sigmoid(z)            gated linear unit over channels,
 *    or z * sigmoid(W z + c)              context gating, with -DCG
 *   out = scale * sum of kept g           dropout and average pooling
 *
 * Compiled by gate.py, once per number of channels C (-DC=16) and per storage type (float, or
 * bfloat16 with -DBF16). Arrays are channels-last: (clips, times, bands, C). Every clip is worked
 * on by one thread and has its own sums: results do not depend on the number of threads.
 */
#define N C
#include "vector.h"

#define TILE_FLOATS 8192 /* a tile's arrays stay in the level-1 and level-2 caches */

typedef uint16_t hvec __attribute__((vector_size(2 * LANES)));
typedef double dvec __attribute__((vector_size(8 * LANES)));

#ifdef BF16
typedef uint16_t store;
static inline vec load(const store *p) {
    hvec half;
    memcpy(&half, p, sizeof half);
    return (vec)(__builtin_convertvector(half, uvec) << 16);
}
static inline void save(store *p, vec value) { /* to nearest, ties to even */
    uvec bits = (uvec)value;
    hvec half = __builtin_convertvector((bits + 0x7fff + ((bits >> 16) & 1)) >> 16, hvec);
    memcpy(p, &half, sizeof half);
}
#else
typedef float store;
static inline vec load(const store *p) { vec v; memcpy(&v, p, sizeof v); return v; }
static inline void save(store *p, vec v) { memcpy(p, &v, sizeof v); }
#endif

/* The values that dropout keeps; bit i belongs to element i. */
static inline vec kept(vec value, const uint8_t *bits, long i) {
    if (!bits) return value;
    uint32_t word = 0;
    memcpy(&word, bits + i / 8, LANES > 8 ? 2 : 1);
    word >>= i % 8;
    uvec lane;
    for (int k = 0; k < LANES; k++) lane[k] = 1u << k;
    return (vec)((ivec)value & ((lane & word) != 0));
}

typedef struct {
    long clips, times, bands, pool_times, pool_bands;
    float scale;                                /* 1 / (pooled elements * probability to keep) */
    const uint8_t *bits;                        /* dropout's, or NULL */
    const loose *mean, *inv_std, *gamma, *beta; /* (C) */
    const loose *w_in, *w_out, *bias;           /* (in, out), (out, in), (out) */
} block;

static inline vec normalised(const block *k, const store *y, int j) {
    return (load(y + j * LANES) - k->mean[j]) * k->inv_std[j];
}

/* z of `rows` rows, and the two factors of g: `gate` is the one that is a sigmoid. */
static void open_gate(const block *k, const store *y, long rows, vec *z, vec *factor, vec *gate) {
    for (long r = 0; r < rows; r++)
        for (int j = 0; j < VECS; j++) {
            vec value = k->gamma[j] * normalised(k, y + r * C, j) + k->beta[j];
            z[r * VECS + j] = value;
#ifndef CG
            gate[r * VECS + j] = sigmoid(value);
#endif
        }
    product(rows, 0, C, 1, C, (float *)z, k->w_in, k->bias, factor);
#ifdef CG
    for (long i = 0; i < rows * VECS; i++) {
        gate[i] = sigmoid(factor[i]);
        factor[i] = z[i];
    }
#endif
}

/* Output times of one tile. */
static long tile_times(const block *k) {
    long times = TILE_FLOATS / (k->pool_times * k->bands * C);
    return times < 1 ? 1 : times;
}
#define TILE_VECS(k) (tile_times(k) * (k)->pool_times * (k)->bands * VECS)

void forward(const block *k, const store *y, store *out) {
    long out_times = k->times / k->pool_times, out_bands = k->bands / k->pool_bands;
#pragma omp parallel for schedule(dynamic)
    for (long clip = 0; clip < k->clips; clip++) {
        vec z[TILE_VECS(k)], factor[TILE_VECS(k)], gate[TILE_VECS(k)];
        for (long t0 = 0; t0 < out_times; t0 += tile_times(k)) {
            long count = out_times - t0 < tile_times(k) ? out_times - t0 : tile_times(k);
            long first = (clip * k->times + t0 * k->pool_times) * k->bands;
            open_gate(k, y + first * C, count * k->pool_times * k->bands, z, factor, gate);
            store *cell = out + (clip * out_times + t0) * out_bands * C;
            for (long time = 0; time < count; time++)
                for (long band = 0; band < out_bands; band++, cell += C) {
                    long corner = time * k->pool_times * k->bands + band * k->pool_bands;
                    for (int j = 0; j < VECS; j++) {
                        vec sum = {0};
                        for (long t = 0; t < k->pool_times; t++)
                            for (long f = 0; f < k->pool_bands; f++) {
                                long row = corner + t * k->bands + f, i = row * VECS + j;
                                long bit = (first + row) * C + j * LANES;
                                sum += kept(factor[i] * gate[i], k->bits, bit);
                            }
                        save(cell + j * LANES, sum * k->scale);
                    }
                }
        }
    }
}

/* Per clip: d_z (gradient before the norm's own), d_w (out, in), and sums (3, C) over its rows of
 * d_linear, d_z, d_z * x. */
void backward(const block *k, const store *y, const store *d_out, store *d_z, loose *d_w,
              double *sums) {
    long out_times = k->times / k->pool_times, out_bands = k->bands / k->pool_bands;
#pragma omp parallel for schedule(dynamic)
    for (long clip = 0; clip < k->clips; clip++) {
        vec z[TILE_VECS(k)], factor[TILE_VECS(k)], gate[TILE_VECS(k)];
        loose *weights = d_w + clip * C * VECS;
        dvec total[3][VECS];
        memset(weights, 0, sizeof(float) * C * C);
        memset(total, 0, sizeof total);
        for (long t0 = 0; t0 < out_times; t0 += tile_times(k)) {
            long count = out_times - t0 < tile_times(k) ? out_times - t0 : tile_times(k);
            long first = (clip * k->times + t0 * k->pool_times) * k->bands;
            long rows = count * k->pool_times * k->bands;
            open_gate(k, y + first * C, rows, z, factor, gate);
            /* d_linear is the gradient at W z + c, straight the part of d_z that passes it by. */
#ifdef CG
            vec *straight = factor, *d_linear = gate;
#else
            vec *straight = gate, *d_linear = factor;
#endif
            for (long time = 0, row = 0; time < count * k->pool_times; time++) {
                const store *d_time =
                    d_out + (clip * out_times + t0 + time / k->pool_times) * out_bands * C;
                for (long band = 0; band < out_bands; band++)
                    for (long f = 0; f < k->pool_bands; f++, row++)
                        for (int j = 0; j < VECS; j++) {
                            vec s = gate[row * VECS + j], l = factor[row * VECS + j];
                            vec d = kept(load(d_time + band * C + j * LANES) * k->scale, k->bits,
                                         (first + row) * C + j * LANES);
                            factor[row * VECS + j] = d * s;
                            gate[row * VECS + j] = d * l * s * (1.0f - s);
                        }
            }
            product(rows, 1, C, 1, C, (float *)d_linear, k->w_out, NULL, straight);
            product(C, 1, 1, C, rows, (float *)d_linear, z, NULL, weights);
            for (int j = 0; j < VECS; j++) {
                vec part[3] = {{0}, {0}, {0}};
                for (long r = 0; r < rows; r++) {
                    const store *row = y + (first + r) * C;
                    vec d = straight[r * VECS + j];
                    part[0] += d_linear[r * VECS + j];
                    part[1] += d;
                    part[2] += d * normalised(k, row, j);
                    save(d_z + (first + r) * C + j * LANES, d);
                }
                for (int i = 0; i < 3; i++)
                    total[i][j] += __builtin_convertvector(part[i], dvec);
            }
        }
        long pooled = out_times * k->pool_times * k->bands, all = k->times * k->bands;
        memset(d_z + (clip * all + pooled) * C, 0, sizeof(store) * (all - pooled) * C);
        memcpy(sums + clip * 3 * C, total, sizeof total);
    }
}

/* Per clip: sums (2, C) of y - pivot and its square; the pivot keeps the variance exact. */
void moments(const store *y, const loose *pivot, long clips, long rows, double *sums) {
#pragma omp parallel for schedule(dynamic)
    for (long clip = 0; clip < clips; clip++) {
        dvec total[2][VECS];
        memset(total, 0, sizeof total);
        for (long r0 = 0; r0 < rows; r0 += 64)
            for (int j = 0; j < VECS; j++) {
                vec part[2] = {{0}, {0}};
                for (long r = r0; r < rows && r < r0 + 64; r++) {
                    vec d = load(y + (clip * rows + r) * C + j * LANES) - pivot[j];
                    part[0] += d;
                    part[1] += d * d;
                }
                for (int i = 0; i < 2; i++)
                    total[i][j] += __builtin_convertvector(part[i], dvec);
            }
        memcpy(sums + clip * 2 * C, total, sizeof total);
    }
}

/* In place: d <- by_d * d + by_y * y + offset, the gradient of batch norm. */
void combine(store *d, const store *y, const loose *by_d, const loose *by_y, const loose *offset,
             long clips, long rows) {
#pragma omp parallel for schedule(dynamic)
    for (long clip = 0; clip < clips; clip++)
        for (long r = clip * rows; r < (clip + 1) * rows; r++)
            for (int j = 0; j < VECS; j++) {
                long i = r * C + j * LANES;
                save(d + i, by_d[j] * load(d + i) + by_y[j] * load(y + i) + offset[j]);
            }
}
