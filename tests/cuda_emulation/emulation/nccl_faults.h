/// What the environment asks the emulated NCCL to do wrong: see nccl.cc. With
/// UNMASK_EMULATED_FAULT_ONCE=PATH one communicator in all processes does: whose rank makes the
/// file.

#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "emulation/faults.h"

namespace unmask::emulation {

/// Of one rank. Operations are counted from 1; 0 is none of them.
struct NcclFaults {
  std::uint64_t vanishes_at = 0;
  std::uint64_t leaves_at = 0;
  std::uint64_t stalls_at = 0;
  std::chrono::milliseconds stall{0};
  bool does_init_fail = false;
  bool survives_abort = false;
  bool does_abort_hang = false;

  bool operator==(const NcclFaults&) const = default;
};

/// A variable whose value is RANK, RANK:N or RANK:N:MORE, for this rank; zeros if it is not.
struct NcclFault {
  bool is_for(int rank) const { return is_set && whom == rank; }

  bool is_set = false;
  int whom = 0;
  unsigned long long number = 0, more = 0;
};
inline NcclFault nccl_fault(const char* variable) {
  NcclFault fault;
  const char* const text = std::getenv(variable);
  fault.is_set = text != nullptr &&
                 std::sscanf(text, "%d:%llu:%llu", &fault.whom, &fault.number, &fault.more) > 0;
  return fault;
}

inline NcclFaults nccl_faults_of(int rank) {
  NcclFaults faults;
  if (const auto f = nccl_fault("UNMASK_EMULATED_NCCL_VANISH"); f.is_for(rank)) {
    faults.vanishes_at = f.number;
  }
  if (const auto f = nccl_fault("UNMASK_EMULATED_NCCL_LEAVE"); f.is_for(rank)) {
    faults.leaves_at = f.number;
  }
  if (const auto f = nccl_fault("UNMASK_EMULATED_NCCL_STALL"); f.is_for(rank)) {
    faults.stalls_at = f.number;
    faults.stall = std::chrono::milliseconds(f.more);
  }
  faults.does_init_fail = nccl_fault("UNMASK_EMULATED_NCCL_INIT_FAILS").is_for(rank);
  faults.survives_abort = nccl_fault("UNMASK_EMULATED_NCCL_SURVIVES_ABORT").is_for(rank);
  faults.does_abort_hang = nccl_fault("UNMASK_EMULATED_NCCL_ABORT_HANGS").is_for(rank);
  const char* const once = std::getenv("UNMASK_EMULATED_FAULT_ONCE");
  if (once == nullptr || faults == NcclFaults{} || claim_fault(once)) return faults;
  return {};
}

}  // namespace unmask::emulation
