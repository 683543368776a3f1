/// The part of cuBLASLt that unmask uses, as a library to be loaded. The emulated CUDA runtime is
/// that of the program which loads it, so the program has to export its symbols.
///
/// What the library would refuse (shapes, types, alignment, too little workspace, an algorithm of
/// another version or shape) is refused, and what it leaves undefined aborts.
///
/// Read from the environment when they matter:
///   UNMASK_EMULATED_CUBLASLT_VERSION=CODE  e.g. 120500 for 12.5.0
///   UNMASK_EMULATED_CUBLASLT_MICROS=T      what the faster of its two algorithms takes of the
///                                          device's time (simt.h says what kernels take)
///   UNMASK_EMULATED_CUBLASLT_FAILS=1       it does not work with this device

#include <cublasLt.h>
#include <cuda_bf16.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "emulation/device.h"

using namespace unmask::emulation;

namespace {

struct Desc {
  cublasComputeType_t compute;
  cudaDataType_t scale_type;
  cublasOperation_t trans_a = CUBLAS_OP_N;
  cublasOperation_t trans_b = CUBLAS_OP_N;
};
struct Layout {
  cudaDataType_t type;
  std::uint64_t rows, cols;
  std::int64_t ld;

  friend bool operator==(const Layout&, const Layout&) = default;
};
struct Preference {
  std::uint64_t workspace_bytes = 0;
};
/// What an algorithm says of itself here.
struct Algorithm {
  std::uint64_t magic;
  std::uint64_t version;
  std::uint64_t number;  // 0: the faster one
  std::uint64_t workspace_bytes;
};
constexpr std::uint64_t kMagic = 0x756E6D61736B4C74;
constexpr int kAlgorithms = 2;
constexpr double kMicros = 1;    // that a product takes
constexpr double kSlower = 1.5;  // the other algorithm

struct Problem {
  Desc desc;
  Layout a, b, c, d;
  const void *a_data = nullptr, *b_data = nullptr;
  void* d_data = nullptr;
};

template <typename To, typename From>
To* as(From* handle) {
  return reinterpret_cast<To*>(handle);
}

std::uint64_t version() {
  const char* const other = std::getenv("UNMASK_EMULATED_CUBLASLT_VERSION");
  return other != nullptr ? std::strtoull(other, nullptr, 10) : CUBLAS_VERSION;
}

double micros_of(const Algorithm& algorithm) {
  const char* const other = std::getenv("UNMASK_EMULATED_CUBLASLT_MICROS");
  const double micros = other != nullptr ? std::atof(other) : kMicros;
  return algorithm.number == 0 ? micros : kSlower * micros;
}

std::size_t size_of(cudaDataType_t type) { return type == CUDA_R_32F ? 4 : 2; }

cublasStatus_t status_of(const Problem& p) {
  const bool trans_a = p.desc.trans_a == CUBLAS_OP_T, trans_b = p.desc.trans_b == CUBLAS_OP_T;
  const auto [m, k_a] = trans_a ? std::pair(p.a.cols, p.a.rows) : std::pair(p.a.rows, p.a.cols);
  const auto [n, k_b] = trans_b ? std::pair(p.b.rows, p.b.cols) : std::pair(p.b.cols, p.b.rows);
  if (k_a != k_b || m != p.d.rows || n != p.d.cols || p.c != p.d) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  const bool is_bf16 = p.a.type == CUDA_R_16BF && p.b.type == CUDA_R_16BF;
  const bool is_summed_as_f32 =
      p.desc.compute == CUBLAS_COMPUTE_32F && p.desc.scale_type == CUDA_R_32F;
  const bool has_result = p.d.type == CUDA_R_16BF || p.d.type == CUDA_R_32F;
  return is_bf16 && is_summed_as_f32 && has_result ? CUBLAS_STATUS_SUCCESS
                                                   : CUBLAS_STATUS_NOT_SUPPORTED;
}

/// op(M) as rows of length k.
std::vector<float> gather(const void* data, const Layout& layout, bool k_is_contiguous,
                          std::size_t rows, std::size_t k) {
  const auto* const values = static_cast<const __nv_bfloat16*>(data);
  const auto ld = std::size_t(layout.ld);
  std::vector<float> out(rows * k);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t i = 0; i < k; ++i) {
      out[r * k + i] = __bfloat162float(values[k_is_contiguous ? r * ld + i : i * ld + r]);
    }
  }
  return out;
}

