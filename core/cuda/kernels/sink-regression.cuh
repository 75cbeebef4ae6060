// The regression of one sink on all other variables, by one block; core/tensor/sink-statistics.ts has the formulas. In double:
// sums of squares of values as measured differ by many orders of magnitude. Shapes: n rows, d variables; matrices are [d, d]
// with the sink's own row and column 0 beside the ridge, which leaves the inverse over the others as it is.
#pragma once
#include "device.cuh"

struct SinkSettings {
  int rows, size;
  float noiseVariance;
  int centred, scaleFree;
};

// One history: values and flags interleaved [n, d, 2], mask [n] or null.
struct SinkRows {
  const float* channels;
  const float* mask;
  int size;

  __device__ bool measured(int row) const { return mask == nullptr || mask[row] > 0; }
  __device__ double value(int row, int variable) const { return channels[2 * (row * size + variable)]; }
  __device__ bool target(int row, int variable) const { return channels[2 * (row * size + variable) + 1] > 0.5f; }
  __device__ bool tells(int row, int sink) const { return measured(row) && !target(row, sink); }
};

__device__ inline SinkRows rowsOf(const float* channels, const float* mask, int history, const SinkSettings& settings) {
  const long long stride = 2LL * settings.rows * settings.size;
  return {channels + history * stride, mask == nullptr ? nullptr : mask + (long long)history * settings.rows, settings.size};
}

// Doubles that a block works in: two matrices, seven vectors, four numbers.
struct SinkArea {
  double *gram, *inverse, *sum, *right, *coefficient, *column;
  double *count, *product, *response;  // over rows in which the source is a target: their number, sums of y_i y_j and y_j
  double *rows, *variance, *residual, *spare;
  double noiseVariance, ridge;

  __device__ SinkArea(double* area, const SinkSettings& settings) {
    const int d = settings.size;
    gram = area, inverse = gram + d * d, sum = inverse + d * d;
    right = sum + d, coefficient = right + d, column = coefficient + d;
    count = column + d, product = count + d, response = product + d;
    rows = response + d, variance = rows + 1, residual = rows + 2, spare = rows + 3;
    noiseVariance = settings.noiseVariance;
    ridge = noiseVariance * (d > 1 ? d - 1 : 1);
  }
};

__device__ inline void gatherSums(const SinkArea& area, const SinkRows& history, int rows, int sink) {
  const int d = history.size, thread = threadIdx.x, threads = blockDim.x;
  for (int entry = thread; entry < d * d; entry += threads) {
    const int a = entry / d, b = entry % d;
    double total = 0;
    for (int r = 0; r < rows; r++)
      if (history.tells(r, sink)) total += history.value(r, a) * history.value(r, b);
    area.gram[entry] = total;
  }
  for (int i = thread; i < d; i += threads) {
    double sum = 0, count = 0, product = 0, response = 0, told = 0;
    for (int r = 0; r < rows; r++) {
      if (!history.tells(r, sink)) continue;
      told += 1;
      sum += history.value(r, i);
      if (!history.target(r, i)) continue;
      count += 1;
      product += history.value(r, i) * history.value(r, sink);
      response += history.value(r, sink);
    }
    area.sum[i] = sum;
    area.count[i] = count;
    area.product[i] = product;
    area.response[i] = response;
    if (i == 0) *area.rows = told;
  }
  __syncthreads();
}

