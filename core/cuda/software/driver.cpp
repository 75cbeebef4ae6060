// The subset of libcuda's driver API that the backend uses, with its names, signatures and results, over host memory.
#include <chrono>
#include <cstring>
#include <mutex>

#include "memory.h"
#include "stream.h"

#define DRIVER extern "C" __attribute__((visibility("default"))) int

namespace {

using namespace software;

struct Module {};
struct Event {
  std::chrono::steady_clock::time_point time;
  bool recorded = false;
};

constexpr int DRIVER_VERSION = 12000;
constexpr int MAX_DYNAMIC_SHARED_BYTES = 8;  // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
constexpr size_t LARGEST_SHARED_BYTES = 232448;

std::recursive_mutex mutex;
bool initialised = false;
int contextsHeld = 0;
char primaryContext;
thread_local bool contextIsCurrent = false;

// What every call but the first ones needs.
Result ready() { return !initialised ? NOT_INITIALIZED : !contextIsCurrent || contextsHeld == 0 ? INVALID_CONTEXT : SUCCESS; }

#define ENTER                                            \
  const std::lock_guard<std::recursive_mutex> lock(mutex); \
  if (const Result state = ready()) return state

Result require(bool condition) { return condition ? SUCCESS : INVALID_VALUE; }

Result copy(void* to, const void* from, size_t bytes) {
  std::memmove(to, from, bytes);
  return SUCCESS;
}

}  // namespace

DRIVER cuInit(unsigned flags) {
  initialised = true;
  return require(flags == 0);
}
DRIVER cuDriverGetVersion(int* version) {
  *version = DRIVER_VERSION;
  return SUCCESS;
}
DRIVER cuDeviceGetCount(int* count) {
  *count = 1;
  return initialised ? SUCCESS : NOT_INITIALIZED;
}
DRIVER cuDeviceGet(int* device, int ordinal) {
  *device = 0;
  return !initialised ? NOT_INITIALIZED : ordinal == 0 ? SUCCESS : INVALID_DEVICE;
}
DRIVER cuDeviceGetName(char* name, int length, int) {
  std::strncpy(name, "software device", length);
  name[length - 1] = 0;
  return SUCCESS;
}
DRIVER cuDeviceTotalMem_v2(size_t* bytes, int) {
  *bytes = memoryLimit();
  return SUCCESS;
}

DRIVER cuDeviceGetAttribute(int* value, int attribute, int) {
  // Numbers of CUdevice_attribute and what a small GPU would say.
  constexpr int known[][2] = {{1, 1024},    {2, 1024},  {3, 1024},  {4, 64},     {5, 2147483647},     {6, 65535}, {7, 65535},
                              {8, 49152},   {10, 32},   {12, 65536}, {13, 1000000}, {16, 4},           {36, 1000000}, {37, 128},
                              {38, 4194304}, {39, 2048}, {41, 1},    {75, 8},     {76, 0},            {81, 233472}, {82, 65536},
                              {97, (int)LARGEST_SHARED_BYTES}};
  for (const auto& [number, answer] : known)
    if (number == attribute) {
      *value = answer;
      return SUCCESS;
    }
  return INVALID_VALUE;
}

DRIVER cuDevicePrimaryCtxRetain(void** context, int device) {
  if (!initialised) return NOT_INITIALIZED;
  if (device != 0) return INVALID_DEVICE;
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  contextsHeld++;
  *context = &primaryContext;
  return SUCCESS;
}
DRIVER cuDevicePrimaryCtxRelease_v2(int) {
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  if (contextsHeld == 0) return INVALID_CONTEXT;
  contextsHeld--;
  return SUCCESS;
}
DRIVER cuCtxSetCurrent(void* context) {
  contextIsCurrent = context == &primaryContext;
  return !context || contextIsCurrent ? SUCCESS : INVALID_CONTEXT;
}

