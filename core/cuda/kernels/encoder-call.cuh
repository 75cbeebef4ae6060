// What an encoder layer's kernels get: sizes, packed weights, where tokens lie and what is dropped.
//
// Shapes: x [B, n, d, D], A attention width, F feed-forward width, K = A / heads; D is even, A a multiple of 8. A group of
// sequences (one long or several short ones) belongs to a block of threads, a tile of 16 of its tokens to a warp.
#pragma once
#include "warp.cuh"

constexpr int ENCODER_THREADS = 128;
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
    hiddenTiles = roundUp((hidden + 7) / 8, CHUNK);
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

// The sequences of a block's current group; token i is position i % length of sequence i / length. It is handed by value to
// functions that are not inlined, and so holds copies.
class Group {
 public:
  const int length, tokens;

  __device__ Group(const Sizes& sizes, const Padding& padding, long long index)
      : length(sizes.length()),
        tokens(sequencesOf(sizes, index) * sizes.length()),
        alongRows_(sizes.alongRows),
        variables_(sizes.variables),
        width_(sizes.width),
        padding_(padding),
        first_((int)(index * sizes.sequencesPerGroup)) {}

  // Real positions of the sequence that a token belongs to; they come first.
  __device__ int realLength(int token) const {
    if (!padding_.rowMask) return length;
    const int sequence = first_ + token / length;
    if (alongRows_) return padding_.realRows[sequence / variables_];
    return padding_.rowMask[sequence] > 0 ? length : 0;
  }
  __device__ bool isReal(int token) const { return token < tokens && token % length < realLength(token); }

  // Offset of the token's first number in x.
  __device__ long long offset(int token) const {
    const int sequence = first_ + token / length;
    int position = token % length;
    if (!alongRows_) return ((long long)sequence * length + position) * width_;
    const int element = sequence / variables_, variable = sequence % variables_;
    const long long start = (long long)element * length;
    if (padding_.rowMask) position = padding_.rowOrder[start + position];
    return ((start + position) * variables_ + variable) * width_;
  }

 private:
  __device__ static int sequencesOf(const Sizes& sizes, long long index) {
    const long long left = sizes.sequences() - index * sizes.sequencesPerGroup;
    return left < sizes.sequencesPerGroup ? (int)left : sizes.sequencesPerGroup;
  }

  const int alongRows_, variables_, width_;
  const Padding padding_;
  const int first_;  // of all sequences, of which there are fewer than 2^31
};

// The mask of core/tensor/dropout.ts for one branch of a layer.
struct Dropout {
  unsigned key, threshold, base;
  float kept;

  __device__ bool active() const { return threshold != 0; }

  __device__ float factor(unsigned index) const {
    unsigned h = ((index + base) * 0x9e3779b1u) ^ key;
    h = (h ^ (h >> 16)) * 0x85ebca6bu;
    h = (h ^ (h >> 13)) * 0xc2b2ae35u;
    return (h ^ (h >> 16)) >= threshold ? kept : 0.0f;
  }
};

// Dropout of a layer: keys of both branches in device memory, so that a captured graph can be replayed with others; place of
// the first number of x in the whole mask; hashes below the threshold are dropped, none where it is 0.
struct DropoutOptions {
  const unsigned* keys;
  unsigned threshold, base;
  float kept;
};

// Everything the kernels of a layer need of its call: one argument, passed by value (core/cuda/ops/encoder-plan.ts).
struct EncoderCall {
  const float* packed;
  Padding padding;
  DropoutOptions options;
  Sizes sizes;

  // Of the attention (0) or the feed-forward branch (1).
  __device__ Dropout dropout(int branch) const {
    return {options.threshold ? options.keys[branch] : 0u, options.threshold, options.base, options.kept};
  }
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
