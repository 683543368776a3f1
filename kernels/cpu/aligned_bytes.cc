#include "kernels/cpu/aligned_bytes.h"

#include <sys/mman.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

namespace unmask::kernels {
namespace {

constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::atomic<std::size_t> live = 0;

}  // namespace

AlignedBytes::AlignedBytes(std::size_t size) : size_(size) {
  if (size == 0) return;
  const std::size_t alignment = size >= kHugePage ? kHugePage : kCacheLine;
  const std::size_t capacity = (size + alignment - 1) / alignment * alignment;
  auto* const bytes = static_cast<std::byte*>(std::aligned_alloc(alignment, capacity));
  if (bytes == nullptr) throw std::bad_alloc();
  data_ = std::unique_ptr<std::byte, Free>(bytes, Free(size));
  live += size;
  if (size >= kHugePage) madvise(data_.get(), capacity, MADV_HUGEPAGE);  // advice: may fail
  std::memset(data_.get(), 0, capacity);
}

std::size_t AlignedBytes::live_bytes() { return live; }

void AlignedBytes::Free::operator()(std::byte* bytes) const {
  live -= size;
  std::free(bytes);
}

}  // namespace unmask::kernels
