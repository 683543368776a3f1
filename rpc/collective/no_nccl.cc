#include "rpc/collective/nccl.h"

namespace unmask::rpc {

Result<std::unique_ptr<CollectiveFactory>> make_nccl_collectives(NcclOptions /*options*/) {
  return Error{ErrorCode::kUnavailable,
               "this program was built without NCCL, with which several GPUs compute together; "
               "install its nccl.h (the package libnccl-dev) and build with -D UNMASK_CUDA=ON"};
}

}  // namespace unmask::rpc
