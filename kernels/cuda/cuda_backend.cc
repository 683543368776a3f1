#include "kernels/cuda/cuda_backend.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "kernels/cuda/cuda_check.h"
#include "kernels/cuda/cuda_graph.h"
#include "kernels/cuda/cuda_matrix.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/pack_experts.h"
#include "kernels/cuda/pinned_memory.h"
#include "kernels/cuda/working_memory.h"
#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

constexpr std::size_t kPackedAtOnce = 4 << 20;  // bytes of weights, on their way

}  // namespace

CudaBackend::CudaBackend(Options options)
    : device_(options.device), stream_(options.device), ring_(stream_.get()) {
  if (options.fast_products) {
    library_ = make_library_products(std::move(*options.fast_products), device_);
  }
}

CudaBackend::~CudaBackend() = default;

CUstream_st* CudaBackend::queue() const {
  cuda_check(cudaSetDevice(device_), "cudaSetDevice");
  return stream_.get();
}

std::string CudaBackend::numeric_class() const {
  int major = 0, minor = 0;
  cuda_check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device_),
             "cudaDeviceGetAttribute");
  cuda_check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device_),
             "cudaDeviceGetAttribute");
  return "cuda-sm" + std::to_string(10 * major + minor);
}

MemoryInfo CudaBackend::memory() const {
  std::size_t free_bytes = 0, total_bytes = 0;
  queue();
  cuda_check(cudaMemGetInfo(&free_bytes, &total_bytes), "cudaMemGetInfo");
  return {.total_bytes = total_bytes, .free_bytes = free_bytes};
}

void CudaBackend::synchronize() {
  done_.record(queue());
  done_.wait();
}

void CudaBackend::reserve(const WorkingShape& shape) {
  queue();
  scratch_.take<std::byte>(cuda_working_bytes(shape));
}

std::unique_ptr<Buffer> CudaBackend::allocate(std::size_t bytes) {
  const cudaStream_t stream = queue();
  auto memory = std::make_unique<DeviceMemory>(bytes);
  if (bytes > 0) {
    cuda_check(cudaMemsetAsync(memory->data(), 0, bytes, stream), "cudaMemsetAsync");
  }
  return memory;
}

std::unique_ptr<Buffer> CudaBackend::allocate_shared(std::size_t bytes) {
  queue();
  return std::make_unique<PinnedMemory>(bytes);
}

void CudaBackend::copy_to_device(void* device, const Buffer& from, std::size_t bytes) {
  cuda_check(cudaMemcpyAsync(device, from.data(), bytes, cudaMemcpyHostToDevice, queue()),
             "cudaMemcpyAsync");
}

Result<std::unique_ptr<Recording>> CudaBackend::record(const std::function<Result<>()>& enqueue) {
  const cudaStream_t stream = queue();
  cuda_check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal),
             "cudaStreamBeginCapture");
  // Whatever happens, the stream must not stay in capture.
  Result<> enqueued;
  std::optional<DeviceError> fault;
  try {
    enqueued = enqueue();
  } catch (const DeviceError& error) {
    fault = error;
  }
  cudaGraph_t graph = nullptr;
  const cudaError_t ended = cudaStreamEndCapture(stream, &graph);
  const std::unique_ptr<CUgraph_st, cudaError_t (*)(cudaGraph_t)> owned(graph, cudaGraphDestroy);
  if (!enqueued) return enqueued.error();
  if (!fault) {
    try {
      cuda_check(ended, "cudaStreamEndCapture");
      return std::unique_ptr<Recording>(std::make_unique<CudaGraph>(graph));
    } catch (const DeviceError& error) {
      fault = error;
    }
  }
  cudaGetLastError();  // a capture that failed is no fault of what comes later
  const cudaError_t state = cudaStreamQuery(stream);
  if (state != cudaSuccess && state != cudaErrorNotReady) throw *fault;  // a device that failed is
  return Error{ErrorCode::kUnavailable, fault->what()};
}

