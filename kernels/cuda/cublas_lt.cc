#include "kernels/cuda/cublas_lt.h"

#include <cstring>
#include <utility>

#include "kernels/device_error.h"

namespace unmask::kernels {
namespace {

static_assert(sizeof(ProductAlgorithm) == sizeof(cublasLtMatmulAlgo_t));

void check(const CublasLtLibrary& library, cublasStatus_t status, const char* call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw DeviceError(std::string(call) + ": " + library.get_status_string(status));
}

cublasLtMatmulAlgo_t native(const ProductAlgorithm& algorithm) {
  cublasLtMatmulAlgo_t native;
  std::memcpy(&native, algorithm.data(), sizeof native);
  return native;
}

}  // namespace

Result<std::unique_ptr<CublasLt>> CublasLt::create(const std::string& path) {
  const Result<CublasLtLibrary> library = CublasLtLibrary::load(path);
  if (!library) return library.error();
  std::unique_ptr<CublasLt> lt(new CublasLt(*library));
  const cublasStatus_t status = library->create(&lt->handle_);
  if (status != CUBLAS_STATUS_SUCCESS) {
    lt->handle_ = nullptr;
    return Error{ErrorCode::kUnavailable, "cuBLASLt " + library->version + " does not work here: " +
                                              library->get_status_string(status)};
  }
  return lt;
}

CublasLt::~CublasLt() {
  if (handle_ != nullptr) library_.destroy(handle_);
}

// To cuBLASLt, which counts by columns, a row-major matrix is its own transpose: weights are
// [depth, features] and transposed, x is [depth, rows], and out is [features, rows].
CublasProduct::CublasProduct(const CublasLt& lt, int features, int depth, int rows)
    : lt_(lt),
      rows_(rows),
      desc_(make_desc()),
      weights_(make_layout(CUDA_R_16BF, depth, features)),
      x_(make_layout(CUDA_R_16BF, depth, rows)),
      out_(make_layout(CUDA_R_32F, features, rows)) {}

CublasProduct::Desc CublasProduct::make_desc() const {
  const CublasLtLibrary& library = lt_.library();
  cublasLtMatmulDesc_t desc = nullptr;
  check(library, library.create_desc(&desc, CUBLAS_COMPUTE_32F, CUDA_R_32F),
        "cublasLtMatmulDescCreate");
  Desc owned(desc, library.destroy_desc);
  const cublasOperation_t transposed = CUBLAS_OP_T;
  check(library,
        library.set_desc(desc, CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof transposed),
        "cublasLtMatmulDescSetAttribute");
  return owned;
}

CublasProduct::Layout CublasProduct::make_layout(cudaDataType_t type, int rows, int cols) const {
  cublasLtMatrixLayout_t layout = nullptr;
  check(lt_.library(),
        lt_.library().create_layout(&layout, type, std::uint64_t(rows), std::uint64_t(cols), rows),
        "cublasLtMatrixLayoutCreate");
  return {layout, lt_.library().destroy_layout};
}

std::vector<ProductAlgorithm> CublasProduct::candidates(int max_count) const {
  const CublasLtLibrary& library = lt_.library();
  cublasLtMatmulPreference_t preference = nullptr;
  check(library, library.create_preference(&preference), "cublasLtMatmulPreferenceCreate");
  const std::unique_ptr<cublasLtMatmulPreferenceOpaque_t,
                        decltype(&cublasLtMatmulPreferenceDestroy)>
      owned(preference, library.destroy_preference);
  const auto set = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
    check(library, library.set_preference(preference, attribute, &value, sizeof value),
          "cublasLtMatmulPreferenceSetAttribute");
  };
  set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{kCublasWorkspaceBytes});
  // Pieces of rows begin where they begin; without this, 256 bytes are assumed.
  for (const auto attribute :
       {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
    set(attribute, std::uint32_t{16});
  }
  std::vector<cublasLtMatmulHeuristicResult_t> results{std::size_t(max_count)};
  int count = 0;
  const cublasStatus_t status =
      library.get_heuristic(lt_.handle(), desc_.get(), weights_.get(), x_.get(), out_.get(),
                            out_.get(), preference, max_count, results.data(), &count);
  std::vector<ProductAlgorithm> found;
  if (status != CUBLAS_STATUS_SUCCESS) return found;  // it has none
  for (int i = 0; i < count; ++i) {
    const cublasLtMatmulHeuristicResult_t& result = results[std::size_t(i)];
    if (result.state != CUBLAS_STATUS_SUCCESS) continue;
    std::memcpy(found.emplace_back().data(), &result.algo, sizeof result.algo);
  }
  return found;
}

bool CublasProduct::can_use(const ProductAlgorithm& algorithm) const {
  const cublasLtMatmulAlgo_t algo = native(algorithm);
  cublasLtMatmulHeuristicResult_t result{};
  const cublasStatus_t status = lt_.library().check_algorithm(
      lt_.handle(), desc_.get(), weights_.get(), x_.get(), out_.get(), out_.get(), &algo, &result);
  return status == CUBLAS_STATUS_SUCCESS && result.workspaceSize <= kCublasWorkspaceBytes;
}

void CublasProduct::enqueue(const void* x, const void* weights, float* out, void* workspace,
                            cudaStream_t stream) const {
  const float one = 1, zero = 0;
  const cublasLtMatmulAlgo_t algo = native(algorithm_);
  check(lt_.library(),
        lt_.library().multiply(lt_.handle(), desc_.get(), &one, weights, weights_.get(), x,
                               x_.get(), &zero, out, out_.get(), out, out_.get(), &algo, workspace,
                               kCublasWorkspaceBytes, stream),
        "cublasLtMatmul");
}

}  // namespace unmask::kernels
