#include <memory>

#include "model/diffusion/trace_file.h"
#include "runtime/cli/command.h"
#include "runtime/cli/process/tool_model.h"
#include "runtime/cli/text/output_file.h"
#include "runtime/cli/text/progress.h"
#include "runtime/cli/text/text_file.h"

namespace unmask::cli {
namespace {

constexpr std::size_t kMaxTraceBytes = 256 << 20;

constexpr const char* kTraceExamples = R"(Examples:
  unmask trace --model DIR --job case.json --out ours.json    run the job of a trace file again
  unmask trace diff case.json ours.json                       the first difference, if there is one

A trace file is JSON: the job (prompt, gen_length, block_length, mask_id, strategy, cache, ...), then
one line per forward with its window, candidates and edits. Results in case.json are ignored.)";

struct TraceFlags {
  ToolFlags tool;
  std::string job;
  std::string out = "-";
};

Result<> write_text(const std::string& path, const std::string& text) {
  if (path == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return {};
  }
  Result<OutputFile> file = OutputFile::create(path);
  if (!file) return file.error();
  file->write(text);
  return file->commit();
}

Result<diffusion::TraceJob> read_job(const std::string& path) {
  const Result<std::string> text = read_text(path, kMaxTraceBytes);
  if (!text) return text.error();
  return diffusion::read_trace_job(*text, path);
}

/// What a coordinator would refuse is refused here too.
Result<> check_job(const diffusion::TraceJob& job, const ServedModel& model) {
  const auto loop = make_loop({job.prompt, {}}, job.params, model.jobs);
  if (!loop) return loop.error();
  return {};
}

Result<diffusion::Trace> trace_with_progress(const diffusion::TraceJob& job, ToolModel& tool) {
  Progress progress("forward");
  return tool.trace(
      job, [&](std::int32_t num_forwards) { progress.update(std::uint64_t(num_forwards), 0); });
}

int run_trace(const TraceFlags& flags) {
  if (flags.job.empty()) {
    return report({ErrorCode::kInvalidArgument,
                   "trace wants --job FILE, a trace file; or: trace diff FILE FILE"});
  }
  Result<diffusion::TraceJob> job = read_job(flags.job);
  if (!job) return report(job.error());
  const Result<ClusterConfig> config = flags.tool.config();
  if (!config) return report(config.error(), kBadConfig);
  const Result<ServedModel> model = ToolFlags::open(*config);
  if (!model) return report(model.error(), kBadConfig);
  job->is_block_causal = model->jobs.vocabulary.is_block_causal;
  const std::int64_t num_positions = std::int64_t(job->prompt.size()) + job->params.gen_length;
  Result<> can_be = check_job(*job, *model);
  if (can_be) can_be = flags.tool.check(*model, num_positions);
  if (!can_be) return report({can_be.error().code, flags.job + ": " + can_be.error().message});
  const auto tool = flags.tool.load(*config, *model, std::int32_t(num_positions));
  if (!tool) return report(tool.error(), kBadConfig);
  const Result<diffusion::Trace> trace = trace_with_progress(*job, **tool);
  if (!trace) return report(trace.error());
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
  command.add({.name = "--job", .help = "A trace file; - is stdin", .type = "FILE"}, flags->job);
  command.add(
      {.name = "--out", .help = "The trace file to write; stdout if left out", .type = "FILE"},
      flags->out);
  add_diff(command);
  command.set_footer(kTraceExamples);
  command.set_action([flags] { return run_trace(*flags); });
}

}  // namespace unmask::cli