void CudaBackend::replay(const Recording& recording) {
  static_cast<const CudaGraph&>(recording).launch(queue());
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
  auto* to = static_cast<std::byte*>(matrix->data());
  for (const HostMatrix& part : parts) {
    UNMASK_CHECK(part.cols == col_shares.num_items());
    const std::size_t from_bytes = std::size_t(part.row_stride) * size_of(part.dtype);
    for (std::size_t i = 0; i < std::size_t(part.rows); i += rows_at_once) {
      const std::size_t count = std::min(rows_at_once, std::size_t(part.rows) - i);
      if (count * row_bytes == 0) break;
      std::byte* const packed = ring_.begin(count * row_bytes);
      for (std::size_t j = 0; j < count; ++j) {
        pack_row(static_cast<const std::byte*>(part.data) + (i + j) * from_bytes, part.dtype,
                 col_shares, dtype, packed + j * row_bytes);
      }
      ring_.send(to, count * row_bytes);
      to += count * row_bytes;
    }
  }
  return matrix;
}

std::unique_ptr<PackedExperts> CudaBackend::pack_experts(std::span<const ExpertMatrices> experts,
                                                         DType dtype, ShareOffsets shares) {
  queue();
  return kernels::pack_experts(experts, dtype, ExpertLayout::kTiles, shares, ring_);
}

std::unique_ptr<PackedExperts> CudaBackend::pack_mlp(std::span<const ExpertMatrices> slices,
                                                     DType dtype, ShareOffsets shares) {
  queue();
  const bool for_library = library_ != nullptr && dtype == DType::kBF16;
  return kernels::pack_experts(
      slices, dtype, for_library ? ExpertLayout::kRows : ExpertLayout::kTiles, shares, ring_);
}

template <class Op>
void CudaBackend::enqueue_with_scratch(const Op& op) {
  const cudaStream_t stream = queue();
  enqueue(op, scratch_.take<std::byte>(scratch_bytes(op)), stream);
}

template <class Op>
void CudaBackend::enqueue_product(const Op& op) {
  if (!library_ || !library_->computes(op)) return enqueue_with_scratch(op);
  const cudaStream_t stream = queue();
  library_->enqueue(op, scratch_.take<std::byte>(library_->scratch_bytes(op)), stream);
}

ProductReport CudaBackend::choose_products(std::span<const WeightUse> uses,
                                           std::span<const int> row_counts) {
  if (!library_) return {};
  return library_->choose(uses, row_counts, scratch_, queue());
}

void CudaBackend::compute(const Embed& op) { enqueue(op, queue()); }
void CudaBackend::compute(const GatherRows& op) { enqueue(op, queue()); }
void CudaBackend::compute(const RmsNorm& op) { enqueue(op, queue()); }
void CudaBackend::compute(const Linear& op) { enqueue_product(op); }
void CudaBackend::compute(const QkNormRopeKvWrite& op) { enqueue(op, queue()); }
void CudaBackend::compute(const Attention& op) { enqueue_with_scratch(op); }
void CudaBackend::compute(const RouteTopk& op) { enqueue_with_scratch(op); }
void CudaBackend::compute(const Experts& op) { enqueue_product(op); }
void CudaBackend::compute(const TreeAdd& op) { enqueue(op, queue()); }
void CudaBackend::compute(const LmHeadCandidates& op) { enqueue_product(op); }
void CudaBackend::compute(const MergeCandidates& op) { enqueue(op, queue()); }
void CudaBackend::compute(const MaxParts& op) { enqueue(op, queue()); }
void CudaBackend::compute(const MixEmbeddings& op) { enqueue_with_scratch(op); }
void CudaBackend::compute(const ScatterRows& op) { enqueue(op, queue()); }
void CudaBackend::compute(const GuideRows& op) { enqueue(op, queue()); }
void CudaBackend::compute(const DrawTokens& op) { enqueue(op, queue()); }

}  // namespace unmask::kernels
