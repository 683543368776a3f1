#include "runtime/cli/chat/chat_line.h"

#include <algorithm>
#include <array>

namespace unmask::cli {
namespace {

struct ChatCommand {
  std::string_view name;
  ChatLine::Kind kind;
  std::string_view argument;
  std::string_view help;
};

constexpr std::array kCommands{
    ChatCommand{"set", ChatLine::Kind::kSet, "NAME=VALUE",
                "a parameter, as --set; alone: what is set"},
    ChatCommand{"system", ChatLine::Kind::kSystem, "TEXT",
                "what the model is told before the conversation; alone: nothing"},
    ChatCommand{"retry", ChatLine::Kind::kRetry, "", "the last answer once more"},
    ChatCommand{"clear", ChatLine::Kind::kClear, "", "a new conversation"},
    ChatCommand{"save", ChatLine::Kind::kSave, "FILE",
                "write the conversation, as `unmask run --messages` reads it"},
    ChatCommand{"help", ChatLine::Kind::kHelp, "", "this list"},
    ChatCommand{"exit", ChatLine::Kind::kExit, "", "leave, as Ctrl-D does"},
};

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") + 1 - first);
}

}  // namespace

ChatLine read_chat_line(std::string_view line) {
  const std::string_view text = trimmed(line);
  if (text.empty()) return {};
  if (text.starts_with("//")) return {ChatLine::Kind::kSay, std::string(text.substr(1))};
  if (!text.starts_with('/')) return {ChatLine::Kind::kSay, std::string(text)};
  const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view name = text.substr(1, end - 1);
  const auto* const command = std::ranges::find(kCommands, name, &ChatCommand::name);
  if (command == kCommands.end()) return {ChatLine::Kind::kUnknown, std::string(name)};
  return {command->kind, std::string(trimmed(text.substr(end)))};
}

std::string chat_help() {
  constexpr std::size_t kWidth = 20;
  std::string help;
  for (const ChatCommand& command : kCommands) {
    std::string usage = "/" + std::string(command.name);
    if (!command.argument.empty()) usage += " " + std::string(command.argument);
    usage.resize(std::max(usage.size() + 1, kWidth), ' ');
    help += usage + std::string(command.help) + "\n";
  }
  return help + "//text              say a text that begins with a slash\n";
}

}  // namespace unmask::cli
