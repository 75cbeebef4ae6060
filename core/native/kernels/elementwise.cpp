// Unary and broadcast binary operations on float32.
#include "thread-pool.h"
#include "vector-math.h"

namespace {

constexpr int64_t GRAIN = 1 << 15;
constexpr int MAX_RANK = 8;

Vec loadPart(const float* p, int64_t count) {
  Vec v = {};
  std::memcpy(&v, p, count * sizeof(float));
  return v;
}

template <class Operation>
void mapUnary(const float* x, float* y, int64_t size, Operation operation) {
  parallelRange(size, GRAIN, [&](int64_t begin, int64_t end) {
    int64_t i = begin;
    for (; i + W <= end; i += W) store(y + i, operation(load(x + i)));
    if (i == end) return;
    const Vec last = operation(loadPart(x + i, end - i));
    std::memcpy(y + i, &last, (end - i) * sizeof(float));
  });
}

// Where result element (outer index, inner index) reads its operands; a stride of 0 repeats.
struct Broadcast {
  int rank;
  int64_t sizes[MAX_RANK], strideA[MAX_RANK], strideB[MAX_RANK];
};

void storePart(float* p, Vec v, int64_t count) { std::memcpy(p, &v, count * sizeof(float)); }
void storeResult(float* p, Vec v) { store(p, v); }
void storePart(uint8_t* p, VecInt v, int64_t count) {
  for (int64_t i = 0; i < count; i++) p[i] = v[i] != 0;
}
void storeResult(uint8_t* p, VecInt v) {
  for (int i = 0; i < W; i++) p[i] = v[i] != 0;
}

template <bool repeatA, bool repeatB, class Out, class Operation>
void runBinary(const float* a, const float* b, Out* y, int64_t size, Operation operation) {
  const Vec wholeA = repeatA ? splat(*a) : Vec{}, wholeB = repeatB ? splat(*b) : Vec{};
  int64_t i = 0;
  for (; i + W <= size; i += W)
    storeResult(y + i, operation(repeatA ? wholeA : load(a + i), repeatB ? wholeB : load(b + i)));
  if (i == size) return;
  storePart(y + i, operation(repeatA ? wholeA : loadPart(a + i, size - i), repeatB ? wholeB : loadPart(b + i, size - i)),
            size - i);
}

template <class Out, class Operation>
void mapBinary(const float* a, const float* b, Out* y, const Broadcast& shape, Operation operation) {
  const int last = shape.rank - 1;
  const int64_t inner = shape.sizes[last];
  const auto run = [&](const float* from, const float* with, Out* to, int64_t size) {
    if (shape.strideA[last] == 0) runBinary<true, false>(from, with, to, size, operation);
    else if (shape.strideB[last] == 0) runBinary<false, true>(from, with, to, size, operation);
    else runBinary<false, false>(from, with, to, size, operation);
  };
  if (shape.rank == 1) {
    const int64_t stepA = shape.strideA[0], stepB = shape.strideB[0];
    parallelRange(inner, GRAIN,
                  [&](int64_t begin, int64_t end) { run(a + begin * stepA, b + begin * stepB, y + begin, end - begin); });
    return;
  }
  int64_t outer = 1;
  for (int axis = 0; axis < last; axis++) outer *= shape.sizes[axis];
  parallelRange(outer, GRAIN / inner + 1, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; index++) {
      int64_t rest = index, offsetA = 0, offsetB = 0;
      for (int axis = last - 1; axis >= 0; axis--) {
        const int64_t at = rest % shape.sizes[axis];
        rest /= shape.sizes[axis];
        offsetA += at * shape.strideA[axis];
        offsetB += at * shape.strideB[axis];
      }
      run(a + offsetA, b + offsetB, y + index * inner, inner);
    }
  });
}

