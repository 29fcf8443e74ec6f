// One epoch of sgd in which a block trains one network, its weights in the multiprocessor's shared memory.
// Sigmoids, cross-entropy, L2, one hidden layer, float32: the formulas of network.py and optimizers.py.
//
// Constants, which stand before this text: D inputs (a multiple of 4), H hidden units (a multiple of UNITS and
// CUTS; those from HIDDEN on are padding, whose activation is kept at 0), C outputs, B examples in a mini-batch,
// T threads; UNITS, PARTS and CUTS share the work out. Activations have a column for each example.

#define WARPS (T / 32)
#define ROUND_UP(n, multiple) (((n) + (multiple) - 1) / (multiple) * (multiple))
#define BP ROUND_UP(B, 4)                 // examples in a row of delta1, in whole vectors
#define TILE (UNITS * B)                  // sums that a warp makes at once: UNITS hidden units, all examples
#define SUMS ROUND_UP(TILE, 32)
#define LANE_SUMS (SUMS <= 32 ? 1 : SUMS <= 64 ? 2 : SUMS <= 128 ? 4 : 8)
#define SLOTS (32 * LANE_SUMS)
#define AHEAD 32                          // mini-batches whose rows are fetched at once

struct Shared {                           // everything but the inputs and W1, which stand before it
  float d1[H * BP];
  float parts[PARTS * H * B];
  float a1[H * B], d2[C * B];
  float W2[2][C * H];                     // as it is, and as it will be after the step
  float b1[H], b2[C];
  int rows[AHEAD * B], labels[AHEAD * B];
};

__device__ inline float sigmoid(float z) { return 1.f / (1.f + expf(-z)); }

// Sixteen bytes from global to shared memory, without waiting; until `copy_wait` nothing may be read there.
__device__ inline void copy_16(float* to, const float* from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" :: "r"((unsigned)__cvta_generic_to_shared(to)), "l"(from));
}
__device__ inline void copy_commit() { asm volatile("cp.async.commit_group;"); }
__device__ inline void copy_wait() { asm volatile("cp.async.wait_group 0;" ::: "memory"); }

// The inputs of a mini-batch, into shared memory, without waiting for them.
__device__ inline void fetch(float* x, const float* inputs, const int* rows, int count, int t) {
  for (int i = t; i < count * (D / 4); i += T) {
    int b = i / (D / 4), k = i % (D / 4);
    copy_16(x + b * D + 4 * k, inputs + (size_t)rows[b] * D + 4 * k);
  }
  copy_commit();
}

// Each lane has SLOTS sums of its own; add them up over the warp, so that lane l has sums 2l, 2l + 1 (of two).
__device__ inline void sum_over_warp(float (&v)[SLOTS], int lane) {
  #pragma unroll
  for (int round = 0; round < 5; round++) {
    const int bit = 16 >> round, half = SLOTS >> (round + 1);
    const bool upper = lane & bit;
    #pragma unroll
    for (int i = 0; i < SLOTS / 2; i++)
      if (i < half) {
        float kept = upper ? v[i + half] : v[i], sent = upper ? v[i] : v[i + half];
        v[i] = kept + __shfl_xor_sync(~0u, sent, bit);
      }
  }
}

// Parts of z^1 = W^1 x: a warp takes UNITS units and one part of the inputs.
__device__ inline void first_product(Shared& s, const float* W1, const float* x, int warp, int lane) {
  for (int tile = warp; tile < H / UNITS * PARTS; tile += WARPS) {
    int group = tile % (H / UNITS), part = tile / (H / UNITS);
    float v[SLOTS];
    #pragma unroll
    for (int i = 0; i < SLOTS; i++) v[i] = 0.f;
    const float* W = W1 + group * UNITS * D;
    for (int k = 32 * part + lane; k < D; k += 32 * PARTS) {
      float w[UNITS];
      #pragma unroll
      for (int u = 0; u < UNITS; u++) w[u] = W[u * D + k];
      #pragma unroll
      for (int b = 0; b < B; b++) {
        float x_b = x[b * D + k];
        #pragma unroll
        for (int u = 0; u < UNITS; u++) v[u * B + b] += w[u] * x_b;
      }
    }
    sum_over_warp(v, lane);
    #pragma unroll
    for (int i = 0; i < LANE_SUMS; i++) {
      int sum = LANE_SUMS * lane + i;
      if (sum < TILE) s.parts[part * H * B + group * TILE + sum] = v[i];
    }
  }
}

// W^1 and b^1 after the step. A thread takes two inputs and one of CUTS parts of the units.
__device__ inline void first_update(Shared& s, float* W1, const float* x, float eta, float decay, int t) {
  for (int i = t; i < D / 2 * CUTS; i += T) {
    int k = 2 * (i % (D / 2)), cut = i / (D / 2);
    float2 x_k[B];
    #pragma unroll
    for (int b = 0; b < B; b++) x_k[b] = *(const float2*)(x + b * D + k);
    #pragma unroll 5
    for (int h = cut * (H / CUTS); h < (cut + 1) * (H / CUTS); h++) {
      float d[BP];
      #pragma unroll
      for (int b = 0; b < BP; b += 4) {
        float4 four = *(const float4*)(s.d1 + h * BP + b);
        d[b] = four.x; d[b + 1] = four.y; d[b + 2] = four.z; d[b + 3] = four.w;
      }
      float2 sum = make_float2(0.f, 0.f);
      #pragma unroll
      for (int b = 0; b < B; b++) { sum.x += d[b] * x_k[b].x; sum.y += d[b] * x_k[b].y; }
      float2* w = (float2*)(W1 + h * D + k);
      float2 old = *w;
      *w = make_float2(decay * old.x - eta * sum.x, decay * old.y - eta * sum.y);  // BP4
    }
  }
  for (int h = t; h < H; h += T) {
    float sum = 0.f;
    for (int b = 0; b < B; b++) sum += s.d1[h * BP + b];
    s.b1[h] -= eta * sum;  // BP3
  }
}

