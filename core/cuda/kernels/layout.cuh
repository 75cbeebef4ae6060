// How a kernel that works element by element finds the places of an element in two strided arrays.
#pragma once
#include "device.cuh"

constexpr int MAX_RANK = 8;

// Sizes of the axes, outermost first, and the step along each in both arrays; the host merges axes where it can, so that
// most layouts have one or two. An element's number is below 2^32.
struct Layout {
  int rank;
  int size[MAX_RANK];
  int first[MAX_RANK];
  int second[MAX_RANK];
};

struct Places {
  long long first, second;
};

__device__ inline Places placesOf(const Layout& layout, unsigned element) {
  Places places = {0, 0};
  // Unrolled, so that the layout is read where the launch left it and not copied to be indexed.
#pragma unroll
  for (int axis = MAX_RANK - 1; axis > 0; axis--) {
    if (axis >= layout.rank) continue;
    const unsigned size = (unsigned)layout.size[axis], outer = element / size, inside = element - outer * size;
    places.first += (long long)inside * layout.first[axis];
    places.second += (long long)inside * layout.second[axis];
    element = outer;
  }
  places.first += (long long)element * layout.first[0];
  places.second += (long long)element * layout.second[0];
  return places;
}

__device__ inline long long elementIndex() { return blockIdx.x * (long long)blockDim.x + threadIdx.x; }
