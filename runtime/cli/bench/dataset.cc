#include "runtime/cli/bench/dataset.h"

#include <algorithm>
#include <string_view>

#include "model/diffusion/job_params.h"
#include "rpc/client/job_id.h"
#include "runtime/cli/job/job_line.h"

namespace unmask::cli {
namespace {

constexpr const char* kBuiltInPrompts[] = {
    "What is 347 + 285?",
    "How many r's are in strawberry?",
    "Sort these numbers from small to large: 734, 812, 778, 75, 101, 198, 638",
    "Mia has 12 apples and buys 7 more. How many apples does she have?",
    "Is 225 larger than 963?",
    "Today is August 3. What date is it in 5 days?",
    "Say this twice: Anna likes the green spring.",
    "What month is 7 months before June?",
    "Which number is the smallest: 8, 19, 53",
    "Multiply 28 by 3.",
    "Reverse the word: planet",
    "Why are diffusion models fast?",
};

actors::Submit with_prompt(const actors::Submit& common, std::string_view prompt) {
  actors::Submit job = common;
  job.input = actors::TextInput{std::string(prompt)};
  return job;
}

}  // namespace

Result<std::vector<actors::Submit>> jobs_of_dataset(const std::string& text,
                                                    const actors::Submit& common) {
  std::vector<actors::Submit> jobs;
  std::optional<bool> has_objects;
  std::size_t number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    if (!has_objects) has_objects = line.starts_with('{');
    if (!*has_objects) {
      jobs.push_back(with_prompt(common, line));
      continue;
    }
    JobLine job = parse_job_line(std::string(line), common);
    if (!job.submit) {
      return invalid("line " + std::to_string(number) + ": " + job.submit.error().message);
    }
    jobs.push_back(std::move(*job.submit));
  }
  if (jobs.empty()) return invalid("has no prompt in it");
  return jobs;
}

std::vector<actors::Submit> built_in_jobs(const actors::Submit& common) {
  std::vector<actors::Submit> jobs;
  for (const char* prompt : kBuiltInPrompts) jobs.push_back(with_prompt(common, prompt));
  return jobs;
}

actors::Submit request_of(const std::vector<actors::Submit>& jobs, std::size_t index,
                          std::uint64_t seed) {
  actors::Submit job = jobs[index % jobs.size()];
  job.job = rpc::random_job_id();
  const bool has_seed = std::ranges::any_of(
      job.parameters, [](const actors::Parameter& parameter) { return parameter.name == "seed"; });
  if (!has_seed && diffusion::is_drawn(job.parameters)) {
    job.parameters.push_back(
        {"seed", std::to_string((seed + index) % std::uint64_t(diffusion::kMaxSeed))});
  }
  return job;
}

}  // namespace unmask::cli
