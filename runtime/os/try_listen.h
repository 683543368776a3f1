#pragma once

#include "runtime/base/result.h"
#include "runtime/os/host_port.h"

namespace unmask {

/// Whether a process could listen there now: a socket does, and is closed. Waits for the resolver.
///
/// Errors  kNotFound: the host is none, or another machine's; kUnavailable: this machine's, but
///         taken or forbidden; half a sentence that says why
Result<> try_listen(const HostPort& at);

}  // namespace unmask
