#include "kernels/cpu/cpu_backend.h"

#include <cstring>

#include "kernels/cpu/working_memory.h"
#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

class CpuBuffer final : public Buffer {
 public:
  explicit CpuBuffer(std::size_t size) : bytes_(size) {}

  [[nodiscard]] void* data() const override { return bytes_.data(); }
  [[nodiscard]] std::size_t size() const override { return bytes_.size(); }

 private:
  AlignedBytes bytes_;
};

const Kernels& kernels_for(InstructionSet set) {
  const Kernels* const kernels = kernels_of(set);
  UNMASK_CHECK(kernels != nullptr);
  return *kernels;
}

}  // namespace

CpuBackend::CpuBackend(Options options)
    : kernels_(kernels_for(options.instruction_set.value_or(best_instruction_set()))),
      pool_(options.threads),
      thread_scratch_(std::size_t(pool_.num_threads())) {}

void CpuBackend::reserve(const WorkingShape& shape) {
  const CpuWorkingMemory memory = cpu_working_memory(shape);
  packed_rows_.reserve(memory.packed_rows);
  intermediate_.reserve(memory.intermediate);
  contributions_.reserve(memory.contributions);
  for (Scratch& scratch : thread_scratch_) scratch.reserve(memory.per_thread);
}

std::unique_ptr<Buffer> CpuBackend::allocate(std::size_t bytes) {
  return std::make_unique<CpuBuffer>(bytes);
}

void CpuBackend::upload(void* device, const void* host, std::size_t bytes) {
  if (bytes > 0) std::memcpy(device, host, bytes);
}

void CpuBackend::download(void* host, const void* device, std::size_t bytes) {
  if (bytes > 0) std::memcpy(host, device, bytes);
}

float* floats(const Tensor& tensor) {
  UNMASK_CHECK(tensor.dtype == DType::kF32);
  UNMASK_CHECK(tensor.rows >= 0 && tensor.cols >= 0);
  return static_cast<float*>(tensor.data);
}

}  // namespace unmask::kernels
