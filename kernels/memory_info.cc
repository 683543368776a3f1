#include "kernels/memory_info.h"

#include <fstream>
#include <string>

namespace unmask::kernels {

MemoryInfo host_memory() {
  MemoryInfo memory;
  std::ifstream file("/proc/meminfo");
  std::string key, rest;
  std::uint64_t kibibytes = 0;
  while (file >> key >> kibibytes) {
    if (key == "MemTotal:") memory.total_bytes = kibibytes << 10;
    if (key == "MemAvailable:") memory.free_bytes = kibibytes << 10;
    std::getline(file, rest);
  }
  return memory;
}

}  // namespace unmask::kernels
