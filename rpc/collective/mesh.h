#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <vector>

#include "rpc/collective/mesh_place.h"
#include "runtime/base/bytes.h"
#include "runtime/base/descriptor.h"
#include "runtime/base/ids.h"
#include "runtime/base/result.h"

namespace unmask::rpc {

/// One rank's TCP connections to all other ranks of its epoch.
///
/// Every rank makes a secret for itself, which stands in its address. Who shows it was given that
/// address by the coordinator; everybody else, whatever they send, is turned away without
/// disturbing the start.
class Mesh {
 public:
  /// Errors  as listen_at()
  static Result<std::unique_ptr<Mesh>> listen(const MeshPlace& place, Epoch epoch, int rank,
                                              int size);

  [[nodiscard]] int rank() const { return rank_; }
  /// How the other ranks reach this one.
  [[nodiscard]] Bytes address() const;

  /// Connections by rank; this rank's own place stays empty. Given up when `cancelled` is readable.
  ///
  /// Errors  kUnavailable: a rank is gone, or cancelled; kDeadlineExceeded, naming who is missing;
  /// kInvalidArgument: these are not the addresses of this epoch's ranks
  [[nodiscard]] Result<std::vector<Descriptor>> connect(const std::vector<Bytes>& addresses,
                                                        std::chrono::milliseconds timeout,
                                                        const Descriptor& cancelled) const;

 private:
  using Secret = std::array<std::byte, 16>;
  struct Peer;
  struct Greeting;
  struct Attempt;
  class Meeting;

  Mesh(Descriptor listener, Epoch epoch, int rank, int size);
  [[nodiscard]] Result<Peer> parse(ByteView address, int rank) const;

  const Descriptor listener_;
  const Epoch epoch_;
  const int rank_, size_;
  Secret secret_{};
};

}  // namespace unmask::rpc
