// What both directions of the encoder layer share: sizes, packed weights, where tokens lie, layer norm and dropout.
//
// Shapes: x [B, n, d, D], A attention width, F feed-forward width, K = A / heads; D, A and F are multiples of 8. A group of
// sequences (one long or several short ones) belongs to a block of threads, a tile of 16 of its tokens to a warp.
#pragma once
#include "tensor-core.cuh"

constexpr int TILE_TOKENS = 16;
constexpr int CHUNK = 4;           // tiles of 8 columns that one pass of a product makes
constexpr int TILE_NUMBERS = 64;   // of one packed tile of weights, [8 columns][8 deep]
constexpr float EPSILON = 1e-5f;

__host__ __device__ inline int roundUp(int value, int step) { return (value + step - 1) / step * step; }

// Weights as the products read them: whole tiles, zero where the padding is, rounded for the tensor cores. A matrix of
// [depth tiles][column tiles] tiles of 64 numbers; `tiles` are counts of 8 numbers.
struct PackedLayout {
  int widthTiles, inTiles, hiddenTiles, attentionTiles;
  int norm1Scale, norm1Bias, norm2Scale, norm2Bias, outBias, ff2Bias, inBias, ff1Bias;  // offsets of vectors
  int in, out, ff1, ff2;                                              // x W^T
  int inBack, outBack, ff1Back, ff2Back;                              // x W
  int forwardNumbers, numbers;

  __host__ __device__ PackedLayout(int widthTiles_, int attention, int hidden) : widthTiles(widthTiles_) {
    inTiles = roundUp(3 * attention / 8, CHUNK);
    hiddenTiles = roundUp(hidden / 8, CHUNK);
    attentionTiles = roundUp(attention / 8, CHUNK);
    const int width = widthTiles * 8;
    norm1Scale = 0;
    norm1Bias = width;
    norm2Scale = 2 * width;
    norm2Bias = 3 * width;
    outBias = 4 * width;
    ff2Bias = 5 * width;
    inBias = 6 * width;
    ff1Bias = inBias + inTiles * 8;
    in = ff1Bias + hiddenTiles * 8;
    out = in + inTiles * widthTiles * TILE_NUMBERS;
    ff1 = out + attentionTiles * widthTiles * TILE_NUMBERS;
    ff2 = ff1 + hiddenTiles * widthTiles * TILE_NUMBERS;
    forwardNumbers = ff2 + hiddenTiles * widthTiles * TILE_NUMBERS;
    inBack = forwardNumbers;
    outBack = inBack + (out - in);
    ff1Back = outBack + (ff1 - out);
    ff2Back = ff1Back + (ff2 - ff1);
    numbers = ff2Back + (ff2 - ff1);
  }
};

struct Sizes {
  int batch, rows, variables, width, attention, heads, hidden;
  int alongRows;          // which axis attends
  int sequencesPerGroup;  // 1 unless several fit 64 tokens
  int workInShared;       // whether the work area of a block is in shared memory

  __device__ int length() const { return alongRows ? rows : variables; }
  __device__ long long sequences() const { return (long long)batch * (alongRows ? variables : rows); }
  __device__ long long groups() const { return (sequences() + sequencesPerGroup - 1) / sequencesPerGroup; }
};

// Padding: rowMask [B, n] or null; along rows also, per batch element, its real rows and then the others in rowOrder [B, n],
// and the number of real ones in realRows [B].
struct Padding {
  const float* rowMask;
  const int *rowOrder, *realRows;
};

// The sequences of a block's current group; token i is position i % length of sequence i / length.
class Group {
 public:
  __device__ Group(const Sizes& sizes, const Padding& padding, long long index)
      : sizes_(sizes), padding_(padding), first_(index * sizes.sequencesPerGroup), length(sizes.length()) {
    const long long left = sizes.sequences() - first_;
    tokens = (int)(left < sizes.sequencesPerGroup ? left : sizes.sequencesPerGroup) * length;
  }

