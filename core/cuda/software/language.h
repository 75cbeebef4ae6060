// The part of CUDA's language that our kernels use, for a C++ compiler. One host thread runs all threads of a grid, a block
// after the other, so shared memory is static memory and the built-in variables are globals that the scheduler sets.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#define __device__
#define __host__
#define __global__
#define __constant__ static const
#define __shared__ static
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))

struct uint3 {
  unsigned x, y, z;
};
struct alignas(8) float2 {
  float x, y;
};
struct float3 {
  float x, y, z;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) int2 {
  int x, y;
};
struct alignas(16) int4 {
  int x, y, z, w;
};
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline int2 make_int2(int x, int y) { return {x, y}; }
inline int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }

extern uint3 threadIdx, blockIdx, blockDim, gridDim;
constexpr int warpSize = 32;

namespace software {

constexpr int LANE_BYTES = 64;

// Values of all lanes of the caller's warp, each LANE_BYTES wide. The caller's is `size` bytes at `value`. Returns once all
// lanes of `mask` have called; what it returns stays until the lane calls twice more.
const char* exchange(unsigned mask, const void* value, int size, int line);
// Waits for all threads of the block at the same line.
void synchronise(int line);
// Ends the launch with an error.
[[noreturn]] void trap();
char* sharedMemory();

template <class Value>
struct LaneValues {
  static_assert(std::is_trivially_copyable<Value>::value && sizeof(Value) <= LANE_BYTES);
  const char* slots;
  Value operator[](int lane) const {
    Value value;
    std::memcpy(&value, slots + lane * LANE_BYTES, sizeof(Value));
    return value;
  }
};

template <class Value>
inline LaneValues<Value> gather(unsigned mask, const Value& value, int line) {
  return {exchange(mask, &value, sizeof(Value), line)};
}

inline int lane() { return (threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) % warpSize; }

template <class Value>
inline Value shuffle(unsigned mask, const Value& value, int source, int line) {
  return gather(mask, value, line)[source & (warpSize - 1)];
}
// Lanes that would read beyond their warp keep their own value.
template <class Value>
inline Value shuffleBy(unsigned mask, const Value& value, int step, int line) {
  const int source = lane() + step;
  const LaneValues<Value> values = gather(mask, value, line);
  return source >= 0 && source < warpSize ? values[source] : value;
}

inline unsigned ballot(unsigned mask, bool predicate, int line) {
  const auto values = gather(mask, (int)predicate, line);
  unsigned votes = 0;
  for (int i = 0; i < warpSize; i++)
    if (mask >> i & 1 && values[i]) votes |= 1u << i;
  return votes;
}

}  // namespace software

#define DYNAMIC_SHARED(Type, name) Type* name = (Type*)software::sharedMemory()
#define __syncthreads() software::synchronise(__LINE__)
#define __syncwarp(...) (void)software::gather(0xffffffffu, 0, __LINE__)
#define __shfl_sync(mask, value, source) software::shuffle(mask, value, source, __LINE__)
#define __shfl_xor_sync(mask, value, bits) software::shuffle(mask, value, software::lane() ^ (bits), __LINE__)
#define __shfl_down_sync(mask, value, step) software::shuffleBy(mask, value, step, __LINE__)
#define __shfl_up_sync(mask, value, step) software::shuffleBy(mask, value, -(step), __LINE__)
#define __ballot_sync(mask, predicate) software::ballot(mask, predicate, __LINE__)
#define __any_sync(mask, predicate) (software::ballot(mask, predicate, __LINE__) != 0)
#define __all_sync(mask, predicate) (software::ballot(mask, !(predicate), __LINE__) == 0)
#define __threadfence()
#define __trap() software::trap()

template <class To, class From>
inline To sameBits(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof(To));
  return to;
}
inline unsigned __float_as_uint(float x) { return sameBits<unsigned>(x); }
inline int __float_as_int(float x) { return sameBits<int>(x); }
inline float __uint_as_float(unsigned x) { return sameBits<float>(x); }
inline float __int_as_float(int x) { return sameBits<float>(x); }

inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline int __popc(unsigned bits) { return __builtin_popcount(bits); }
inline int __clz(int bits) { return bits ? __builtin_clz((unsigned)bits) : 32; }
template <class Value>
inline Value __ldg(const Value* at) { return *at; }

using std::isfinite;
using std::isinf;
using std::isnan;
template <class Number>
inline Number min(Number a, Number b) { return b < a ? b : a; }
template <class Number>
inline Number max(Number a, Number b) { return a < b ? b : a; }

// Whole numbers only: sums of floats must not depend on the order in which threads come.
template <class Whole>
inline Whole atomicAdd(Whole* at, Whole value) {
  static_assert(std::is_integral<Whole>::value);
  const Whole before = *at;
  *at += value;
  return before;
}
template <class Whole>
inline Whole atomicMax(Whole* at, Whole value) {
  static_assert(std::is_integral<Whole>::value);
  const Whole before = *at;
  if (value > before) *at = value;
  return before;
}