/// Sums of every fourth product, and then those: another order than that of unmask's kernels.
float dot(const float* x, const float* y, std::size_t k) {
  float sums[4] = {};
  for (std::size_t i = 0; i < k; ++i) sums[i % 4] += x[i] * y[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

void compute(const Problem& p) {
  const bool trans_a = p.desc.trans_a == CUBLAS_OP_T, trans_b = p.desc.trans_b == CUBLAS_OP_T;
  const std::size_t m = p.d.rows, n = p.d.cols, k = trans_a ? p.a.rows : p.a.cols;
  const std::vector<float> a = gather(p.a_data, p.a, trans_a, m, k);
  const std::vector<float> b = gather(p.b_data, p.b, !trans_b, n, k);
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t i = 0; i < m; ++i) {
      const float sum = dot(&a[i * k], &b[j * k], k);
      const std::size_t at = j * std::size_t(p.d.ld) + i;
      if (p.d.type == CUDA_R_32F) {
        static_cast<float*>(p.d_data)[at] = sum;
      } else {
        static_cast<__nv_bfloat16*>(p.d_data)[at] = __float2bfloat16(sum);
      }
    }
  }
}

/// The start of a matrix is aligned, and it lies in one block of device memory.
cublasStatus_t placed(const void* data, const Layout& layout) {
  constexpr std::uintptr_t kAlignment = 16;
  if (reinterpret_cast<std::uintptr_t>(data) % kAlignment != 0) return CUBLAS_STATUS_NOT_SUPPORTED;
  const std::size_t values = std::size_t(layout.cols - 1) * std::size_t(layout.ld) + layout.rows;
  if (memory_kind(data) != Memory::kDevice || bytes_after(data) < values * size_of(layout.type)) {
    host_error("cublasLtMatmul: a matrix is not within a block of device memory");
  }
  return CUBLAS_STATUS_SUCCESS;
}

/// A is multiplied by B alone: nothing is added.
bool is_plain(const void* alpha, const void* beta) {
  return *static_cast<const float*>(alpha) == 1 && *static_cast<const float*>(beta) == 0;
}

}  // namespace

