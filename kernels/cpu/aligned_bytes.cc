#include "kernels/cpu/aligned_bytes.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>

namespace unmask::kernels {
namespace {

constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

}  // namespace

AlignedBytes::AlignedBytes(std::size_t size) : size_(size) {
  if (size == 0) return;
  const std::size_t alignment = size >= kHugePage ? kHugePage : kCacheLine;
  const std::size_t capacity = (size + alignment - 1) / alignment * alignment;
  data_.reset(static_cast<std::byte*>(std::aligned_alloc(alignment, capacity)));
  if (!data_) throw std::bad_alloc();
  if (size >= kHugePage) madvise(data_.get(), capacity, MADV_HUGEPAGE);  // advice: may fail
  std::memset(data_.get(), 0, capacity);
}

void AlignedBytes::Free::operator()(std::byte* bytes) const { std::free(bytes); }

}  // namespace unmask::kernels
