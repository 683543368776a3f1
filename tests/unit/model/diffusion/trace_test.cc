#include "model/diffusion/trace.h"

#include <gmock/gmock.h>

#include <cmath>

#include "model/diffusion/job_params.h"
#include "model/diffusion/trace_file.h"

namespace unmask::diffusion {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kJob = R"({"case":"c","driver":"blockwise","prompt":[1,2,3],"gen_length":4,
  "block_length":2,"start_block_align":false,"mask_id":9,"eos_id":8,
  "strategy":{"name":"threshold","threshold":0.8,"use_float64":false},
  "cache":{"name":"dual","cache_update_freq":null},"smoothing":null,"early_stop":false,
  "unroll":1,"expected_tpf":8})";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string refusal(const std::string& text) {
  const auto job = read_trace_job(text, "f.json");
  return job ? "was taken" : job.error().message;
}

TraceJob job_of(const std::string& text) {
  const auto job = read_trace_job(text, "f.json");
  if (job) return *job;
  ADD_FAILURE() << job.error().message;
  return {};
}

/// Answers every decoded position with itself modulo 8, surer the lower it is.
Result<StepResult> forward(const Step& step) {
  StepResult result;
  for (const SequenceStep& sequence : step.sequences) {
    SequenceResult answer{sequence.sequence, sequence.iteration, {}, {}};
    for (const Range range : sequence.window.decoded) {
      for (std::int32_t position = range.begin; position < range.end; ++position) {
        answer.candidates.position.push_back(position);
        answer.candidates.token.push_back(position % 8);
        answer.candidates.logit.push_back(-0.1f * float(position));
        answer.candidates.log_sum_exp.push_back(0.0f);
      }
    }
    result.sequences.push_back(answer);
  }
  return result;
}

Trace trace_of(const TraceJob& job) {
  const auto trace = run_trace(job, 1, forward);
  if (trace) return *trace;
  ADD_FAILURE() << trace.error().message;
  return {};
}

TEST(TraceFileTest, AJobIsRead) {
  const TraceJob job = job_of(kJob);
  EXPECT_THAT(job.prompt, ElementsAre(1, 2, 3));
  EXPECT_EQ(job.vocabulary(), (Vocabulary{9, 8, INT32_MAX}));
  Compat compat = kBlockwise;
  compat.early_stop = false;
  compat.unroll = 1;
  EXPECT_EQ(job.params.compat, compat);
  EXPECT_EQ(job.params.strategy, Strategy(Threshold{0.8f}));
  EXPECT_EQ(job.params.cache, CachePolicy(DualCache{}));
}

TEST(TraceFileTest, WithoutADriverTheLoopHasOurHabits) {
  std::string text = replaced(kJob, R"("driver":"blockwise",)", "");
  text = replaced(text, R"("unroll":1,"expected_tpf":8)", R"("unroll":null)");
  Compat compat = kDefault;
  compat.early_stop = false;
  EXPECT_EQ(job_of(text).params.compat, compat);
}

TEST(TraceFileTest, WhatIsNotKnownIsRefusedByName) {
  EXPECT_THAT(refusal(replaced(kJob, "\"blockwise\"", "\"blockwide\"")),
              HasSubstr("f.json: unknown driver 'blockwide' (did you mean blockwise?)"));
  EXPECT_THAT(refusal(replaced(kJob, "\"name\":\"threshold\"", "\"name\":\"debit\"")),
              HasSubstr("unknown strategy 'debit'"));
  EXPECT_THAT(refusal(replaced(kJob, "\"dual\"", "\"duel\"")), HasSubstr("unknown cache 'duel'"));
  EXPECT_THAT(refusal(replaced(kJob, "use_float64", "use_float46")),
              HasSubstr("did you mean use_float64?"));
  EXPECT_THAT(refusal(replaced(kJob, "\"smoothing\":null", "\"smoothing\":{\"x\":1}")),
              HasSubstr("unknown parameter 'x'"));
  EXPECT_THAT(refusal(replaced(kJob, "\"case\"", "\"batch\":2,\"case\"")),
              HasSubstr("padded static batches are not reproduced"));
}

TEST(TraceFileTest, AFieldThatNobodyReadsIsRefused) {
  EXPECT_THAT(refusal(replaced(kJob, "\"block_length\"", "\"blok_length\"")),
              HasSubstr("f.json: there is no field blok_length (did you mean \"block_length\"?)"));
}

TEST(TraceFileTest, AJobThatIsMadeIsReadAsTheSame) {
  DiffusionParams params = job_of(kJob).params;
  params.seed = 7;
  const TraceJob made = make_trace_job({1, 2, 3}, params, {9, 8, INT32_MAX, true});
  const TraceJob read = job_of(made.source);
  EXPECT_EQ(read.vocabulary(), made.vocabulary());
  EXPECT_EQ(read.prompt, made.prompt);
  EXPECT_EQ(named_values(read.params), named_values(made.params));
  params.mask_id = params.eos_id = -1;
  EXPECT_EQ(make_trace_job({}, params, {9, 8, INT32_MAX, true}).vocabulary(),
            (Vocabulary{9, 8, INT32_MAX, true}));
}

