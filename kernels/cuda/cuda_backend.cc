#include "kernels/cuda/cuda_backend.h"

#include <algorithm>
#include <vector>

#include "kernels/cuda/cuda_check.h"
#include "kernels/cuda/cuda_matrix.h"
#include "kernels/cuda/kernels.h"
#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

constexpr std::size_t kPackedAtOnce = 1 << 20;  // bytes of weights, on the host

bool is_kv_shape(const Tensor& qkv, HeadShape heads, const KvLayer& kv) {
  return qkv.cols == (heads.num_heads + 2 * heads.num_kv_heads) * heads.head_dim &&
         kv.keys.cols == heads.num_kv_heads * heads.head_dim && kv.values.cols == kv.keys.cols &&
         kv.values.rows == kv.keys.rows && kv.values.dtype == kv.keys.dtype;
}

}  // namespace

int CudaBackend::num_devices() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

CudaBackend::CudaBackend(Options options)
    : device_(options.device), stream_(options.device), ring_(stream_.get()) {}

CudaBackend::~CudaBackend() = default;

CUstream_st* CudaBackend::queue() const {
  cuda_check(cudaSetDevice(device_), "cudaSetDevice");
  return stream_.get();
}

void CudaBackend::synchronize() {
  cuda_check(cudaStreamSynchronize(queue()), "cudaStreamSynchronize");
}

std::unique_ptr<Buffer> CudaBackend::allocate(std::size_t bytes) {
  const cudaStream_t stream = queue();
  auto memory = std::make_unique<DeviceMemory>(bytes);
  if (bytes > 0) {
    cuda_check(cudaMemsetAsync(memory->data(), 0, bytes, stream), "cudaMemsetAsync");
  }
  return memory;
}

void CudaBackend::upload(void* device, const void* host, std::size_t bytes) {
  queue();
  ring_.upload(device, host, bytes);
}

void CudaBackend::download(void* host, const void* device, std::size_t bytes) {
  synchronize();
  cuda_check(cudaMemcpy(host, device, bytes, cudaMemcpyDeviceToHost), "cudaMemcpy");
}

std::unique_ptr<PackedMatrix> CudaBackend::pack_matrix(std::span<const HostMatrix> parts,
                                                       DType dtype, ShareOffsets col_shares) {
  queue();
  std::int64_t num_rows = 0;
  for (const HostMatrix& part : parts) num_rows += part.rows;
  auto matrix = std::make_unique<CudaMatrix>(int(num_rows), dtype, col_shares);
  const std::size_t row_bytes = std::size_t(matrix->view().stride()) * size_of(dtype);
  const std::size_t rows_at_once = std::max<std::size_t>(1, kPackedAtOnce / (row_bytes + 1));
  std::vector<std::byte> packed(rows_at_once * row_bytes);
  auto* to = static_cast<std::byte*>(matrix->data());
  for (const HostMatrix& part : parts) {
    UNMASK_CHECK(part.cols == col_shares.num_items());
    const std::size_t from_bytes = std::size_t(part.row_stride) * size_of(part.dtype);
    for (std::size_t i = 0; i < std::size_t(part.rows); i += rows_at_once) {
      const std::size_t count = std::min(rows_at_once, std::size_t(part.rows) - i);
      for (std::size_t j = 0; j < count; ++j) {
        pack_row(static_cast<const std::byte*>(part.data) + (i + j) * from_bytes, part.dtype,
                 col_shares, dtype, packed.data() + j * row_bytes);
      }
      upload(to, packed.data(), count * row_bytes);
      to += count * row_bytes;
    }
  }
  return matrix;
}

void CudaBackend::embed(Tensor table, const std::int32_t* tokens, Tensor soft_rows, Tensor out) {
  UNMASK_CHECK(table.cols == out.cols);
  UNMASK_CHECK(soft_rows.rows == 0 ||
               (soft_rows.cols == out.cols && soft_rows.dtype == DType::kF32));
  kernels::embed(table, tokens, soft_rows, out, queue());
}

void CudaBackend::rms_norm(Tensor x, const float* weight, float eps, Tensor out) {
  UNMASK_CHECK(out.rows == x.rows && out.cols == x.cols);
  kernels::rms_norm(x, weight, eps, out, queue());
}

void CudaBackend::linear(Tensor x, const PackedMatrix& weight, Tensor out) {
  const MatrixView& weights = view_of(weight);
  UNMASK_CHECK(x.cols == weights.num_cols() && out.rows == x.rows && out.cols == weights.rows);
  const cudaStream_t stream = queue();
  const auto num_rows = std::size_t(x.rows);
  const void* rows = x.data;
  if (x.dtype != weights.dtype || weights.stride() != x.cols) {
    void* const packed = packed_rows_.take<std::byte>(num_rows * std::size_t(weights.stride()) *
                                                      size_of(weights.dtype));
    pack_rows(x, weights, packed, stream);
    rows = packed;
  }
  const auto num_shares = std::size_t(weights.cols.count);
  float* const sums =
      num_shares == 1 || weights.dtype == DType::kBF16
          ? nullptr
          : partial_sums_.take<float>(num_shares * num_rows * std::size_t(weights.rows));
  multiply_rows(rows, weights, sums, out, stream);
}

void CudaBackend::qk_norm_rope_kv_write(Tensor qkv, HeadShape heads, const float* q_norm,
                                        const float* k_norm, float eps, Rope rope,
                                        const std::int32_t* positions, const std::int32_t* slots,
                                        KvLayer kv) {
  UNMASK_CHECK(is_kv_shape(qkv, heads, kv));
  UNMASK_CHECK(rope.rotary_dim % 2 == 0 && rope.rotary_dim <= heads.head_dim);
  kernels::qk_norm_rope_kv_write(qkv, heads, q_norm, k_norm, eps, rope, positions, slots, kv,
                                 queue());
}

void CudaBackend::attention(Tensor qkv, HeadShape heads, KvLayer kv, const AttentionPlan& plan,
                            Tensor out) {
  UNMASK_CHECK(is_kv_shape(qkv, heads, kv));
  UNMASK_CHECK(out.rows == qkv.rows && out.cols == heads.num_heads * heads.head_dim);
  UNMASK_CHECK(out.dtype == qkv.dtype);
  const cudaStream_t stream = queue();
  float* const scratch = partial_sums_.take<float>(attention_scratch_floats(qkv.rows, heads));
  kernels::attention(qkv, heads, kv, plan, scratch, out, stream);
}

void CudaBackend::tree_add(Tensor x, const void* parts, int num_parts) {
  UNMASK_CHECK(num_parts >= 1 && num_parts <= kNumShares && (num_parts & (num_parts - 1)) == 0);
  kernels::tree_add(x, parts, num_parts, queue());
}

}  // namespace unmask::kernels
