#include <future>
#include <memory>

#include "actors/gateway/tokenizer_service.h"
#include "model/diffusion/job_params.h"
#include "model/diffusion/trace_file.h"
#include "runtime/cli/command.h"
#include "runtime/cli/job/job_options.h"
#include "runtime/cli/process/tool_model.h"
#include "runtime/cli/text/output_file.h"
#include "runtime/cli/text/progress.h"
#include "runtime/cli/text/text_file.h"

namespace unmask::cli {
namespace {

constexpr std::size_t kMaxTraceBytes = 256 << 20;

constexpr const char* kTraceExamples = R"(Examples:
  unmask trace --gen-length 64 "Times table of 3, please."    every forward of what run does
  unmask trace --example --out case.json                      a file to start from
  unmask trace --model DIR --job case.json --out ours.json    run the job of a trace file again
  unmask trace diff case.json ours.json                       the first difference, if there is one

A trace file is JSON: the job (prompt, gen_length, block_length, mask_id, strategy, cache, ...), then
one line per forward with its window, candidates and edits. Results in case.json are ignored.)";

struct TraceFlags {
  ToolFlags tool;
  JobOptions given;  ///< a prompt and how to decode, unless there is a file
  std::string file;
  bool is_example = false;
  std::string out = "-";
};

constexpr const char* kExamplePrompt = "What is 347 + 285?";

Result<diffusion::TraceJob> read_job(const std::string& path, const ServedModel& model) {
  const Result<std::string> text = read_text(path, kMaxTraceBytes);
  if (!text) return text.error();
  Result<diffusion::TraceJob> job = diffusion::read_trace_job(*text, path);
  if (job) job->is_block_causal = model.jobs.vocabulary.is_block_causal;
  return job;
}

/// The job that `run` would make of the same flags.
Result<diffusion::TraceJob> make_job(const JobOptions& given, ServedModel& model) {
  Result<actors::Submit> submit = given.to_submit();
  if (!submit) return submit.error();
  const auto params = diffusion::parse_job_params(submit->parameters);
  if (!params) return params.error();
  actors::TokenizerService text(std::move(model.tokenizer));
  std::promise<Result<actors::TokenInput>> tokenized;
  text.tokenize(std::move(submit->input),
                [&](Result<actors::TokenInput> tokens) { tokenized.set_value(std::move(tokens)); });
  Result<actors::TokenInput> tokens = tokenized.get_future().get();
  if (!tokens) return tokens.error();
  return diffusion::make_trace_job(std::move(tokens->tokens), *params, model.jobs.vocabulary);
}

Result<diffusion::TraceJob> job_of(const TraceFlags& flags, ServedModel& model) {
  if (!flags.file.empty()) return read_job(flags.file, model);
  JobOptions given = flags.given;
  const bool has_input = given.prompt || !given.messages_file.empty() || !given.tokens_file.empty();
  if (flags.is_example && !has_input) given.prompt = kExamplePrompt;
  return make_job(given, model);
}

Result<diffusion::Trace> trace_with_progress(const diffusion::TraceJob& job, ToolModel& tool) {
  Progress progress("forward");
  return tool.trace(
      job, [&](std::int32_t num_forwards) { progress.update(std::uint64_t(num_forwards), 0); });
}

/// What is wrong with a job, and in which file.
ExitCode report_job(const TraceFlags& flags, const Error& error) {
  return report(flags.file.empty() ? error : Error{error.code, flags.file + ": " + error.message});
}

int run_trace(const TraceFlags& flags) {
  const Result<ClusterConfig> config = flags.tool.config();
  if (!config) return report(config.error(), kBadConfig);
  Result<ServedModel> model = ToolFlags::open(*config);
  if (!model) return report(model.error(), kBadConfig);
  const Result<diffusion::TraceJob> job = job_of(flags, *model);
  if (!job) return report(job.error());
  // What a coordinator would refuse is refused here too.
  const auto loop = make_loop({job->prompt, {}}, job->params, model->jobs);
  if (!loop) return report_job(flags, loop.error());
  const diffusion::MaxUse use = loop->max_use();
  const Result<> can_be = flags.tool.check(*model, loop->canvas().size(), use.num_computed);
  if (!can_be) return report_job(flags, can_be.error());
  if (flags.is_example) {
    const Result<> written = write_text(flags.out, job->source + "\n");
    return written ? kOk : report(written.error());
  }
  const auto tool = flags.tool.load(*config, *model, use);
  if (!tool) return report(tool.error(), kBadConfig);
  Result<diffusion::Trace> trace = trace_with_progress(*job, **tool);
  if (!trace) return report(trace.error());
  if (model->checkpoint.config().architecture == checkpoint::Architecture::kLlada) {
    trace = diffusion::with_fills_as_edits(*job, std::move(*trace));
  }
  const Result<> written = write_text(flags.out, diffusion::write_trace(*job, *trace));
  if (!written) return report(written.error());
  return kOk;
}

Result<diffusion::Trace> read_results(const std::string& path) {
  const Result<std::string> text = read_text(path, kMaxTraceBytes);
  if (!text) return text.error();
  return diffusion::read_trace(*text, path);
}

int run_diff(const std::string& a, const std::string& b) {
  const Result<diffusion::Trace> first = read_results(a);
  if (!first) return report(first.error());
  const Result<diffusion::Trace> second = read_results(b);
  if (!second) return report(second.error());
  const std::optional<std::string> difference = diffusion::trace_diff(*first, *second);
  if (difference) {
    std::printf("%s\n", difference->c_str());
    return kFailed;
  }
  std::printf("equal: %d forwards, %zu tokens\n", first->forwards, first->final_tokens.size());
  return kOk;
}

void add_diff(Command trace) {
  Command command = trace.add_command("diff", "The first difference between two trace files");
  const auto files = std::make_shared<std::pair<std::string, std::string>>();
  command.add({.name = "a", .type = "FILE", .is_required = true}, files->first);
  command.add({.name = "b", .type = "FILE", .is_required = true}, files->second);
  command.set_action([files] { return run_diff(files->first, files->second); });
}

}  // namespace

void add_trace(Command program) {
  Command command =
      program.add_command("trace", "A generation forward by forward: windows, candidates, edits");
  command.set_group(kLookGroup);
  const auto flags = std::make_shared<TraceFlags>();
  flags->tool.add_to(command);
  flags->given.add_generation_to(command);
  command.add(
      {.name = "--job", .help = "A trace file instead of a prompt; - is stdin", .type = "FILE"},
      flags->file);
  command.add({.name = "--example", .help = "Write the job alone: a trace file to start from"},
              flags->is_example);
  for (const char* other : {"prompt", "--messages", "--tokens-file", "--example"}) {
    command.excludes("--job", other);
  }
  command.add(
      {.name = "--out", .help = "The trace file to write; stdout if left out", .type = "FILE"},
      flags->out);
  add_diff(command);
  command.set_footer(kTraceExamples);
  command.set_action([flags] { return run_trace(*flags); });
}

}  // namespace unmask::cli
