// Tiles of 16 tokens in the registers of a warp: to and from memory, layer norm, and the products of an encoder layer.
#pragma once
#include "encoder-call.cuh"
#include "tensor-core.cuh"

// The two rows of a tile that a lane holds parts of: offsets in x, or -1 where there is no real token.
struct TileRows {
  long long at[2];
};

__device__ inline TileRows tileRows(const Group& group, int firstToken) {
  TileRows rows;
  for (int half = 0; half < 2; half++) {
    const int token = firstToken + laneOf().row + 8 * half;
    rows.at[half] = group.isReal(token) ? group.offset(token) : -1;
  }
  return rows;
}

// Calls body(tile j, half, column, place of the first of two numbers of the lane).
template <int TILES, class Body>
__device__ inline void forEachPair(const Body& body) {
  const Lane lane = laneOf();
#pragma unroll
  for (int j = 0; j < TILES; j++)
#pragma unroll
    for (int half = 0; half < 2; half++) body(j, half, 8 * j + 2 * lane.pair);
}

template <int TILES>
__device__ inline void loadTile(const float* x, const TileRows& rows, int width, float (&tile)[TILES][4]) {
  forEachPair<TILES>([&](int j, int half, int column) {
    const bool inside = rows.at[half] >= 0 && column < width;
    const float2 pair = inside ? *(const float2*)(x + rows.at[half] + column) : float2{0.0f, 0.0f};
    tile[j][2 * half] = pair.x;
    tile[j][2 * half + 1] = pair.y;
  });
}

template <int TILES>
__device__ inline void storeTile(const float (&tile)[TILES][4], const TileRows& rows, int width, float* y) {
  forEachPair<TILES>([&](int j, int half, int column) {
    if (rows.at[half] < 0 || column >= width) return;
    *(float2*)(y + rows.at[half] + column) = float2{tile[j][2 * half], tile[j][2 * half + 1]};
  });
}

// To or from rows of `stride` numbers in the work area, starting at the tile's first row.
template <int TILES>
__device__ inline void stageTile(const float (&tile)[TILES][4], int columns, float* to, int stride) {
  const Lane lane = laneOf();
  forEachPair<TILES>([&](int j, int half, int column) {
    if (column >= columns) return;
    *(float2*)(to + (lane.row + 8 * half) * stride + column) = float2{tile[j][2 * half], tile[j][2 * half + 1]};
  });
}

template <bool EXACT>
__device__ inline void loadFragment(const float* from, int stride, float (&fragment)[4]) {
  const Lane lane = laneOf();
  for (int half = 0; half < 2; half++) {
    const float2 pair = *(const float2*)(from + (lane.row + 8 * half) * stride + 2 * lane.pair);
    fragment[2 * half] = rounded<EXACT>(pair.x);
    fragment[2 * half + 1] = rounded<EXACT>(pair.y);
  }
}

// Every row of the tile becomes the vector.
template <int TILES>
__device__ inline void fillTile(const float* vector, float (&tile)[TILES][4]) {
  forEachPair<TILES>([&](int j, int half, int column) {
    tile[j][2 * half] = vector[column];
    tile[j][2 * half + 1] = vector[column + 1];
  });
}

// sums += left [16, 8 * DEPTH] times the columns from tile `first` on of a packed matrix of `columns` tiles.
template <bool EXACT, int TILES, int DEPTH>
__device__ inline void multiplyPacked(float (&sums)[TILES][4], const float (&left)[DEPTH][4], const float* matrix, int columns,
                                      int first) {
#pragma unroll
  for (int k = 0; k < DEPTH; k++)
    multiply<EXACT>(sums, left[k], matrix + (k * columns + first) * TILE_NUMBERS, TILE_NUMBERS);
}

// The same with the left factor in memory: `depth` tiles.
template <bool EXACT, int TILES>
__device__ inline void multiplyPacked(float (&sums)[TILES][4], const float* left, int stride, int depth, const float* matrix,
                                      int columns, int first) {
#pragma unroll 2
  for (int k = 0; k < depth; k++) {
    float fragment[4];
    loadFragment<EXACT>(left + 8 * k, stride, fragment);
    multiply<EXACT>(sums, fragment, matrix + (k * columns + first) * TILE_NUMBERS, TILE_NUMBERS);
  }
}

struct NormStatistics {
  float mean[2], reciprocal[2];
};

// Of every row over `width` columns; the columns after them are zero.
template <int TILES>
__device__ inline NormStatistics normStatistics(const float (&tile)[TILES][4], int width) {
  NormStatistics statistics;
  float sums[2] = {}, squares[2] = {};
  forEachPair<TILES>([&](int j, int half, int) { sums[half] += tile[j][2 * half] + tile[j][2 * half + 1]; });
#pragma unroll
  for (int half = 0; half < 2; half++) statistics.mean[half] = rowSum(sums[half]) / width;
  forEachPair<TILES>([&](int j, int half, int column) {
    const float a = tile[j][2 * half] - statistics.mean[half], b = tile[j][2 * half + 1] - statistics.mean[half];
    if (column < width) squares[half] += a * a + b * b;
  });
#pragma unroll
  for (int half = 0; half < 2; half++) statistics.reciprocal[half] = rsqrtf(rowSum(squares[half]) / width + EPSILON);
  return statistics;
}

// Calls body(place j, e of a number in the tile, half, column) for the numbers of the lane.
template <int TILES, class Body>
__device__ inline void forEachNumber(const Body& body) {
  forEachPair<TILES>([&](int j, int half, int column) {
    body(j, 2 * half, half, column);
    body(j, 2 * half + 1, half, column + 1);
  });
}

