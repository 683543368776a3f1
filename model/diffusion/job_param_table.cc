#include <array>
#include <charconv>
#include <cmath>

#include "model/diffusion/job_params.h"

namespace unmask::diffusion {
namespace {

using enum ParamType;

constexpr std::size_t kHelpWidth = 100;
constexpr double kMaxPositions = 1 << 20;
constexpr double kMaxId = INT32_MAX;
constexpr double kMaxSeed = 9007199254740991.0;  // 2^53 - 1: exact in JSON numbers of any client

constexpr std::string_view kReferences =
    "driver=blockwise|hierarchy|llada_generate|fastdllm|fastdllm_original";

constexpr std::array kTable{
    JobParam{"gen_length", kInteger, "128", 1, kMaxPositions, "tokens", "", "",
             "how many positions are generated behind the prompt"},
    JobParam{"block_length", kInteger, "32", 1, kMaxPositions, "tokens", "", "",
             "positions that are decoded together; the last block may be shorter"},
    JobParam{"start_block_align", kBoolean, "false", 0, 0, "", "", "",
             "blocks start at multiples of block_length, not at the prompt's end"},
    JobParam{"strategy", kChoice, "threshold", 0, 0, "",
             "threshold|credit|fixed|factor|hierarchy|hierarchy_fast_v2|hierarchy_remask|"
             "fastdllm_threshold|fastdllm_fixed|llada_fixed",
             "", "which holes become tokens after a forward"},
    JobParam{"threshold", kNumber, "0.9", 0, 1, "", "",
             "strategy=threshold|hierarchy|hierarchy_fast_v2|hierarchy_remask|fastdllm_threshold",
             "confidence from which a token is taken; lower is faster, and worse"},
    JobParam{"low_threshold", kNumber, "0.4", 0, 1, "", "",
             "strategy=hierarchy|hierarchy_fast_v2|hierarchy_remask",
             "confidence above which the surest of a run of holes is taken"},
    JobParam{"remask_threshold", kNumber, "0.4", 0, 1, "", "", "strategy=hierarchy_remask",
             "confidence below which a position's token is taken back"},
    JobParam{"factor", kNumber, "1", 0, 1000, "", "", "strategy=factor",
             "the n-th surest is taken from a confidence of 1 - factor / (n + 1) on"},
    JobParam{"minimal_topk", kInteger, "1", 1, kMaxPositions, "tokens", "",
             "strategy=fastdllm_threshold", "so many are taken whatever their confidence"},
    JobParam{"steps", kInteger, "32", 1, kMaxPositions, "forwards", "", "strategy=fixed",
             "forwards per block; every one fills an equal share of its holes"},
    JobParam{"steps_total", kInteger, "", 1, kMaxPositions, "forwards", "", "strategy=fixed",
             "the same for all blocks together, in place of steps"},
    JobParam{"credit", kBoolean, "false", 0, 0, "", "", "",
             "tokens that were the best for several forwards gain confidence"},
    JobParam{"credit_alpha", kNumber, "0.65", 0, 10, "", "", "credit=true",
             "weight of the credit: ln(1 + credit) * credit_alpha is added to the logit"},
    JobParam{"decay_beta", kNumber, "0.7", 0, 1, "", "", "credit=true",
             "what is left of a credit after a forward"},
    JobParam{"boost_gamma", kNumber, "0.2", 0, 10, "", "", "credit=true",
             "a best token of probability p gains p ^ boost_gamma"},
    JobParam{
        "cache", kChoice, "", 0, 0, "", "none|prefix|dual|vicinity|block", "",
        "which keys and values are kept; none is exact, dual fast; block: for block-causal models"},
    JobParam{"prefix_look", kInteger, "16", 0, kMaxPositions, "positions", "", "cache=vicinity",
             "computed anew before the block"},
    JobParam{"after_look", kInteger, "16", 0, kMaxPositions, "positions", "", "cache=vicinity",
             "computed anew behind the block"},
    JobParam{"warmup_steps", kInteger, "4", 0, kMaxPositions, "forwards", "", "cache=vicinity",
             "without a cache at the start of a job"},
    JobParam{"cache_type", kChoice, "dual", 0, 0, "", "dual", "cache=vicinity",
             "of no effect: what is outside the vicinity is kept on both sides of it"},
    JobParam{"cache_update_freq", kInteger, "", 1, kMaxPositions, "forwards", "",
             "cache=prefix|dual|vicinity",
             "a refresh every so many forwards of a block, beside the one on entering it"},
    JobParam{"early_stop", kBoolean, "true", 0, 0, "", "", "",
             "end with the first end-of-text token, and do not fill the rest of gen_length"},
    JobParam{"seed", kInteger, "0", 0, kMaxSeed, "", "", "",
             "of the random numbers; the same seed gives the same text"},
    JobParam{"temperature", kNumber, "0", 0, 0, "", "", "",
             "0: always the surest token; nothing else is offered yet"},
    JobParam{"mask_id", kInteger, "", 0, kMaxId, "token id", "", "", "default: the model's"},
    JobParam{"eos_id", kInteger, "", 0, kMaxId, "token id", "", "", "default: the model's"},
    JobParam{"eot_id", kInteger, "", 0, kMaxId, "token id", "", "",
             "end of a turn, for confidence_eos_eot_inf"},
    JobParam{"logits_eos_inf", kBoolean, "false", 0, 0, "", "", "",
             "the end-of-text token is never chosen"},
    JobParam{"confidence_eos_eot_inf", kBoolean, "false", 0, 0, "", "", "",
             "the ends of text and turn are chosen last"},
    JobParam{"cfg_scale", kNumber, "0", 0, 0, "", "", "",
             "classifier-free guidance; only none, 0, is offered yet"},
    JobParam{"use_float64", kBoolean, "false", 0, 0, "", "", "strategy=threshold",
             "of no effect: confidences are always rounded from 64 bits"},
    JobParam{"remasking", kChoice, "low_confidence", 0, 0, "", "low_confidence", "",
             "which candidates count as sure: those of high probability"},
    JobParam{"driver", kChoice, "unmask", 0, 0, "",
             "unmask|blockwise|hierarchy|llada_generate|fastdllm|fastdllm_original", "",
             "whose habits the loop has: ours, or those of a reference, to compare with it"},
    JobParam{"unroll", kInteger, "", 1, kMaxPositions, "forwards", "", kReferences,
             "at most so many forwards before the block is looked at"},
    JobParam{"expected_tpf", kInteger, "", 0, kMaxPositions, "tokens", "", kReferences,
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

/// A line broken between words at kHelpWidth, what follows indented by `indent`.
std::string wrapped(std::string_view line, std::size_t indent) {
  std::string lines;
  std::size_t width = kHelpWidth;
  while (line.size() > width) {
    const std::size_t space = line.rfind(' ', width);
    lines += std::string(line.substr(0, space)) + "\n" + std::string(indent, ' ');
    line.remove_prefix(space + 1);
    width = kHelpWidth - indent;
  }
  return lines + std::string(line) + "\n";
}

/// "strategy a, b" of "strategy=a|b".
std::string conditions_of(const JobParam& param) {
  std::string text;
  for (const char c : param.applies_to)
    text += c == '=' ? " " : c == '|' ? ", " : std::string(1, c);
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
    std::string first = "  " + padded(std::string(param.name), 20);
    first += padded(
        "default " + (param.default_value.empty() ? "none" : std::string(param.default_value)), 24);
    first += range_of(param);
    if (!param.unit.empty()) first += " " + std::string(param.unit);
    help += wrapped(first, 46);
    help += "      " + std::string(param.help) + "\n";
    if (!param.applies_to.empty()) help += wrapped("      with " + conditions_of(param), 11);
  }
  return help;
}

}  // namespace unmask::diffusion
