#include "runtime/cli/job_options.h"

#include <sys/random.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#include "runtime/base/check.h"
#include "runtime/cli/job_files.h"

namespace unmask::cli {
namespace {

constexpr std::size_t kMaxPromptBytes = 256 * 1024;  // as on the wire

Error invalid(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

}  // namespace

void JobOptions::add_to(CLI::App& command) {
  command.add_option("prompt", prompt, "What to say to the model; from stdin if left out")
      ->type_name("TEXT");
  command.add_option("--messages", messages_file, "A chat as JSON: [{\"role\", \"content\"}, ...]")
      ->type_name("FILE");
  command.add_option("--tokens-file", tokens_file, "Token ids as a JSON list, instead of text")
      ->type_name("FILE");
  command.add_flag("--raw", raw, "Send the prompt as plain text, without the chat template");
  const auto named = [&](const char* flag, const char* name, const char* help, const char* type) {
    command
        .add_option_function<std::string>(
            flag,
            [this, name](const std::string& value) {
              parameters.push_back({name, value});
            },
            help)
        ->type_name(type);
  };
  named("--gen-length", "gen_length", "Tokens to generate at most", "N");
  named("--block-length", "block_length", "Tokens that are denoised together", "N");
  named("--strategy", "strategy", "How holes become tokens: threshold, fixed", "NAME");
  named("--threshold", "threshold", "Confidence from which a token is kept (threshold)", "P");
  named("--cache", "cache", "Which keys and values are kept: none, prefix, dual", "NAME");
  named("--seed", "seed", "Of the random numbers of this job", "N");
  named("--mask-id", "mask_id", "The mask token, for a model that does not say", "ID");
  named("--eos-id", "eos_id", "The end-of-text token, for a model that does not say", "ID");
  command.add_option("--stop", stop, "End the text before this string (may be repeated)")
      ->type_name("TEXT");
  command.add_option("--deadline", deadline, "Give up after: 500ms, 2s, 1m")->type_name("TIME");
  command
      .add_option("--set", set,
                  "Any other diffusion parameter (--help=strategy lists them; may be repeated)")
      ->type_name("NAME=VALUE");
  command.add_flag("--json", json, "Print one JSON object instead of text");
}

Result<Submit> JobOptions::to_submit() const {
  Submit submit;
  submit.job = random_job_id();
  submit.stop = stop;
  submit.parameters = parameters;
  for (const std::string& assignment : set) {
    const auto equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0) {
      return invalid("--set wants name=value, not '" + assignment + "'");
    }
    submit.parameters.push_back({assignment.substr(0, equals), assignment.substr(equals + 1)});
  }
  if (!deadline.empty()) {
    const Result<std::chrono::milliseconds> parsed = parse_duration(deadline);
    if (!parsed) return parsed.error();
    submit.deadline = *parsed;
  }
  if (int(!prompt.empty()) + int(!messages_file.empty()) + int(!tokens_file.empty()) > 1) {
    return invalid("give a prompt, --messages or --tokens-file: only one of them");
  }
  if (!messages_file.empty()) {
    Result<std::vector<ChatTurn>> turns = read_chat(messages_file);
    if (!turns) return turns.error();
    submit.input = ChatInput{std::move(*turns)};
  } else if (!tokens_file.empty()) {
    Result<std::vector<std::int32_t>> tokens = read_tokens(tokens_file);
    if (!tokens) return tokens.error();
    submit.input = TokenInput{std::move(*tokens), {}};
  } else if (!prompt.empty()) {
    submit.input = TextInput{prompt, raw};
  } else {
    if (isatty(STDIN_FILENO)) {
      std::fprintf(stderr, "Type the prompt, end with Ctrl-D:\n");
    }
    Result<std::string> text = read_text("-", kMaxPromptBytes);
    if (!text) return text.error();
    if (text->ends_with('\n')) text->pop_back();
    if (text->empty()) return invalid("no prompt: give one as an argument or on stdin");
    submit.input = TextInput{std::move(*text), raw};
  }
  return submit;
}

Result<std::chrono::milliseconds> parse_duration(const std::string& text) {
  char* unit = nullptr;
  const double value = std::strtod(text.c_str(), &unit);
  const std::string suffix = unit;
  double factor = 0;
  if (suffix == "ms") factor = 1;
  if (suffix == "s") factor = 1e3;
  if (suffix == "m") factor = 6e4;
  if (suffix == "h") factor = 3.6e6;
  const double milliseconds = value * factor;
  if (unit == text.c_str() || factor == 0 || !(milliseconds >= 1) || milliseconds > 3.6e6) {
    return invalid("'" + text + "' is not a time from 1ms to 1h, such as 500ms, 2s or 1m");
  }
  return std::chrono::milliseconds(std::llround(milliseconds));
}

JobId random_job_id() {
  JobId id;
  UNMASK_CHECK(getrandom(id.bytes.data(), id.bytes.size(), 0) == ssize_t(id.bytes.size()));
  return id;
}

std::string to_hex(const JobId& id) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const std::uint8_t byte : id.bytes) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

Result<JobId> parse_job_id(const std::string& hex) {
  JobId id;
  const auto value_of = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  if (hex.size() != 2 * id.bytes.size()) return invalid("a job id has 32 hexadecimal digits");
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    const int high = value_of(hex[2 * i]), low = value_of(hex[2 * i + 1]);
    if (high < 0 || low < 0) return invalid("a job id has 32 hexadecimal digits");
    id.bytes[i] = std::uint8_t(high << 4 | low);
  }
  return id;
}

Result<std::string> read_text(const std::string& path, std::size_t max_bytes) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) return invalid("cannot read '" + path + "'");
  }
  std::istream& in = path == "-" ? std::cin : file;
  std::string text(max_bytes + 1, '\0');
  in.read(text.data(), std::streamsize(text.size()));
  text.resize(std::size_t(in.gcount()));
  if (text.size() > max_bytes) {
    return invalid("'" + path + "' has more than " + std::to_string(max_bytes) + " bytes");
  }
  return text;
}

}  // namespace unmask::cli
