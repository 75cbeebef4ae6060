// Statistics of every ordered pair from the regression of its sink on all other variables, and their gradient: a block for
// every sink of every history. Blocks work in shared memory, or in `areas` where that is too small.
#include "sink-regression.cuh"

namespace {

constexpr int STATISTICS = 15;
enum Statistic {
  COEFFICIENT, STANDARD_ERROR, RATIO, LOG_GIVEN_ALL, LOG_GIVEN_SOURCE, LOG_GIVEN_NONE, MARGINAL, ADDING, TAKING,
  TARGET_ROWS, SINK_ROWS, PRODUCT, MOVEMENT, MOVEMENT_ERROR, MOVEMENT_RATIO
};
constexpr double COUNT_SCALE = 0.25;

__device__ double asinhSlope(double x) { return 1 / sqrt(1 + x * x); }

__device__ void writeStatistics(const SinkPair& pair, double variance, double product, float* out) {
  out[COEFFICIENT] = pair.beta;
  out[STANDARD_ERROR] = pair.error;
  out[RATIO] = asinh(pair.ratio);
  out[LOG_GIVEN_ALL] = log(pair.givenAll);
  out[LOG_GIVEN_SOURCE] = log((pair.residual + pair.noise) / (pair.rows + 1));
  out[LOG_GIVEN_NONE] = log((variance + pair.noise) / (pair.rows + 1));
  out[MARGINAL] = pair.right / pair.sourceRidge;
  out[ADDING] = asinh(pair.adding);
  out[TAKING] = asinh(pair.taking);
  out[TARGET_ROWS] = COUNT_SCALE * log1p(pair.moved);
  out[SINK_ROWS] = COUNT_SCALE * log1p(pair.rows);
  out[PRODUCT] = asinh(product);
  out[MOVEMENT] = pair.movement;
  out[MOVEMENT_ERROR] = pair.movementError;
  out[MOVEMENT_RATIO] = asinh(pair.movement / pair.movementError);
}

// What one pair adds to the gradients of the numbers that it was made from.
struct PairGradient {
  double coefficient, diagonal, right, source;  // beta, (A^-1)_ii, G_ij, G_ii
  double variance, residual, total;             // G_jj, ridge residual, sum of y_j
  double response;                              // sum of y_j where i is a target

  __device__ PairGradient(const SinkPair& pair, const SinkArea& area, bool scaleFree, const float* g) {
    const double n = pair.rows, noise = pair.noise, all = *area.residual, none = *area.variance;
    const double R = pair.sourceRidge, b = pair.right, beta = pair.beta, a = pair.diagonal;
    const double ofRatio = g[RATIO] * asinhSlope(pair.ratio);
    const double ofError = g[STANDARD_ERROR] - ofRatio * pair.ratio / pair.error;
    const double ofGivenAll = 0.5 * ofError * pair.error / pair.givenAll + g[LOG_GIVEN_ALL] / pair.givenAll;
    const double ofAdding = g[ADDING] * asinhSlope(pair.adding), ofTaking = g[TAKING] * asinhSlope(pair.taking);
    coefficient = g[COEFFICIENT] + ofRatio / pair.error;
    diagonal = 0.5 * ofError * pair.error / a + 0.5 * ofTaking / a;
    residual = ofGivenAll / (n + 1);
    variance = g[LOG_GIVEN_NONE] / (none + noise);
    right = g[MARGINAL] / R;
    source = -(g[MARGINAL] * b / (R * R) + 0.5 * ofAdding / R);
    double ofResidual = g[LOG_GIVEN_SOURCE] / (pair.residual + noise);
    if (scaleFree) {
      ofResidual -= 0.5 * n * ofAdding / (pair.residual + noise);
      variance += 0.5 * n * ofAdding / (none + noise);
      residual += 0.5 * n * ofTaking * (1 / pair.without - 1 / (all + noise));
      coefficient += n * ofTaking * beta / (a * pair.without);
      diagonal -= 0.5 * n * ofTaking * beta * beta / (a * a * pair.without);
    } else {
      right += ofAdding * b / (noise * R);
      source -= 0.5 * ofAdding * b * b / (noise * R * R);
      coefficient += ofTaking * beta / (a * noise);
      diagonal -= 0.5 * ofTaking * beta * beta / (a * a * noise);
    }
    variance += ofResidual;
    right -= 2 * ofResidual * b / R;
    source += ofResidual * b * b / (R * R);
    const double moves = pair.movement / pair.movementError, ofMoves = g[MOVEMENT_RATIO] * asinhSlope(moves);
    const double ofMovement = (g[MOVEMENT] + ofMoves / pair.movementError) / (pair.moved + 1);
    const double ofMovementError = g[MOVEMENT_ERROR] - ofMoves * moves / pair.movementError;
    variance += 0.5 * ofMovementError * pair.movementError / (none + noise);
    total = -ofMovement * pair.moved / pair.rest;
    response = ofMovement * (1 + pair.moved / pair.rest);
  }
};

// Gradients of all pairs of a sink, [d] each; 0 for the sink itself.
struct SinkGradients {
  double *coefficient, *diagonal, *right, *source, *variance, *residual, *total, *solved;