// By the symmetric sweep operator, one pivot after the other, in place: the last leaves minus the inverse.
__device__ inline void invert(const SinkArea& area, int d) {
  double *matrix = area.inverse, *column = area.column;
  for (int pivot = 0; pivot < d; pivot++) {
    for (int a = threadIdx.x; a < d; a += blockDim.x) column[a] = matrix[a * d + pivot];
    __syncthreads();
    const double reciprocal = 1 / column[pivot];
    for (int entry = threadIdx.x; entry < d * d; entry += blockDim.x) {
      const int a = entry / d, b = entry % d;
      if (a != pivot && b != pivot) matrix[entry] -= column[a] * column[b] * reciprocal;
      else if (a == pivot && b == pivot) matrix[entry] = -reciprocal;
      else matrix[entry] = column[a == pivot ? b : a] * reciprocal;
    }
    __syncthreads();
  }
  for (int entry = threadIdx.x; entry < d * d; entry += blockDim.x) matrix[entry] = -matrix[entry];
  __syncthreads();
}

// Everything that the statistics of the sink's pairs are made from.
__device__ inline void regressSink(const SinkArea& area, const SinkRows& history, const SinkSettings& settings, int sink) {
  const int d = settings.size, thread = threadIdx.x, threads = blockDim.x;
  gatherSums(area, history, settings.rows, sink);
  const double perRow = settings.centred && *area.rows > 0 ? 1 / *area.rows : 0;
  for (int entry = thread; entry < d * d; entry += threads) {
    const int a = entry / d, b = entry % d;
    const double centred = area.gram[entry] - area.sum[a] * area.sum[b] * perRow;
    area.gram[entry] = centred;
    area.inverse[entry] = (a == sink || b == sink ? 0 : centred) + (a == b ? area.ridge : 0);
  }
  __syncthreads();
  for (int i = thread; i < d; i += threads) area.right[i] = i == sink ? 0 : area.gram[i * d + sink];
  invert(area, d);
  for (int i = thread; i < d; i += threads) {
    double total = 0;
    for (int k = 0; k < d; k++) total += area.inverse[i * d + k] * area.right[k];
    area.coefficient[i] = total;
  }
  __syncthreads();
  if (thread == 0) {
    double explained = 0;
    for (int i = 0; i < d; i++) explained += area.right[i] * area.coefficient[i];
    *area.variance = fmax(0.0, area.gram[sink * d + sink]);
    *area.residual = fmax(0.0, *area.variance - explained);
  }
  __syncthreads();
}

// Intermediate values of one pair; both directions need them.
struct SinkPair {
  double noise, rows, right, beta, diagonal;              // noise variance, n_j, G_ij, coefficient, (A^-1)_ii
  double givenAll, error, ratio, sourceRidge, residual;   // residual: of j given i alone
  double adding, taking, without;                         // without: residual + noise once i is taken away
  double moved, rest, movement, movementError;            // rows with and without i as target

  __device__ SinkPair(const SinkArea& area, const SinkSettings& settings, int i, int sink) {
    const int d = settings.size;
    const double n = *area.rows, variance = *area.variance, all = *area.residual, total = area.sum[sink];
    noise = area.noiseVariance, rows = n;
    right = area.right[i];
    beta = area.coefficient[i];
    diagonal = area.inverse[i * d + i];
    givenAll = (all + noise) / (n + 1);
    error = sqrt(givenAll * diagonal);
    ratio = beta / error;
    sourceRidge = fmax(0.0, area.gram[i * d + i]) + noise;
    residual = fmax(0.0, variance - right * right / sourceRidge);
    without = all + beta * beta / diagonal + noise;
    adding = -0.5 * log(sourceRidge / noise);
    taking = 0.5 * log(area.ridge * diagonal);
    if (settings.scaleFree) {
      adding -= 0.5 * n * log((residual + noise) / (variance + noise));
      taking += 0.5 * n * log(without / (all + noise));
    } else {
      adding += 0.5 * right * right / (noise * sourceRidge);
      taking += 0.5 * beta * beta / (diagonal * noise);
    }
    moved = area.count[i];
    rest = fmax(1.0, n - moved);
    movement = (area.response[i] - moved * (total - area.response[i]) / rest) / (moved + 1);
    movementError = sqrt((variance + noise) / (n + 1) * (1 / (moved + 1) + 1 / (n - moved + 1)));
  }
};
