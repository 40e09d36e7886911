#include "mgmt/metric_families.hpp"

#include <prometheus/text_serializer.h>

#include <utility>

namespace quicether::mgmt {

prometheus::ClientMetric& MetricFamilies::add(std::string_view name,
                                              std::string_view help,
                                              prometheus::MetricType type,
                                              MetricLabels labels) {
  auto full_name = "quicether_" + std::string{name};
  auto& family = families_[full_name];
  if (family.metric.empty()) {
    family.name = std::move(full_name);
    family.help = help;
    family.type = type;
  }
  auto& metric = family.metric.emplace_back();
  metric.label = std::move(labels);
  return metric;
}

void MetricFamilies::gauge(std::string_view name,
                           std::string_view help,
                           double value,
                           MetricLabels labels) {
  add(name, help, prometheus::MetricType::Gauge, std::move(labels)).gauge.value = value;
}

void MetricFamilies::counter(std::string_view name,
                             std::string_view help,
                             double value,
                             MetricLabels labels) {
  add(name, help, prometheus::MetricType::Counter, std::move(labels)).counter.value = value;
}

void MetricFamilies::untyped(std::string_view name,
                             std::string_view help,
                             double value,
                             MetricLabels labels) {
  add(name, help, prometheus::MetricType::Untyped, std::move(labels)).untyped.value = value;
}

std::string MetricFamilies::text() const {
  std::vector<prometheus::MetricFamily> families;
  families.reserve(families_.size());
  for (const auto& [name, family] : families_) {
    families.push_back(family);
  }
  const prometheus::TextSerializer serializer;
  return serializer.Serialize(families);
}

}  // namespace quicether::mgmt
