#pragma once

#include <gtest/gtest.h>

#include <string>

#include "model/diffusion/trace_file.h"
#include "tests/golden/golden_files.h"
#include "tests/golden/worker_group.h"

namespace unmask::golden {

/// What a diff leaves out: K/V bookkeeping, kind of input, end-of-text fill.
inline void expect_same_cache_use(const diffusion::TraceJob& job, const diffusion::Trace& trace,
                                  const diffusion::Trace& golden) {
  // Of a fill at every forward the traces have what lies in the forward's window.
  const bool fills_once = !job.params.compat.fills_at_every_forward;
  ASSERT_EQ(trace.iterations.size(), golden.iterations.size());
  for (std::size_t i = 0; i < trace.iterations.size(); ++i) {
    const diffusion::TraceIteration& a = trace.iterations[i];
    const diffusion::TraceIteration& b = golden.iterations[i];
    EXPECT_EQ(a.kv, b.kv) << "iteration " << i;
    EXPECT_EQ(a.kv_write, b.kv_write) << "iteration " << i;
    EXPECT_EQ(a.kv_persist, b.kv_persist) << "iteration " << i;
    EXPECT_EQ(a.input, b.input) << "iteration " << i;
    if (fills_once) {
      EXPECT_EQ(a.eos_fill, b.eos_fill) << "iteration " << i;
    }
  }
}

/// The same of block-causal models, whose traces count the keys that a forward attends to where it
/// replaces some: those of its own block among them.
inline void expect_same_block_cache_use(const diffusion::Trace& trace,
                                        const diffusion::Trace& golden) {
  ASSERT_EQ(trace.iterations.size(), golden.iterations.size());
  for (std::size_t i = 0; i < trace.iterations.size(); ++i) {
    const diffusion::TraceIteration& a = trace.iterations[i];
    const diffusion::TraceIteration& b = golden.iterations[i];
    const bool replaces = b.kind == "denoise" && b.kv_write.has_value();
    const bool counts_own = replaces || b.kind == "commit";
    EXPECT_EQ(counts_own ? a.window.end : a.kv, b.kv) << "iteration " << i;
    EXPECT_EQ(a.kv, a.kind == "prefill" || !b.kv_write ? 0 : a.window.begin) << "iteration " << i;
    EXPECT_EQ(a.kv_write, b.kv_write) << "iteration " << i;
    EXPECT_EQ(a.kv_persist, b.kv_persist) << "iteration " << i;
    EXPECT_EQ(a.input, b.input) << "iteration " << i;
  }
}

struct Golden {
  diffusion::TraceJob job;
  diffusion::Trace trace;
};

inline Golden golden_of(const std::string& file) {
  const std::string text = read_text(golden_dir() / "traces" / file);
  return {must(diffusion::read_trace_job(text, file)), must(diffusion::read_trace(text, file))};
}

/// The trace as the golden files of that model have it.
inline diffusion::Trace as_recorded(const std::string& file, const diffusion::TraceJob& job,
                                    diffusion::Trace trace) {
  return file.starts_with("llada-") ? diffusion::with_fills_as_edits(job, std::move(trace))
                                    : std::move(trace);
}

inline std::string model_of(const std::string& file) { return file.substr(0, file.find('/')); }

}  // namespace unmask::golden
