/// What a program takes on its command line, as plain values bound to variables.
///
/// CLI11 reads it, and only command_line.cc includes that: it takes seconds in every source.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/result.h"

namespace CLI {
class App;
}

namespace unmask::cli {

/// How help shows a flag, and which values it takes.
struct Flag {
  std::string name;  ///< "--model"; without dashes: the word in its place
  std::string help = {};
  std::string type = {};  ///< of the value, in help; empty: TEXT or INT
  bool is_required = false;
  bool is_hidden = false;                         ///< from help
  bool shows_default = false;                     ///< the value that its variable has
  bool takes_many = false;                        ///< of a list: each time all words up to a flag
  bool has_commas = false;                        ///< of a list: they part its values
  std::string environment = {};                   ///< a variable that counts if the flag is absent
  std::vector<std::string> one_of = {};           ///< the only values; empty: all
  std::optional<std::pair<int, int>> range = {};  ///< the least and the greatest value
};

/// What a command is, for whoever writes about it: manual pages, completions.
struct CommandDescription {
  struct FlagDescription {
    std::string name;  ///< "--model"; without dashes: the word in its place
    std::string help;
    std::string type;  ///< of its value; empty: it takes none
  };
  std::string name;
  std::string help;
  std::string footer;
  std::vector<FlagDescription> flags;  ///< without those that are hidden
  std::vector<CommandDescription> commands;
};

/// A command, or the program itself. What is bound to it outlives the parsing.
class Command {
 public:
  Command(CLI::App& app, int& exit_code) : app_(&app), exit_code_(&exit_code) {}

  /// Inherits a footer that is there already.
  Command add_command(const std::string& name, const std::string& help);

  /// The heading under which help lists it.
  void set_group(const std::string& heading);
  void set_footer(const std::string& text);

  /// Returns the exit code. Runs when the line names this command and none below it.
  void set_action(std::function<int()> action);

  void add(const Flag& flag, bool& value);
  void add(const Flag& flag, int& value);
  /// Never empty: to give an empty value is a mistake, not the same as to leave it out.
  void add(const Flag& flag, std::string& value);
  /// Nothing if it is not given; an empty text is one that is given.
  void add(const Flag& flag, std::optional<std::string>& value);
  void add(const Flag& flag, std::vector<std::string>& values);

  /// Takes one value, which is not empty; an error is a mistake on the line.
  using Take = std::function<Result<>(const std::string&)>;
  void add(const Flag& flag, const Take& take);

  /// `flag` is a mistake without `other`. Both have been added.
  void needs(const std::string& flag, const std::string& other);
  /// `flag` and `other` are a mistake together. Both have been added.
  void excludes(const std::string& flag, const std::string& other);

  /// With everything that was added below it so far.
  [[nodiscard]] CommandDescription description() const;

 private:
  CLI::App* app_;
  int* exit_code_;
};

/// What came of a line.
struct ParsedLine {
  enum class Kind : std::uint8_t {
    kRan,        ///< its command ran, or there are none: exit_code
    kAsked,      ///< for help or the version: text
    kNoCommand,  ///< but there are some: text is the help
    kMistake,    ///< text is a sentence, command what `--help` would explain
  };
  Kind kind;
  int exit_code = 0;
  std::string text = {};
  std::string command = {};  ///< "unmask config show"
};

class CommandLine {
 public:
  CommandLine(const std::string& program, const std::string& help);
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;
  ~CommandLine();

  [[nodiscard]] Command root();

  /// What `--version` answers.
  void set_version(const std::string& text);

  /// Reads the line and runs the action of its command.
  ParsedLine parse(int argc, const char* const* argv);

  /// What `--help` answers behind these words: the names of a command and of those above it.
  [[nodiscard]] ParsedLine help_on(std::span<const char* const> words) const;

 private:
  std::unique_ptr<CLI::App> app_;
  int exit_code_ = 0;
};

}  // namespace unmask::cli