TEST(TraceFileTest, WrongFieldsAreRefusedByName) {
  EXPECT_THAT(refusal(replaced(kJob, "\"gen_length\":4", "\"gen_length\":0")),
              HasSubstr("gen_length is '0'"));
  EXPECT_THAT(refusal(replaced(kJob, "\"gen_length\":4,", "")), HasSubstr("gen_length is missing"));
  EXPECT_THAT(refusal(replaced(kJob, "\"mask_id\":9", "\"mask_id\":null")),
              HasSubstr("mask_id is null"));
  EXPECT_THAT(refusal(replaced(kJob, "[1,2,3]", "[1,2.5]")), HasSubstr("prompt holds 2.5"));
  EXPECT_THAT(refusal(replaced(kJob, "[1,2,3]", "[1,-2]")), HasSubstr("prompt holds -2"));
  EXPECT_THAT(refusal(replaced(kJob, "[1,2,3]", "[99999999999]")), HasSubstr("no 32-bit integer"));
  EXPECT_THAT(refusal(replaced(kJob, "[1,2,3]", "\"1,2,3\"")), HasSubstr("must be a list"));
  EXPECT_THAT(refusal(replaced(kJob, "{\"name\":\"dual\"", "{\"nom\":\"dual\"")),
              HasSubstr("must be an object with a name"));
  EXPECT_THAT(refusal(replaced(kJob, "0.8", "{\"a\":[1]}")), HasSubstr("threshold is '{"));
}

TEST(TraceFileTest, GarbageIsRefused) {
  for (const std::string text :
       {"", "{", "[]", "null", "\xff\xfe", "{\"prompt\":1,\"prompt\":2}"}) {
    EXPECT_THAT(refusal(text), HasSubstr("f.json: ")) << text;
    EXPECT_FALSE(read_trace(text, "f.json").has_value()) << text;
  }
  EXPECT_THAT(refusal(std::string(100000, '[')), HasSubstr("f.json: "));
}

TEST(TraceFileTest, EveryTruncationOfAFileIsRefused) {
  const TraceJob job = job_of(kJob);
  const std::string text = write_trace(job, trace_of(job));
  for (std::size_t length = 0; length + 2 < text.size(); ++length) {
    EXPECT_FALSE(read_trace(text.substr(0, length), "f").has_value());
    EXPECT_FALSE(read_trace_job(text.substr(0, length), "f").has_value());
  }
}

TEST(TraceFileTest, NoChangedByteOfAFileCrashesAReader) {
  const TraceJob job = job_of(kJob);
  const std::string text = write_trace(job, trace_of(job));
  int num_read = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const char c : {'0', '-', '"', '[', '}', 'e'}) {
      std::string changed = text;
      changed[at] = c;
      num_read += read_trace(changed, "f").has_value();
      const auto other = read_trace_job(changed, "f");
      if (other && other->params.gen_length < 100) static_cast<void>(run_trace(*other, 1, forward));
    }
  }
  EXPECT_GT(num_read, 0);
}

TEST(TraceFileTest, ResultsOfOddShapeAreRefused) {
  const TraceJob job = job_of(kJob);
  const std::string text = write_trace(job, trace_of(job));
  const auto refusal_of = [&](const std::string& from, const std::string& to) {
    const auto trace = read_trace(replaced(text, from, to), "f");
    return trace ? "was taken" : trace.error().message;
  };
  EXPECT_THAT(refusal_of("\"edits\":[[3,3]", "\"edits\":[[3,3,3]"), HasSubstr("lists of 2"));
  EXPECT_THAT(refusal_of("\"block\":[3,5]", "\"block\":3"), HasSubstr("lists of 2"));
  EXPECT_THAT(refusal_of("\"candidates\":[", "\"candidates\":[7,"), HasSubstr("lists of 3"));
  EXPECT_THAT(refusal_of("\"iterations\":[", "\"iterations\":[7,"), HasSubstr("hold objects"));
  EXPECT_THAT(refusal_of("\"forwards\":", "\"forward\":"), HasSubstr("forwards is missing"));
}

TEST(TraceFileTest, AWrittenTraceIsReadAsTheSame) {
  const TraceJob job = job_of(kJob);
  const Trace trace = trace_of(job);
  const std::string text = write_trace(job, trace);
  EXPECT_EQ(trace_diff(*read_trace(text, "f"), trace), std::nullopt);
  EXPECT_EQ(job_of(text).params, job.params);
  EXPECT_THAT(text, HasSubstr("\"case\":\"c\""));
  EXPECT_THAT(text, HasSubstr("\"cache_updates\":2"));
}

