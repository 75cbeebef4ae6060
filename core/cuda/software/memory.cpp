#include "memory.h"

#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>

namespace software {
namespace {

// A NaN as a float and a large number as an index.
constexpr uint32_t NOTHING = 0x7fc0dead;
constexpr size_t ALIGNMENT = 256, GUARD_BYTES = 64, DEFAULT_LIMIT = (size_t)4 << 30;
// Freed memory stays readable, as NaN, until this much was freed after it.
constexpr size_t KEPT_BYTES = (size_t)32 << 20;

struct Freed {
  void* memory;
  size_t bytes;
};

std::map<uint64_t, size_t> allocations;  // bytes asked for, by address
std::deque<Freed> freed;
size_t held = 0, freedBytes = 0;

size_t roundedBytes(size_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

// The guard starts right behind the last byte asked for.
size_t guardedBytes(size_t bytes) { return roundedBytes(bytes + GUARD_BYTES); }

void fillWithNothing(void* memory, size_t bytes) {
  uint32_t* words = (uint32_t*)memory;
  for (size_t i = 0; i < bytes / sizeof(uint32_t); i++) words[i] = NOTHING;
}

bool guardIsWhole(uint64_t address, size_t bytes) {
  for (size_t i = bytes; i < guardedBytes(bytes); i++)
    if (((unsigned char*)address)[i] != (NOTHING >> 8 * (i % 4) & 0xff)) return false;
  return true;
}

std::map<uint64_t, size_t>::const_iterator allocationOf(uint64_t address) {
  const auto next = allocations.upper_bound(address);
  return next == allocations.begin() ? allocations.end() : std::prev(next);
}

}  // namespace

size_t memoryLimit() {
  const char* limit = std::getenv("CAUSAL_PILOT_SOFTWARE_DEVICE_BYTES");
  return limit ? (size_t)std::strtoull(limit, nullptr, 10) : DEFAULT_LIMIT;
}

size_t memoryHeld() { return held; }

Result allocate(size_t bytes, uint64_t* address) {
  if (bytes == 0) return INVALID_VALUE;
  const size_t rounded = roundedBytes(bytes);
  if (rounded < bytes || rounded > memoryLimit() || held > memoryLimit() - rounded) return OUT_OF_MEMORY;
  void* memory = std::aligned_alloc(ALIGNMENT, guardedBytes(bytes));
  if (!memory) return OUT_OF_MEMORY;
  fillWithNothing(memory, guardedBytes(bytes));
  held += rounded;
  allocations[(uint64_t)memory] = bytes;
  *address = (uint64_t)memory;
  return SUCCESS;
}

Result release(uint64_t address) {
  if (address == 0) return SUCCESS;
  const auto found = allocations.find(address);
  if (found == allocations.end()) return INVALID_VALUE;
  const size_t bytes = found->second;
  const bool whole = guardIsWhole(address, bytes);
  allocations.erase(found);
  held -= roundedBytes(bytes);
  fillWithNothing((void*)address, guardedBytes(bytes));
  freed.push_back({(void*)address, bytes});
  freedBytes += bytes;
  while (freedBytes > KEPT_BYTES && freed.size() > 1) {
    std::free(freed.front().memory);
    freedBytes -= freed.front().bytes;
    freed.pop_front();
  }
  return whole ? SUCCESS : ILLEGAL_ADDRESS;
}

bool isAllocated(uint64_t address, size_t bytes) {
  const auto own = allocationOf(address);
  return own != allocations.end() && address - own->first <= own->second && bytes <= own->second - (address - own->first);
}

bool guardsAreWhole() {
  for (const auto& [address, bytes] : allocations)
    if (!guardIsWhole(address, bytes)) return false;
  return true;
}

}  // namespace software