DRIVER cuMemGetInfo_v2(size_t* free, size_t* total) {
  ENTER;
  *total = memoryLimit();
  *free = *total - std::min(*total, memoryHeld());
  return SUCCESS;
}
DRIVER cuMemAlloc_v2(uint64_t* address, size_t bytes) {
  ENTER;
  return allocate(bytes, address);
}
DRIVER cuMemFree_v2(uint64_t address) {
  ENTER;
  return release(address);
}
DRIVER cuMemHostAlloc(void** memory, size_t bytes, unsigned) {
  ENTER;
  if (bytes == 0) return INVALID_VALUE;
  *memory = std::malloc(bytes);
  return *memory ? SUCCESS : OUT_OF_MEMORY;
}
DRIVER cuMemFreeHost(void* memory) {
  ENTER;
  std::free(memory);
  return SUCCESS;
}

DRIVER cuMemcpyHtoDAsync_v2(uint64_t to, const void* from, size_t bytes, Stream* stream) {
  ENTER;
  if (!isAllocated(to, bytes) || (!from && bytes > 0)) return INVALID_VALUE;
  return submit(stream, [=] { return copy((void*)to, from, bytes); });
}
DRIVER cuMemcpyDtoHAsync_v2(void* to, uint64_t from, size_t bytes, Stream* stream) {
  ENTER;
  if (!isAllocated(from, bytes) || (!to && bytes > 0)) return INVALID_VALUE;
  return submit(stream, [=] { return copy(to, (const void*)from, bytes); });
}
DRIVER cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, Stream* stream) {
  ENTER;
  if (!isAllocated(to, bytes) || !isAllocated(from, bytes)) return INVALID_VALUE;
  return submit(stream, [=] { return copy((void*)to, (const void*)from, bytes); });
}
DRIVER cuMemsetD8Async(uint64_t to, unsigned char value, size_t count, Stream* stream) {
  ENTER;
  if (!isAllocated(to, count)) return INVALID_VALUE;
  return submit(stream, [=] {
    std::memset((void*)to, value, count);
    return SUCCESS;
  });
}
DRIVER cuMemsetD32Async(uint64_t to, unsigned value, size_t count, Stream* stream) {
  ENTER;
  if (to % sizeof(unsigned) != 0 || !isAllocated(to, count * sizeof(unsigned))) return INVALID_VALUE;
  return submit(stream, [=] {
    std::fill_n((unsigned*)to, count, value);
    return SUCCESS;
  });
}

DRIVER cuStreamCreate(Stream** stream, unsigned) {
  ENTER;
  *stream = new Stream;
  return SUCCESS;
}
DRIVER cuStreamDestroy_v2(Stream* stream) {
  ENTER;
  if (!stream) return INVALID_HANDLE;
  delete stream;
  return SUCCESS;
}
DRIVER cuStreamSynchronize(Stream* stream) {
  ENTER;
  if (stream && stream->captured) {
    stream->invalidated = true;
    return STREAM_CAPTURE_UNSUPPORTED;
  }
  return guardsAreWhole() ? SUCCESS : ILLEGAL_ADDRESS;
}
DRIVER cuStreamBeginCapture_v2(Stream* stream, int mode) {
  ENTER;
  if (!stream) return STREAM_CAPTURE_UNSUPPORTED;
  if (stream->captured || mode < 0 || mode > 2) return INVALID_VALUE;
  stream->captured = std::make_unique<Graph>();
  stream->invalidated = false;
  return SUCCESS;
}
DRIVER cuStreamEndCapture(Stream* stream, Graph** graph) {
  ENTER;
  *graph = nullptr;
  if (!stream || !stream->captured) return INVALID_VALUE;
  const std::unique_ptr<Graph> captured = std::move(stream->captured);
  if (stream->invalidated) return STREAM_CAPTURE_INVALIDATED;
  *graph = new Graph(*captured);
  return SUCCESS;
}
DRIVER cuStreamWaitEvent(Stream*, Event* event, unsigned) {
  ENTER;
  return event ? SUCCESS : INVALID_HANDLE;
}

DRIVER cuGraphInstantiateWithFlags(Graph** instance, Graph* graph, unsigned long long) {
  ENTER;
  if (!graph) return INVALID_VALUE;
  *instance = new Graph(*graph);
  return SUCCESS;
}
DRIVER cuGraphLaunch(Graph* instance, Stream* stream) {
  ENTER;
  if (!instance) return INVALID_VALUE;
  for (const Work& work : instance->work)
    if (const Result result = submit(stream, work)) return result;
  return SUCCESS;
}
DRIVER cuGraphExecDestroy(Graph* instance) {
  ENTER;
  delete instance;
  return SUCCESS;
}
DRIVER cuGraphDestroy(Graph* graph) {
  ENTER;
  delete graph;
  return SUCCESS;
}