  // Real positions of the sequence that a token belongs to; they come first.
  __device__ int realLength(int token) const {
    if (!padding_.rowMask) return length;
    const long long sequence = first_ + token / length;
    if (sizes_.alongRows) return padding_.realRows[sequence / sizes_.variables];
    return padding_.rowMask[sequence] > 0 ? length : 0;
  }
  __device__ bool isReal(int token) const { return token < tokens && token % length < realLength(token); }

  // Offset of the token's first number in x.
  __device__ long long offset(int token) const {
    const long long sequence = first_ + token / length;
    int position = token % length;
    if (!sizes_.alongRows) return (sequence * length + position) * sizes_.width;
    const long long element = sequence / sizes_.variables, variable = sequence % sizes_.variables;
    if (padding_.rowMask) position = padding_.rowOrder[element * length + position];
    return ((element * length + position) * sizes_.variables + variable) * sizes_.width;
  }

 private:
  const Sizes& sizes_;
  const Padding& padding_;
  const long long first_;

 public:
  const int length;
  int tokens;
};

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

// Layer norm of every row over `width` columns.
template <int TILES>
__device__ inline NormStatistics normalise(const float (&tile)[TILES][4], int width, const float* scale, const float* bias,
                                           float (&out)[TILES][4]) {
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
  forEachPair<TILES>([&](int j, int half, int column) {
#pragma unroll
    for (int e = 0; e < 2; e++)
      out[j][2 * half + e] = (tile[j][2 * half + e] - statistics.mean[half]) * statistics.reciprocal[half] * scale[column + e] +
                             bias[column + e];
  });
  return statistics;
}

// The mask of core/tensor/dropout.ts; `keys` are in device memory where a captured graph is to be replayed with others.
struct Dropout {
  unsigned key, threshold;
  float kept;

  __device__ bool active() const { return threshold != 0; }

  __device__ float factor(unsigned index) const {
    unsigned h = (index * 0x9e3779b1u) ^ key;
    h = (h ^ (h >> 16)) * 0x85ebca6bu;
    h = (h ^ (h >> 13)) * 0xc2b2ae35u;
    return (h ^ (h >> 16)) >= threshold ? kept : 0.0f;
  }

  template <int TILES>
  __device__ void apply(const TileRows& rows, float (&tile)[TILES][4]) const {
    if (!active()) return;
    forEachPair<TILES>([&](int j, int half, int column) {
      const unsigned index = (unsigned)(rows.at[half] + column);
      tile[j][2 * half] *= factor(index);
      tile[j][2 * half + 1] *= factor(index + 1);
    });
  }
};

// Everything a block needs of its call.
struct EncoderCall {
  Sizes sizes;
  Padding padding;
  const float* packed;
  Dropout attentionDropout, hiddenDropout;
};

// Copies the padded tokens of a group from one array shaped as x to another.
__device__ inline void copyPadded(const EncoderCall& call, const Group& group, const float* from, float* to) {
  if (!call.padding.rowMask) return;
  const int width = call.sizes.width;
  for (int place = threadIdx.x; place < group.tokens * width; place += blockDim.x) {
    const int token = place / width;
    if (group.isReal(token)) continue;
    const long long at = group.offset(token) + place % width;
    to[at] = from[at];
  }
}

// LN1 of a tile of x, rounded for the product, and its projections to [3A] in the rows of the work area.
template <int WIDTH_TILES, bool EXACT>
__device__ inline void projectTile(const EncoderCall& call, const PackedLayout& layout, const float* x, const TileRows& rows,
                                   float* work, int stride) {
  const float* packed = call.packed;
  float tile[WIDTH_TILES][4], normed[WIDTH_TILES][4];
  loadTile(x, rows, call.sizes.width, tile);
  normalise(tile, call.sizes.width, packed + layout.norm1Scale, packed + layout.norm1Bias, normed);
  roundAll<EXACT>(normed);
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
  call.attentionDropout.apply(rows, branch);
  loadTile(x, rows, call.sizes.width, middle);
#pragma unroll
  for (int j = 0; j < WIDTH_TILES; j++)
#pragma unroll
    for (int e = 0; e < 4; e++) middle[j][e] += branch[j][e];
}
