#include "rpc/collective/nccl.h"

namespace unmask::rpc {
namespace {

constexpr const char* kWithoutNccl =
    "this program was built without NCCL, with which several GPUs compute together; "
    "install its nccl.h (the package libnccl-dev) and build with -D UNMASK_CUDA=ON";

}  // namespace

Result<std::unique_ptr<CollectiveFactory>> make_nccl_collectives(NcclOptions /*options*/) {
  return Error{ErrorCode::kUnavailable, kWithoutNccl};
}

Result<std::string> nccl_version(const std::string& /*library*/) {
  return Error{ErrorCode::kUnavailable, kWithoutNccl};
}

}  // namespace unmask::rpc
