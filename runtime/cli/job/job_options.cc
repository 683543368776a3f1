#include "runtime/cli/job/job_options.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "model/diffusion/job_params.h"
#include "model/tokenizer/chat_template.h"
#include "rpc/client/job_id.h"
#include "runtime/cli/job/deadline.h"
#include "runtime/cli/job/fresh_seed.h"
#include "runtime/cli/job/job_files.h"
#include "runtime/cli/text/text_file.h"

namespace unmask::cli {
namespace {

constexpr std::size_t kMaxPromptBytes = 256 * 1024;  // as on the wire

}  // namespace

void JobOptions::add_generation_to(Command command) {
  command.add({.name = "prompt",
               .help = "What to say to the model; - is stdin, as is no prompt at all",
               .type = "TEXT"},
              prompt);
  command.add({.name = "--messages",
               .help = "A chat as JSON: [{\"role\", \"content\"}, ...]",
               .type = "FILE"},
              messages_file);
  command.add({.name = "--tokens-file",
               .help = "Token ids as a JSON list, instead of text",
               .type = "FILE"},
              tokens_file);
  command.add({.name = "--raw", .help = "Send the prompt as plain text, without the chat template"},
              raw);
  command.add({.name = "--special-tokens",
               .help = "With --raw: the model's control tokens in the prompt are tokens, not text"},
              special_tokens);
  const auto named = [&](const char* flag, const char* name, const char* help, const char* type) {
    const auto take = [this, name](const std::string& value) -> Result<> {
      parameters.push_back({name, value});
      return {};
    };
    command.add({.name = flag, .help = help, .type = type}, take);
  };
  named("--gen-length", "gen_length", "Tokens to generate at most", "N");
  named("--block-length", "block_length", "Tokens that are denoised together", "N");
  named("--preset", "preset",
        "quality, balanced or fast: a strategy by what it is for (--help=strategy says which)",
        "NAME");
  named("--strategy", "strategy", "How holes become tokens: threshold, credit, hierarchy, ...",
        "NAME");
  named("--threshold", "threshold", "Confidence from which a token is kept", "P");
  named("--cache", "cache",
        "Which keys and values are kept: none (exact); prefix, dual, vicinity and active (fewer "
        "rows a forward, and answers that differ now and then); block (exact, for block-causal "
        "models)",
        "NAME");
  named("--temperature", "temperature",
        "Tokens are drawn, the likely ones more often; 0 (default): always the surest", "T");
  named("--top-k", "top_k", "With a temperature: from so many of the likeliest tokens", "N");
  named("--top-p", "top_p",
        "With a temperature: from the likeliest tokens with this probability together", "P");
  named("--seed", "seed",
        "Of the random numbers: the same seed gives the same text; with a temperature and no "
        "seed, another one each time",
        "N");
  named("--mask-id", "mask_id", "The mask token, for a model that does not say", "ID");
  named("--eos-id", "eos_id", "The end-of-text token, for a model that does not say", "ID");
  // Neither --set nor --stop takes many, or the prompt behind it would be one more.
  command.add(
      {.name = "--set",
       .help = "Any other diffusion parameter (--help=strategy lists them; may be repeated)",
       .type = "NAME=VALUE"},
      set);
}

void JobOptions::add_to(Command command) {
  add_generation_to(command);
  command.add({.name = "--template",
               .help = "A text with holes {{name:N}} of N tokens each, to fill in and print; the "
                       "prompt, if there is one, is what it answers",
               .type = "FILE"},
              template_file);
  command.add({.name = "--json-template",
               .help = "The same of JSON whose strings are or have holes; \"{{name:N:number}}\" "
                       "becomes a number, as do integer and boolean",
               .type = "FILE"},
              json_template_file);
  command.add({.name = "--json-schema",
               .help = "Answer with JSON as this JSON Schema has it: objects, arrays of stated "
                       "length, plain values",
               .type = "FILE"},
              json_schema_file);
  command.add({.name = "--stop",
               .help = "End the text before this string (may be repeated)",
               .type = "TEXT"},
              stop);
  command.add({.name = "--deadline", .help = "Give up after: 500ms, 2s, 1min", .type = "TIME"},
              deadline);
  command.add({.name = "--json", .help = "Print one JSON object instead of text"}, json);
}

Result<actors::Submit> JobOptions::to_submit() const {
  Result<actors::Submit> submit = to_submit_without_input();
  if (!submit) return submit;
  Result<actors::JobInput> given = input();
  if (!given) return given.error();
  submit->input = std::move(*given);
  if (auto seed = fresh_seed(submit->parameters)) {
    submit->parameters.push_back({"seed", std::move(*seed)});
  }
  return submit;
}

void JobOptions::tell_drawn_seed(const actors::Submit& submit) const {
  const auto is_seed = [](const actors::Parameter& parameter) { return parameter.name == "seed"; };
  const auto seed = std::ranges::find_if(submit.parameters, is_seed);
  const bool is_given =
      std::ranges::any_of(parameters, is_seed) ||
      std::ranges::any_of(set, [](const std::string& text) { return text.starts_with("seed="); });
  if (is_given || seed == submit.parameters.end()) return;
  std::fprintf(stderr, "unmask: --seed %s gives this text again\n", seed->value.c_str());
}

Result<actors::Submit> JobOptions::to_submit_without_input() const {
  actors::Submit submit;
  submit.job = rpc::random_job_id();
  if (special_tokens && !raw) {
    return invalid("--special-tokens is about the text of a prompt with --raw");
  }
  submit.input = actors::TextInput{"", raw, special_tokens};
  submit.stop = stop;
  submit.parameters = parameters;
  for (const std::string& assignment : set) {
    Result<diffusion::NamedValue> named = diffusion::parse_assignment(assignment);
    if (!named) return invalid("--set: " + named.error().message);
    submit.parameters.push_back(std::move(*named));
  }
  if (!deadline.empty()) {
    const auto parsed = parse_deadline(deadline, "--deadline");
    if (!parsed) return parsed.error();
    submit.deadline = *parsed;
  }
  return submit;
}

namespace {

/// A file as it was named. Once --template named a chat template.
Result<std::string> read_template(const std::string& path) {
  Result<std::string> text = read_text(path, kMaxPromptBytes);
  if (!text && tokenizer::jinja_of_template(path)) {
    return invalid("--template names a file with holes, and there is no file '" + path +
                   "'; the chat template of that name is chosen with --chat-template " + path);
  }
  return text;
}

}  // namespace

Result<actors::JobInput> JobOptions::template_input() const {
  using infilling::Format;
  if (raw) return invalid("--raw is about the text of a prompt; a template without one is raw");
  if (!tokens_file.empty()) {
    return invalid("--tokens-file is the whole input of a job, and so is a template");
  }
  if (prompt && !messages_file.empty()) {
    return invalid("give a prompt or --messages beside a template: only one of them");
  }
  const struct {
    const std::string& file;
    Format format;
  } given[] = {{template_file, Format::kText},
               {json_template_file, Format::kJson},
               {json_schema_file, Format::kJsonSchema}};
  actors::TemplateInput input;
  int num_given = 0;
  for (const auto& [file, format] : given) {
    if (file.empty()) continue;
    if (++num_given > 1) {
      return invalid("give --template, --json-template or --json-schema: only one of them");
    }
    Result<std::string> text = read_template(file);
    if (!text) return text.error();
    input.text = std::move(*text);
    input.format = format;
  }
  if (!messages_file.empty()) {
    Result<std::vector<tokenizer::ChatMessage>> chat = read_chat(messages_file);
    if (!chat) return chat.error();
    input.messages = std::move(*chat);
  } else if (prompt) {
    Result<std::string> text =
        *prompt == "-" ? read_text("-", kMaxPromptBytes) : Result<std::string>(*prompt);
    if (!text) return text.error();
    input.messages.push_back({"user", std::move(*text)});
  }
  const auto parsed = infilling::parse_template(input.text, input.format);
  if (!parsed) return parsed.error();
  return input;
}

Result<actors::JobInput> JobOptions::input() const {
  if (!template_file.empty() || !json_template_file.empty() || !json_schema_file.empty()) {
    return template_input();
  }
  if (int(prompt.has_value()) + int(!messages_file.empty()) + int(!tokens_file.empty()) > 1) {
    return invalid("give a prompt, --messages or --tokens-file: only one of them");
  }
  if (!messages_file.empty() || !tokens_file.empty()) {
    if (raw) return invalid("--raw is about the text of a prompt");
  }
  if (!messages_file.empty()) {
    Result<std::vector<tokenizer::ChatMessage>> chat = read_chat(messages_file);
    if (!chat) return chat.error();
    return actors::ChatInput{std::move(*chat)};
  }
  if (!tokens_file.empty()) {
    Result<std::vector<std::int32_t>> tokens = read_tokens(tokens_file);
    if (!tokens) return tokens.error();
    return actors::TokenInput{std::move(*tokens), {}};
  }
  if (prompt && *prompt != "-") return actors::TextInput{*prompt, raw, special_tokens};

  if (isatty(STDIN_FILENO) == 1) std::fputs("Type the prompt, end with Ctrl-D:\n", stderr);
  Result<std::string> text = read_text("-", kMaxPromptBytes);
  if (!text) return text.error();
  // Who names stdin means what is in it; an empty stdin that nobody named is no prompt.
  if (text->empty() && !prompt) return invalid("no prompt: give one as an argument or on stdin");
  if (text->ends_with('\n')) text->pop_back();
  return actors::TextInput{std::move(*text), raw, special_tokens};
}

}  // namespace unmask::cli