  __device__ SinkGradients(double* area, int d) {
    coefficient = area, diagonal = area + d, right = area + 2 * d, source = area + 3 * d;
    variance = area + 4 * d, residual = area + 5 * d, total = area + 6 * d, solved = area + 7 * d;
  }

  __device__ void set(int i, const PairGradient& pair) const {
    coefficient[i] = pair.coefficient, diagonal[i] = pair.diagonal, right[i] = pair.right, source[i] = pair.source;
    variance[i] = pair.variance, residual[i] = pair.residual, total[i] = pair.total;
  }

  __device__ void clear(int i) const {
    coefficient[i] = diagonal[i] = right[i] = source[i] = variance[i] = residual[i] = total[i] = 0;
  }
};

__device__ double sumOf(const double* values, int d) {
  double sum = 0;
  for (int i = 0; i < d; i++) sum += values[i];
  return sum;
}

// Gradient with respect to the sink's sums of products [d, d + 1], symmetric, that of the sum of y_a in column d.
__device__ void gradientOfSums(const SinkArea& area, const SinkGradients& of, const SinkSettings& settings, int sink,
                               double* to) {
  const int d = settings.size, e = d + 1, thread = threadIdx.x, threads = blockDim.x;
  const double *inverse = area.inverse, *beta = area.coefficient;
  for (int i = thread; i < d; i += threads) {
    double sum = 0;
    for (int k = 0; k < d; k++) sum += inverse[i * d + k] * of.coefficient[k];
    of.solved[i] = sum;
  }
  __syncthreads();
  const double residual = sumOf(of.residual, d), variance = sumOf(of.variance, d), total = sumOf(of.total, d);
  for (int entry = thread; entry < d * d; entry += threads) {
    const int a = entry / d, b = entry % d;
    double gradient;
    if (a == sink && b == sink) {
      gradient = variance + residual;
    } else if (a == sink || b == sink) {
      const int i = a == sink ? b : a;
      gradient = 0.5 * (of.right[i] + of.solved[i] - 2 * residual * beta[i]);
    } else {
      gradient = residual * beta[a] * beta[b] - 0.5 * (of.solved[a] * beta[b] + beta[a] * of.solved[b]);
      for (int k = 0; k < d; k++) gradient -= of.diagonal[k] * inverse[a * d + k] * inverse[b * d + k];
      if (a == b) gradient += of.source[a];
    }
    to[a * e + b] = gradient;
  }
  __syncthreads();
  const double perRow = settings.centred && *area.rows > 0 ? 1 / *area.rows : 0;
  for (int a = thread; a < d; a += threads) {
    double mean = 0;
    for (int b = 0; b < d; b++) mean += to[a * e + b] * area.sum[b];
    to[a * e + d] = 0.5 * ((a == sink ? total : 0) - 2 * mean * perRow);
  }
}

}  // namespace

