#include "runtime/cli/bench/load_options.h"

#include <climits>
#include <utility>

#include "model/diffusion/job_params.h"
#include "runtime/cli/bench/arrivals.h"
#include "runtime/cli/bench/dataset.h"
#include "runtime/cli/job/job_options.h"
#include "runtime/cli/text/number.h"
#include "runtime/cli/text/text_file.h"

namespace unmask::cli {
namespace {

constexpr std::size_t kMaxDatasetBytes = 256 * 1024 * 1024;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLeast = 1e-6;  // of what must not be 0

constexpr const char* kFiguresHelp =
    R"(What the figures are, by this client's clock unless it says otherwise:
  Queue   what the server says the job waited before its first forward (over HTTP: if it
          tells, as unmask does)
  TTFT    from sending the request until its first block came; the first token comes with it
  ITL     from one block of a job until its next, of all jobs: the tokens of a block come together
  E2EL    from sending the request until its last message came
Percentiles lie between the two nearest values, linearly. Throughputs are per second from the first
sending to the last end. Only requests that succeeded count in any of them; refused, cancelled,
overdue and broken ones are failed requests, each with its reason. The peak output throughput is of
the busiest whole second, the tokens of an answer spread evenly over its blocks.
Diffusion Decoding: a canvas is a block of a job, a denoising step one forward as one job saw it;
positions evaluated are the steps, each times the mean length of its job's blocks. They come from
what the server says of each job; over HTTP positions are not told.

Examples:
  unmask bench serve --request-rate 4 --num-prompts 200 --goodput "ttft:200 e2el:3000"
  unmask bench serve --endpoint http://127.0.0.1:8080 --max-concurrency 8 --output before.json
  unmask bench compare before.json after.json

Exit codes: 0 all succeeded, 1 some failed, 130 interrupted: then it prints what there is.)";

Command::Take number_for(double& value, double min) {
  return [&value, min](const std::string& text) -> Result<> {
    const Result<double> number = parse_number(text, min, kInfinity);
    if (!number) return number.error();
    value = *number;
    return {};
  };
}

}  // namespace

const char* load_figures_help() { return kFiguresHelp; }

void LoadOptions::add_to(Command command) {
  add_sending_to(command);
  add_jobs_to(command);
  add_report_to(command);
}

void LoadOptions::add_sending_to(Command command) {
  command.add({.name = "--request-rate",
               .help = "Requests a second that are sent, whatever becomes of them; inf (default): "
                       "all at once",
               .type = "R"},
              number_for(rate, kLeast));
  command.add({.name = "--burstiness",
               .help = "Shape of the gamma distribution of the intervals: 1 (default) is Poisson, "
                       "less comes in bursts, more is more even",
               .type = "SHAPE"},
              number_for(burstiness, kLeast));
  command.add({.name = "--max-concurrency",
               .help = "Requests in flight at most; further ones wait until one ends. Without a "
                       "rate this is a closed loop",
               .type = "N",
               .range = {{1, 1'000'000}}},
              max_concurrency);
  command.add({.name = "--num-prompts",
               .help = "Requests to send; the prompts are taken in turn, and again",
               .type = "N",
               .shows_default = true,
               .range = {{1, 10'000'000}}},
              num_prompts);
  command.add({.name = "--num-warmups",
               .help = "Requests before, which count nowhere",
               .type = "N",
               .shows_default = true,
               .range = {{0, 1'000'000}}},
              num_warmups);
}

void LoadOptions::add_jobs_to(Command command) {
  command.add({.name = "--dataset",
               .help = "A prompt a line, or a jobs.jsonl as `submit --file` takes it; a few "
                       "built-in prompts if left out",
               .type = "FILE"},
              dataset);
  command.add({.name = "--set",
               .help = "A parameter of all jobs that do not say it themselves: gen_length=64 "
                       "(--help=strategy lists them; may be repeated)",
               .type = "NAME=VALUE"},
              set);
  command.add({.name = "--model", .help = "The model to ask for; any if left out", .type = "NAME"},
              model);
  command.add({.name = "--seed",
               .help = "Of the arrival times, and of jobs that draw tokens",
               .type = "N",
               .shows_default = true,
               .range = {{0, INT_MAX}}},
              seed);
}

void LoadOptions::add_report_to(Command command) {
  const auto take_goodput = [this](const std::string& text) -> Result<> {
    Result<std::vector<Objective>> parsed = parse_goodput(text);
    if (!parsed) return parsed.error();
    goodput = text;
    objectives = std::move(*parsed);
    return {};
  };
  command.add({.name = "--goodput",
               .help = "Count requests that keep these, in milliseconds: \"ttft:200 e2el:3000\"; "
                       "itl (the mean of a job) and queue, too",
               .type = "OBJECTIVES"},
              take_goodput);
  const auto take_percents = [this](const std::string& text) -> Result<> {
    const Result<std::vector<double>> parsed = parse_percents(text);
    if (!parsed) return parsed.error();
    percents = *parsed;
    return {};
  };
  command.add({.name = "--percentiles",
               .help = "To tell of every latency (default 50,90,95,99)",
               .type = "P,P,..."},
              take_percents);
  command.add({.name = "--json", .help = "Print one JSON object instead of the table"}, json);
  command.add({.name = "--output",
               .help = "Write the JSON object here, too: all figures and every request",
               .type = "FILE"},
              output);
}

Result<std::vector<actors::Submit>> LoadOptions::jobs() const {
  JobOptions given;
  given.set = set;
  Result<actors::Submit> common = given.to_submit_without_input();
  if (!common) return common.error();
  common->model = model;
  if (const auto checked = diffusion::parse_job_params(common->parameters); !checked) {
    return invalid("--set: " + checked.error().message);
  }
  if (dataset.empty()) return built_in_jobs(*common);
  const Result<std::string> text = read_text(dataset, kMaxDatasetBytes);
  if (!text) return text.error();
  Result<std::vector<actors::Submit>> read = jobs_of_dataset(*text, *common);
  if (!read) return invalid(dataset + ": " + read.error().message);
  return read;
}

Result<Load::Options> LoadOptions::load() const {
  Result<std::vector<actors::Submit>> read = jobs();
  if (!read) return read.error();
  Load::Options load;
  load.arrivals = arrivals_of({.num_requests = std::size_t(num_prompts),
                               .rate = rate,
                               .burstiness = burstiness,
                               .seed = std::uint64_t(seed)});
  load.max_concurrency = std::size_t(max_concurrency);
  load.num_warmups = std::size_t(num_warmups);
  load.job_of = [jobs = std::move(*read), seed = std::uint64_t(seed)](std::size_t index) {
    return request_of(jobs, index, seed);
  };
  return load;
}

LoadRun LoadOptions::run() const {
  LoadRun run;
  run.version = UNMASK_VERSION;
  run.dataset = dataset.empty() ? "built-in" : dataset;
  run.num_prompts = std::size_t(num_prompts);
  run.num_warmups = std::size_t(num_warmups);
  run.rate = rate;
  run.burstiness = burstiness;
  run.max_concurrency = std::size_t(max_concurrency);
  run.seed = std::uint64_t(seed);
  run.goodput = goodput;
  for (const std::string& assignment : set) {
    if (const auto named = diffusion::parse_assignment(assignment)) {
      run.parameters.emplace_back(named->name, named->value);
    }
  }
  return run;
}

}  // namespace unmask::cli
