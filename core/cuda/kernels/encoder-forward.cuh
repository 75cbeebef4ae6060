// Forward pass of one pre-norm transformer layer, fused per group of sequences.
//
// Tokens stay in registers from the first layer norm to the projections and again from the attention's result to the end of
// the feed-forward part; only queries, keys and values of the group go through shared memory. Of global memory a layer reads
// x and writes y: 8 bytes per number. Weights (48 KiB at width 32) are read tile by tile through the first-level cache.
#pragma once
#include "attention.cuh"
#include "encoder-tile.cuh"

template <int WIDTH_TILES, bool EXACT>
__device__ void feedForwardTile(const EncoderCall& call, const PackedLayout& layout, const float* x, const TileRows& rows,
                                const float* context, int stride, float* y) {
  const float* packed = call.packed;
  const int width = call.sizes.width;
  float middle[WIDTH_TILES][4], normed[WIDTH_TILES][4], out[WIDTH_TILES][4];
  attentionResidual<WIDTH_TILES, EXACT>(call, layout, x, rows, context, stride, middle);
  normalise(middle, normStatistics(middle, width), packed + layout.norm2Scale, packed + layout.norm2Bias, normed);
  roundAll<EXACT>(normed);
  fillTile(packed + layout.ff2Bias, out);
#pragma unroll 1
  for (int first = 0; first < layout.hiddenTiles; first += CHUNK) {
    float hidden[CHUNK][4];
    hiddenChunk<EXACT>(call, layout, normed, first, hidden);
    multiplyPacked<EXACT>(out, hidden, packed + layout.ff2 + first * WIDTH_TILES * TILE_NUMBERS, WIDTH_TILES, 0);
  }
  applyDropout(call.dropout(1), rows, out);
  addTile(out, middle);
  storeTile(middle, rows, width, y);
}

template <int WIDTH_TILES, bool EXACT>
__device__ void encoderForward(const EncoderCall& call, const float* x, float* y, float* globalWork) {
  DYNAMIC_SHARED(float, shared);
  const Sizes& sizes = call.sizes;
  const PackedLayout layout(WIDTH_TILES, sizes.attention, sizes.hidden);
  const WorkArea work = forwardWork(sizes, shared, globalWork);
  const int warp = threadIdx.x / WARP, step = blockDim.x / WARP * TILE_TOKENS;
  for (long long index = blockIdx.x; index < sizes.groups(); index += gridDim.x) {
    const Group group(sizes, call.padding, index);
    for (int first = warp * TILE_TOKENS; first < work.count; first += step)
      projectTile<WIDTH_TILES, EXACT>(call, layout, x, tileRows(group, first), work.row(first, 0), work.stride);
    __syncthreads();
    withHeadSize(sizes.attention / sizes.heads, Attention{work, group, sizes.heads});
    __syncthreads();
    for (int first = warp * TILE_TOKENS; first < work.count; first += step)
      feedForwardTile<WIDTH_TILES, EXACT>(call, layout, x, tileRows(group, first), work.row(first, work.context), work.stride,
                                          y);
    copyPadded(call, group, x, y);
    __syncthreads();
  }
}

// encoder_forward_WIDTH(call, x, y, work): y of x, for layers up to that width. Blocks of 128 threads, any number of them; a
// block goes through groups of sequences. The work area of a group, forwardWork's numbers, is dynamic shared memory if
// sizes.workInShared, otherwise lies in `work`, one area per block.
