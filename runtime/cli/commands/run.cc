#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "actors/gateway/tokenizer_service.h"
#include "runtime/base/check.h"
#include "runtime/cli/command.h"
#include "runtime/cli/job/job_options.h"
#include "runtime/cli/job/job_printer.h"
#include "runtime/cli/process/local_cluster.h"
#include "runtime/cli/process/model_options.h"
#include "runtime/cli/process/worker_device.h"
#include "runtime/cli/text/characters.h"
#include "runtime/cli/text/progress.h"

namespace unmask::cli {
namespace {

constexpr const char* kRunExamples = R"(Examples:
  unmask run "Mia has 12 apples and buys 7 more. How many apples does she have?"
  unmask run --threshold 0.5 --json "Times table of 3, please."
  unmask run --model LLaDA-MoE-7B-A1B-Instruct --cache dual --gen-length 256 < question.txt
  unmask run --template letter.txt "Write to Mia."     # Dear {{name:4}}, ... {{body:40}}
  unmask run --json-schema person.json "Mia is 12."
  unmask run --strategy fixed --set steps=8 "Start at 15 and add 4 each time, 9 numbers."

On a terminal the canvas is shown as it fills: bright tokens are sure, others are guesses. Ctrl-C
keeps what is finished. Every parameter, its default and its range: unmask run --help=strategy)";

struct RunFlags {
  JobOptions job;
  ModelOptions model;
};

/// One job in a cluster of its own.
class LocalRun {
 public:
  LocalRun(ProcessHost& host, const ClusterConfig& config, const ServedModel& model,
           std::unique_ptr<kernels::Backend> backend, network::EngineOptions engine,
           actors::TextService& text, actors::Submit submit, const JobPrinter::Options& options)
      : host_(host),
        report_{options.style == JobPrinter::Style::kJson},
        printer_(options, stdout, stderr),
        id_(submit.job),
        submit_(std::move(submit)),
        cluster_(host, config, model, std::move(backend), std::move(engine), text, client()) {
    submit_->subscription = printer_.subscription();
  }

  /// The exit code; nothing if a signal came before the job's end.
  std::optional<ExitCode> run() {
    host_.set_on_drain([this] { cancel(); });
    cluster_.start();
    host_.run();
    return ended_;
  }

  void leave() { printer_.leave(); }

 private:
  LocalCluster::Client client() {
    return {.on_loading =
                [this](auto done, auto total) {
                  if (loading_) loading_->update(done, total);  // also while a failed load ends
                },
            .on_ready = [this] { submit(); },
            .on_message = [this](actors::WireMessage message) { take(std::move(message)); },
            .on_failed = [this](const Error& error) { end(report_(error, kBadConfig)); }};
  }

  void submit() {
    loading_.reset();
    if (!submit_) return;  // the group formed again
    send(*std::exchange(submit_, std::nullopt));
  }

  void take(actors::WireMessage message) {
    std::visit(
        [this](const auto& answer) {
          using Answer = std::decay_t<decltype(answer)>;
          if constexpr (std::is_same_v<Answer, actors::Finished> ||
                        std::is_same_v<Answer, actors::Rejected>) {
            end(printer_.show(answer));
          } else if constexpr (requires { printer_.show(answer); }) {
            printer_.show(answer);
          }
        },
        message);
    // Nobody reads any more.
    if (std::ferror(stdout) != 0 && !ended_) cancel();
  }

  void cancel() {
    if (submit_) return host_.end(kInterrupted);
    if (!std::exchange(is_cancelled_, true)) send(actors::Cancel{id_});
  }

  void send(actors::WireMessage message) { UNMASK_CHECK(cluster_.send(std::move(message))); }

  void end(ExitCode code) {
    loading_.reset();
    ended_ = code;
    host_.end(code);
  }

