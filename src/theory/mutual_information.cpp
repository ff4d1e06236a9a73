#include "confer/theory/mutual_information.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace confer {

Binned quantile_bins(std::span<double const> values, Index most) {
  if (most < 2 || most > 255) throw std::invalid_argument("the number of bins is 2 to 255");
  Binned result;
  result.bin.resize(values.size());
  double largest = 0;
  for (double const value : values) largest = std::max(largest, std::abs(value));
  auto const silent = [&](double value) { return std::abs(value) <= 1e-6 * largest; };
  auto const zeros = static_cast<Index>(std::ranges::count_if(values, silent));
  bool const zero_bin = zeros * most > static_cast<Index>(values.size());
  std::vector<std::uint32_t> order;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!zero_bin || !silent(values[i])) order.push_back(static_cast<std::uint32_t>(i));
  std::ranges::sort(order, [&](auto a, auto b) { return values[a] < values[b]; });
  Index const bins = zero_bin ? most - 1 : most;
  auto const count = static_cast<Index>(order.size());
  Index used = zero_bin ? 1 : 0, quantile = -1;
  for (Index i = 0; i < count; ++i) {
    Index const due = i * bins / count;
    auto const here = order[static_cast<std::size_t>(i)];
    bool const tied = i > 0 && values[order[static_cast<std::size_t>(i) - 1]] == values[here];
    if (due > quantile && !tied) {
      quantile = due;
      ++used;
    }
    result.bin[here] = static_cast<std::uint8_t>(used - 1);
  }
  result.bins = used;
  return result;
}

double mutual_information(Binned const& x, Binned const& y) {
  auto const n = x.bin.size();
  if (n == 0 || n != y.bin.size()) throw std::invalid_argument("mutual information needs the same samples");
  auto const columns = static_cast<std::size_t>(y.bins);
  std::vector<std::uint32_t> joint(static_cast<std::size_t>(x.bins) * columns, 0);
  for (std::size_t i = 0; i < n; ++i) ++joint[x.bin[i] * columns + y.bin[i]];
  std::vector<double> rows(static_cast<std::size_t>(x.bins), 0.0), cols(columns, 0.0);
  for (std::size_t a = 0; a < rows.size(); ++a)
    for (std::size_t b = 0; b < columns; ++b) {
      rows[a] += joint[a * columns + b];
      cols[b] += joint[a * columns + b];
    }
  auto const total = static_cast<double>(n);
  double information = 0;
  for (std::size_t a = 0; a < rows.size(); ++a)
    for (std::size_t b = 0; b < columns; ++b)
      if (double const c = joint[a * columns + b]; c > 0)
        information += c / total * std::log(c * total / (rows[a] * cols[b]));
  return information - static_cast<double>((x.bins - 1) * (y.bins - 1)) / (2 * total);
}

}  // namespace confer
