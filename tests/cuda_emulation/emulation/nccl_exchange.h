/// One operation of an emulated communicator as one rank takes part in it.

#pragma once

#include <nccl.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/base/descriptor.h"

namespace unmask::emulation {

struct NcclCall {
  enum class Kind : std::uint32_t { kAllGather, kAllReduce };

  Kind kind;
  const void* send;
  void* receive;
  std::uint64_t count;
  ncclDataType_t type;
  ncclRedOp_t op;
};

std::size_t nccl_size_of(ncclDataType_t type);

/// Every rank sends its data to every other, and takes theirs. Nothing here waits.
class NcclExchange {
 public:
  enum class State { kUnfinished, kFinished, kLeft };

  /// links: by rank, outlive this.
  NcclExchange(const NcclCall& call, int rank, const std::vector<Descriptor>& links);

  /// Moves what can be moved. kLeft: a rank that is missing has closed its end.
  State advance();

 private:
  struct Header {
    std::uint32_t kind, type, op, padding;
    std::uint64_t count;
  };
  struct Peer {
    int line;
    std::size_t sent = 0, received = 0;  // with the header
    Header theirs{};
    std::byte* to;
  };

  bool send(Peer& peer);
  bool receive(Peer& peer);
  void finish();

  const NcclCall call_;
  const std::size_t rank_, size_;
  const std::size_t bytes_;  // of one rank
  const Header header_;
  std::vector<std::byte> own_, sum_parts_;
  std::vector<Peer> peers_;
};

}  // namespace unmask::emulation
