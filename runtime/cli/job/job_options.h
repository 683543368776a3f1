#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/messages.h"
#include "runtime/cli/command_line.h"

namespace unmask::cli {

/// The flags that `run` and `submit` share: what to generate, and how.
struct JobOptions {
  std::optional<std::string> prompt;  ///< "-": stdin; an empty one is the empty prompt
  std::string messages_file;
  std::string tokens_file;
  std::string template_file;  ///< a text with holes, which the prompt or the messages ask to fill
  std::string json_template_file;
  std::string json_schema_file;
  bool raw = false;
  bool special_tokens = false;
  bool json = false;
  std::vector<std::string> stop;
  std::string deadline;                       ///< 2s, 500ms, 1min; empty: none
  std::vector<actors::Parameter> parameters;  ///< of the named flags, in order of writing
  std::vector<std::string> set;               ///< name=value; after the named flags

  void add_to(Command command);
  /// Only what decides the tokens: not when to give up, and how to print.
  void add_generation_to(Command command);

  /// The job as a client submits it, with a fresh id and, if tokens are drawn and none is given, a
  /// fresh seed.
  ///
  /// Errors  kInvalidArgument: a flag's value, a file that is missing or malformed, no prompt
  [[nodiscard]] Result<actors::Submit> to_submit() const;

  /// The same for the jobs of a file, which bring their own input; the one here is an empty text
  /// that is meant as theirs.
  [[nodiscard]] Result<actors::Submit> to_submit_without_input() const;

  /// Says on stderr which seed to_submit() chose, for want of one: who wants the text again needs
  /// it.
  void tell_drawn_seed(const actors::Submit& submit) const;

 private:
  [[nodiscard]] Result<actors::JobInput> input() const;
  [[nodiscard]] Result<actors::JobInput> template_input() const;
};

}  // namespace unmask::cli
