#include "runtime/cli/eval/report_plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <vector>

#include "runtime/cli/eval/plot_axis.h"
#include "runtime/cli/text/characters.h"

namespace unmask::cli {
namespace {

constexpr double kLeft = 60, kTop = 44, kWidth = 480, kHeight = 330;  // of the axes' rectangle
constexpr double kLegend = kLeft + kWidth + 24, kLegendRow = 16;
/// Told apart by those who see few colors, too (Okabe and Ito).
constexpr std::array<const char*, 7> kColors{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                             "#e69f00", "#56b4e9", "#000000"};

template <typename... Values>
std::string drawn(const char* format, Values... values) {
  char text[512];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : printable(text)) {
    safe += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  }
  return safe;
}

struct Plot {
  PlotAxis x, y;

  [[nodiscard]] double left(const Score& score) const {
    return kLeft + kWidth * x.part(score.tokens_per_forward());
  }
  [[nodiscard]] double top(double percent) const { return kTop + kHeight * (1 - y.part(percent)); }
};

Plot plot_of(const EvalReport& report) {
  double fastest = 1, lowest = 100;
  for (const VariantScore& score : report.variants) {
    fastest = std::max(fastest, score.all.tokens_per_forward());
    lowest = std::min(lowest, 100 * score.all.interval().low);
  }
  return {axis_over(0, fastest * 1.05), axis_over(lowest, 100)};
}

std::string axes(const Plot& plot) {
  std::string svg;
  const double bottom = kTop + kHeight;
  for (double value = plot.x.low; value <= plot.x.high + 1e-9; value += plot.x.step) {
    const double at = kLeft + kWidth * plot.x.part(value);
    svg += drawn(
        "<path d='M%.1f %.1fV%.1f' stroke='#ddd'/><text x='%.1f' y='%.1f' "
        "text-anchor='middle'>%g</text>\n",
        at, kTop, bottom, at, bottom + 16, value);
  }
  for (double value = plot.y.low; value <= plot.y.high + 1e-9; value += plot.y.step) {
    const double at = plot.top(value);
    svg += drawn(
        "<path d='M%.1f %.1fH%.1f' stroke='#ddd'/><text x='%.1f' y='%.1f' "
        "text-anchor='end'>%g</text>\n",
        kLeft, at, kLeft + kWidth, kLeft - 6, at + 4, value);
  }
  svg += drawn("<text x='%.1f' y='%.1f' text-anchor='middle'>tokens per forward</text>\n",
               kLeft + kWidth / 2, bottom + 36);
  svg += drawn(
      "<text transform='translate(16 %.1f) rotate(-90)' text-anchor='middle'>right, %%"
      "</text>\n",
      kTop + kHeight / 2);
  return svg;
}

std::string frontier_line(const EvalReport& report, const Plot& plot) {
  std::vector<const Score*> best;
  for (const VariantScore& score : report.variants) {
    if (score.is_on_frontier) best.push_back(&score.all);
  }
  std::ranges::sort(best, {}, [](const Score* score) { return score->tokens_per_forward(); });
  std::string path;
  for (const Score* score : best) {
    path += drawn("%s%.1f %.1f", path.empty() ? "M" : "L", plot.left(*score),
                  plot.top(100 * score->share_right()));
  }
  return "<path d='" + path + "' fill='none' stroke='#888' stroke-dasharray='4 3'/>\n";
}

const char* variant_color(const EvalReport& report, const Variant& variant) {
  std::vector<std::string> strategies;
  for (const VariantScore& score : report.variants) {
    if (std::ranges::find(strategies, score.variant.strategy) == strategies.end()) {
      strategies.push_back(score.variant.strategy);
    }
  }
  const auto at = std::ranges::find(strategies, variant.strategy) - strategies.begin();
  return kColors[std::size_t(at) % kColors.size()];
}

std::string marker(double x, double y, const char* color, bool smoothing) {
  return drawn("<circle cx='%.1f' cy='%.1f' r='4.5' fill='%s' stroke='%s' stroke-width='2'/>", x, y,
               smoothing ? "#fff" : color, color);
}

std::string point(const Plot& plot, const VariantScore& score, const char* color) {
  const Interval interval = score.all.interval();
  const double x = plot.left(score.all), y = plot.top(100 * score.all.share_right());
  return drawn("<path d='M%.1f %.1fV%.1f' stroke='%s' stroke-opacity='.5'/>", x,
               plot.top(100 * interval.low), plot.top(100 * interval.high), color) +
         marker(x, y, color, score.variant.smoothing) + "\n";
}

/// The numbers of the points; those that lie on each other share a label.
std::string labels(const EvalReport& report, const Plot& plot) {
  struct Label {
    double x, y;
    std::string text;
  };
  std::vector<Label> placed;
  for (std::size_t i = 0; i < report.variants.size(); ++i) {
    const Score& score = report.variants[i].all;
    const double x = plot.left(score), y = plot.top(100 * score.share_right());
    const auto near = std::ranges::find_if(placed, [&](const Label& label) {
      return std::abs(label.x - x) < 12 && std::abs(label.y - y) < 9;
    });
    const std::string number = std::to_string(i + 1);
    if (near == placed.end()) {
      placed.push_back({x, y, number});
    } else {
      near->text += " " + number;
    }
  }
  std::string svg;
  for (const auto& [x, y, text] : placed) {
    svg += drawn("<text x='%.1f' y='%.1f' font-size='10'>", x + 7, y - 5) + text + "</text>\n";
  }
  return svg;
}

}  // namespace

std::string report_plot(const EvalReport& report) {
  const Plot plot = plot_of(report);
  std::string points, legend;
  std::size_t number = 0;
  for (const VariantScore& score : report.variants) {
    const char* color = variant_color(report, score.variant);
    const double y = kTop + kLegendRow * double(number) + 8;
    ++number;
    points += point(plot, score, color);
    legend += marker(kLegend, y - 4, color, score.variant.smoothing) +
              drawn("<text x='%.1f' y='%.1f' font-size='11'>%zu ", kLegend + 10, y, number) +
              escaped(score.variant.name()) + "</text>\n";
  }
  const double height = std::max(kTop + kHeight + 50, kTop + kLegendRow * double(number) + 16);
  return drawn(
             "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 860 %.0f' width='860' "
             "height='%.0f' font-family='sans-serif' font-size='12' fill='#222'>\n"
             "<rect width='100%%' height='100%%' fill='#fff'/>\n",
             height, height) +
         drawn("<text x='%.1f' y='24' font-size='15'>", kLeft) + escaped(report.model) +
         ": right over tokens per forward</text>\n" + axes(plot) + frontier_line(report, plot) +
         points + labels(report, plot) + legend + "</svg>\n";
}

}  // namespace unmask::cli