DRIVER cuEventCreate(Event** event, unsigned) {
  ENTER;
  *event = new Event;
  return SUCCESS;
}
DRIVER cuEventRecord(Event* event, Stream* stream) {
  ENTER;
  if (!event) return INVALID_HANDLE;
  return submit(stream, [event] {
    event->time = std::chrono::steady_clock::now();
    event->recorded = true;
    return SUCCESS;
  });
}
DRIVER cuEventSynchronize(Event* event) {
  ENTER;
  return event ? SUCCESS : INVALID_HANDLE;
}
DRIVER cuEventElapsedTime(float* milliseconds, Event* start, Event* end) {
  ENTER;
  if (!start || !end || !start->recorded || !end->recorded) return INVALID_HANDLE;
  *milliseconds = std::chrono::duration<float, std::milli>(end->time - start->time).count();
  return SUCCESS;
}
DRIVER cuEventDestroy_v2(Event* event) {
  ENTER;
  delete event;
  return SUCCESS;
}

DRIVER cuModuleLoadDataEx(Module** module, const void*, unsigned, int*, void**) {
  ENTER;
  *module = new Module;
  return SUCCESS;
}
DRIVER cuModuleUnload(Module* module) {
  ENTER;
  delete module;
  return SUCCESS;
}
DRIVER cuModuleGetFunction(Kernel** function, Module* module, const char* name) {
  ENTER;
  if (!module || !name) return INVALID_VALUE;
  for (Kernel& kernel : kernels())
    if (kernel.name == name) {
      *function = &kernel;
      return SUCCESS;
    }
  return NOT_FOUND;
}
DRIVER cuFuncSetAttribute(Kernel* function, int attribute, int value) {
  ENTER;
  if (!function) return INVALID_HANDLE;
  if (attribute != MAX_DYNAMIC_SHARED_BYTES || value < 0 || (size_t)value > LARGEST_SHARED_BYTES) return INVALID_VALUE;
  function->dynamicSharedBytes = value;
  return SUCCESS;
}
DRIVER cuFuncGetAttribute(int* value, int attribute, Kernel* function) {
  ENTER;
  if (!function) return INVALID_HANDLE;
  if (attribute < 0 || attribute > MAX_DYNAMIC_SHARED_BYTES) return INVALID_VALUE;
  *value = attribute == 0 ? function->maxThreads : attribute == MAX_DYNAMIC_SHARED_BYTES ? function->dynamicSharedBytes : 0;
  return SUCCESS;
}
DRIVER cuLaunchKernel(const Kernel* function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY,
                      unsigned blockZ, unsigned sharedBytes, Stream* stream, void** arguments, void** extra) {
  ENTER;
  if (!function) return INVALID_HANDLE;
  if (extra) return INVALID_VALUE;
  Work work;
  const Launch launch = {function, {gridX, gridY, gridZ}, {blockX, blockY, blockZ}, sharedBytes};
  if (const Result result = prepareLaunch(launch, arguments, &work)) return result;
  return submit(stream, std::move(work));
}

DRIVER cuGetErrorName(int result, const char** name) {
  for (const ResultText& known : RESULT_TEXTS)
    if (known.result == result) {
      *name = known.name;
      return SUCCESS;
    }
  *name = nullptr;
  return INVALID_VALUE;
}
DRIVER cuGetErrorString(int result, const char** text) {
  // The reason of a failed launch, which a GPU could not tell, is added.
  static thread_local std::string launchFailure;
  for (const ResultText& known : RESULT_TEXTS)
    if (known.result == result) {
      *text = known.text;
      if (result == LAUNCH_FAILED && !lastComplaint().empty()) {
        launchFailure = std::string(known.text) + ": " + lastComplaint();
        *text = launchFailure.c_str();
      }
      return SUCCESS;
    }
  *text = nullptr;
  return INVALID_VALUE;
}
