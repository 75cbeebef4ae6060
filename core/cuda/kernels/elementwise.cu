// Operations on each element, a thread per element: bound by memory, so which operation it is may be decided at run time.
// Operations are listed in their order in core/cuda/ops/elementwise.ts; NaN goes through as in the stock kernels.
#include "device.cuh"
#include "layout.cuh"

namespace {

enum Unary { EXP, LOG, TANH, SIGMOID, SOFTPLUS, LOG1P, RELU, SQRT, RSQRT, SQUARE, NEG, ABS, RECIPROCAL, CLIP, STEP, ERF };
enum Binary { ADD, SUB, MULTIPLY, DIVIDE, MAXIMUM, MINIMUM, SQUARED_DIFFERENCE, POWER };
enum Comparison { GREATER, GREATER_EQUAL, LESS, LESS_EQUAL, EQUAL, NOT_EQUAL };
enum Logical { AND, OR };

__device__ inline float applyUnary(int operation, float x, float first, float second) {
  switch (operation) {
    case EXP: return expf(x);
    case LOG: return logf(x);
    case TANH: return tanhf(x);
    case SIGMOID: return 1.0f / (1.0f + expf(-x));
    case SOFTPLUS: return x != x ? x : fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x)));
    case LOG1P: return log1pf(x);
    case RELU: return x <= 0 ? 0.0f : x;
    case SQRT: return sqrtf(x);
    case RSQRT: return 1.0f / sqrtf(x);
    case SQUARE: return x * x;
    case NEG: return -x;
    case ABS: return fabsf(x);
    case RECIPROCAL: return 1.0f / x;
    case CLIP: return x < first ? first : x > second ? second : x;
    case STEP: return x > 0 ? 1.0f : x != x ? x : first;
    default: return erff(x);
  }
}

__device__ inline float applyBinary(int operation, float a, float b) {
  switch (operation) {
    case ADD: return a + b;
    case SUB: return a - b;
    case MULTIPLY: return a * b;
    case DIVIDE: return a / b;
    case MAXIMUM: return a != a || a > b ? a : b;
    case MINIMUM: return a != a || a < b ? a : b;
    case SQUARED_DIFFERENCE: return (a - b) * (a - b);
    default: return powf(a, b);
  }
}

template <class Number>
__device__ inline bool compare(int operation, Number a, Number b) {
  switch (operation) {
    case GREATER: return a > b;
    case GREATER_EQUAL: return a >= b;
    case LESS: return a < b;
    case LESS_EQUAL: return a <= b;
    case EQUAL: return a == b;
    default: return a != b;
  }
}

}  // namespace

// y = operation(x); `first` and `second` are the bounds of CLIP, `first` the slope of STEP.
extern "C" __global__ void unary(int operation, const float* x, float* y, long long size, float first, float second) {
  const long long i = elementIndex();
  if (i < size) y[i] = applyUnary(operation, x[i], first, second);
}

// y = operation(a, b) with repeated axes; a is the first array of the layout, b the second.
extern "C" __global__ void binary(int operation, const float* a, const float* b, float* y, long long size, Layout layout) {
  const long long i = elementIndex();
  if (i >= size) return;
  const Places places = placesOf(layout, (unsigned)i);
  y[i] = applyBinary(operation, a[places.first], b[places.second]);
}

// y = 1 where the comparison holds, else 0; arguments as in `binary`.
extern "C" __global__ void compare_floats(int operation, const float* a, const float* b, unsigned char* y, long long size,
                                          Layout layout) {
  const long long i = elementIndex();
  if (i >= size) return;
  const Places places = placesOf(layout, (unsigned)i);
  y[i] = compare(operation, a[places.first], b[places.second]);
}

extern "C" __global__ void compare_ints(int operation, const int* a, const int* b, unsigned char* y, long long size,
                                        Layout layout) {
  const long long i = elementIndex();
  if (i >= size) return;
  const Places places = placesOf(layout, (unsigned)i);
  y[i] = compare(operation, a[places.first], b[places.second]);
}

// Both or either of two truth values; arguments as in `binary`.
extern "C" __global__ void logical(int operation, const unsigned char* a, const unsigned char* b, unsigned char* y,
                                   long long size, Layout layout) {
  const long long i = elementIndex();
  if (i >= size) return;
  const Places places = placesOf(layout, (unsigned)i);
  const bool left = a[places.first] != 0, right = b[places.second] != 0;
  y[i] = operation == AND ? left && right : left || right;
}

extern "C" __global__ void logical_not(const unsigned char* x, unsigned char* y, long long size) {
  const long long i = elementIndex();
  if (i < size) y[i] = x[i] == 0;
}

// y = condition ? a : b, all of one shape.
extern "C" __global__ void select_values(const unsigned char* condition, const float* a, const float* b, float* y, long long size) {
  const long long i = elementIndex();
  if (i < size) y[i] = condition[i] ? a[i] : b[i];
}

// Conversions between the types of tensors; a float becomes an int towards zero.
extern "C" __global__ void float_to_int(const float* x, int* y, long long size) {
  const long long i = elementIndex();
  if (i < size) y[i] = (int)x[i];
}
extern "C" __global__ void int_to_float(const int* x, float* y, long long size) {
  const long long i = elementIndex();
  if (i < size) y[i] = (float)x[i];
}
extern "C" __global__ void bool_to_float(const unsigned char* x, float* y, long long size) {
  const long long i = elementIndex();
  if (i < size) y[i] = x[i] ? 1.0f : 0.0f;
}
extern "C" __global__ void bool_to_int(const unsigned char* x, int* y, long long size) {
  const long long i = elementIndex();
  if (i < size) y[i] = x[i] ? 1 : 0;
}
extern "C" __global__ void float_to_bool(const float* x, unsigned char* y, long long size) {
  const long long i = elementIndex();
  if (i < size) y[i] = x[i] != 0;
}
