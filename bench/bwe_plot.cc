#include "bench/bwe_plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string_view>

namespace sluice::bench {
namespace {

using test::BweOutcome;
using test::BweSample;

constexpr double kWidth = 1100;
constexpr double kLeft = 80;
constexpr double kRight = 30;
constexpr double kTitle = 46;
constexpr double kRates = 330;  // height of the upper part
constexpr double kGap = 34;
constexpr double kQueue = 140;
constexpr double kLegend = 86;
constexpr double kHeight = kTitle + kRates + kGap + kQueue + kLegend + 24;
// Distinguishable by people who do not see all colours (Okabe and Ito).
constexpr std::array<std::string_view, 6> kColours = {"#0072b2", "#d55e00", "#009e73",
                                                      "#cc79a7", "#56b4e9", "#e69f00"};

std::string Format(const char* format, double a, double b = 0, double c = 0, double d = 0) {
  std::array<char, 512> text;
  std::snprintf(text.data(), text.size(), format, a, b, c, d);
  return text.data();
}

std::string Escape(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '<') {
      escaped += "&lt;";
    } else if (letter == '&') {
      escaped += "&amp;";
    } else {
      escaped += letter;
    }
  }
  return escaped;
}

// One of the two coordinate systems.
class Panel {
 public:
  Panel(double top, double height, double seconds, double largest)
      : top_(top), height_(height), seconds_(seconds), step_(Step(largest, height / 55)) {
    largest_ = std::ceil(largest / step_) * step_;
  }

  double X(double seconds) const {
    return kLeft + (kWidth - kLeft - kRight) * std::min(seconds / seconds_, 1.0);
  }
  double Y(double value) const {
    return top_ + height_ * (1 - std::clamp(value / largest_, 0.0, 1.0));
  }

  std::string Axes(std::string_view label, double scale) const {
    std::string svg;
    for (double value = 0; value <= largest_ * 1.001; value += step_) {
      svg += Format("<line x1='%.0f' x2='%.0f' y1='%.1f' y2='%.1f' class='grid'/>", kLeft,
                    kWidth - kRight, Y(value), Y(value));
      svg += Format("<text x='%.0f' y='%.1f' class='tick' text-anchor='end'>%.4g</text>\n",
                    kLeft - 8, Y(value) + 4, value * scale);
    }
    const double every = Step(seconds_, 12);
    for (double at = 0; at <= seconds_ * 1.001; at += every) {
      svg += Format("<line x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f' class='grid'/>", X(at), X(at),
                    top_, top_ + height_);
      svg += Format("<text x='%.1f' y='%.1f' class='tick' text-anchor='middle'>%.0f</text>\n",
                    X(at), top_ + height_ + 16, at);
    }
    svg += Format(
        "<text transform='translate(22 %.1f) rotate(-90)' class='label' "
        "text-anchor='middle'>",
        top_ + height_ / 2);
    return svg + std::string(label) + "</text>\n";
  }

  std::string Line(const BweOutcome& outcome, const std::function<double(const BweSample&)>& value,
                   const std::string& style) const {
    std::string svg = "<polyline fill='none' " + style + " points='";
    for (const BweSample& sample : outcome.samples) {
      svg += Format("%.1f,%.1f ", X(sample.at), Y(value(sample)));
    }
    return svg + "'/>\n";
  }

 private:
  // A round distance between lines, so that there are about `count` of them.
  static double Step(double largest, double count) {
    const double raw = std::max(largest, 1e-9) / count;
    const double power = std::pow(10, std::floor(std::log10(raw)));
    for (const double factor : {1.0, 2.0, 2.5, 5.0}) {
      if (raw <= factor * power) return factor * power;
    }
    return 10 * power;
  }

  double top_;
  double height_;
  double seconds_;
  double step_;
  double largest_ = 1;
};

std::string Stroke(std::string_view colour, const char* rest) {
  return "stroke='" + std::string(colour) + "' " + rest;
}

std::string_view Colour(size_t flow) { return kColours[flow % kColours.size()]; }

double Largest(const BweOutcome& outcome) {
  double largest = 0;
  for (const BweSample& sample : outcome.samples) largest = std::max(largest, sample.capacity);
  return largest * 1.3;
}

double LargestQueue(const BweOutcome& outcome) {
  double largest = 120;
  for (const BweSample& sample : outcome.samples) largest = std::max(largest, sample.backlog);
  return largest;
}

