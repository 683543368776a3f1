#include "runtime/cli/text/man_page.h"

#include <string_view>

namespace unmask::cli {
namespace {

/// Text as roff shows it: no character of it is a command.
std::string plain(std::string_view text) {
  std::string safe;
  bool begins_line = true;
  for (const char c : text) {
    if (begins_line && (c == '.' || c == '\'')) safe += "\\&";
    if (c == '\\') {
      safe += "\\e";
    } else if (c == '-') {
      safe += "\\-";
    } else {
      safe += c;
    }
    begins_line = c == '\n';
  }
  return safe;
}

/// Lines that stay as they are.
std::string verbatim(const std::string& text) {
  return text.empty() ? "" : ".PP\n.nf\n" + plain(text) + "\n.fi\n";
}

std::string flags_of(const CommandDescription& command) {
  std::string text;
  for (const auto& flag : command.flags) {
    text += ".TP\n\\fB" + plain(flag.name) + "\\fR" +
            (flag.type.empty() ? "" : " \\fI" + plain(flag.type) + "\\fR") + "\n" +
            plain(flag.help) + "\n";
  }
  return text;
}

std::string commands_of(const CommandDescription& command, const std::string& above) {
  std::string text;
  for (const CommandDescription& sub : command.commands) {
    const std::string name = above + " " + sub.name;
    text += ".SS " + plain(name) + "\n" + plain(sub.help) + ".\n" + flags_of(sub);
    // A footer that is inherited stands above already.
    if (sub.footer != command.footer) text += verbatim(sub.footer);
    text += commands_of(sub, name);
  }
  return text;
}

}  // namespace

std::string man_page(const CommandDescription& program, const std::string& version) {
  return ".TH UNMASK 1 \"\" \"" + plain(program.name + " " + version) + "\" \"User Commands\"\n" +
         ".SH NAME\n" + plain(program.name) + " \\- " + plain(program.help) +
         "\n.SH SYNOPSIS\n\\fB" + plain(program.name) +
         "\\fR \\fICOMMAND\\fR [\\fIFLAGS\\fR]\n.SH OPTIONS\n" + flags_of(program) +
         ".SH COMMANDS\n" + commands_of(program, program.name) + ".SH NOTES\n" +
         verbatim(program.footer);
}

}  // namespace unmask::cli
