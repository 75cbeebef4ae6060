#include "sink-statistics.h"

#include <algorithm>
#include <cmath>

#include "thread-pool.h"

namespace {

enum Statistic {
  COEFFICIENT, STANDARD_ERROR, RATIO, LOG_GIVEN_ALL, LOG_GIVEN_SOURCE, LOG_GIVEN_NONE, MARGINAL, ADDING, TAKING,
  TARGET_ROWS, SINK_ROWS, PRODUCT, MOVEMENT, MOVEMENT_ERROR, MOVEMENT_RATIO
};

constexpr double COUNT_SCALE = 0.25;
constexpr int64_t HISTORIES_PER_TASK = 4;

// d asinh(x) / dx
double asinhSlope(double x) { return 1 / std::sqrt(1 + x * x); }

// Intermediate values of one pair; both directions need them.
struct Pair {
  double s2, right, source, beta, a;                      // noise variance, G_ij, G_ii, coefficient, (A^-1)_ii
  double givenAll, error, ratio, sourceRidge, residual;   // residual: of j given i alone
  double adding, taking, without;                         // without: residual + noise variance once i is taken away
  double moved, rest, movement, movementError;            // rows with and without i as target

  Pair(const SinkRegression& sink, int k, double count, double response, double total) {
    const SinkSettings& settings = sink.settings;
    const int p = settings.size - 1, i = sink.others[k];
    const double n = sink.rows, ridge = settings.ridge();
    s2 = settings.noiseVariance;
    right = sink.right[k];
    source = std::max(0.0, sink.centredGram[i * settings.size + i]);
    beta = sink.coefficient[k];
    a = sink.inverse[k * p + k];
    givenAll = (sink.residual + s2) / (n + 1);
    error = std::sqrt(givenAll * a);
    ratio = beta / error;
    sourceRidge = source + s2;
    residual = std::max(0.0, sink.variance - right * right / sourceRidge);
    without = sink.residual + beta * beta / a + s2;
    adding = -0.5 * std::log(sourceRidge / s2);
    taking = 0.5 * std::log(ridge * a);
    if (settings.scaleFree) {
      adding -= 0.5 * n * std::log((residual + s2) / (sink.variance + s2));
      taking += 0.5 * n * std::log(without / (sink.residual + s2));
    } else {
      adding += 0.5 * right * right / (s2 * sourceRidge);
      taking += 0.5 * beta * beta / (a * s2);
    }
    moved = count;
    rest = std::max(1.0, n - count);
    movement = (response - moved * (total - response) / rest) / (moved + 1);
    movementError = std::sqrt((sink.variance + s2) / (n + 1) * (1 / (moved + 1) + 1 / (n - moved + 1)));
  }
};

void write(const Pair& pair, const SinkRegression& sink, double product, float* out) {
  const double n = sink.rows;
  out[COEFFICIENT] = pair.beta;
  out[STANDARD_ERROR] = pair.error;
  out[RATIO] = std::asinh(pair.ratio);
  out[LOG_GIVEN_ALL] = std::log(pair.givenAll);
  out[LOG_GIVEN_SOURCE] = std::log((pair.residual + pair.s2) / (n + 1));
  out[LOG_GIVEN_NONE] = std::log((sink.variance + pair.s2) / (n + 1));
  out[MARGINAL] = pair.right / pair.sourceRidge;
  out[ADDING] = std::asinh(pair.adding);
  out[TAKING] = std::asinh(pair.taking);
  out[TARGET_ROWS] = COUNT_SCALE * std::log1p(pair.moved);
  out[SINK_ROWS] = COUNT_SCALE * std::log1p(n);
  out[PRODUCT] = std::asinh(product);
  out[MOVEMENT] = pair.movement;
  out[MOVEMENT_ERROR] = pair.movementError;
  out[MOVEMENT_RATIO] = std::asinh(pair.movement / pair.movementError);
}

// Gradients with respect to what the pairs of one sink are made from.
struct SinkGradient {
  std::vector<double> coefficient, diagonal, right, source;  // [p]: beta, (A^-1)_ii, G_ij, G_ii
  double variance, residual, total;                          // G_jj, ridge residual, sum of y_j
  std::vector<double> gram, product, response;               // [e, e] summed up; [d, d]
  std::vector<double> solved, weighted;

  explicit SinkGradient(int size)
      : coefficient(size), diagonal(size), right(size), source(size), product((size_t)size * size),
        response((size_t)size * size), solved(size), weighted((size_t)size * size) {}

  void clear() {
    for (auto* values : {&coefficient, &diagonal, &right, &source}) std::fill(values->begin(), values->end(), 0.0);
    variance = residual = total = 0;
  }

