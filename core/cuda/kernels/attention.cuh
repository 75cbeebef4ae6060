// Softmax attention within the sequences of a group, exactly in float32.
//
// Heads are so small (4 to 16 numbers) that tensor cores would mostly multiply padding and every score costs about as much as
// its exponential. So a thread takes one (query, head), keeps query and result in registers and goes through the keys of its
// sequence with a running maximum: no shuffles, no scores in memory, and the lanes of a warp, which hold neighbouring queries
// of one head, read the same key at once. A key of size 4 costs about 13 instructions, two of them whole-vector reads, for
// one exponential: close to what the special function units give. The gradient goes through the powers twice more, once by
// query and once by key, so that nothing needs to be added across threads. These parts are functions that are called, so that
// a module with kernels of many widths has them once.
#pragma once
#include "encoder-call.cuh"

constexpr float LOG2_E = 1.4426950408889634f;

#ifdef CAUSAL_PILOT_SOFTWARE_DEVICE
__device__ inline float powerOfTwo(float x) { return exp2f(x); }
#else
__device__ inline float powerOfTwo(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
#endif

// Rows of a group's work area: query, key and value [3A] first, then what the gradient needs beside.
struct WorkArea {
  float* rows;
  int stride, attention;
  int context;          // column of the context, then of the gradient of the queries
  int contextGradient;  // and of its gradient, then of nothing else
  float* statistics;    // [heads, count, 2]: log2 of the sum of powers, and the softmax gradient's shift; or null
  int count;            // rows, a multiple of 16

  __device__ float* row(int token, int column) const { return rows + (long long)token * stride + column; }
};

// Numbers of a row; the four beside the columns keep rows out of each other's banks.
__host__ __device__ inline int forwardStride(int attention) { return 3 * attention + 4; }
__host__ __device__ inline int backwardStride(int attention) { return 5 * attention + 4; }

__device__ inline int workCount(const Sizes& sizes) { return roundUp(sizes.sequencesPerGroup * sizes.length(), TILE_TOKENS); }

// Work area of the forward pass, workCount * forwardStride numbers: the context takes the place of the query.
__device__ inline WorkArea forwardWork(const Sizes& sizes, float* shared, float* globalWork) {
  const int count = workCount(sizes), stride = forwardStride(sizes.attention);
  float* own = sizes.workInShared ? shared : globalWork + (long long)blockIdx.x * count * stride;
  return {own, stride, sizes.attention, 0, 0, nullptr, count};
}

// Work area of the gradient, workCount * (backwardStride + 2 heads) numbers.
__device__ inline WorkArea backwardWork(const Sizes& sizes, float* shared, float* globalWork) {
  const int count = workCount(sizes), stride = backwardStride(sizes.attention), A = sizes.attention;
  float* own = sizes.workInShared ? shared : globalWork + (long long)blockIdx.x * count * (stride + 2 * sizes.heads);
  return {own, stride, A, 3 * A, 4 * A, own + count * stride, count};
}

template <int K>
__device__ inline void loadVector(const float* from, float (&to)[K]) {
#pragma unroll
  for (int c = 0; c < K; c += 4) {
    const float4 part = *(const float4*)(from + c);
    to[c] = part.x;
    to[c + 1] = part.y;
    to[c + 2] = part.z;
    to[c + 3] = part.w;
  }
}

template <int K>
__device__ inline void storeVector(const float (&from)[K], float factor, float* to) {
#pragma unroll
  for (int c = 0; c < K; c += 4)
    *(float4*)(to + c) = float4{from[c] * factor, from[c + 1] * factor, from[c + 2] * factor, from[c + 3] * factor};
}

template <int K>
__device__ inline float dot(const float (&a)[K], const float (&b)[K], float start = 0.0f) {
#pragma unroll
  for (int c = 0; c < K; c++) start += a[c] * b[c];
  return start;
}

// One query's softmax over some of its keys.
template <int K>
struct RunningSoftmax {
  float top = -3.0e38f, sum = 0.0f, mixed[K] = {};

  // All reads come before the branch, so that they wait together.
  template <int KEYS>
  __device__ void add(const float (&query)[K], const float* key, const float* value, int stride) {
    float keys[KEYS][K], values[KEYS][K], scores[KEYS], most = top;
#pragma unroll
    for (int j = 0; j < KEYS; j++) {
      loadVector(key + j * stride, keys[j]);
      loadVector(value + j * stride, values[j]);
    }
#pragma unroll
    for (int j = 0; j < KEYS; j++) {
      scores[j] = dot(query, keys[j]);
      most = fmaxf(most, scores[j]);
    }
    if (most > top) {
      const float shrink = powerOfTwo(top - most);
      sum *= shrink;
#pragma unroll
      for (int c = 0; c < K; c++) mixed[c] *= shrink;
      top = most;
    }
#pragma unroll
    for (int j = 0; j < KEYS; j++) {
      const float power = powerOfTwo(scores[j] - top);
      sum += power;
#pragma unroll
      for (int c = 0; c < K; c++) mixed[c] += power * values[j][c];
    }
  }
};

// Keys or queries that a loop has in registers at a time.
template <int K>
__host__ __device__ constexpr int unrolled() {
  return K > 8 ? 1 : 16 / K;
}

// Calls body(token, head, first token of its sequence, real length of it, whether the token is real).
template <class Body>
__device__ inline void forEachHead(const WorkArea& work, const Group& group, int heads, const Body& body) {
  for (int item = threadIdx.x; item < work.count * heads; item += blockDim.x) {
    const int token = item % work.count, head = item / work.count;
    const bool real = group.isReal(token);
    body(token, head, token / group.length * group.length, real ? group.realLength(token) : 0, real);
  }
}

// Context of every real token, zeros for the others. The context may take the place of the query.
template <int K>
__device__ __noinline__ void attend(const WorkArea work, const Group group, int heads) {
  constexpr int AT_ONCE = unrolled<K>();
  const float scale = LOG2_E / sqrtf((float)K);
  const int A = work.attention;
  forEachHead(work, group, heads, [&](int token, int head, int first, int keys, bool real) {
    RunningSoftmax<K> softmax;
    float query[K];
    loadVector(work.row(token, head * K), query);
#pragma unroll
    for (int c = 0; c < K; c++) query[c] *= scale;
    const float *key = work.row(first, A + head * K), *value = key + A;
    int j = 0;
    for (; j + AT_ONCE <= keys; j += AT_ONCE)
      softmax.template add<AT_ONCE>(query, key + j * work.stride, value + j * work.stride, work.stride);
#pragma unroll 1
    for (; j < keys; j++) softmax.template add<1>(query, key + j * work.stride, value + j * work.stride, work.stride);
    storeVector(softmax.mixed, real ? 1.0f / softmax.sum : 0.0f, work.row(token, work.context + head * K));
    if (work.statistics) work.statistics[2 * (head * work.count + token)] = real ? softmax.top + log2f(softmax.sum) : 0.0f;
  });
}

// Gradient of the queries in place of the context, and the shifts: sum over keys of P * dP = context . dContext
// (arXiv:2205.14135).
template <int K>
__device__ __noinline__ void queryGradient(const WorkArea work, const Group group, int heads) {
  const float natural = 1.0f / sqrtf((float)K), scale = natural * LOG2_E;
  const int A = work.attention;
  forEachHead(work, group, heads, [&](int token, int head, int first, int keys, bool) {
    float query[K], context[K], dContext[K], dQuery[K] = {};
    loadVector(work.row(token, head * K), query);
    loadVector(work.row(token, work.context + head * K), context);
    loadVector(work.row(token, work.contextGradient + head * K), dContext);
#pragma unroll
    for (int c = 0; c < K; c++) query[c] *= scale;
    float* statistics = work.statistics + 2 * (head * work.count + token);
    const float start = -statistics[0], shift = dot(context, dContext);
    const float* at = work.row(first, A + head * K);
#pragma unroll(unrolled<K>())
    for (int j = 0; j < keys; j++, at += work.stride) {
      float key[K], value[K];
      loadVector(at, key);
      loadVector(at + A, value);
      const float change = powerOfTwo(dot(query, key, start)) * dot(dContext, value, -shift);
#pragma unroll
      for (int c = 0; c < K; c++) dQuery[c] += change * key[c];
    }
    statistics[1] = shift;
    storeVector(dQuery, natural, work.row(token, work.context + head * K));
  });
}

// Gradients of keys and values in their places; needs the shifts of all queries.
template <int K>
__device__ __noinline__ void keyValueGradient(const WorkArea work, const Group group, int heads) {
  const float natural = 1.0f / sqrtf((float)K), scale = natural * LOG2_E;
  const int A = work.attention;
  forEachHead(work, group, heads, [&](int token, int head, int first, int queries, bool) {
    float key[K], value[K], dKey[K] = {}, dValue[K] = {};
    float* own = work.row(token, A + head * K);
    loadVector(own, key);
    loadVector(own + A, value);
#pragma unroll
    for (int c = 0; c < K; c++) key[c] *= scale;
    const float* at = work.row(first, head * K);
    const float* statistics = work.statistics + 2 * (head * work.count + first);
#pragma unroll(unrolled<K>())
    for (int i = 0; i < queries; i++, at += work.stride, statistics += 2) {
      float query[K], dContext[K];
      loadVector(at, query);
      loadVector(at + work.contextGradient, dContext);
      const float2 pair = *(const float2*)statistics;
      const float power = powerOfTwo(dot(query, key, -pair.x));
      const float change = power * dot(dContext, value, -pair.y);
#pragma unroll
      for (int c = 0; c < K; c++) {
        dValue[c] += power * dContext[c];
        dKey[c] += change * query[c];
      }
    }
    storeVector(dKey, natural, own);
    storeVector(dValue, 1.0f, own + A);
  });
}

// What the kernels do with all heads of a group, body.run<K>(), with the head size as a compile-time number.
template <class Body>
__device__ inline void withHeadSize(int size, const Body& body) {
  if (size == 4) body.template run<4>();
  else if (size == 8) body.template run<8>();
  else body.template run<16>();
}

struct Attention {
  const WorkArea& work;
  const Group& group;
  int heads;
  template <int K>
  __device__ void run() const {
    attend<K>(work, group, heads);
  }
};

struct AttentionGradient {
  const WorkArea& work;
  const Group& group;
  int heads;
  template <int K>
  __device__ void run() const {
    queryGradient<K>(work, group, heads);
    __syncthreads();
    keyValueGradient<K>(work, group, heads);
  }
};
