#include "kernels/cuda/library_products.h"
#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

constexpr const char* kWithoutCublas =
    "this program was built without cuBLASLt; install its header cublasLt.h (the package "
    "libcublas-dev-13-0) and build again";

/// Computes nothing, and says why.
class NoLibraryProducts final : public LibraryProducts {
 public:
  ProductReport choose(std::span<const WeightUse> /*uses*/, std::span<const int> /*row_counts*/,
                       DeviceScratch& /*scratch*/, cudaStream_t /*stream*/) override {
    return {std::string("unmask's own kernels compute all products: ") + kWithoutCublas, true};
  }
  [[nodiscard]] bool computes(const Linear& /*op*/) const override { return false; }
  [[nodiscard]] bool computes(const LmHeadCandidates& /*op*/) const override { return false; }
  [[nodiscard]] bool computes(const Experts& /*op*/) const override { return false; }
  [[nodiscard]] std::size_t scratch_bytes(const Linear& /*op*/) const override { return 0; }
  [[nodiscard]] std::size_t scratch_bytes(const Experts& /*op*/) const override { return 0; }
  [[nodiscard]] std::size_t scratch_bytes(const LmHeadCandidates& /*op*/) const override {
    return 0;
  }
  void enqueue(const Linear& /*op*/, void* /*scratch*/, cudaStream_t /*stream*/) const override {
    UNMASK_CHECK(false);
  }
  void enqueue(const LmHeadCandidates& /*op*/, void* /*scratch*/,
               cudaStream_t /*stream*/) const override {
    UNMASK_CHECK(false);
  }
  void enqueue(const Experts& /*op*/, void* /*scratch*/, cudaStream_t /*stream*/) const override {
    UNMASK_CHECK(false);
  }
};

}  // namespace

std::unique_ptr<LibraryProducts> make_library_products(FastProducts /*options*/, int /*device*/) {
  return std::make_unique<NoLibraryProducts>();
}

Result<std::string> cublas_lt_version(const std::string& /*library*/) {
  return Error{ErrorCode::kUnavailable, kWithoutCublas};
}

}  // namespace unmask::kernels
