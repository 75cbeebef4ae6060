// What the rows of one history say about the mechanism of each sink; see core/tensor/sink-statistics.ts for the formulas.
// Shapes: n rows, d variables, e = d + 1 (the variables and a constant 1), p = d - 1 (all variables but the sink).
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

constexpr int SINK_STATISTICS = 15;

struct SinkSettings {
  int rows, size;
  double noiseVariance;
  bool centred;    // the sink's intercept is unknown, not 0
  bool scaleFree;  // the noise variance is integrated out of the Bayes factors, not taken as known

  double ridge() const { return noiseVariance * (size > 1 ? size - 1 : 1); }
};

// One history: values and flags interleaved [n, d, 2], mask [n] or null.
struct SinkRows {
  const float* channels;
  const float* mask;
  int size;

  bool measured(int row) const { return mask == nullptr || mask[row] > 0; }
  double value(int row, int variable) const { return channels[2 * ((int64_t)row * size + variable)]; }
  bool target(int row, int variable) const { return channels[2 * ((int64_t)row * size + variable) + 1] > 0.5f; }
};

// Sums over the rows of one history.
class SinkSums {
 public:
  explicit SinkSums(int size);
  void gather(const SinkRows& history, int rows);

  // [e, e]: sum of (y, 1)(y, 1)' over the rows in which the sink is no target.
  double* gram(int sink) { return &grams_[(std::size_t)sink * extended * extended]; }
  // [d, d]: over the rows in which i is a target and j is none, their number, sum of y_i y_j and sum of y_j.
  std::vector<double> count, product, response;
  // Targets of each row that has any: `targets[start[k]] .. targets[start[k + 1]]` for row `targetRows[k]`.
  std::vector<int> plainRows, targetRows, start, targets;
  const int size, extended;

 private:
  std::vector<double> grams_, outer_;
};

// Everything that the statistics of one sink are made from, for the p other variables in order.
class SinkRegression {
 public:
  explicit SinkRegression(const SinkSettings& settings);
  void solve(const double* gram, int sink);

  const SinkSettings settings;
  std::vector<int> others;
  std::vector<double> inverse, right, coefficient, centredGram;
  double rows, variance, residual;  // n_j, G_jj, G_jj - b' A^-1 b

 private:
  std::vector<double> factor_;
};
