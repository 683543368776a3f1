#pragma once

#include <cublasLt.h>

#include <string>

#include "runtime/base/result.h"

namespace unmask::kernels {

/// The functions of cuBLASLt that are used, with the types of the cublasLt.h that this was built
/// with.
struct CublasLtLibrary {
  decltype(&cublasLtGetVersion) get_version = nullptr;
  decltype(&cublasLtGetStatusString) get_status_string = nullptr;
  decltype(&cublasLtCreate) create = nullptr;
  decltype(&cublasLtDestroy) destroy = nullptr;
  decltype(&cublasLtMatmulDescCreate) create_desc = nullptr;
  decltype(&cublasLtMatmulDescDestroy) destroy_desc = nullptr;
  decltype(&cublasLtMatmulDescSetAttribute) set_desc = nullptr;
  decltype(&cublasLtMatrixLayoutCreate) create_layout = nullptr;
  decltype(&cublasLtMatrixLayoutDestroy) destroy_layout = nullptr;
  decltype(&cublasLtMatmulPreferenceCreate) create_preference = nullptr;
  decltype(&cublasLtMatmulPreferenceDestroy) destroy_preference = nullptr;
  decltype(&cublasLtMatmulPreferenceSetAttribute) set_preference = nullptr;
  decltype(&cublasLtMatmulAlgoGetHeuristic) get_heuristic = nullptr;
  decltype(&cublasLtMatmulAlgoCheck) check_algorithm = nullptr;
  decltype(&cublasLtMatmul) multiply = nullptr;
  int version_code = 0;   ///< 130100
  std::string version{};  ///< "13.1.0"

  /// path: a file, or a name for the loader to look up.
  ///
  /// Errors  kUnavailable, naming what to install or set: the library is not there, lacks a
  ///         function, or is of another major version
  static Result<CublasLtLibrary> load(const std::string& path);
};

}  // namespace unmask::kernels
