// What an encoder layer's kernels need before they run: weights in the order of their products, and the order of real rows.
#include "encoder-call.cuh"
#include "tensor-core.cuh"

namespace {

// One number of a packed matrix whose element (depth k, column n) is weight[n * columnStep + k * depthStep].
__device__ float packedNumber(const float* weight, int place, int columnTiles, int columns, int depth, int columnStep,
                              int depthStep) {
  const int tile = place / TILE_NUMBERS, inside = place % TILE_NUMBERS;
  const int n = tile % columnTiles * 8 + inside / 8, k = tile / columnTiles * 8 + inside % 8;
  return n < columns && k < depth ? weight[(long long)n * columnStep + (long long)k * depthStep] : 0.0f;
}

}  // namespace

// Fills the numbers of PackedLayout, those of the gradient too with `both`; without `exact` rounded for the tensor cores.
extern "C" __global__ void encoder_pack(const float* norm1Scale, const float* norm1Bias, const float* inWeight,
                                        const float* inBias, const float* outWeight, const float* outBias,
                                        const float* norm2Scale, const float* norm2Bias, const float* ff1Weight,
                                        const float* ff1Bias, const float* ff2Weight, const float* ff2Bias, float* packed,
                                        int width, int attention, int hidden, int widthTiles, int both, int exact) {
  const PackedLayout layout(widthTiles, attention, hidden);
  const int place = blockIdx.x * blockDim.x + threadIdx.x;
  if (place >= (both ? layout.numbers : layout.forwardNumbers)) return;
  const int D = width, A3 = 3 * attention, F = hidden, padded = widthTiles * 8;
  if (place < layout.in) {
    float value = 0;
    if (place >= layout.ff1Bias) value = place - layout.ff1Bias < F ? ff1Bias[place - layout.ff1Bias] : 0.0f;
    else if (place >= layout.inBias) value = place - layout.inBias < A3 ? inBias[place - layout.inBias] : 0.0f;
    else {
      const int column = place % padded, which = place / padded;
      const float* vector = which == 0   ? norm1Scale
                            : which == 1 ? norm1Bias
                            : which == 2 ? norm2Scale
                            : which == 3 ? norm2Bias
                            : which == 4 ? outBias
                                         : ff2Bias;
      value = column < D ? vector[column] : 0.0f;
    }
    packed[place] = value;
    return;
  }
  float value;
  if (place < layout.out) value = packedNumber(inWeight, place - layout.in, layout.inTiles, A3, D, D, 1);
  else if (place < layout.ff1) value = packedNumber(outWeight, place - layout.out, widthTiles, D, attention, attention, 1);
  else if (place < layout.ff2) value = packedNumber(ff1Weight, place - layout.ff1, layout.hiddenTiles, F, D, D, 1);
  else if (place < layout.inBack) value = packedNumber(ff2Weight, place - layout.ff2, widthTiles, D, F, F, 1);
  else if (place < layout.outBack) value = packedNumber(inWeight, place - layout.inBack, widthTiles, D, A3, 1, D);
  else if (place < layout.ff1Back)
    value = packedNumber(outWeight, place - layout.outBack, layout.attentionTiles, attention, D, 1, attention);
  else if (place < layout.ff2Back) value = packedNumber(ff1Weight, place - layout.ff1Back, widthTiles, D, F, 1, D);
  else value = packedNumber(ff2Weight, place - layout.ff2Back, layout.hiddenTiles, F, D, 1, F);
  packed[place] = exact ? value : roundToTf32(value);
}

// Per batch element its real rows in order, then the padded ones, and how many are real; a thread per element.
extern "C" __global__ void encoder_row_order(const float* rowMask, int* rowOrder, int* realRows, int batch, int rows) {
  const int b = blockIdx.x * blockDim.x + threadIdx.x;
  if (b >= batch) return;
  const float* mask = rowMask + (long long)b * rows;
  int* order = rowOrder + (long long)b * rows;
  int real = 0;
  for (int r = 0; r < rows; r++)
    if (mask[r] > 0) order[real++] = r;
  int next = real;
  for (int r = 0; r < rows; r++)
    if (!(mask[r] > 0)) order[next++] = r;
  realRows[b] = real;
}
