#include "bench/forward_sink/report.h"

#include <algorithm>
#include <cstdio>

#include "bench/forward_sink/options.h"

namespace sluice::bench {
namespace {

std::string Cell(const SinkCost& cost) {
  // A figure of which no batch was undisturbed is none.
  if (cost.clean == 0) return "-";
  char text[64];
  std::snprintf(text, sizeof text, "%.0f / %.0f", cost.min, cost.median);
  return text;
}

// `nothing` where there is nothing to compare.
std::string Ratio(const SinkFigure& figure, const char* nothing) {
  if (figure.engine.clean == 0 || figure.bare.clean == 0) return nothing;
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", figure.ratio);
  return text;
}

std::string CostJson(const SinkCost& cost) {
  if (cost.clean == 0) return "null";
  char text[160];
  std::snprintf(text, sizeof text,
                "{\"min\": %.1f, \"median\": %.1f, \"batches\": %zu, \"disturbed\": %zu}", cost.min,
                cost.median, cost.clean, cost.disturbed);
  return text;
}

}  // namespace

double MedianOf(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[values.size() / 2];
}

std::string SinkTableHead() {
  return "CPU ns per forwarded packet, min / median of undisturbed batches\n"
         "cipher  receivers  train  left in   engine alone   engine and send     bare work   "
         "ratio\n";
}

std::string SinkTableRow(const SinkFigure& figure) {
  char text[200];
  std::snprintf(text, sizeof text, "%-6s %10zu %6zu %8.1f %14s %17s %13s %7s%s\n",
                std::string(CipherName(figure.cipher)).c_str(), figure.receivers, figure.train,
                figure.train_mean, Cell(figure.without_sending).c_str(),
                Cell(figure.engine).c_str(), Cell(figure.bare).c_str(), Ratio(figure, "-").c_str(),
                figure.losses != 0 ? "  (sockets lost packets)" : "");
  return text;
}

std::string SinkJson(const SinkFigure& figure) {
  char text[400];
  std::snprintf(text, sizeof text,
                "{\"bench\": \"forward_sink\", \"cipher\": \"%s\", \"receivers\": %zu, "
                "\"train\": %zu, \"feedback\": \"%s\", \"pictures\": \"%s\", \"train_mean\": %.2f, "
                "\"losses\": %zu, "
                "\"ratio\": %s, ",
                std::string(CipherName(figure.cipher)).c_str(), figure.receivers, figure.train,
                std::string(FeedbackName(figure.feedback)).c_str(),
                std::string(ShapeName(figure.pictures)).c_str(), figure.train_mean, figure.losses,
                Ratio(figure, "null").c_str());
  std::string json = text;
  json += "\"engine_ns\": " + CostJson(figure.engine) +
          ", \"without_sending_ns\": " + CostJson(figure.without_sending) +
          ", \"bare_ns\": " + CostJson(figure.bare) + "}";
  return json;
}

}  // namespace sluice::bench
