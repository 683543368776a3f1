/// Replays the golden traces: every decision of the reference is made again.

#include <gmock/gmock.h>

#include "model/checkpoint/checkpoint.h"
#include "model/diffusion/trace_file.h"
#include "tests/golden/golden_files.h"
#include "tests/golden/reference_engine.h"

namespace unmask::diffusion {
namespace {

using golden::golden_dir;

std::string refusal_of(const std::string& file) {
  const auto job = read_trace_job(golden::read_text(golden_dir() / "traces" / file), file);
  return job ? "" : job.error().message;
}

/// All traces of LLaDA-MoE models with what is built so far.
std::vector<std::string> known_traces() {
  std::vector<std::string> known;
  for (const std::string& file : golden::files_below(golden_dir() / "traces")) {
    if (file.starts_with("moe_") && refusal_of(file).empty()) known.push_back(file);
  }
  return known;
}

/// What a diff leaves out: K/V bookkeeping, kind of input, end-of-text fill.
void expect_same_cache_use(const Trace& trace, const Trace& golden) {
  ASSERT_EQ(trace.iterations.size(), golden.iterations.size());
  for (std::size_t i = 0; i < trace.iterations.size(); ++i) {
    const TraceIteration& a = trace.iterations[i];
    const TraceIteration& b = golden.iterations[i];
    EXPECT_EQ(a.kv, b.kv) << "iteration " << i;
    EXPECT_EQ(a.kv_write, b.kv_write) << "iteration " << i;
    EXPECT_EQ(a.kv_persist, b.kv_persist) << "iteration " << i;
    EXPECT_EQ(a.input, b.input) << "iteration " << i;
    EXPECT_EQ(a.eos_fill, b.eos_fill) << "iteration " << i;
  }
}

class GoldenTrace : public testing::TestWithParam<std::string> {};

TEST_P(GoldenTrace, IsReproducedByTheReferenceForward) {
  const std::string text = golden::read_text(golden_dir() / "traces" / GetParam());
  const auto job = read_trace_job(text, GetParam());
  ASSERT_TRUE(job.has_value()) << job.error().message;
  const auto golden = read_trace(text, GetParam());
  ASSERT_TRUE(golden.has_value()) << golden.error().message;
  const auto dir = golden_dir() / "models" / GetParam().substr(0, GetParam().find('/'));
  const auto checkpoint = Checkpoint::open(dir);
  ASSERT_TRUE(checkpoint.has_value()) << checkpoint.error().message;

  golden::ReferenceEngine engine(*checkpoint);
  const auto trace = run_trace(*job, 1, [&](const Step& step) { return engine.run(step); });
  ASSERT_TRUE(trace.has_value()) << trace.error().message;
  EXPECT_EQ(trace_diff(*trace, *golden), std::nullopt);
  expect_same_cache_use(*trace, *golden);

  const std::string written = write_trace(*job, *trace);
  const auto again = read_trace(written, "written");
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(trace_diff(*again, *golden), std::nullopt);
  const auto job_again = read_trace_job(written, "written");
  ASSERT_TRUE(job_again.has_value()) << job_again.error().message;
  EXPECT_EQ(job_again->params, job->params);
  EXPECT_EQ(job_again->source, job->source);
}

std::string name_of(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Moe, GoldenTrace, testing::ValuesIn(known_traces()), name_of);

TEST(GoldenTraces, AreThereAndOnlyWhatIsNotBuiltYetIsLeftOut) {
  const auto files = golden::files_below(golden_dir() / "traces");
  ASSERT_GE(files.size(), 155u) << "no golden data at " << golden_dir();
  EXPECT_GE(known_traces().size(), 22u);
  for (const std::string& file : files) {
    const std::string text = golden::read_text(golden_dir() / "traces" / file);
    const bool has_known_parts = text.find(R"("driver":"blockwise")") != std::string::npos &&
                                 text.find(R"("smoothing":null)") != std::string::npos &&
                                 text.find(R"("batch":)") == std::string::npos &&
                                 (text.find(R"("name":"fixed")") != std::string::npos ||
                                  text.find(R"("name":"threshold")") != std::string::npos) &&
                                 text.find(R"("name":"vicinity")") == std::string::npos;
    EXPECT_EQ(refusal_of(file).empty(), has_known_parts) << refusal_of(file);
  }
}

}  // namespace
}  // namespace unmask::diffusion