// channels [batch, rows, size, 2], mask [batch, rows] or null -> out [batch, size, size, 15]. A block for every sink of every
// history, which it numbers in areas [batch * size, area].
extern "C" __global__ void sink_statistics(const float* channels, const float* mask, float* out, double* areas,
                                           long long areaSize, SinkSettings settings) {
  DYNAMIC_SHARED(double, shared);
  const int d = settings.size, history = blockIdx.x / d, sink = blockIdx.x % d;
  const SinkArea area(areas == nullptr ? shared : areas + blockIdx.x * areaSize, settings);
  regressSink(area, rowsOf(channels, mask, history, settings), settings, sink);
  out += (long long)history * d * d * STATISTICS;
  for (int i = threadIdx.x; i < d; i += blockDim.x) {
    float* to = out + (i * d + sink) * STATISTICS;
    if (i != sink) writeStatistics(SinkPair(area, settings, i, sink), *area.variance, area.product[i], to);
    else
      for (int k = 0; k < STATISTICS; k++) to[k] = 0;
  }
}

// Leaves the gradients of the sums of every sink in gradients [batch, size (sink), size, size + 1], and those of its sums over
// rows in which the source is a target in pairs [batch, size (source), size (sink), 2]: of y_i y_j, then of y_j.
extern "C" __global__ void sink_statistics_gradient(const float* channels, const float* mask, const float* dy,
                                                    double* gradients, double* pairs, double* areas, long long areaSize,
                                                    SinkSettings settings) {
  DYNAMIC_SHARED(double, shared);
  const int d = settings.size, history = blockIdx.x / d, sink = blockIdx.x % d;
  double* own = areas == nullptr ? shared : areas + blockIdx.x * areaSize;
  const SinkArea area(own, settings);
  const SinkGradients of(area.spare + 1, d);
  regressSink(area, rowsOf(channels, mask, history, settings), settings, sink);
  for (int i = threadIdx.x; i < d; i += blockDim.x) {
    const long long at = ((long long)history * d + i) * d + sink;
    pairs[2 * at] = pairs[2 * at + 1] = 0;
    of.clear(i);
    if (i == sink) continue;
    const float* g = dy + at * STATISTICS;
    const PairGradient pair(SinkPair(area, settings, i, sink), area, settings.scaleFree, g);
    of.set(i, pair);
    pairs[2 * at] = g[PRODUCT] * asinhSlope(area.product[i]);
    pairs[2 * at + 1] = pair.response;
  }
  __syncthreads();
  gradientOfSums(area, of, settings, sink, gradients + (long long)blockIdx.x * d * (d + 1));
}

// Sends those gradients back to the rows: dx [batch, rows, size, 2], 0 for the flags. A thread for every value.
extern "C" __global__ void sink_statistics_scatter(const float* channels, const float* mask, const double* gradients,
                                                   const double* pairs, float* dx, long long values,
                                                   SinkSettings settings) {
  const long long index = blockIdx.x * (long long)blockDim.x + threadIdx.x;
  if (index >= values) return;
  const int d = settings.size, e = d + 1, a = index % d, row = index / d % settings.rows;
  const long long history = index / ((long long)settings.rows * d);
  const SinkRows rows = rowsOf(channels, mask, history, settings);
  double sum = 0;
  for (int sink = 0; sink < d && rows.measured(row); sink++) {
    if (rows.target(row, sink)) continue;
    const double* of = gradients + ((history * d + sink) * d + a) * e;
    double product = of[d];
    for (int b = 0; b < d; b++) product += of[b] * rows.value(row, b);
    sum += 2 * product;
    if (rows.target(row, a)) sum += pairs[2 * ((history * d + a) * d + sink)] * rows.value(row, sink);
    if (sink != a) continue;
    for (int i = 0; i < d; i++) {
      if (!rows.target(row, i)) continue;
      const double* pair = pairs + 2 * ((history * d + i) * d + sink);
      sum += pair[0] * rows.value(row, i) + pair[1];
    }
  }
  dx[2 * index] = sum;
  dx[2 * index + 1] = 0;
}