// Layer norm of every row with the weights at `scale` and `bias`.
template <int TILES>
__device__ inline void normalise(const float (&tile)[TILES][4], const NormStatistics& statistics, const float* scale,
                                 const float* bias, float (&out)[TILES][4]) {
  forEachNumber<TILES>([&](int j, int e, int half, int column) {
    out[j][e] = (tile[j][e] - statistics.mean[half]) * statistics.reciprocal[half] * scale[column] + bias[column];
  });
}

// Turns the gradient of layer norm's result into that of its input, the tile.
template <int TILES>
__device__ inline void normaliseGradient(const float (&tile)[TILES][4], const NormStatistics& statistics, int width,
                                         const float* scale, float (&gradient)[TILES][4]) {
  float sums[2] = {}, dots[2] = {};
  forEachNumber<TILES>([&](int j, int e, int half, int column) {
    gradient[j][e] *= scale[column];
    sums[half] += gradient[j][e];
    dots[half] += gradient[j][e] * (tile[j][e] - statistics.mean[half]);
  });
#pragma unroll
  for (int half = 0; half < 2; half++) {
    const float reciprocal = statistics.reciprocal[half];
    sums[half] = rowSum(sums[half]) / width;
    dots[half] = rowSum(dots[half]) * reciprocal * reciprocal / width;
  }
  forEachNumber<TILES>([&](int j, int e, int half, int) {
    gradient[j][e] =
        statistics.reciprocal[half] * (gradient[j][e] - sums[half] - (tile[j][e] - statistics.mean[half]) * dots[half]);
  });
}

template <int TILES>
__device__ inline void zeroTile(float (&tile)[TILES][4]) {
#pragma unroll
  for (int j = 0; j < TILES; j++)
#pragma unroll
    for (int e = 0; e < 4; e++) tile[j][e] = 0.0f;
}

template <int TILES>
__device__ inline void addTile(const float (&from)[TILES][4], float (&to)[TILES][4]) {
#pragma unroll
  for (int j = 0; j < TILES; j++)
#pragma unroll
    for (int e = 0; e < 4; e++) to[j][e] += from[j][e];
}

template <int TILES>
__device__ inline void applyDropout(const Dropout& dropout, const TileRows& rows, float (&tile)[TILES][4]) {
  if (!dropout.active()) return;
  forEachNumber<TILES>(
      [&](int j, int e, int half, int column) { tile[j][e] *= dropout.factor((unsigned)rows.at[half] + column); });
}

// LN1 of a tile of x, rounded for the product, and its projections to [3A] in the rows of the work area.
template <int WIDTH_TILES, bool EXACT>
__device__ inline void projectTile(const EncoderCall& call, const PackedLayout& layout, const float* x, const TileRows& rows,
                                   float* work, int stride) {
  const float* packed = call.packed;
  float tile[WIDTH_TILES][4], normed[WIDTH_TILES][4];
  loadTile(x, rows, call.sizes.width, tile);
  normalise(tile, normStatistics(tile, call.sizes.width), packed + layout.norm1Scale, packed + layout.norm1Bias, normed);
  roundAll<EXACT>(normed);
#pragma unroll 1
  for (int first = 0; first < layout.inTiles; first += CHUNK) {
    float sums[CHUNK][4];
    fillTile(packed + layout.inBias + first * 8, sums);
    multiplyPacked<EXACT>(sums, normed, packed + layout.in, layout.inTiles, first);
    stageTile(sums, 3 * call.sizes.attention - first * 8, work + first * 8, stride);
  }
}

// middle = x + dropout(context * Wout^T + bias) of a tile; context starts at the tile's first row.
template <int WIDTH_TILES, bool EXACT>
__device__ inline void attentionResidual(const EncoderCall& call, const PackedLayout& layout, const float* x,
                                         const TileRows& rows, const float* context, int stride,
                                         float (&middle)[WIDTH_TILES][4]) {
  float branch[WIDTH_TILES][4];
  fillTile(call.packed + layout.outBias, branch);
  multiplyPacked<EXACT>(branch, context, stride, call.sizes.attention / 8, call.packed + layout.out, WIDTH_TILES, 0);
  applyDropout(call.dropout(0), rows, branch);
  loadTile(x, rows, call.sizes.width, middle);
  addTile(branch, middle);
}

// Hidden units of TILES tiles from tile `first` on: ReLU(normed * Wff1^T + bias).
template <bool EXACT, int WIDTH_TILES, int TILES>
__device__ inline void hiddenChunk(const EncoderCall& call, const PackedLayout& layout, const float (&normed)[WIDTH_TILES][4],
                                   int first, float (&hidden)[TILES][4]) {
  fillTile(call.packed + layout.ff1Bias + first * 8, hidden);
  multiplyPacked<EXACT>(hidden, normed, call.packed + layout.ff1, layout.hiddenTiles, first);
  forEachNumber<TILES>([&](int j, int e, int, int) { hidden[j][e] = rounded<EXACT>(fmaxf(hidden[j][e], 0.0f)); });
}

// Gradient of the hidden units of such a chunk: dOut * Wff2 where the unit was on.
template <bool EXACT, int WIDTH_TILES, int TILES>
__device__ inline void hiddenGradient(const EncoderCall& call, const PackedLayout& layout, const float (&dOut)[WIDTH_TILES][4],
                                      const float (&hidden)[TILES][4], int first, float (&gradient)[TILES][4]) {
  zeroTile(gradient);
  multiplyPacked<EXACT>(gradient, dOut, call.packed + layout.ff2Back, layout.hiddenTiles, first);
  forEachNumber<TILES>(
      [&](int j, int e, int, int) { gradient[j][e] = hidden[j][e] > 0 ? rounded<EXACT>(gradient[j][e]) : 0.0f; });
}
