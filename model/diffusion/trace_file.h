/// Trace files: JSON in the format of the golden traces.

#pragma once

#include <string>
#include <string_view>

#include "model/diffusion/trace.h"
#include "runtime/base/result.h"

namespace unmask::diffusion {

/// The job of the trace `text`; what it says of results is ignored.
///
/// Errors  kInvalidArgument naming `file` and the field or parameter; a batch, smoothing, and a
///         strategy, cache or driver that is not known are refused by name
Result<TraceJob> read_trace_job(std::string_view text, const std::string& file);

/// A job from nothing: `params` with the mask and EOS of the model, as a file that read_trace_job()
/// reads.
TraceJob make_trace_job(std::vector<std::int32_t> prompt, const DiffusionParams& params,
                        const Vocabulary& vocabulary);

/// The results of the trace `text`, whatever its job is.
///
/// Errors  kInvalidArgument naming `file` and the field; a batch is refused
Result<Trace> read_trace(std::string_view text, const std::string& file);

/// What both of the above read.
std::string write_trace(const TraceJob& job, const Trace& trace);

}  // namespace unmask::diffusion
