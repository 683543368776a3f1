#pragma once

#include <nccl.h>

#include <string>

#include "runtime/base/result.h"

namespace unmask::rpc {

/// The functions of NCCL that are used, with the types of the nccl.h that this was built with.
struct NcclLibrary {
  decltype(&ncclGetVersion) get_version = nullptr;
  decltype(&ncclGetUniqueId) get_unique_id = nullptr;
  decltype(&ncclCommInitRankConfig) init_rank = nullptr;
  decltype(&ncclCommGetAsyncError) get_async_error = nullptr;
  decltype(&ncclCommAbort) abort = nullptr;
  decltype(&ncclAllGather) all_gather = nullptr;
  decltype(&ncclAllReduce) all_reduce = nullptr;
  decltype(&ncclGetErrorString) get_error_string = nullptr;
  decltype(&ncclGetLastError) get_last_error = nullptr;
  std::string version{};  ///< "2.28.3"

  /// path: a file, or a name for the loader to look up.
  ///
  /// Errors  kUnavailable, naming what to install or set: the library is not there, lacks a
  ///         function, or is of another major version
  static Result<NcclLibrary> load(const std::string& path);

  /// What NCCL says of `result`, as the end of a sentence. comm: may be null.
  [[nodiscard]] std::string describe(ncclResult_t result, ncclComm_t comm) const;
};

}  // namespace unmask::rpc