// The mean of half a second: frames make single samples jump.
std::function<double(const BweSample&)> Smooth(const BweOutcome& outcome,
                                               std::function<double(const BweSample&)> value) {
  return [&outcome, value = std::move(value)](const BweSample& sample) {
    return test::MeanOf(outcome, sample.at - 0.5 - 1e-6, sample.at + 1e-6, value);
  };
}

class Legend {
 public:
  void Add(const std::string& style, std::string_view text) {
    if (x_ > kWidth - 220) {
      x_ = kLeft;
      y_ += 20;
    }
    svg_ += Format("<line x1='%.0f' x2='%.0f' y1='%.0f' y2='%.0f' ", x_, x_ + 28, y_, y_) + style +
            "/>" + Format("<text x='%.0f' y='%.0f' class='tick'>", x_ + 34, y_ + 4) + Escape(text) +
            "</text>\n";
    x_ += 190;
  }
  const std::string& svg() const { return svg_; }

 private:
  double x_ = kLeft;
  double y_ = kHeight - kLegend + 22;
  std::string svg_;
};

std::string Rates(const BweOutcome& outcome, const Panel& panel, Legend& legend) {
  const std::string capacity = Stroke("#444444", "stroke-width='2' stroke-dasharray='7 4'");
  std::string svg = panel.Line(
      outcome, [](const BweSample& sample) { return sample.capacity; }, capacity);
  legend.Add(capacity, "capacity");
  for (size_t i = 0; i < outcome.scenario.flows.size(); ++i) {
    const std::string name =
        outcome.scenario.flows.size() == 1 ? "" : " of flow " + std::to_string(i + 1);
    const std::string rate = Stroke(Colour(i), "stroke-width='1.6'");
    const std::string estimate =
        Stroke(Colour(i), "stroke-width='1' stroke-dasharray='2 2' opacity='0.9'");
    svg += panel.Line(outcome, Smooth(outcome, [i](const BweSample& s) { return s.flows[i].sent; }),
                      rate);
    svg += panel.Line(
        outcome, [i](const BweSample& sample) { return sample.flows[i].estimate; }, estimate);
    legend.Add(rate, "sending rate" + name);
    legend.Add(estimate, "estimate" + name);
  }
  if (outcome.scenario.tcps.empty()) return svg;
  const std::string tcp = Stroke("#999999", "stroke-width='1.4'");
  svg += panel.Line(outcome, Smooth(outcome, [](const BweSample& s) { return s.tcp; }), tcp);
  legend.Add(tcp, "TCP");
  return svg;
}

std::string Summary(const BweOutcome& outcome) {
  return Format("utilisation %.1f %%, queueing delay p95 %.0f ms, loss %.2f %%, convergence %.1f s",
                100 * outcome.utilisation, outcome.queue_p95, 100 * outcome.loss,
                outcome.convergence);
}

}  // namespace

std::string PlotBweOutcome(const BweOutcome& outcome) {
  const double seconds = outcome.samples.back().at;
  const Panel rates(kTitle, kRates, seconds, Largest(outcome));
  const Panel queue(kTitle + kRates + kGap, kQueue, seconds, LargestQueue(outcome));
  Legend legend;
  std::string svg = Format(
      "<svg xmlns='http://www.w3.org/2000/svg' width='%.0f' height='%.0f' viewBox='0 0 %.0f "
      "%.0f'>\n",
      kWidth, kHeight, kWidth, kHeight);
  svg +=
      "<style>text{font-family:sans-serif;fill:#222}.title{font-size:17px;font-weight:bold}"
      ".tick{font-size:12px}.label{font-size:13px}.grid{stroke:#ddd;stroke-width:1}</style>\n"
      "<rect width='100%' height='100%' fill='white'/>\n";
  svg += Format("<text x='%.0f' y='20' class='title'>", kLeft) + Escape(outcome.scenario.title) +
         "</text>\n";
  svg += Format("<text x='%.0f' y='38' class='tick'>", kLeft) + Summary(outcome) + "</text>\n";
  svg += rates.Axes("rate, Mbit/s", 1e-3);
  svg += queue.Axes("queue, ms", 1);
  svg += Rates(outcome, rates, legend);
  const std::string backlog = Stroke("#7f3c8d", "stroke-width='1.2'");
  svg += queue.Line(
      outcome, [](const BweSample& sample) { return sample.backlog; }, backlog);
  legend.Add(backlog, "queueing delay");
  svg += legend.svg();
  svg +=
      Format("<text x='%.1f' y='%.1f' class='label' text-anchor='middle'>time, s</text>\n</svg>\n",
             kLeft + (kWidth - kLeft - kRight) / 2, kTitle + kRates + kGap + kQueue + 36);
  return svg;
}

}  // namespace sluice::bench
