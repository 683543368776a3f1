#include "runtime/cli/eval/report_table.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <vector>

#include "runtime/cli/text/characters.h"

namespace unmask::cli {
namespace {

using TableRow = std::vector<std::string>;

/// sides: of each column, 'l' for texts, 'r' for numbers.
std::string markdown(const std::vector<TableRow>& rows, const std::string& sides) {
  std::vector<std::size_t> widths(rows.front().size(), 3);
  for (const TableRow& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const TableRow& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - row[i].size(), ' ');
      text += "| " + (sides[i] == 'l' ? row[i] + space : space + row[i]) + " ";
    }
    text += "|\n";
    if (&row != &rows.front()) continue;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string line(widths[i] - 1, '-');
      text += "| " + (sides[i] == 'l' ? "-" + line : line + ":") + " ";
    }
    text += "|\n";
  }
  return text;
}

std::string decimal(double number, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}

std::string percent(double share) { return decimal(100 * share, 1) + " %"; }

std::string or_dash(std::optional<double> number, int digits) {
  return number ? decimal(*number, digits) : "-";
}

/// A vertical bar would end the cell.
std::string cell(std::string_view text) {
  std::string plain = printable(text);
  std::ranges::replace(plain, '|', '/');
  return plain;
}

TableRow names_of(const Variant& variant) {
  return {cell(variant.strategy), cell(variant.cache), variant.smoothing ? "yes" : "-"};
}

std::string overall(const EvalReport& report) {
  std::vector<TableRow> rows{{"strategy", "cache", "smoothing", "best", "right", "95 %",
                              "tokens/forward", "forwards/item", "items"}};
  for (const auto& [variant, all, tasks, is_on_frontier] : report.variants) {
    TableRow row = names_of(variant);
    const Interval interval = all.interval();
    row.insert(row.end(),
               {is_on_frontier ? "*" : "", percent(all.share_right()),
                decimal(100 * interval.low, 1) + " to " + decimal(100 * interval.high, 1),
                decimal(all.tokens_per_forward(), 2), decimal(all.forwards_per_item(), 2),
                std::to_string(all.tried)});
    rows.push_back(std::move(row));
  }
  return markdown(rows, "llllrrrrr") +
         "\n*: no other is as often right with as many tokens per forward. 95 %: where the true "
         "share "
         "lies,\nby Wilson's interval.\n";
}

/// By task, tokens per forward behind the share.
std::string by_task(const EvalReport& report) {
  TableRow head{"strategy", "cache", "smoothing"};
  for (const auto& [task, published] : report.tasks) head.push_back(cell(task));
  std::vector<TableRow> rows{head};
  for (const VariantScore& score : report.variants) {
    TableRow row = names_of(score.variant);
    for (const Score& of_task : score.tasks) {
      row.push_back(of_task.tried == 0 ? "-"
                                       : percent(of_task.share_right()) + ", " +
                                             decimal(of_task.tokens_per_forward(), 1));
    }
    rows.push_back(std::move(row));
  }
  return "\nRight, and tokens per forward, of each task:\n\n" +
         markdown(rows, "lll" + std::string(report.tasks.size(), 'r'));
}

std::string beside_published(const EvalReport& report) {
  std::vector<TableRow> rows{{"task", "who", "right, %", "tokens/forward", "tokens/s", "source"}};
  for (std::size_t i = 0; i < report.tasks.size(); ++i) {
    const auto& [task, published] = report.tasks[i];
    if (published.empty()) continue;
    for (const VariantScore& score : report.variants) {
      const Score& ours = score.tasks[i];
      if (ours.tried == 0) continue;
      rows.push_back({cell(task), cell(report.model + ", " + score.variant.name()),
                      decimal(100 * ours.share_right(), 2), decimal(ours.tokens_per_forward(), 2),
                      ours.seconds > 0 ? decimal(double(ours.tokens) / ours.seconds, 1) : "-",
                      "here"});
    }
    for (const PublishedFigure& figure : published) {
      rows.push_back({cell(task), cell(figure.what), or_dash(figure.percent_right, 2),
                      or_dash(figure.tokens_per_forward, 2), or_dash(figure.tokens_per_second, 1),
                      cell(figure.source)});
    }
  }
  if (rows.size() == 1) return "";
  return "\nBeside what is published; our tokens/s are those of one job among those in "
         "flight:\n\n" +
         markdown(rows, "llrrrl");
}

}  // namespace

std::string report_table(const EvalReport& report) {
  std::string text = "# " + cell(report.model) + "\n\n" + overall(report);
  if (report.tasks.size() > 1) text += by_task(report);
  text += beside_published(report);
  if (!report.left_out.empty()) text += "\nLeft out:\n\n";
  for (const std::string& sentence : report.left_out) text += "- " + printable(sentence) + "\n";
  return text;
}

}  // namespace unmask::cli
