#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "rpc/client/job_id.h"
#include "runtime/cli/chat/chat_line.h"
#include "runtime/cli/chat/conversation.h"
#include "runtime/cli/chat/line_reader.h"
#include "runtime/cli/command.h"
#include "runtime/cli/job/client_session.h"
#include "runtime/cli/job/fresh_seed.h"
#include "runtime/cli/job/job_printer.h"
#include "runtime/cli/process/cache_dir.h"
#include "runtime/cli/text/output_file.h"

namespace unmask::cli {
namespace {

constexpr const char* kChatFooter = R"(Examples:
  unmask up --workers 2 &
  unmask chat
  unmask chat --endpoint tcp://server:7400 --set temperature=0.7 --system "Answer briefly."

On a terminal the canvas is shown as it fills. Ctrl-C stops the answer, and keeps what is there of
it; Ctrl-D leaves. In a pipe every line is said in turn. /help lists the commands.)";

struct ChatOptions {
  ClientOptions where;
  std::string system;
  std::string model;
  std::vector<std::string> set;
};

class Chat {
 public:
  Chat(const ChatOptions& options, LineReader& lines) : options_(options), lines_(lines) {}

  int run() {
    conversation_.set_system(options_.system);
    for (const std::string& assignment : options_.set) {
      const Result<> set = conversation_.set(assignment);
      if (!set) return report({set.error().code, "--set: " + set.error().message});
    }
    if (lines_.is_terminal()) {
      std::printf("%s is asked; /help lists the commands, Ctrl-D leaves\n",
                  options_.where.endpoint.c_str());
    }
    std::string line;
    int code = kOk;
    while (!has_left_) {
      const LineReader::End end = lines_.read("> ", line);
      if (end == LineReader::End::kEndOfInput) break;
      if (end == LineReader::End::kInterrupted) {
        std::printf("(/exit or Ctrl-D leaves)\n");
        continue;
      }
      code = take(read_chat_line(line));
      // Who types sees what is wrong and tries again.
      if (code != kOk && !lines_.is_terminal()) return code;
    }
    if (lines_.is_terminal() && !has_left_) std::printf("\n");
    return lines_.is_terminal() ? kOk : code;
  }

 private:
  int take(const ChatLine& line) {
    switch (line.kind) {
      case ChatLine::Kind::kNothing:
        return kOk;
      case ChatLine::Kind::kSay:
        conversation_.say(line.text);
        return ask();
      case ChatLine::Kind::kSet:
        return set(line.text);
      case ChatLine::Kind::kSystem:
        conversation_.set_system(line.text);
        return kOk;
      case ChatLine::Kind::kRetry:
        if (conversation_.take_back_answer()) return ask();
        return report({ErrorCode::kInvalidArgument, "nothing was said yet"});
      case ChatLine::Kind::kClear:
        conversation_.clear();
        return kOk;
      case ChatLine::Kind::kSave:
        return save(line.text);
      case ChatLine::Kind::kHelp:
        std::fputs(chat_help().c_str(), stdout);
        return kOk;
      case ChatLine::Kind::kExit:
        has_left_ = true;
        return kOk;
      case ChatLine::Kind::kUnknown:
        break;
    }
    return report(
        {ErrorCode::kInvalidArgument, "there is no command /" + line.text + "; /help lists them"});
  }

  int set(const std::string& assignment) {
    if (assignment.empty()) {
      for (const auto& [name, value] : conversation_.parameters()) {
        std::printf("%s=%s\n", name.c_str(), value.c_str());
      }
      if (conversation_.parameters().empty()) std::printf("every parameter is at its default\n");
      return kOk;
    }
    const Result<> set = conversation_.set(assignment);
    return set ? kOk : report(set.error());
  }

  int save(const std::string& file) {
    if (file.empty()) return report({ErrorCode::kInvalidArgument, "/save wants a file"});
    const Result<> written = write_text(file, conversation_.to_json());
    return written ? kOk : report(written.error());
  }

  [[nodiscard]] actors::Submit next_job() const {
    actors::Submit submit;
    submit.job = rpc::random_job_id();
    submit.input = actors::ChatInput{conversation_.messages()};
    submit.parameters = conversation_.parameters();
    submit.model = options_.model;
    if (auto seed = fresh_seed(submit.parameters)) {
      submit.parameters.push_back({"seed", std::move(*seed)});
    }
    return submit;
  }

  int ask() {
    actors::Submit submit = next_job();
    JobPrinter printer(JobPrinter::options_for_this_process(false), stdout, stderr);
    submit.subscription = printer.subscription();
    std::optional<actors::Finished> finished;
    const int code = ClientSession::run(options_.where, [&](ClientSession& session) {
      session.set_on_interrupt([&session, id = submit.job] { session.client().cancel(id); });
      rpc::JobEvents events;
      events.on_queued = [&](const actors::Queued& queued) { printer.show(queued); };
      events.on_frame = [&](const actors::Frame& frame) { printer.show(frame); };
      events.on_block = [&](const actors::Committed& block) { printer.show(block); };
      events.on_end = [&](const Result<actors::Finished>& end) {
        if (end) {
          finished = *end;
          return session.end(printer.show(*end));
        }
        if (session.client().failure()) return session.fail(end.error());
        session.end(printer.show(actors::Rejected{submit.job, end.error()}));
      };
      const Result<> submitted = session.client().submit(submit, std::move(events));
      if (!submitted) session.fail(submitted.error());
    });
    if (finished && !finished->text.empty()) {
      conversation_.answer(finished->text);
    } else {
      conversation_.take_back_question();
    }
    return code == kInterrupted && lines_.is_terminal() ? int(kOk) : code;
  }

  const ChatOptions& options_;
  LineReader& lines_;
  Conversation conversation_;
  bool has_left_ = false;
};

int chat(const ChatOptions& options) {
  const std::filesystem::path folder = find_cache_dir("auto");
  LineReader lines(folder.empty() ? folder : folder / "chat_history");
  return Chat(options, lines).run();
}

}  // namespace

void add_chat(Command program) {
  auto options = std::make_shared<ChatOptions>();
  Command command = program.add_command("chat", "Talk with the model of a cluster, turn by turn");
  command.set_group(kClusterGroup);
  command.set_footer(kChatFooter);
  command.add({.name = "--system",
               .help = "What the model is told before the conversation",
               .type = "TEXT"},
              options->system);
  command.add({.name = "--model", .help = "Refuse a cluster with another model", .type = "NAME"},
              options->model);
  command.add({.name = "--set",
               .help = "A diffusion parameter (--help=strategy lists them; may be repeated)",
               .type = "NAME=VALUE"},
              options->set);
  options->where.add_to(command);
  command.set_action([options] { return chat(*options); });
}

}  // namespace unmask::cli
