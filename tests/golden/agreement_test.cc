/// How often weights in bf16 choose what weights in f32 choose. Printed, for people.

#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <cstdio>
#include <sstream>

#include "model/diffusion/loop.h"
#include "model/tokenizer/tokenizer.h"
#include "tests/golden/golden_files.h"
#include "tests/golden/worker_group.h"

namespace unmask::diffusion {
namespace {

using golden::must;
using golden::WorkerGroup;

constexpr int kPromptsPerTask = 4;

std::filesystem::path zoo() { return source_dir() / "model/zoo"; }

/// The first prompts of every task of model/zoo/eval, as the model is asked.
std::vector<std::vector<std::int32_t>> prompts(const tokenizer::Tokenizer& tokenizer) {
  std::vector<std::vector<std::int32_t>> all;
  for (const std::string& file : golden::files_below(zoo() / "eval")) {
    if (!file.ends_with(".jsonl")) continue;
    std::istringstream lines(golden::read_text(zoo() / "eval" / file));
    std::string line;
    for (int i = 0; i < kPromptsPerTask && std::getline(lines, line); ++i) {
      const boost::json::value item = boost::json::parse(line);
      const tokenizer::ChatMessage message{"user", item.at("prompt").as_string().c_str()};
      const auto rendered = must(tokenizer.chat_template().render({&message, 1}, true));
      all.push_back(must(tokenizer.encode(rendered)));
    }
  }
  return all;
}

std::vector<std::int32_t> answer_of(WorkerGroup& group, const std::vector<std::int32_t>& prompt,
                                    const Vocabulary& vocabulary, SequenceId sequence) {
  DiffusionLoop loop = must(DiffusionLoop::create(
      {.gen_length = 64}, vocabulary, Canvas::of_prompt(prompt, 64, vocabulary.mask_id)));
  while (std::optional<SequenceStep> step = loop.next()) {
    step->sequence = sequence;
    must(loop.apply(group.run({1, 1, {std::move(*step)}, {}}).sequences[0].candidates));
  }
  group.run({1, 1, {}, {sequence}});
  return loop.generated_tokens();
}

TEST(AgreementTest, WeightsInBf16ChooseWhatWeightsInF32Choose) {
  for (const char* const name : {"unmask-tiny", "unmask-tiny-dense"}) {
    const auto tokenizer = must(tokenizer::Tokenizer::open(zoo() / name));
    const Vocabulary vocabulary{.mask_id = tokenizer.mask_id().value(),
                                .eos_id = tokenizer.eos_id().value(),
                                .choosable_end = tokenizer.size()};
    network::EngineOptions f32, bf16;
    f32.dtype = kernels::DType::kF32;
    bf16.dtype = kernels::DType::kBF16;
    WorkerGroup exact(zoo() / name, 1, f32), rounded(zoo() / name, 1, bf16);
    int num_jobs = 0, equal_jobs = 0;
    std::size_t num_tokens = 0, equal_tokens = 0;
    for (const std::vector<std::int32_t>& prompt : prompts(tokenizer)) {
      const auto expected = answer_of(exact, prompt, vocabulary, SequenceId(++num_jobs));
      const auto answer = answer_of(rounded, prompt, vocabulary, SequenceId(num_jobs));
      equal_jobs += answer == expected;
      num_tokens += std::max(answer.size(), expected.size());
      for (std::size_t i = 0; i < std::min(answer.size(), expected.size()); ++i) {
        equal_tokens += answer[i] == expected[i];
      }
    }
    std::printf("%s: bf16 agrees with f32 in %d of %d answers, %.1f %% of the tokens\n", name,
                equal_jobs, num_jobs, 100.0 * double(equal_tokens) / double(num_tokens));
    EXPECT_GE(equal_jobs, 0.8 * num_jobs) << name;
    EXPECT_GE(double(equal_tokens), 0.9 * double(num_tokens)) << name;
  }
}

}  // namespace
}  // namespace unmask::diffusion