TEST(TraceTest, ARunSaysWhatEveryForwardDid) {
  const Trace trace = trace_of(job_of(kJob));
  ASSERT_EQ(trace.iterations.size(), 4u);
  const TraceIteration& refresh = trace.iterations[0];
  EXPECT_EQ(refresh.kind, "refresh");
  EXPECT_EQ(refresh.window, (Range{0, 7}));
  EXPECT_EQ(refresh.kv, 0);
  EXPECT_EQ(refresh.kv_write, (Range{0, 7}));
  EXPECT_TRUE(refresh.kv_persist);
  EXPECT_THAT(refresh.edits, ElementsAre(Edit{3, 3}));
  const TraceIteration& cached = trace.iterations[1];
  EXPECT_EQ(cached.kind, "denoise");
  EXPECT_EQ(cached.window, (Range{3, 5}));
  EXPECT_EQ(cached.kv, 7);
  EXPECT_EQ(cached.kv_write, (Range{3, 5}));
  EXPECT_FALSE(cached.kv_persist);
  EXPECT_THAT(trace.canvas, ElementsAre(1, 2, 3, 3, 4, 5, 6));
  EXPECT_EQ(trace.forwards, 4);
}

TEST(TraceFileTest, AttentionIsReadAndWhatIsNotKnownOfItRefused) {
  EXPECT_FALSE(job_of(kJob).is_block_causal);
  EXPECT_TRUE(
      job_of(replaced(kJob, "\"case\"", R"("attention":"block-causal","case")")).is_block_causal);
  EXPECT_THAT(refusal(replaced(kJob, "\"case\"", R"("attention":"causal","case")")),
              HasSubstr("attention is \"causal\", but must be block-causal"));
}

TEST(TraceTest, APrefillIsOfAllThatItComputes) {
  SequenceStep step;
  step.phase = Phase::kPrefill;
  step.window.computed = {{0, 8}};
  EXPECT_EQ(trace_iteration({8, 12}, step, {}, {}, std::nullopt, {}).block, (Range{0, 8}));
}

TEST(TraceTest, AStrategyThatEditsIsShownWithAllItsCandidates) {
  SequenceStep step;
  step.window.computed = step.window.decoded = {{4, 6}};
  step.inputs = {7, 9};  // a token and the mask id
  CandidateColumns columns;
  columns.position = {4, 5};
  columns.token = {1, 2};
  columns.logit = columns.log_sum_exp = {0, 0};
  const auto num_listed = [&](const Strategy& strategy) {
    return trace_iteration({4, 6}, step, columns, {}, std::nullopt,
                           {.strategy = strategy, .mask_id = 9})
        .candidates.size();
  };
  EXPECT_EQ(num_listed(JointThreshold{}), 2u);
  EXPECT_EQ(num_listed(HierarchyRemask{}), 1u);
}

TEST(TraceTest, AppendedKeysReplaceNothing) {
  SequenceStep step;
  step.window.computed = {{4, 8}};
  step.window.visible = {{0, 4}};
  const TraceIteration iteration =
      trace_iteration({4, 8}, step, {}, {}, std::nullopt, {.mask_id = 9});
  EXPECT_EQ(iteration.kv, 4);
  EXPECT_EQ(iteration.kv_write, std::nullopt);
}

TEST(TraceTest, AHolePutBackIsAnEditWithTheMaskId) {
  const Edit edit{4, kHole};
  EXPECT_THAT(trace_iteration({4, 8}, {}, {}, {&edit, 1}, std::nullopt, {.mask_id = 9}).edits,
              ElementsAre(Edit{4, 9}));
}

TEST(TraceTest, AForwardThatFailsOrAnswersForAnotherEndsTheRun) {
  const TraceJob job = job_of(kJob);
  const auto failed = run_trace(job, 1, [](const Step&) -> Result<StepResult> {
    return Error{ErrorCode::kUnavailable, "no worker"};
  });
  EXPECT_EQ(failed.error().message, "no worker");
  const auto other = run_trace(job, 1, [](const Step& step) -> Result<StepResult> {
    auto result = forward(step);
    ++result->sequences[0].iteration;
    return result;
  });
  EXPECT_EQ(other.error().code, ErrorCode::kInternal);
}

TEST(TraceTest, ARefusalIsToldAsItIs) {
  const auto trace = run_trace(job_of(kJob), 1, [](const Step& step) -> Result<StepResult> {
    StepResult result;
    const SequenceStep& sequence = step.sequences[0];
    const Error refusal{ErrorCode::kInvalidArgument, "there is no room"};
    result.sequences = {{sequence.sequence, sequence.iteration, {}, refusal}};
    return result;
  });
  ASSERT_FALSE(trace);
  EXPECT_EQ(trace.error().message, "there is no room");
}

