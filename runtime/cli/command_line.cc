#include "runtime/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "runtime/base/nearest_name.h"

namespace unmask::cli {
namespace {

constexpr const char* kIsEmpty = "wants a value; this one is empty";

void describe(CLI::Option& option, const Flag& flag) {
  if (!flag.type.empty()) option.type_name(flag.type);
  if (flag.is_required) option.required();
  if (flag.is_hidden) option.group("");
  if (flag.has_commas) option.delimiter(',');
  if (!flag.environment.empty()) option.envname(flag.environment);
  if (!flag.one_of.empty()) option.check(CLI::IsMember(flag.one_of));
  if (flag.range) option.check(CLI::Range(flag.range->first, flag.range->second));
  if (flag.shows_default) option.capture_default_str();
}

/// The subcommand that the command line had reached.
const CLI::App& innermost(const CLI::App& app) {
  const std::vector<const CLI::App*> chosen =
      app.get_subcommands([](const CLI::App* sub) { return sub->parsed(); });
  return chosen.empty() ? app : innermost(*chosen.front());
}

std::string command_line_of(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent == nullptr ? app.get_name() : command_line_of(*parent) + " " + app.get_name();
}

std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(sub->get_name());
  }
  return names;
}

CommandDescription description_of(const CLI::App& app) {
  CommandDescription command{app.get_name(), app.get_description(), app.get_footer(), {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    const std::vector<std::string>& names = option->get_lnames();
    const std::string name = names.empty() ? option->get_name(true) : "--" + names.front();
    const bool is_flag = option->get_expected_max() == 0;
    command.flags.push_back(
        {name, option->get_description(), is_flag ? "" : option->get_type_name()});
  }
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    command.commands.push_back(description_of(*sub));
  }
  return command;
}

/// The first word of the line that nothing in it explains.
std::string unexpected(const CLI::App& app) {
  const std::vector<std::string> words = app.remaining(true);
  const CLI::App& command = innermost(app);
  const auto word = std::ranges::find_if(words, [](const auto& it) { return it != "--"; });
  if (word == words.end()) return "";
  if (word->starts_with('-')) {
    const std::string flag = word->substr(0, word->find('='));
    return "there is no flag '" + flag + "'" + did_you_mean(flag, flags_of(command));
  }
  const std::vector<std::string> commands = commands_of(command);
  if (!commands.empty()) {
    return "there is no command '" + *word + "'" + did_you_mean(*word, commands);
  }
  return "'" + *word + "' is one argument too many; text with spaces wants quotes";
}

}  // namespace

Command Command::add_command(const std::string& name, const std::string& help) {
  app_->require_subcommand(0, 1);  // so that no word behind a command is taken for another one
  return {*app_->add_subcommand(name, help), *exit_code_};
}

void Command::set_group(const std::string& heading) { app_->group(heading); }

void Command::set_footer(const std::string& text) { app_->footer(text); }

void Command::set_action(std::function<int()> action) {
  app_->callback([app = app_, exit_code = exit_code_, action = std::move(action)] {
    if (app->get_subcommands().empty()) *exit_code = action();
  });
}

void Command::add(const Flag& flag, bool& value) {
  describe(*app_->add_flag(flag.name, value, flag.help), flag);
}

void Command::add(const Flag& flag, int& value) {
  describe(*app_->add_option(flag.name, value, flag.help), flag);
}

void Command::add(const Flag& flag, std::string& value) {
  CLI::Option* option = app_->add_option(flag.name, value, flag.help);
  const auto is_given = [](const std::string& given) {
    return std::string(given.empty() ? kIsEmpty : "");
  };
  option->check(CLI::Validator(is_given, ""));
  describe(*option, flag);
}

void Command::add(const Flag& flag, std::optional<std::string>& value) {
  const auto keep = [&value](const std::string& given) { value = given; };
  describe(*app_->add_option_function<std::string>(flag.name, keep, flag.help), flag);
}

void Command::add(const Flag& flag, std::vector<std::string>& values) {
  CLI::Option* option = app_->add_option(flag.name, values, flag.help);
  option->allow_extra_args(flag.takes_many);
  describe(*option, flag);
}

void Command::add(const Flag& flag, const Take& take) {
  const auto take_or_refuse = [take, name = flag.name](const std::string& value) {
    if (value.empty()) throw CLI::ValidationError(name, kIsEmpty);
    if (const Result<> taken = take(value); !taken) {
      throw CLI::ValidationError(name, taken.error().message);
    }
  };
  if (!flag.takes_many) {
    describe(*app_->add_option_function<std::string>(flag.name, take_or_refuse, flag.help), flag);
    return;
  }
  const auto take_all = [take_or_refuse](const std::vector<std::string>& values) {
    std::ranges::for_each(values, take_or_refuse);
  };
  CLI::Option* option =
      app_->add_option_function<std::vector<std::string>>(flag.name, take_all, flag.help);
  describe(*option, flag);
  option->type_size(1)->expected(-1);
}

void Command::needs(const std::string& flag, const std::string& other) {
  app_->get_option(flag)->needs(app_->get_option(other));
}

void Command::excludes(const std::string& flag, const std::string& other) {
  app_->get_option(flag)->excludes(app_->get_option(other));
}

CommandDescription Command::description() const { return description_of(*app_); }

CommandLine::CommandLine(const std::string& program, const std::string& help)
    : app_(std::make_unique<CLI::App>(help, program)) {}

CommandLine::~CommandLine() = default;

Command CommandLine::root() { return {*app_, exit_code_}; }

void CommandLine::set_version(const std::string& text) {
  app_->set_version_flag("--version", text);
}

ParsedLine CommandLine::parse(int argc, const char* const* argv) {
  using enum ParsedLine::Kind;
  const auto mistake = [this](const std::string& sentence) {
    return ParsedLine{
        .kind = kMistake, .text = sentence, .command = command_line_of(innermost(*app_))};
  };
  try {
    app_->parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return {.kind = kAsked, .text = app_->help()};
  } catch (const CLI::CallForVersion& version) {
    return {.kind = kAsked, .text = version.what() + std::string("\n")};
  } catch (const CLI::ExtrasError&) {
    return mistake(unexpected(*app_));
  } catch (const CLI::ParseError& error) {
    return mistake(error.what());
  }
  if (!commands_of(*app_).empty() && &innermost(*app_) == app_.get()) {
    return {.kind = kNoCommand, .text = app_->help()};
  }
  return {.kind = kRan, .exit_code = exit_code_};
}

ParsedLine CommandLine::help_on(std::span<const char* const> words) const {
  const CLI::App* app = app_.get();
  std::string above;
  for (const char* word : words) {
    const std::vector<const CLI::App*> found =
        app->get_subcommands([word](const CLI::App* sub) { return sub->get_name() == word; });
    if (found.empty()) {
      return {.kind = ParsedLine::Kind::kMistake,
              .text = "there is no command '" + std::string(word) + "'" +
                      did_you_mean(word, commands_of(*app)),
              .command = command_line_of(*app)};
    }
    above = command_line_of(*app);
    app = found.front();
  }
  return {.kind = ParsedLine::Kind::kAsked, .text = app->help(above)};
}

}  // namespace unmask::cli
