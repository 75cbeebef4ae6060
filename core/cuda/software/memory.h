// Device memory, which is host memory filled with NaN where nothing was written yet or any more.
#pragma once
#include <cstddef>
#include <cstdint>

#include "results.h"

namespace software {

// Bytes that the device has: CAUSAL_PILOT_SOFTWARE_DEVICE_BYTES, or 4 GiB.
size_t memoryLimit();
size_t memoryHeld();

Result allocate(size_t bytes, uint64_t* address);
// ILLEGAL_ADDRESS when something was written beyond the end.
Result release(uint64_t address);
// Whether the range lies in one allocation.
bool isAllocated(uint64_t address, size_t bytes);
// False when something was written just beyond the end of any allocation.
bool guardsAreWhole();

}  // namespace software