TEST(TraceTest, AFillAtEveryForwardBecomesAllThatChanged) {
  TraceJob job;
  job.prompt = {1};
  job.params.mask_id = 9;
  job.params.eos_id = 8;
  job.params.compat = kFastDllm;
  Trace trace;
  trace.canvas = {1, 5, 8, 8, 8};
  trace.iterations.resize(3);
  trace.iterations[0].edits = {{4, 6}};
  trace.iterations[1].edits = {{2, 8}};
  trace.iterations[1].eos_fill = Range{3, 5};
  trace.iterations[2].edits = {{1, 5}};
  const Trace recorded = with_fills_as_edits(job, trace);
  EXPECT_EQ(recorded.iterations[0], trace.iterations[0]);
  EXPECT_THAT(recorded.iterations[1].edits, ElementsAre(Edit{2, 8}, Edit{3, 8}, Edit{4, 8}));
  EXPECT_EQ(recorded.iterations[1].eos_fill, std::nullopt);
  EXPECT_EQ(recorded.iterations[2], trace.iterations[2]);
  job.params.compat = kDefault;
  EXPECT_EQ(with_fills_as_edits(job, trace), trace) << "a fill behind the last block is none";
}

TEST(TraceDiffTest, NamesTheFirstDifference) {
  const Trace trace = trace_of(job_of(kJob));
  const auto diff = [&](auto change) {
    Trace changed = trace;
    change(changed);
    const auto there = trace_diff(trace, changed);
    EXPECT_EQ(there.has_value(), trace_diff(changed, trace).has_value());
    return there.value_or("equal");
  };
  using T = Trace&;
  EXPECT_EQ(diff([](T) {}), "equal");
  EXPECT_EQ(diff([](T t) { t.iterations[1].kind = "commit"; }),
            "iteration 1, kind: denoise and commit");
  EXPECT_EQ(diff([](T t) { t.iterations[1].block.end = 9; }),
            "iteration 1, block: [3, 5) and [3, 9)");
  EXPECT_EQ(diff([](T t) { t.iterations[0].window.begin = 1; }),
            "iteration 0, window: [0, 7) and [1, 7)");
  EXPECT_EQ(diff([](T t) { t.iterations[0].edits[0].token = 1; }),
            "iteration 0, edit 0: [3, 3] and [3, 1]");
  EXPECT_EQ(diff([](T t) { t.iterations[0].edits.clear(); }),
            "iteration 0, edit 0: [3, 3] stands only in the first");
  EXPECT_EQ(diff([](T t) { t.iterations[0].candidates[1].token = 1; }),
            "iteration 0, candidate 1: [4, 4, 0.67032] and [4, 1, 0.67032]");
  EXPECT_EQ(diff([](T t) { t.iterations[0].candidates[1].confidence += 0.0009; }), "equal");
  EXPECT_EQ(diff([](T t) { t.iterations[0].candidates[1].confidence += 0.0011; }),
            "iteration 0, candidate 1: [4, 4, 0.67032] and [4, 4, 0.67142]");
  EXPECT_THAT(diff([](T t) { t.iterations[0].candidates[1].confidence = NAN; }),
              HasSubstr("candidate 1"));
  EXPECT_EQ(diff([](T t) { t.iterations.pop_back(); }), "number of iterations: 4 and 3");
  EXPECT_EQ(diff([](T t) { t.final_tokens[0] = 7; }), "final, position 0: 1 and 7");
  EXPECT_EQ(diff([](T t) { t.canvas.push_back(7); }),
            "canvas, position 7: 7 stands only in the second");
  EXPECT_EQ(diff([](T t) { t.forwards = 5; }), "forwards: 4 and 5");
}

/// Whatever became of the file: an error, or a job and a record that can be compared.
TEST(TraceTest, AFileWithAnyByteChangedOrCutOffIsReadOrRefused) {
  const TraceJob job = job_of(kJob);
  const Trace trace = trace_of(job);
  const std::string whole = write_trace(job, trace);
  int num_read = 0;
  const auto try_to_read = [&](const std::string& text) {
    const auto read_job = read_trace_job(text, "f.json");
    const auto read = read_trace(text, "f.json");
    if (read_job && read) {
      ++num_read;
      (void)trace_diff(*read, trace);
    } else {
      EXPECT_THAT((read_job ? read.error() : read_job.error()).message, HasSubstr("f.json"));
    }
  };
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const char other : {'9', '-', '"', '[', '}', ',', 'e', '\0', '\xff'}) {
      std::string text = whole;
      text[i] = other;
      try_to_read(text);
    }
    try_to_read(whole.substr(0, i));
  }
  EXPECT_GT(num_read, 0);
}

}  // namespace
}  // namespace unmask::diffusion
