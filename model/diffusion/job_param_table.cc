#include <array>
#include <charconv>
#include <cmath>

#include "model/diffusion/job_params.h"

namespace unmask::diffusion {
namespace {

using enum ParamType;

constexpr double kMaxPositions = 1 << 20;
constexpr double kMaxId = INT32_MAX;
constexpr double kMaxSeed = 9007199254740991.0;  // 2^53 - 1: exact in JSON numbers of any client

constexpr std::array kTable{
    JobParam{"gen_length", kInteger, "128", 1, kMaxPositions, "tokens", "", "",
             "how many positions are generated behind the prompt"},
    JobParam{"block_length", kInteger, "32", 1, kMaxPositions, "tokens", "", "",
             "positions that are decoded together; the last block may be shorter"},
    JobParam{"start_block_align", kBoolean, "false", 0, 0, "", "", "",
             "blocks start at multiples of block_length, not at the prompt's end"},
    JobParam{"strategy", kChoice, "threshold", 0, 0, "", "threshold|fixed", "",
             "which holes become tokens after a forward"},
    JobParam{"threshold", kNumber, "0.9", 0, 1, "", "", "strategy=threshold",
             "confidence from which a token is taken; lower is faster, and worse"},
    JobParam{"steps", kInteger, "32", 1, kMaxPositions, "forwards", "", "strategy=fixed",
             "forwards per block; every one fills an equal share of its holes"},
    JobParam{"cache", kChoice, "none", 0, 0, "", "none|prefix|dual", "",
             "which keys and values are kept between forwards; none is exact, dual the fastest"},
    JobParam{"cache_update_freq", kInteger, "", 1, kMaxPositions, "forwards", "",
             "cache=prefix|dual",
             "a refresh every so many forwards of a block, beside the one on entering it"},
    JobParam{"early_stop", kBoolean, "true", 0, 0, "", "", "",
             "end with the first end-of-text token, and do not fill the rest of gen_length"},
    JobParam{"seed", kInteger, "0", 0, kMaxSeed, "", "", "",
             "of the random numbers; the same seed gives the same text"},
    JobParam{"temperature", kNumber, "0", 0, 0, "", "", "",
             "0: always the surest token; nothing else is offered yet"},
    JobParam{"mask_id", kInteger, "", 0, kMaxId, "token id", "", "", "default: the model's"},
    JobParam{"eos_id", kInteger, "", 0, kMaxId, "token id", "", "", "default: the model's"},
    JobParam{"use_float64", kBoolean, "false", 0, 0, "", "", "strategy=threshold",
             "of no effect: confidences are always rounded from 64 bits"},
    JobParam{"remasking", kChoice, "low_confidence", 0, 0, "", "low_confidence", "",
             "which candidates count as sure: those of high probability"},
    JobParam{"driver", kChoice, "unmask", 0, 0, "", "unmask|blockwise", "",
             "whose habits the loop has: ours, or those of a reference, to compare with it"},
    JobParam{"unroll", kInteger, "4", 1, kMaxPositions, "forwards", "", "driver=blockwise",
             "at most so many forwards before the block is looked at"},
    JobParam{"expected_tpf", kInteger, "8", 1, kMaxPositions, "tokens", "", "driver=blockwise",
             "per forward: holes / expected_tpf forwards before the block is looked at"},
};

std::string shown_number(double number) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  const std::string_view text(digits.data(), end);
  if (number == std::floor(number) && std::abs(number) < 1e18) {
    return std::to_string(std::int64_t(number));
  }
  return std::string(text);
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size() + 2, width), ' ');
  return text;
}

}  // namespace

std::span<const JobParam> job_param_table() { return kTable; }

std::string range_of(const JobParam& param) {
  if (param.type == kBoolean) return "true or false";
  if (param.type == kChoice) {
    std::string choices(param.choices);
    for (std::size_t at = 0; (at = choices.find('|', at)) != std::string::npos; at += 2) {
      choices.replace(at, 1, ", ");
    }
    return choices;
  }
  if (param.min == param.max) return shown_number(param.min);
  return shown_number(param.min) + " to " + shown_number(param.max);
}

std::string job_params_help() {
  std::string help = "Parameters of a job, by --set name=value:\n\n";
  for (const JobParam& param : kTable) {
    help += "  " + padded(std::string(param.name), 20);
    help += padded(
        "default " + (param.default_value.empty() ? "none" : std::string(param.default_value)), 24);
    help += range_of(param);
    if (!param.unit.empty()) help += " " + std::string(param.unit);
    help += "\n      " + std::string(param.help);
    if (!param.applies_to.empty()) help += " [" + std::string(param.applies_to) + "]";
    help += "\n";
  }
  return help;
}

}  // namespace unmask::diffusion