Broadcast readShape(int32_t rank, const int32_t* layout) {
  Broadcast shape;
  shape.rank = rank;
  for (int axis = 0; axis < rank; axis++) {
    shape.sizes[axis] = layout[axis];
    shape.strideA[axis] = layout[rank + axis];
    shape.strideB[axis] = layout[2 * rank + axis];
  }
  return shape;
}

}  // namespace

extern "C" {

// y = operation(x); the numbers are those of UNARY in core/native/ops/elementwise.ts, p and q the operation's parameters.
void cp_unary(int32_t operation, const float* x, float* y, int64_t size, float p, float q) {
  const auto map = [&](auto function) { mapUnary(x, y, size, function); };
  switch (operation) {
    case 0: return map([](Vec v) { return exponential(v); });
    case 1: return map([](Vec v) { return logarithm(v); });
    case 2: return map([](Vec v) { return hyperbolicTangent(v); });
    case 3: return map([](Vec v) { return sigmoid(v); });
    case 4: return map([](Vec v) { return softplus(v); });
    case 5: return map([](Vec v) { return logarithmOfOnePlus(v); });
    case 6: return map([](Vec v) { return select(v < 0.0f, Vec{}, v); });
    case 7: return map([](Vec v) { return squareRoot(v); });
    case 8: return map([](Vec v) { return 1.0f / squareRoot(v); });
    case 9: return map([](Vec v) { return v * v; });
    case 10: return map([](Vec v) { return -v; });
    case 11: return map([](Vec v) { return absolute(v); });
    case 12: return map([](Vec v) { return 1.0f / v; });
    case 13: return map([&](Vec v) { return select(v < p, splat(p), select(v > q, splat(q), v)); });
    case 14: return map([&](Vec v) { return select(v != v, v, select(v > 0.0f, splat(1.0f), splat(p))); });
  }
}

// y = operation(a, b) with broadcasting; layout = sizes, strides of a, strides of b. Numbers as BINARY in elementwise.ts.
void cp_binary(int32_t operation, const float* a, const float* b, float* y, int32_t rank, const int32_t* layout) {
  const Broadcast shape = readShape(rank, layout);
  const auto map = [&](auto function) { mapBinary(a, b, y, shape, function); };
  switch (operation) {
    case 0: return map([](Vec u, Vec v) { return u + v; });
    case 1: return map([](Vec u, Vec v) { return u - v; });
    case 2: return map([](Vec u, Vec v) { return u * v; });
    case 3: return map([](Vec u, Vec v) { return u / v; });
    case 4: return map([](Vec u, Vec v) { return select(u != u, u, select(u > v, u, v)); });
    case 5: return map([](Vec u, Vec v) { return select(u != u, u, select(u < v, u, v)); });
    case 6: return map([](Vec u, Vec v) { return (u - v) * (u - v); });
  }
}

// As cp_binary with a truth value for a result; numbers as COMPARISONS in elementwise.ts.
void cp_compare(int32_t operation, const float* a, const float* b, uint8_t* y, int32_t rank, const int32_t* layout) {
  const Broadcast shape = readShape(rank, layout);
  const auto map = [&](auto function) { mapBinary(a, b, y, shape, function); };
  switch (operation) {
    case 0: return map([](Vec u, Vec v) -> VecInt { return u > v; });
    case 1: return map([](Vec u, Vec v) -> VecInt { return u >= v; });
    case 2: return map([](Vec u, Vec v) -> VecInt { return u < v; });
    case 3: return map([](Vec u, Vec v) -> VecInt { return u <= v; });
    case 4: return map([](Vec u, Vec v) -> VecInt { return u == v; });
    case 5: return map([](Vec u, Vec v) -> VecInt { return u != v; });
  }
}

// y = condition ? a : b, all of one size.
void cp_select(const uint8_t* condition, const float* a, const float* b, float* y, int64_t size) {
  parallelRange(size, GRAIN, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) y[i] = condition[i] ? a[i] : b[i];
  });
}

}  // extern "C"
