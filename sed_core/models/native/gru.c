/* The recurrence of a GRU layer with H cells per direction (-DH=128), forward in time or both ways:
 *
 *   r = sigmoid(in_r + h_r), z = sigmoid(in_z + h_z), n = tanh(in_n + r h_n)
 *   h <- (1 - z) n + z h     with h_g = W_g h + c_g of each gate g = r, z, n
 *
 * The products of the layer's input (in_r, in_z, in_n) and all gradients that are plain matrix
 * products are left to the caller. One thread takes TALL clips in one direction through all times,
 * so that the weights stay in its cache and threads never wait for each other.
 * Arrays: in (clips, times, ways, 3, H), out (clips, times, ways, H), gates (clips, times, ways, 4, H);
 * way 0 is forward in time, way 1 backward.
 */
#define N H
#include "vector.h"

/* Smaller gradients count as 0: far from a last frame that alone is used they would fade into
 * subnormal numbers, with which processors compute ten times slower. */
#define TINY 1e-20f

static inline vec tangent(vec x) { return 2.0f * sigmoid(2.0f * x) - 1.0f; }

/* gates keeps r, z, n, h_n for the backward pass; NULL where there will be none.
 * w is (ways, 3, H from, H to), c is (ways, 3, H). */
void forward(const loose *in, const loose *w, const loose *c, loose *out, loose *gates, long clips,
             long times, long ways) {
    long groups = (clips + TALL - 1) / TALL;
#pragma omp parallel for schedule(dynamic)
    for (long task = 0; task < ways * groups; task++) {
        long way = task % ways, first = task / ways * TALL;
        long count = clips - first < TALL ? clips - first : TALL;
        vec h[TALL * VECS], by_h[3][TALL * VECS];
        memset(h, 0, sizeof h);
        for (long step = 0; step < times; step++) {
            long t = way ? times - 1 - step : step;
            for (long g = 0; g < 3; g++)
                product(TALL, 0, H, 1, H, (float *)h, w + (way * 3 + g) * H * VECS,
                        c + (way * 3 + g) * VECS, by_h[g]);
            for (long row = 0; row < count; row++) {
                long at = ((first + row) * times + t) * ways + way;
                const loose *x = in + at * 3 * VECS;
                for (int j = 0; j < VECS; j++) {
                    long i = row * VECS + j;
                    vec r = sigmoid(x[j] + by_h[0][i]), z = sigmoid(x[VECS + j] + by_h[1][i]);
                    vec n = tangent(x[2 * VECS + j] + r * by_h[2][i]);
                    h[i] = n + z * (h[i] - n);
                    out[at * VECS + j] = h[i];
                    if (gates) {
                        loose *keep = gates + at * 4 * VECS + j;
                        keep[0] = r, keep[VECS] = z, keep[2 * VECS] = n;
                        keep[3 * VECS] = by_h[2][i];
                    }
                }
            }
        }
    }
}

/* d_in (as in) and d_h (as in): gradients of in_g and of h_g; w is (ways, 3, H to, H from). */
void backward(const loose *d_out, const loose *out, const loose *gates, const loose *w,
              loose *d_in, loose *d_h, long clips, long times, long ways) {
    long groups = (clips + TALL - 1) / TALL;
#pragma omp parallel for schedule(dynamic)
    for (long task = 0; task < ways * groups; task++) {
        long way = task % ways, first = task / ways * TALL;
        long count = clips - first < TALL ? clips - first : TALL;
        vec d[TALL * VECS], by_gate[3][TALL * VECS];
        memset(d, 0, sizeof d);
        memset(by_gate, 0, sizeof by_gate);
        for (long step = times - 1; step >= 0; step--) {
            long t = way ? times - 1 - step : step, before = way ? ways : -ways;
            for (long row = 0; row < count; row++) {
                long at = ((first + row) * times + t) * ways + way;
                for (int j = 0; j < VECS; j++) {
                    long i = row * VECS + j;
                    const loose *keep = gates + at * 4 * VECS + j;
                    vec r = keep[0], z = keep[VECS], n = keep[2 * VECS], h_n = keep[3 * VECS];
                    vec h = {0};
                    if (step > 0) h = out[(at + before) * VECS + j];
                    vec total = d[i] + d_out[at * VECS + j];
                    total = choose((total < TINY) & (total > -TINY), (vec){0}, total);
                    vec d_n = total * (1.0f - z) * (1.0f - n * n);
                    vec d_r = d_n * h_n * r * (1.0f - r), d_z = total * (h - n) * z * (1.0f - z);
                    loose *to_in = d_in + at * 3 * VECS + j, *to_h = d_h + at * 3 * VECS + j;
                    to_in[0] = d_r, to_in[VECS] = d_z, to_in[2 * VECS] = d_n;
                    to_h[0] = d_r, to_h[VECS] = d_z, to_h[2 * VECS] = d_n * r;
                    by_gate[0][i] = d_r, by_gate[1][i] = d_z, by_gate[2][i] = d_n * r;
                    d[i] = total * z;
                }
            }
            for (long g = 0; g < 3; g++)
                product(TALL, 1, H, 1, H, (float *)by_gate[g], w + (way * 3 + g) * H * VECS, NULL,
                        d);
        }
    }
}
