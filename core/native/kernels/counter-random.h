#pragma once

#include <cstdint>

// Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). `Word` is
// uint32_t or a vector of them.
template <typename Word>
static inline __attribute__((always_inline)) void threefry(uint32_t key0, uint32_t key1, Word& x0, Word& x1) {
  const uint32_t schedule[3] = {key0, key1, 0x1bd11bdau ^ key0 ^ key1};
  constexpr int rotations[8] = {13, 15, 26, 6, 17, 29, 16, 24};
  x0 += schedule[0];
  x1 += schedule[1];
#pragma GCC unroll 20
  for (int round = 0; round < 20; round++) {
    x0 += x1;
    x1 = (x1 << rotations[round % 8]) | (x1 >> (32 - rotations[round % 8]));
    x1 ^= x0;
    if (round % 4 == 3) {
      const uint32_t injection = round / 4 + 1;
      x0 += schedule[injection % 3];
      x1 += schedule[(injection + 1) % 3] + injection;
    }
  }
}
