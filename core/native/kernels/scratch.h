#pragma once
#include <cstddef>
#include <vector>

// Memory of one thread, grown as needed and kept between calls.
class Scratch {
 public:
  float* take(size_t numbers);
  void reset(size_t numbers);  // room for all takes that follow

 private:
  std::vector<char> memory_;
  float* next_ = nullptr;
};
Scratch& threadScratch();