size_t cublasLtGetVersion() { return version(); }
const char* cublasLtGetStatusString(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS:
      return "success";
    case CUBLAS_STATUS_NOT_INITIALIZED:
      return "not initialized";
    case CUBLAS_STATUS_NOT_SUPPORTED:
      return "not supported";
    default:
      return "error of the emulated cuBLASLt";
  }
}
cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  if (std::getenv("UNMASK_EMULATED_CUBLASLT_FAILS") != nullptr) {
    return CUBLAS_STATUS_NOT_INITIALIZED;
  }
  return *handle = as<cublasLtContext>(new char), CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  return delete as<char>(handle), CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* desc, cublasComputeType_t compute,
                                        cudaDataType_t scale_type) {
  return *desc = as<cublasLtMatmulDescOpaque_t>(new Desc{compute, scale_type}),
         CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t desc) {
  return delete as<Desc>(desc), CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t handle,
                                              cublasLtMatmulDescAttributes_t attribute,
                                              const void* value, size_t bytes) {
  Desc& desc = *as<Desc>(handle);
  if (bytes != sizeof desc.trans_a) return CUBLAS_STATUS_INVALID_VALUE;
  switch (attribute) {
    case CUBLASLT_MATMUL_DESC_TRANSA:
      return std::memcpy(&desc.trans_a, value, bytes), CUBLAS_STATUS_SUCCESS;
    case CUBLASLT_MATMUL_DESC_TRANSB:
      return std::memcpy(&desc.trans_b, value, bytes), CUBLAS_STATUS_SUCCESS;
    default:
      host_error("cublasLtMatmulDescSetAttribute: attribute not emulated");
  }
}
cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType type,
                                          uint64_t rows, uint64_t cols, int64_t ld) {
  if (rows == 0 || cols == 0 || ld < std::int64_t(rows)) return CUBLAS_STATUS_INVALID_VALUE;
  return *layout = as<cublasLtMatrixLayoutOpaque_t>(new Layout{type, rows, cols, ld}),
         CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  return delete as<Layout>(layout), CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  return *preference = as<cublasLtMatmulPreferenceOpaque_t>(new Preference), CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  return delete as<Preference>(preference), CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void* value, size_t bytes) {
  std::uint64_t& workspace = as<Preference>(preference)->workspace_bytes;
  const bool is_workspace = attribute == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES;
  if (bytes != (is_workspace ? sizeof workspace : sizeof(std::uint32_t))) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  if (is_workspace) std::memcpy(&workspace, value, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(
    cublasLtHandle_t, cublasLtMatmulDesc_t desc, cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
    cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d, cublasLtMatmulPreference_t preference,
    int max_results, cublasLtMatmulHeuristicResult_t results[], int* num_results) {
  *num_results = 0;
  const Problem problem{*as<Desc>(desc), *as<Layout>(a), *as<Layout>(b), *as<Layout>(c),
                        *as<Layout>(d)};
  const cublasStatus_t status = status_of(problem);
  if (status != CUBLAS_STATUS_SUCCESS) return status;
  // The slower one first, so that a caller who takes the first without a look is found out.
  for (int i = 0; i < std::min(kAlgorithms, max_results); ++i) {
    // As much workspace as is allowed, so that a caller who passes less is found out.
    const Algorithm algorithm{kMagic, version(), std::uint64_t(kAlgorithms - 1 - i),
                              as<Preference>(preference)->workspace_bytes};
    results[i] = {};
    std::memcpy(&results[i].algo, &algorithm, sizeof algorithm);
    results[i].workspaceSize = algorithm.workspace_bytes;
    results[i].state = CUBLAS_STATUS_SUCCESS;
    ++*num_results;
  }
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoCheck(cublasLtHandle_t, cublasLtMatmulDesc_t desc,
                                       cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                       cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                       const cublasLtMatmulAlgo_t* algo,
                                       cublasLtMatmulHeuristicResult_t* result) {
  Algorithm algorithm{};
  std::memcpy(&algorithm, algo, sizeof algorithm);
  if (algorithm.magic != kMagic || algorithm.version != version()) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  *result = {};
  result->workspaceSize = algorithm.workspace_bytes;
  return status_of(
      {*as<Desc>(desc), *as<Layout>(a), *as<Layout>(b), *as<Layout>(c), *as<Layout>(d)});
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t desc, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                              cublasLtMatrixLayout_t b_layout, const void* beta, const void* c,
                              cublasLtMatrixLayout_t c_layout, void* d,
                              cublasLtMatrixLayout_t d_layout, const cublasLtMatmulAlgo_t* algo,
                              void* workspace, size_t workspace_bytes, cudaStream_t stream) {
  const Problem problem{*as<Desc>(desc),
                        *as<Layout>(a_layout),
                        *as<Layout>(b_layout),
                        *as<Layout>(c_layout),
                        *as<Layout>(d_layout),
                        a,
                        b,
                        d};
  if (c != d || !is_plain(alpha, beta)) host_error("cublasLtMatmul: only d = a * b is emulated");
  cublasStatus_t status = status_of(problem);
  if (status == CUBLAS_STATUS_SUCCESS) status = placed(a, problem.a);
  if (status == CUBLAS_STATUS_SUCCESS) status = placed(b, problem.b);
  if (status == CUBLAS_STATUS_SUCCESS) status = placed(d, problem.d);
  if (status != CUBLAS_STATUS_SUCCESS) return status;
  Algorithm algorithm{};
  std::memcpy(&algorithm, algo, sizeof algorithm);
  if (algorithm.magic != kMagic || algorithm.workspace_bytes > workspace_bytes) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  if (bytes_after(workspace) < workspace_bytes) {
    host_error("cublasLtMatmul: the workspace is shorter than stated");
  }
  enqueue_product(stream, "cublasLtMatmul", micros_of(algorithm),
                  [problem, workspace, bytes = algorithm.workspace_bytes] {
                    std::memset(workspace, 0xFF, bytes);  // nobody may keep anything there
                    compute(problem);
                  });
  return CUBLAS_STATUS_SUCCESS;
}