  // Returns the gradient with respect to the response to the source, sum of y_j where i is a target.
  double add(const Pair& pair, const SinkRegression& sink, int k, const float* g) {
    const double n = sink.rows, s2 = pair.s2, R = pair.sourceRidge, b = pair.right, beta = pair.beta, a = pair.a;
    const double ofRatio = g[RATIO] * asinhSlope(pair.ratio);
    const double ofError = g[STANDARD_ERROR] - ofRatio * pair.ratio / pair.error;
    const double ofGivenAll = 0.5 * ofError * pair.error / pair.givenAll + g[LOG_GIVEN_ALL] / pair.givenAll;
    const double ofAdding = g[ADDING] * asinhSlope(pair.adding), ofTaking = g[TAKING] * asinhSlope(pair.taking);
    coefficient[k] += g[COEFFICIENT] + ofRatio / pair.error;
    diagonal[k] += 0.5 * ofError * pair.error / a + 0.5 * ofTaking / a;
    residual += ofGivenAll / (n + 1);
    variance += g[LOG_GIVEN_NONE] / (sink.variance + s2);
    right[k] += g[MARGINAL] / R;
    source[k] -= g[MARGINAL] * b / (R * R) + 0.5 * ofAdding / R;
    double ofResidual = g[LOG_GIVEN_SOURCE] / (pair.residual + s2);
    if (sink.settings.scaleFree) {
      ofResidual -= 0.5 * n * ofAdding / (pair.residual + s2);
      variance += 0.5 * n * ofAdding / (sink.variance + s2);
      residual += 0.5 * n * ofTaking * (1 / pair.without - 1 / (sink.residual + s2));
      coefficient[k] += n * ofTaking * beta / (a * pair.without);
      diagonal[k] -= 0.5 * n * ofTaking * beta * beta / (a * a * pair.without);
    } else {
      right[k] += ofAdding * b / (s2 * R);
      source[k] -= 0.5 * ofAdding * b * b / (s2 * R * R);
      coefficient[k] += ofTaking * beta / (a * s2);
      diagonal[k] -= 0.5 * ofTaking * beta * beta / (a * a * s2);
    }
    variance += ofResidual;
    right[k] -= 2 * ofResidual * b / R;
    source[k] += ofResidual * b * b / (R * R);
    return addMovement(pair, sink, g);
  }

  double addMovement(const Pair& pair, const SinkRegression& sink, const float* g) {
    const double ratio = pair.movement / pair.movementError, ofRatio = g[MOVEMENT_RATIO] * asinhSlope(ratio);
    const double ofMovement = (g[MOVEMENT] + ofRatio / pair.movementError) / (pair.moved + 1);
    const double ofError = g[MOVEMENT_ERROR] - ofRatio * ratio / pair.movementError;
    variance += 0.5 * ofError * pair.movementError / (sink.variance + pair.s2);
    total -= ofMovement * pair.moved / pair.rest;
    return ofMovement * (1 + pair.moved / pair.rest);
  }

  // Adds the gradient with respect to the sink's Gram matrix [e, e], symmetric, to `to`.
  void toGram(const SinkRegression& sink, const double* gram, int j, double* to) {
    const int d = sink.settings.size, e = d + 1, p = d - 1;
    const double* inverse = sink.inverse.data();
    for (int r = 0; r < p; r++) {
      double sum = 0;
      for (int c = 0; c < p; c++) sum += inverse[r * p + c] * coefficient[c];
      solved[r] = sum;
    }
    std::vector<double>& G = weighted;
    std::fill(G.begin(), G.end(), 0.0);
    for (int r = 0; r < p; r++)
      for (int c = 0; c < p; c++) {
        const double beta = sink.coefficient[r], other = sink.coefficient[c];
        double sum = residual * beta * other - 0.5 * (solved[r] * other + beta * solved[c]);
        for (int k = 0; k < p; k++) sum -= diagonal[k] * inverse[r * p + k] * inverse[c * p + k];
        G[sink.others[r] * d + sink.others[c]] = sum;
      }
    for (int r = 0; r < p; r++) {
      const int i = sink.others[r];
      G[i * d + i] += source[r];
      G[i * d + j] = G[j * d + i] = 0.5 * (right[r] + solved[r] - 2 * residual * sink.coefficient[r]);
    }
    G[j * d + j] = variance + residual;
    const double perRow = sink.settings.centred && sink.rows > 0 ? 1 / sink.rows : 0;
    for (int r = 0; r < d; r++) {
      double mean = 0;
      for (int c = 0; c < d; c++) {
        to[r * e + c] += G[r * d + c];
        mean += G[r * d + c] * gram[c * e + d];
      }
      const double ofSum = 0.5 * ((r == j ? total : 0) - 2 * mean * perRow);
      to[r * e + d] += ofSum;
    }
  }
};

struct Workspace {
  SinkSums sums;
  SinkRegression sink;

  explicit Workspace(const SinkSettings& settings) : sums(settings.size), sink(settings) {}

