// Kernels as the software device knows them, and how it runs their grids.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "language.h"

namespace software {

struct Kernel {
  std::string name;
  void (*invoke)(void* const* arguments);  // one thread
  std::vector<size_t> argumentBytes;
  int maxThreads;
  int dynamicSharedBytes;  // most that a launch may ask for
};

// All kernels linked into the library, by name.
std::vector<Kernel>& kernels();

struct Launch {
  const Kernel* kernel;
  uint3 grid, block;
  size_t sharedBytes;
};

// Runs every thread of the grid; false when one trapped or a block came to a standstill, with the reason in `complaint`.
bool runGrid(const Launch& launch, void* const* arguments, std::string& complaint);

template <auto kernel>
struct Entry;
template <class... Arguments, void (*kernel)(Arguments...)>
struct Entry<kernel> {
  static void invoke(void* const* arguments) { call(arguments, std::index_sequence_for<Arguments...>()); }
  template <size_t... INDEX>
  static void call([[maybe_unused]] void* const* arguments, std::index_sequence<INDEX...>) {
    kernel(*(Arguments*)arguments[INDEX]...);
  }
  static std::vector<size_t> bytes() { return {sizeof(Arguments)...}; }
};

struct Registration {
  Registration(const char* name, void (*invoke)(void* const*), std::vector<size_t> bytes, int maxThreads) {
    kernels().push_back({name, invoke, std::move(bytes), maxThreads, 48 * 1024});
  }
};

}  // namespace software

#define CAUSAL_PILOT_KERNEL(name, maxThreads)                                                                 \
  static const software::Registration registrationOf_##name(#name, software::Entry<&name>::invoke,            \
                                                            software::Entry<&name>::bytes(), maxThreads)
