#include "kernels/cpu/cpu_backend.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "kernels/cpu/numeric.h"
#include "kernels/cpu/weights.h"
#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

constexpr std::size_t kAlignment = 64;

class CpuBuffer final : public Buffer {
 public:
  explicit CpuBuffer(std::size_t bytes)
      : bytes_(bytes),
        data_(std::aligned_alloc(kAlignment, (bytes / kAlignment + 1) * kAlignment)) {
    if (data_ == nullptr) throw std::bad_alloc();
    std::memset(data_, 0, bytes);
  }
  ~CpuBuffer() override { std::free(data_); }
  CpuBuffer(const CpuBuffer&) = delete;
  CpuBuffer& operator=(const CpuBuffer&) = delete;

  [[nodiscard]] void* data() const override { return data_; }
  [[nodiscard]] std::size_t size() const override { return bytes_; }

 private:
  std::size_t bytes_;
  void* data_;
};

}  // namespace

std::unique_ptr<Buffer> CpuBackend::allocate(std::size_t bytes) {
  return std::make_unique<CpuBuffer>(bytes);
}

void CpuBackend::upload(void* device, const void* host, std::size_t bytes) {
  if (bytes > 0) std::memcpy(device, host, bytes);
}

void CpuBackend::download(void* host, const void* device, std::size_t bytes) {
  if (bytes > 0) std::memcpy(host, device, bytes);
}

std::unique_ptr<PackedMatrix> CpuBackend::pack_matrix(std::span<const HostMatrix> parts,
                                                      DType dtype, ShareOffsets col_shares) {
  return std::make_unique<CpuMatrix>(parts, dtype, col_shares);
}

std::unique_ptr<PackedExperts> CpuBackend::pack_experts(std::span<const ExpertMatrices> experts,
                                                        DType dtype, ShareOffsets shares) {
  return std::make_unique<CpuExperts>(experts, dtype, shares);
}

void CpuBackend::embed(Tensor table, const std::int32_t* tokens, Tensor soft_rows, Tensor out) {
  UNMASK_CHECK(table.cols == out.cols && out.dtype == DType::kF32);
  const auto cols = std::size_t(out.cols);
  for (int i = 0; i < out.rows; ++i) {
    float* to = static_cast<float*>(out.data) + std::size_t(i) * cols;
    const bool is_soft = tokens[i] < 0;
    const Tensor& from = is_soft ? soft_rows : table;
    const auto row = std::size_t(is_soft ? -1 - tokens[i] : tokens[i]);
    UNMASK_CHECK(row < std::size_t(from.rows));
    for (std::size_t j = 0; j < cols; ++j) to[j] = load(from.data, from.dtype, row * cols + j);
  }
}

void CpuBackend::linear(Tensor x, const PackedMatrix& weight, Tensor out) {
  const auto& matrix = static_cast<const CpuMatrix&>(weight);
  UNMASK_CHECK(x.cols == matrix.cols() && out.cols == matrix.rows() && x.rows == out.rows);
  const ShareOffsets& shares = matrix.col_shares();
  for (int n = 0; n < matrix.rows(); ++n) {
    const float* w = matrix.row(n);
    for (int i = 0; i < x.rows; ++i) {
      const float* row = static_cast<const float*>(x.data) + std::size_t(i) * std::size_t(x.cols);
      float parts[kNumShares];
      for (int s = 0; s < shares.count; ++s) {
        const std::int64_t begin = shares.offset[std::size_t(s)];
        parts[s] = dot(row + begin, w + begin, shares.offset[std::size_t(s) + 1] - begin);
      }
      static_cast<float*>(out.data)[std::size_t(i) * std::size_t(out.cols) + std::size_t(n)] =
          tree_sum(parts, shares.count);
    }
  }
}

void CpuBackend::tree_add(Tensor x, const void* parts, int num_parts) {
  UNMASK_CHECK(num_parts >= 1 && num_parts <= kNumShares);
  const std::size_t size = std::size_t(x.rows) * std::size_t(x.cols);
  const auto* in = static_cast<const float*>(parts);
  auto* out = static_cast<float*>(x.data);
  for (std::size_t i = 0; i < size; ++i) {
    float values[kNumShares];
    for (int p = 0; p < num_parts; ++p) values[p] = in[std::size_t(p) * size + i];
    out[i] += tree_sum(values, num_parts);
  }
}

}  // namespace unmask::kernels
