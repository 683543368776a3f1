#include "kernels/cuda/cublas_lt_library.h"

#include <utility>

#include "kernels/fast_products.h"
#include "runtime/base/shared_library.h"

namespace unmask::kernels {
namespace {

Error unavailable(const std::string& what) {
  const std::string major = std::to_string(CUBLAS_VER_MAJOR);
  return {ErrorCode::kUnavailable,
          what + "; install cuBLAS " + major + " (NVIDIA's package libcublas-" + major +
              "-0), or set compute.cublas_lt_library to the path of its libcublasLt.so." + major};
}

std::string text_of(int version) {
  return std::to_string(version / 10'000) + "." + std::to_string(version % 10'000 / 100) + "." +
         std::to_string(version % 100);
}

}  // namespace

Result<CublasLtLibrary> CublasLtLibrary::load(const std::string& path) {
  Result<SharedLibrary> symbols = SharedLibrary::open(path);
  if (!symbols) return unavailable("cuBLASLt cannot be loaded: " + symbols.error().message);
  CublasLtLibrary library;
  symbols->find("cublasLtGetVersion", library.get_version);
  symbols->find("cublasLtGetStatusString", library.get_status_string);
  symbols->find("cublasLtCreate", library.create);
  symbols->find("cublasLtDestroy", library.destroy);
  symbols->find("cublasLtMatmulDescCreate", library.create_desc);
  symbols->find("cublasLtMatmulDescDestroy", library.destroy_desc);
  symbols->find("cublasLtMatmulDescSetAttribute", library.set_desc);
  symbols->find("cublasLtMatrixLayoutCreate", library.create_layout);
  symbols->find("cublasLtMatrixLayoutDestroy", library.destroy_layout);
  symbols->find("cublasLtMatmulPreferenceCreate", library.create_preference);
  symbols->find("cublasLtMatmulPreferenceDestroy", library.destroy_preference);
  symbols->find("cublasLtMatmulPreferenceSetAttribute", library.set_preference);
  symbols->find("cublasLtMatmulAlgoGetHeuristic", library.get_heuristic);
  symbols->find("cublasLtMatmulAlgoCheck", library.check_algorithm);
  symbols->find("cublasLtMatmul", library.multiply);
  if (!symbols->missing().empty()) {
    return unavailable(path + " has no function " + symbols->missing() +
                       " and is no cuBLASLt, or too old a one");
  }
  library.version_code = int(library.get_version());
  library.version = text_of(library.version_code);
  if (library.version_code / 10'000 != CUBLAS_VER_MAJOR) {
    return unavailable(path + " is cuBLASLt " + library.version);
  }
  return library;
}

Result<std::string> cublas_lt_version(const std::string& library) {
  Result<CublasLtLibrary> loaded = CublasLtLibrary::load(library);
  if (!loaded) return loaded.error();
  return std::move(loaded->version);
}

}  // namespace unmask::kernels
