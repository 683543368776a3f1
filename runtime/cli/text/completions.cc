#include "runtime/cli/text/completions.h"

#include <algorithm>
#include <functional>

namespace unmask::cli {
namespace {

/// `visit(path, command)` for a command and all below it; the path of "unmask config show" is
/// " config show".
using Visit = std::function<void(const std::string& path, const CommandDescription& command)>;
void each_command(const CommandDescription& command, const std::string& path, const Visit& visit) {
  visit(path, command);
  for (const CommandDescription& sub : command.commands) {
    each_command(sub, path + " " + sub.name, visit);
  }
}

/// What a shell reads as `text` between single quotes.
std::string in_quotes(const std::string& text) {
  std::string safe = "'";
  for (const char c : text) safe += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return safe + "'";
}

/// Which of the words so far name a command: the variable `at` becomes its path.
std::string find_command(const CommandDescription& program, const std::string& loop) {
  std::string paths;
  each_command(program, "", [&](const std::string& path, const auto&) {
    if (!path.empty()) paths += (paths.empty() ? "" : "|") + in_quotes(path);
  });
  return "  local at='' word\n  for word in " + loop + "; do\n    case \"$at $word\" in\n      " +
         paths + ") at=\"$at $word\" ;;\n    esac\n  done\n";
}

bool is_word(const CommandDescription::FlagDescription& flag) {
  return !flag.name.starts_with('-');
}

std::string description_for_zsh(const std::string& name, const std::string& help) {
  std::string safe;
  for (const char c : help) safe += c == ':' ? std::string("\\:") : std::string(1, c);
  return in_quotes(name + ":" + safe);
}

}  // namespace

std::string bash_completion(const CommandDescription& program) {
  std::string cases;
  each_command(program, "", [&](const std::string& path, const CommandDescription& command) {
    std::string words;
    for (const CommandDescription& sub : command.commands) words += " " + sub.name;
    for (const auto& flag : command.flags) {
      if (!is_word(flag)) words += " " + flag.name;
    }
    cases += "    " + in_quotes(path) + ") known=" + in_quotes(words) + " ;;\n";
  });
  return "# Completions of " + program.name + " for bash.\n_" + program.name + "() {\n" +
         find_command(program, "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\"") +
         "  local known=''\n  case \"$at\" in\n" + cases +
         "  esac\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\"\n"
         "  COMPREPLY=($(compgen -W \"$known\" -- \"$current\"))\n"
         "  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$current\"))\n"
         "}\ncomplete -o filenames -F _" +
         program.name + " " + program.name + "\n";
}

std::string zsh_completion(const CommandDescription& program) {
  std::string cases;
  each_command(program, "", [&](const std::string& path, const CommandDescription& command) {
    cases += "    " + in_quotes(path) + ") known=(";
    for (const CommandDescription& sub : command.commands) {
      cases += "\n      " + description_for_zsh(sub.name, sub.help);
    }
    for (const auto& flag : command.flags) {
      if (!is_word(flag)) cases += "\n      " + description_for_zsh(flag.name, flag.help);
    }
    cases += ") ;;\n";
  });
  return "#compdef " + program.name + "\n_" + program.name + "() {\n" +
         find_command(program, "\"${(@)words[2,CURRENT-1]}\"") +
         "  local -a known\n  case \"$at\" in\n" + cases + "  esac\n  _describe " + program.name +
         " known || _files\n}\n_" + program.name + " \"$@\"\n";
}

std::string fish_completion(const CommandDescription& program) {
  std::string text = "# Completions of " + program.name + " for fish.\n";
  const std::string complete = "complete -c " + program.name + " -n ";
  each_command(program, "", [&](const std::string& path, const CommandDescription& command) {
    std::string here = "__fish_use_subcommand";
    if (!path.empty()) {
      here.clear();
      for (std::size_t at = 0; at < path.size();) {
        const std::size_t end = std::min(path.find(' ', at + 1), path.size());
        here += std::string(here.empty() ? "" : "; and ") + "__fish_seen_subcommand_from" +
                path.substr(at, end - at);
        at = end;
      }
    }
    for (const CommandDescription& sub : command.commands) {
      text +=
          complete + in_quotes(here) + " -f -a " + sub.name + " -d " + in_quotes(sub.help) + "\n";
    }
    for (const auto& flag : command.flags) {
      if (is_word(flag)) continue;
      text += complete + in_quotes(here) + " -l " + flag.name.substr(2) +
              (flag.type.empty() ? "" : " -r") + " -d " + in_quotes(flag.help) + "\n";
    }
  });
  return text;
}

}  // namespace unmask::cli
