// Rearrangements: whatever reads and writes blocks with steps (transpose, slice, concat, pad, tile, stack) is one kernel.
#include "device.cuh"
#include "layout.cuh"

// to[toOffset + place] = from[fromOffset + place] for every element of the layout; `from` is its first array, `to` the
// second. For numbers of four bytes and of one.
extern "C" __global__ void copy_numbers(const unsigned* from, unsigned* to, long long fromOffset, long long toOffset,
                                        long long size, Layout layout) {
  const long long i = elementIndex();
  if (i >= size) return;
  const Places places = placesOf(layout, (unsigned)i);
  to[toOffset + places.second] = from[fromOffset + places.first];
}
extern "C" __global__ void copy_bytes(const unsigned char* from, unsigned char* to, long long fromOffset, long long toOffset,
                                      long long size, Layout layout) {
  const long long i = elementIndex();
  if (i >= size) return;
  const Places places = placesOf(layout, (unsigned)i);
  to[toOffset + places.second] = from[fromOffset + places.first];
}

// y [outer, count, inner] = rows `indices` [count] of x [outer, length, inner]; 0 where an index is outside.
extern "C" __global__ void gather(const unsigned* x, const int* indices, unsigned* y, long long size, int length, int count,
                                  int inner) {
  const long long i = elementIndex();
  if (i >= size) return;
  const long long row = i / inner, outer = row / count;
  const int index = indices[row % count];
  y[i] = index >= 0 && index < length ? x[(outer * length + index) * inner + i % inner] : 0u;
}

// y [count, depth] = `on` at the index of each row, `off` elsewhere.
extern "C" __global__ void one_hot(const int* indices, float* y, long long size, int depth, float on, float off) {
  const long long i = elementIndex();
  if (i < size) y[i] = indices[i / depth] == (int)(i % depth) ? on : off;
}
extern "C" __global__ void one_hot_ints(const int* indices, int* y, long long size, int depth, int on, int off) {
  const long long i = elementIndex();
  if (i < size) y[i] = indices[i / depth] == (int)(i % depth) ? on : off;
}
