#include <algorithm>
#include <cmath>

#include "sink-statistics.h"

SinkSums::SinkSums(int size)
    : count((size_t)size * size),
      product(count.size()),
      response(count.size()),
      size(size),
      extended(size + 1),
      grams_((size_t)size * extended * extended),
      outer_((size_t)extended * extended) {}

// Rows without targets serve all sinks alike: their sum is taken once.
void SinkSums::gather(const SinkRows& history, int rows) {
  const int e = extended, entries = e * e;
  std::vector<double> shared(entries, 0.0), row(e, 1.0);
  for (auto* sums : {&grams_, &count, &product, &response}) std::fill(sums->begin(), sums->end(), 0.0);
  plainRows.clear(), targetRows.clear(), targets.clear(), start.assign(1, 0);
  for (int r = 0; r < rows; r++) {
    if (!history.measured(r)) continue;
    for (int i = 0; i < size; i++) {
      row[i] = history.value(r, i);
      if (history.target(r, i)) targets.push_back(i);
    }
    if ((int)targets.size() == start.back()) {
      plainRows.push_back(r);
      for (int a = 0; a < e; a++)
        for (int b = 0; b < e; b++) shared[a * e + b] += row[a] * row[b];
      continue;
    }
    for (int a = 0; a < e; a++)
      for (int b = 0; b < e; b++) outer_[a * e + b] = row[a] * row[b];
    const int first = start.back(), last = (int)targets.size();
    for (int j = 0; j < size; j++) {
      if (history.target(r, j)) continue;
      double* to = gram(j);
      for (int k = 0; k < entries; k++) to[k] += outer_[k];
      for (int at = first; at < last; at++) {
        const int pair = targets[at] * size + j;
        count[pair] += 1;
        product[pair] += row[targets[at]] * row[j];
        response[pair] += row[j];
      }
    }
    targetRows.push_back(r);
    start.push_back(last);
  }
  for (int j = 0; j < size; j++)
    for (int k = 0; k < entries; k++) gram(j)[k] += shared[k];
}

SinkRegression::SinkRegression(const SinkSettings& settings)
    : settings(settings),
      others(settings.size - 1),
      inverse((size_t)others.size() * others.size()),
      right(others.size()),
      coefficient(others.size()),
      centredGram((size_t)settings.size * settings.size),
      factor_(inverse.size()) {}

// Cholesky factor L of A = G_oo + ridge, then A^-1 column by column.
void SinkRegression::solve(const double* gram, int sink) {
  const int d = settings.size, e = d + 1, p = d - 1;
  rows = gram[d * e + d];
  const double perRow = settings.centred && rows > 0 ? 1 / rows : 0;
  for (int a = 0; a < d; a++)
    for (int b = 0; b < d; b++) centredGram[a * d + b] = gram[a * e + b] - gram[a * e + d] * gram[b * e + d] * perRow;
  for (int k = 0; k < p; k++) others[k] = k < sink ? k : k + 1;
  for (int k = 0; k < p; k++) right[k] = centredGram[others[k] * d + sink];
  variance = std::max(0.0, centredGram[sink * d + sink]);

  double* L = factor_.data();
  for (int r = 0; r < p; r++)
    for (int c = 0; c <= r; c++) {
      double sum = centredGram[others[r] * d + others[c]] + (r == c ? settings.ridge() : 0);
      for (int k = 0; k < c; k++) sum -= L[r * p + k] * L[c * p + k];
      L[r * p + c] = r == c ? std::sqrt(sum) : sum / L[c * p + c];
    }
  for (int column = 0; column < p; column++) {
    double* x = &inverse[(size_t)column * p];
    for (int r = 0; r < p; r++) {
      double sum = r == column ? 1 : 0;
      for (int k = column; k < r; k++) sum -= L[r * p + k] * x[k];
      x[r] = r < column ? 0 : sum / L[r * p + r];
    }
    for (int r = p - 1; r >= 0; r--) {
      double sum = x[r];
      for (int k = r + 1; k < p; k++) sum -= L[k * p + r] * x[k];
      x[r] = sum / L[r * p + r];
    }
  }
  double explained = 0;
  for (int r = 0; r < p; r++) {
    double sum = 0;
    for (int k = 0; k < p; k++) sum += inverse[r * p + k] * right[k];
    coefficient[r] = sum;
    explained += right[r] * sum;
  }
  residual = std::max(0.0, variance - explained);
}