  Pair pair(int j, int k) {
    const int size = sums.size, at = sink.others[k] * size + j;
    return Pair(sink, k, sums.count[at], sums.response[at], sums.gram(j)[size * sums.extended + j]);
  }
};

// Sends the gradients of the sums back to the rows they were taken over.
void scatter(const SinkRows& history, const SinkSums& sums, const std::vector<double>& grams,
             const SinkGradient& gradient, float* dx) {
  const int d = sums.size, e = sums.extended, entries = e * e;
  std::vector<double> total(entries);
  auto multiply = [&](int row) {
    for (int a = 0; a < d; a++) {
      double sum = total[a * e + d];
      for (int b = 0; b < d; b++) sum += total[a * e + b] * history.value(row, b);
      dx[2 * ((int64_t)row * d + a)] += 2 * sum;
    }
  };
  for (int j = 0; j < d; j++)
    for (int k = 0; k < entries; k++) total[k] += grams[(size_t)j * entries + k];
  for (int row : sums.plainRows) multiply(row);
  for (size_t at = 0; at < sums.targetRows.size(); at++) {
    const int row = sums.targetRows[at];
    std::fill(total.begin(), total.end(), 0.0);
    for (int j = 0; j < d; j++) {
      if (history.target(row, j)) continue;
      for (int k = 0; k < entries; k++) total[k] += grams[(size_t)j * entries + k];
      for (int t = sums.start[at]; t < sums.start[at + 1]; t++) {
        const int i = sums.targets[t];
        const double ofProduct = gradient.product[i * d + j];
        dx[2 * ((int64_t)row * d + i)] += ofProduct * history.value(row, j);
        dx[2 * ((int64_t)row * d + j)] += ofProduct * history.value(row, i) + gradient.response[i * d + j];
      }
    }
    multiply(row);
  }
}

void forwardOne(Workspace& work, const SinkRows& history, float* out) {
  const int d = work.sums.size;
  work.sums.gather(history, work.sink.settings.rows);
  for (int j = 0; j < d; j++) {
    work.sink.solve(work.sums.gram(j), j);
    std::fill_n(out + (int64_t)(j * d + j) * SINK_STATISTICS, SINK_STATISTICS, 0.0f);
    for (int k = 0; k < d - 1; k++) {
      const int at = work.sink.others[k] * d + j;
      write(work.pair(j, k), work.sink, work.sums.product[at], out + (int64_t)at * SINK_STATISTICS);
    }
  }
}

void backwardOne(Workspace& work, SinkGradient& gradient, const SinkRows& history, const float* dy, float* dx) {
  const int d = work.sums.size, entries = work.sums.extended * work.sums.extended;
  work.sums.gather(history, work.sink.settings.rows);
  std::vector<double> grams((size_t)d * entries);
  for (int j = 0; j < d; j++) {
    work.sink.solve(work.sums.gram(j), j);
    gradient.clear();
    for (int k = 0; k < d - 1; k++) {
      const int at = work.sink.others[k] * d + j;
      const float* g = dy + (int64_t)at * SINK_STATISTICS;
      gradient.response[at] = gradient.add(work.pair(j, k), work.sink, k, g);
      gradient.product[at] = g[PRODUCT] * asinhSlope(work.sums.product[at]);
    }
    gradient.toGram(work.sink, work.sums.gram(j), j, &grams[(size_t)j * entries]);
  }
  scatter(history, work.sums, grams, gradient, dx);
}

SinkRows historyAt(const float* channels, const float* mask, int64_t b, const SinkSettings& settings) {
  const int64_t stride = (int64_t)2 * settings.rows * settings.size;
  return {channels + b * stride, mask ? mask + b * settings.rows : nullptr, settings.size};
}

}  // namespace

extern "C" {

// channels [batch, rows, size, 2], mask [batch, rows] or null -> out [batch, size, size, SINK_STATISTICS].
void cp_sink_statistics(const float* channels, const float* mask, float* out, int64_t batch, int rows, int size,
                        float noiseVariance, int centred, int scaleFree) {
  const SinkSettings settings = {rows, size, noiseVariance, centred != 0, scaleFree != 0};
  parallelRange(batch, HISTORIES_PER_TASK, [&](int64_t begin, int64_t end) {
    Workspace work(settings);
    for (int64_t b = begin; b < end; b++)
      forwardOne(work, historyAt(channels, mask, b, settings), out + b * size * size * SINK_STATISTICS);
  });
}

// dx [batch, rows, size, 2]: gradient with respect to the values; 0 for the flags.
void cp_sink_statistics_gradient(const float* channels, const float* mask, const float* dy, float* dx, int64_t batch,
                                 int rows, int size, float noiseVariance, int centred, int scaleFree) {
  const SinkSettings settings = {rows, size, noiseVariance, centred != 0, scaleFree != 0};
  const int64_t stride = (int64_t)2 * rows * size;
  parallelRange(batch, HISTORIES_PER_TASK, [&](int64_t begin, int64_t end) {
    Workspace work(settings);
    SinkGradient gradient(size);
    for (int64_t b = begin; b < end; b++) {
      std::fill_n(dx + b * stride, stride, 0.0f);
      backwardOne(work, gradient, historyAt(channels, mask, b, settings),
                  dy + b * size * size * SINK_STATISTICS, dx + b * stride);
    }
  });
}

}  // extern "C"
