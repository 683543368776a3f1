#pragma once

#include <string>

#include "runtime/base/result.h"

namespace unmask::kernels {

class PackedExperts;
class PackedMatrix;

/// What a GPU may multiply with where the bytes of a row may depend on the rows beside it, which is
/// `numerics: fast`: cuBLASLt, where it is measured to be faster than the kernels of unmask.
struct FastProducts {
  std::string library = "libcublasLt.so.13";  ///< a file, or a name for the loader to look up
  std::string cache_dir{};                    ///< of what was measured; empty: every start measures
};

/// Weights that forwards multiply with: a matrix or an MLP, the other being null.
struct WeightUse {
  const PackedMatrix* matrix = nullptr;
  bool is_head = false;                ///< by LmHeadCandidates; otherwise by Linear
  const PackedExperts* mlp = nullptr;  ///< of Backend::pack_mlp()
};

/// What a device decided before its first forward.
struct ProductReport {
  std::string sentence{};   ///< empty: there was nothing to decide
  bool is_warning = false;  ///< it computes slower than it could
};

/// Of the cuBLASLt in `library`, which is loaded for it: "13.1.0".
///
/// Errors  kUnavailable, naming what to install or set: no cuBLASLt here, or in this program
[[nodiscard]] Result<std::string> cublas_lt_version(const std::string& library);

}  // namespace unmask::kernels
