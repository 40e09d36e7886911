#ifndef QUICETHER_SRC_MGMT_METRIC_FAMILIES_HPP
#define QUICETHER_SRC_MGMT_METRIC_FAMILIES_HPP

#include <prometheus/metric_family.h>

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace quicether::mgmt {

using MetricLabels = std::vector<prometheus::ClientMetric::Label>;

/// Collects samples by family, as the text format wants them: each family once, with all of its
/// samples. Names get the prefix "quicether_".
class MetricFamilies {
 public:
  void gauge(std::string_view name, std::string_view help, double value, MetricLabels labels = {});
  void counter(std::string_view name,
               std::string_view help,
               double value,
               MetricLabels labels = {});
  void untyped(std::string_view name,
               std::string_view help,
               double value,
               MetricLabels labels = {});

  /// Text format 0.0.4, families in the order of their names.
  [[nodiscard]] std::string text() const;

 private:
  prometheus::ClientMetric& add(std::string_view name,
                                std::string_view help,
                                prometheus::MetricType type,
                                MetricLabels labels);

  std::map<std::string, prometheus::MetricFamily> families_{};
};

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_METRIC_FAMILIES_HPP
