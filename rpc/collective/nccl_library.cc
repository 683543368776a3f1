#include "rpc/collective/nccl_library.h"

#include <utility>

#include "runtime/base/shared_library.h"

namespace unmask::rpc {
namespace {

Error nccl_unavailable(const std::string& what) {
  return {
      ErrorCode::kUnavailable,
      what + "; several GPUs compute together with NCCL " + std::to_string(NCCL_MAJOR) +
          ": install it (NVIDIA's package libnccl2), or set collective.nccl_library to the path of "
          "its libnccl.so." +
          std::to_string(NCCL_MAJOR)};
}

constexpr int major_of(int version) {
  return version >= 10'000 ? version / 10'000 : version / 1'000;  // since 2.9, and before
}

std::string text_of(int version) {
  const int unit = version >= 10'000 ? 10'000 : 1'000;
  return std::to_string(version / unit) + "." + std::to_string(version % unit / 100) + "." +
         std::to_string(version % 100);
}

}  // namespace

Result<NcclLibrary> NcclLibrary::load(const std::string& path) {
  Result<SharedLibrary> symbols = SharedLibrary::open(path);
  if (!symbols) return nccl_unavailable("NCCL cannot be loaded: " + symbols.error().message);
  NcclLibrary library;
  symbols->find("ncclGetVersion", library.get_version);
  symbols->find("ncclGetUniqueId", library.get_unique_id);
  symbols->find("ncclCommInitRankConfig", library.init_rank);
  symbols->find("ncclCommGetAsyncError", library.get_async_error);
  symbols->find("ncclCommAbort", library.abort);
  symbols->find("ncclAllGather", library.all_gather);
  symbols->find("ncclAllReduce", library.all_reduce);
  symbols->find("ncclGetErrorString", library.get_error_string);
  symbols->find("ncclGetLastError", library.get_last_error);
  if (!symbols->missing().empty()) {
    return nccl_unavailable(path + " has no function " + symbols->missing() +
                            " and is no NCCL, or too old a one");
  }
  int version = 0;
  if (const ncclResult_t result = library.get_version(&version); result != ncclSuccess) {
    return nccl_unavailable(path +
                            " does not tell its version: " + library.describe(result, nullptr));
  }
  if (major_of(version) != NCCL_MAJOR) {
    return nccl_unavailable(path + " is NCCL " + text_of(version));
  }
  library.version = text_of(version);
  return library;
}

std::string NcclLibrary::describe(ncclResult_t result, ncclComm_t comm) const {
  const char* const kind = get_error_string(result);
  const char* const detail = get_last_error(comm);
  std::string text = kind != nullptr ? kind : "error " + std::to_string(int(result));
  if (detail != nullptr && *detail != '\0') text += std::string(" (") + detail + ")";
  return text;
}

}  // namespace unmask::rpc
