#include "stream.h"

#include <cstdio>

namespace software {
namespace {

constexpr unsigned MAX_THREADS = 1024, MAX_BLOCK_Z = 64, MAX_GRID_YZ = 65535, MAX_GRID_X = 2147483647;

std::string complaint;

bool exceeds(const uint3& size, unsigned x, unsigned y, unsigned z) {
  return size.x < 1 || size.y < 1 || size.z < 1 || size.x > x || size.y > y || size.z > z;
}

using Arguments = std::vector<std::vector<char>>;

Result runLaunch(const Launch& launch, const Arguments& copies) {
  std::vector<void*> arguments;
  for (const auto& copy : copies) arguments.push_back((void*)copy.data());
  if (runGrid(launch, arguments.data(), complaint)) return SUCCESS;
  std::fprintf(stderr, "software device: %s\n", complaint.c_str());
  return LAUNCH_FAILED;
}

}  // namespace

const std::string& lastComplaint() { return complaint; }

Result submit(Stream* stream, Work work) {
  if (!stream || !stream->captured) return work();
  stream->captured->work.push_back(std::move(work));
  return SUCCESS;
}

Result prepareLaunch(const Launch& launch, void** arguments, Work* work) {
  const Kernel& kernel = *launch.kernel;
  if (exceeds(launch.grid, MAX_GRID_X, MAX_GRID_YZ, MAX_GRID_YZ)) return INVALID_VALUE;
  if (exceeds(launch.block, MAX_THREADS, MAX_THREADS, MAX_BLOCK_Z)) return INVALID_VALUE;
  const size_t threads = (size_t)launch.block.x * launch.block.y * launch.block.z;
  if (threads > MAX_THREADS || launch.sharedBytes > (size_t)kernel.dynamicSharedBytes) return INVALID_VALUE;
  if (threads > (size_t)kernel.maxThreads) return INVALID_VALUE;
  if (!arguments && !kernel.argumentBytes.empty()) return INVALID_VALUE;
  Arguments copies;
  for (size_t i = 0; i < kernel.argumentBytes.size(); i++) {
    const char* argument = (const char*)arguments[i];
    copies.emplace_back(argument, argument + kernel.argumentBytes[i]);
  }
  *work = [launch, copies = std::move(copies)] { return runLaunch(launch, copies); };
  return SUCCESS;
}

}  // namespace software