  ProcessHost& host_;
  const Reporter report_;
  JobPrinter printer_;
  const JobId id_;
  std::optional<actors::Submit> submit_;  ///< until the cluster is ready
  bool is_cancelled_ = false;
  std::optional<ExitCode> ended_;
  std::unique_ptr<Progress> loading_ = std::make_unique<Progress>("loading weights");
  LocalCluster cluster_;
};

/// Says once what a user may not expect of this checkpoint.
void explain(const ServedModel& model, const tokenizer::Tokenizer* tokenizer,
             const actors::JobInput& input) {
  const auto* text = std::get_if<actors::TextInput>(&input);
  if (tokenizer == nullptr) {
    std::fprintf(stderr, "unmask: '%s' has no tokenizer: the answer is token ids, as JSON\n",
                 printable(model.name).c_str());
  } else if (text != nullptr && !text->raw && !tokenizer->chat_template().exists()) {
    std::fprintf(stderr,
                 "unmask: '%s' has no chat template: the prompt is plain text, as with --raw\n",
                 printable(model.name).c_str());
  }
}

/// What a prompt can do when the model's template is not known.
Result<> check_template(const ServedModel& model, const actors::JobInput& input) {
  const auto* text = std::get_if<actors::TextInput>(&input);
  const auto* given = std::get_if<actors::TemplateInput>(&input);
  const bool is_rendered = text != nullptr    ? !text->raw
                           : given != nullptr ? !given->messages.empty()
                                              : std::holds_alternative<actors::ChatInput>(input);
  if (!is_rendered || !model.tokenizer || !model.tokenizer->chat_template().exists() ||
      model.tokenizer->chat_template().unsupported_reason().empty()) {
    return {};
  }
  return invalid("the chat template of '" + model.name +
                 "' is not known here: choose one with --chat-template (" +
                 tokenizer::template_names() +
                 "), or write the whole turn yourself, with --raw --special-tokens");
}

int run_prompt(const RunFlags& flags) {
  const Reporter report{flags.job.json};
  Result<actors::Submit> submit = flags.job.to_submit();
  if (!submit) return report(submit.error());
  const Result<ClusterConfig> config = flags.model.load(
      {{"limits.max_running", "1", "unmask run"}, {"log.level", "warning", "unmask run"}});
  if (!config) return report(config.error(), kBadConfig);
  Result<ServedModel> model = open_served_model(config->model);
  if (!model) return report(model.error(), kBadConfig);
  warn(*model);
  if (const Result<> usable = check_template(*model, submit->input); !usable) {
    return report(usable.error());
  }
  Result<WorkerDevice> opened = open_worker_device(*model, *config, config->worker(0, 0));
  if (!opened) return report(opened.error(), kBadConfig);

  actors::TokenizerService text(std::move(model->tokenizer));
  explain(*model, text.tokenizer(), submit->input);
  if (kernels::find_gpus().is_built_in) {
    std::fprintf(stderr, "unmask: computing on %s\n", printable(opened->device.name).c_str());
  }
  flags.job.tell_drawn_seed(*submit);
  const bool json = flags.job.json || text.tokenizer() == nullptr;
  ProcessHost host(config->log, "");
  opened->engine.on_choice = [&host](const std::string& choice) {
    host.loop().post([choice] { std::fprintf(stderr, "unmask: %s\n", printable(choice).c_str()); });
  };
  LocalRun job(host, *config, *model, std::move(opened->device.backend), std::move(opened->engine),
               text, std::move(*submit), JobPrinter::options_for_this_process(json));
  if (const std::optional<ExitCode> code = job.run()) return *code;
  // Nothing is lost, and the device may be in the middle of something long.
  job.leave();
  std::fflush(stdout);
  std::_Exit(kInterrupted);
}

}  // namespace

void add_run(Command program) {
  Command command = program.add_command("run", "One answer from a model in this process");
  command.set_group(kGenerateGroup);
  command.set_footer(kRunExamples);
  const auto flags = std::make_shared<RunFlags>();
  flags->job.add_to(command);
  flags->model.add_to(command);
  command.set_action([flags] { return run_prompt(*flags); });
}

}  // namespace unmask::cli
