#pragma once

#include <cuda_runtime_api.h>

#include <memory>
#include <string>
#include <vector>

#include "kernels/cuda/cublas_lt_library.h"
#include "kernels/cuda/product_file.h"
#include "kernels/cuda/working_memory.h"

namespace unmask::kernels {

/// cuBLASLt on this thread's current device.
class CublasLt {
 public:
  /// Errors  those of CublasLtLibrary::load(); kUnavailable if it does not work with this device
  static Result<std::unique_ptr<CublasLt>> create(const std::string& path);
  ~CublasLt();
  CublasLt(const CublasLt&) = delete;
  CublasLt& operator=(const CublasLt&) = delete;

  [[nodiscard]] const CublasLtLibrary& library() const { return library_; }
  [[nodiscard]] cublasLtHandle_t handle() const { return handle_; }

 private:
  explicit CublasLt(const CublasLtLibrary& library) : library_(library) {}

  const CublasLtLibrary library_;
  cublasLtHandle_t handle_ = nullptr;
};

/// out = x * weights^T as cuBLASLt computes it.
///
/// Shapes  x bf16 [rows, depth]; weights bf16 [features, depth]; out f32 [rows, features]; all
///         contiguous and aligned to 16 bytes
/// Sums are f32, in an order that depends on the algorithm and so on the number of rows; a row of
/// `out` is made of no other row of x.
class CublasProduct {
 public:
  /// lt: outlives it. Throws DeviceError if cuBLASLt refuses the shape.
  CublasProduct(const CublasLt& lt, int features, int depth, int rows);

  /// The algorithms that cuBLASLt expects to be the fastest, best first; may be none.
  [[nodiscard]] std::vector<ProductAlgorithm> candidates(int max_count) const;
  /// Whether this version has the algorithm, for this shape and in the workspace that there is.
  [[nodiscard]] bool can_use(const ProductAlgorithm& algorithm) const;
  void use(const ProductAlgorithm& algorithm) { algorithm_ = algorithm; }
  [[nodiscard]] const ProductAlgorithm& algorithm() const { return algorithm_; }

  [[nodiscard]] int rows() const { return rows_; }
  /// Throws DeviceError if it is refused. workspace: kCublasWorkspaceBytes of device memory,
  /// which later work on the stream may use again.
  void enqueue(const void* x, const void* weights, float* out, void* workspace,
               cudaStream_t stream) const;

 private:
  using Desc = std::unique_ptr<cublasLtMatmulDescOpaque_t, decltype(&cublasLtMatmulDescDestroy)>;
  using Layout =
      std::unique_ptr<cublasLtMatrixLayoutOpaque_t, decltype(&cublasLtMatrixLayoutDestroy)>;

  [[nodiscard]] Desc make_desc() const;
  [[nodiscard]] Layout make_layout(cudaDataType_t type, int rows, int cols) const;

  const CublasLt& lt_;
  const int rows_;
  const Desc desc_;
  const Layout weights_, x_, out_;
  ProductAlgorithm algorithm_{};
};

/// The products of one operation, with their algorithms: one, or the two of an MLP.
using CublasProductList = std::vector<std::unique_ptr<CublasProduct>>;

}  // namespace unmask::kernels
