/// What the coordinator and the workers of one replica say to each other, but for steps.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/network/tensor_rows.h"
#include "runtime/base/bytes.h"
#include "runtime/base/ids.h"
#include "runtime/base/result.h"

namespace unmask::actors {

/// Be rank `rank` of `size` in a new collective; leave any older one.
struct FormGroup {
  Epoch epoch = 0;
  std::int32_t replica = 0;
  std::int32_t rank = 0;
  std::int32_t size = 1;
};
/// How others reach this rank's collective, opaque to the coordinator.
struct GroupAddress {
  Epoch epoch = 0;
  std::int32_t rank = 0;
  Bytes address;
};
struct GroupAddresses {
  Epoch epoch = 0;
  std::vector<Bytes> addresses;  ///< by rank
};
/// One real collective succeeded.
struct GroupReady {
  Epoch epoch = 0;
  std::int32_t rank = 0;
};
/// The epoch is over: abort its collective and what runs in it.
struct LeaveGroup {
  Epoch epoch = 0;
  std::string reason;
};
/// The group's collective or device broke: the epoch is over.
struct GroupFailed {
  Epoch epoch = 0;
  std::int32_t rank = 0;
  Error error;
};

/// Workers shall not go on with a burst behind the forward that they are at: something waits.
struct EndBurst {
  Epoch epoch = 0;
  std::uint64_t seq = 0;  ///< of the burst's first step
};

/// All logits of one forward without a cache, for tools. Rank 0 answers with Inspected rows, one
/// piece at a time.
struct Inspect {
  Epoch epoch = 0;
  std::uint64_t request = 0;
  std::vector<std::int32_t> tokens;
  std::int32_t causal_block_length = 0;
  bool wants_hidden = false;
};
/// Some rows of one tensor of a forward.
struct Inspected {
  std::uint64_t request = 0;
  network::TensorRows rows;
  bool is_last = false;        ///< of the whole answer
  std::optional<Error> error;  ///< instead of rows
};
/// A piece was taken, and there is room for the next one.
struct InspectMore {
  Epoch epoch = 0;
};

}  // namespace unmask::actors
