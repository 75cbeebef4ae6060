#include "scratch.h"

#include <cstdint>

#include "vector.h"

float* Scratch::take(size_t numbers) {
  float* taken = next_;
  next_ += (numbers + W - 1) / W * W;
  return taken;
}

void Scratch::reset(size_t numbers) {
  const size_t bytes = numbers * sizeof(float) + 64;
  if (memory_.size() < bytes) memory_.resize(bytes);
  next_ = (float*)(((uintptr_t)memory_.data() + 63) & ~(uintptr_t)63);
}

Scratch& threadScratch() {
  static thread_local Scratch scratch;
  return scratch;
}
