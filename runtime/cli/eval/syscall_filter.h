#pragma once

namespace unmask::cli {

/// From here on this process makes no other process, opens no socket and traces nobody, nor does
/// what it executes; threads it may have. Async-signal-safe.
///
/// Returns 0 or an errno
[[nodiscard]] int forbid_processes_and_sockets();

}  // namespace unmask::cli