// Activations and errors of one mini-batch, and W^2 and b^2 after it, once the parts of z^1 are there.
__device__ inline void middle(Shared& s, const int* labels, int count, int now, float eta, float decay, int t) {
  for (int i = t; i < H * B; i += T) {
    float z = s.b1[i / B];
    #pragma unroll
    for (int part = 0; part < PARTS; part++) z += s.parts[part * H * B + i];
    s.a1[i] = i / B < HIDDEN ? sigmoid(z) : 0.f;
  }
  __syncthreads();
  const float* W2 = s.W2[now];
  for (int i = t; i < ROUND_UP(4 * C * B, 32); i += T) {  // four threads make one output
    int out = i / 4, c = out / B, b = out % B;
    float z = 0.f;
    if (out < C * B)
      for (int h = i % 4; h < H; h += 4) z += W2[c * H + h] * s.a1[h * B + b];
    z += __shfl_xor_sync(~0u, z, 1);
    z += __shfl_xor_sync(~0u, z, 2);
    if (out < C * B && i % 4 == 0) s.d2[out] = b < count ? sigmoid(z + s.b2[c]) - (labels[b] == c) : 0.f;  // BP1
  }
  __syncthreads();
  for (int i = t; i < H * B; i += T) {
    int h = i / B, b = i % B;
    float sum = 0.f, a = s.a1[i];
    #pragma unroll
    for (int c = 0; c < C; c++) sum += s.d2[c * B + b] * W2[c * H + h];
    s.d1[h * BP + b] = sum * a * (1.f - a);  // BP2
  }
  for (int i = T - 1 - t; i < C * H + C; i += T) {  // the other threads first
    float sum = 0.f;
    if (i < C * H) {
      int c = i / H, h = i % H;
      #pragma unroll
      for (int b = 0; b < B; b++) sum += s.d2[c * B + b] * s.a1[h * B + b];
      s.W2[1 - now][i] = decay * W2[i] - eta * sum;  // BP4
    } else {
      for (int b = 0; b < B; b++) sum += s.d2[(i - C * H) * B + b];
      s.b2[i - C * H] -= eta * sum;  // BP3
    }
  }
  __syncthreads();
}

// Parameters of all networks are changed in place: W1 (K, H, D), b1 (K, H), W2 (K, C, H), b2 (K, C).
// `orders (K or 1, n)`: `order_stride` is n or 0. `eta`, `decay` (K): learning_rate, 1 - learning_rate lambda/n.
extern "C" __global__ void __launch_bounds__(T, 1) epoch(
    float* W1_all, float* b1_all, float* W2_all, float* b2_all, const float* inputs, const int* labels,
    const int* orders, long long order_stride, int n, const float* eta_all, const float* decay_all) {
  extern __shared__ float memory[];
  float* W1 = memory;
  float* x_now = W1 + H * D;
  float* x_next = x_now + B * D;
  Shared& s = *(Shared*)(x_next + B * D);
  const int t = threadIdx.x, warp = t / 32, lane = t % 32, run = blockIdx.x;
  const int* order = orders + run * order_stride;
  const float eta = eta_all[run], decay = decay_all[run];
  float *W1_own = W1_all + (size_t)run * H * D, *W2_own = W2_all + run * C * H;
  for (int i = t; i < H * D; i += T) W1[i] = W1_own[i];
  for (int i = t; i < 2 * B * D; i += T) x_now[i] = 0.f;  // rows that a short mini-batch lacks count as 0
  for (int i = t; i < C * H; i += T) s.W2[0][i] = W2_own[i];
  for (int i = t; i < H; i += T) s.b1[i] = b1_all[run * H + i];
  for (int i = t; i < C; i += T) s.b2[i] = b2_all[run * C + i];
  int now = 0;
  for (int start = 0, step = 0; start < n; start += B, step++) {
    const int place = step % AHEAD, count = n - start < B ? n - start : B;
    if (place == 0) {  // the rows of the next mini-batches, and the first of their inputs
      __syncthreads();
      for (int i = t; i < AHEAD * B && start + i < n; i += T) {
        s.rows[i] = order[start + i];
        s.labels[i] = labels[s.rows[i]];
      }
      __syncthreads();
      fetch(x_now, inputs, s.rows, count, t);
    }
    copy_wait();
    __syncthreads();  // the inputs are there, and all updates are done
    const int after = n - start - B;
    if (place + 1 < AHEAD && after > 0) fetch(x_next, inputs, s.rows + (place + 1) * B, after < B ? after : B, t);
    first_product(s, W1, x_now, warp, lane);
    __syncthreads();
    middle(s, s.labels + place * B, count, now, eta / count, decay, t);
    first_update(s, W1, x_now, eta / count, decay, t);
    float* used = x_now; x_now = x_next; x_next = used;
    now = 1 - now;
  }
  __syncthreads();
  for (int i = t; i < H * D; i += T) W1_own[i] = W1[i];
  for (int i = t; i < C * H; i += T) W2_own[i] = s.W2[now][i];
  for (int i = t; i < H; i += T) b1_all[run * H + i] = s.b1[i];
  for (int i = t; i < C; i += T) b2_all[run * C + i] = s.b2[i];
}
