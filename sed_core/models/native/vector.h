/* Vectors of float, and small matrix products that stay in registers and caches.
 *
 * The including file defines N, the floats per row of a product.
 */
#include <stdint.h>
#include <string.h>

#ifdef __AVX512F__
#define MOST_LANES 16
#define SUMS 16 /* vectors that a product sums in registers: TALL rows of WIDE */
#else
#define MOST_LANES 8
#define SUMS 8
#endif
#define LANES (N % MOST_LANES == 0 ? MOST_LANES : N % 8 == 0 ? 8 : 4)
#define VECS (N / LANES)
#define WIDE (VECS % 2 == 0 ? 2 : 1)
#define TALL (SUMS / WIDE)

typedef float vec __attribute__((vector_size(4 * LANES), may_alias));
typedef vec loose __attribute__((aligned(4), may_alias)); /* at any address */
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));
typedef uint32_t uvec __attribute__((vector_size(4 * LANES)));

static inline vec choose(ivec condition, vec yes, vec no) {
    return (vec)(((ivec)yes & condition) | ((ivec)no & ~condition));
}

/* 1 / (1 + exp(-z)) with the exponential of the Cephes library; relative error 2e-7. */
static inline vec sigmoid(vec z) {
    const float magic = 12582912.0f; /* adding it rounds to an integer */
    const vec limit = (vec){0} + 87.0f;
    vec x = choose(-z > limit, limit, choose(z > limit, -limit, -z));
    vec shifted = x * 1.44269504f + magic, n = shifted - magic;
    vec r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    vec p = ((((r * 1.9875691500e-4f + 1.3981999507e-3f) * r + 8.3334519073e-3f) * r
              + 4.1665795894e-2f) * r + 1.6666665459e-1f) * r + 5.0000001201e-1f;
    vec e = p * r * r + r + 1.0f;
    ivec power = ((ivec)shifted - 0x4b400000) << 23;
    return 1.0f / (1.0f + (vec)((ivec)e + power));
}

static inline void product_rows(int tall, int add, long row_step, long k_step, long depth,
                                const float *x, const loose *w, const loose *bias, loose *out) {
    for (int j = 0; j < VECS; j += WIDE) {
        vec sum[TALL][WIDE];
        for (int r = 0; r < tall; r++)
            for (int i = 0; i < WIDE; i++) sum[r][i] = add ? out[r * VECS + j + i] : bias[j + i];
        for (long k = 0; k < depth; k++)
            for (int r = 0; r < tall; r++)
                for (int i = 0; i < WIDE; i++)
                    sum[r][i] += x[r * row_step + k * k_step] * w[k * VECS + j + i];
        for (int r = 0; r < tall; r++)
            for (int i = 0; i < WIDE; i++) out[r * VECS + j + i] = sum[r][i];
    }
}

/* out[r] = bias + sum_k x[r * row_step + k * k_step] * w[k] for `rows` rows of N floats, or, with
 * `add`, out[r] += the sum. */
static inline void product(long rows, int add, long row_step, long k_step, long depth,
                           const float *x, const loose *w, const loose *bias, loose *out) {
    for (; rows >= TALL; rows -= TALL, x += TALL * row_step, out += TALL * VECS)
        product_rows(TALL, add, row_step, k_step, depth, x, w, bias, out);
    for (; rows > 0; rows--, x += row_step, out += VECS)
        product_rows(1, add, row_step, k_step, depth, x, w, bias, out);
}
