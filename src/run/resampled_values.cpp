#include "run/resampled_values.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>

#include "confer/io/basis_store.hpp"
#include "confer/io/whole_file.hpp"

namespace confer {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Values that differ by less have been computed from the same correlations: rounding of single-precision bases.
constexpr double same = 1e-6;

/// Whether so few different rows force the value, whatever the representations are.
bool forced(Measure const& measure, FactorSummary const& x, FactorSummary const& y, double distinct_rows) {
  if ((measure.needs & needs_truncated) != 0)
    return static_cast<double>(x.components + y.components) > distinct_rows - 1;
  bool const linear = ((measure.row_invariances | measure.column_invariances) & invariant_linear) != 0;
  if (!linear && (measure.needs & (needs_canonical | needs_weights)) == 0) return false;
  return static_cast<double>(x.rank() + y.rank()) > distinct_rows - 1;
}

}  // namespace

ResampledValues::ResampledValues(Resampling kind, ResampledMeasures measures, PairTable const& observed)
    : kind_(kind), chosen_(std::move(measures)), observed_(&observed), moments_(chosen_.measures.size()) {
  std::vector<double> const zeros(static_cast<std::size_t>(observed.count * observed.count), 0.0);
  for (auto& moments : moments_) {
    moments.count = moments.mean = moments.squares = zeros;
    if (kind == Resampling::permutation) moments.reached = zeros;
  }
}

void ResampledValues::add_value(Moments& moments, Measure const& measure, std::size_t at, double value,
                                double observed) const {
  double const count = ++moments.count[at], step = value - moments.mean[at];
  moments.mean[at] += step / count;
  moments.squares[at] += step * (value - moments.mean[at]);
  if (moments.reached.empty()) return;
  double const nearer = measure.kind == MeasureKind::similarity ? value - observed : observed - value;
  if (nearer >= -same * std::max(1.0, std::abs(observed))) ++moments.reached[at];
}

void ResampledValues::add(Draw const& draw, PairTable const& values, std::vector<Representation> const& representations,
                          std::vector<FactorSummary> const& factors) {
  ++draws_;
  std::vector<double> distinct;
  std::map<Index, double> of_samples;
  for (auto const& r : representations) {
    double& share = of_samples[r.samples];
    if (share == 0 && kind_ == Resampling::permutation) share = 1;
    if (share == 0) {
      std::vector<double> const counts = bootstrap_counts(draw, r.samples);
      share =
          static_cast<double>(counts.size() - static_cast<std::size_t>(std::count(counts.begin(), counts.end(), 0.0))) /
          static_cast<double>(r.samples);
    }
    distinct.push_back(share * static_cast<double>(r.rows()));
  }
  for (std::size_t m = 0; m < chosen_.measures.size(); ++m)
    for (Index i = 0; i < values.count; ++i)
      for (Index j = 0; j < values.count; ++j) {
        auto const at = static_cast<std::size_t>(i * values.count + j);
        double const value = values.values[m][at], observed = observed_->values[chosen_.columns[m]][at];
        if (i == j || std::isnan(value) || std::isnan(observed)) continue;
        auto const &x = factors[static_cast<std::size_t>(i)], &y = factors[static_cast<std::size_t>(j)];
        if (kind_ == Resampling::bootstrap && forced(*chosen_.measures[m], x, y, distinct[static_cast<std::size_t>(i)]))
          continue;
        add_value(moments_[m], *chosen_.measures[m], at, value, observed);
      }
}

void ResampledValues::save(std::string const& path, std::string const& fingerprint) const {
  std::string state = fingerprint;
  auto const append = [&](void const* data, std::size_t bytes) { state.append(static_cast<char const*>(data), bytes); };
  append(&draws_, sizeof draws_);
  for (auto const& m : moments_)
    for (auto const* values : {&m.count, &m.mean, &m.squares, &m.reached})
      append(values->data(), values->size() * sizeof(double));
  write_text_file(path, [&](std::ostream& out) { out << content_key(state) << state; });
}

void ResampledValues::restore(std::string const& path, std::string const& fingerprint) {
  std::ifstream file(path, std::ios::binary);
  std::string const text{std::istreambuf_iterator<char>(file), {}};
  std::size_t const key_length = content_key("").size();
  if (text.size() < key_length) return;
  std::string const state = text.substr(key_length);
  std::size_t size = fingerprint.size() + sizeof draws_;
  for (auto const& m : moments_)
    size += (m.count.size() + m.mean.size() + m.squares.size() + m.reached.size()) * sizeof(double);
  if (state.size() != size || !state.starts_with(fingerprint) || content_key(state) != text.substr(0, key_length))
    return;
  char const* from = state.data() + fingerprint.size();
  auto const take = [&](void* data, std::size_t bytes) {
    std::memcpy(data, from, bytes);
    from += bytes;
  };
  take(&draws_, sizeof draws_);
  for (auto& m : moments_)
    for (auto* values : {&m.count, &m.mean, &m.squares, &m.reached})
      take(values->data(), values->size() * sizeof(double));
}

std::vector<double> ResampledValues::deviations(Moments const& moments) const {
  std::vector<double> result(moments.count.size(), nan);
  for (std::size_t at = 0; at < result.size(); ++at)
    if (moments.count[at] > 1) result[at] = std::sqrt(moments.squares[at] / (moments.count[at] - 1));
  return result;
}

void ResampledValues::write(ResultSet& results) const {
  auto const add = [&](std::string const& name, std::vector<double> values, std::string const& meaning) {
    results.variables.push_back(
        {name, {"a", "b"}, std::move(values), {{"long_name", meaning}, {"draws", draws_}}, false});
  };
  for (std::size_t m = 0; m < moments_.size(); ++m) {
    std::string const name = chosen_.measures[m]->name;
    Moments const& moments = moments_[m];
    if (kind_ == Resampling::bootstrap) {
      add(name + "_se", deviations(moments),
          "standard error of " + name +
              ": its standard deviation over bootstrap draws of the samples; none where so "
              "few different samples force the value");
      continue;
    }
    std::vector<double> p(moments.count.size(), nan);
    for (std::size_t at = 0; at < p.size(); ++at)
      if (moments.count[at] > 0) p[at] = (1 + moments.reached[at]) / (1 + moments.count[at]);
    add(name + "_p", std::move(p),
        "share of random relabellings of the samples at least as close by " + name + ", the data counted among them");
    if (results.find(name + "_null") != nullptr) continue;
    std::vector<double> null(moments.count.size(), nan), z = deviations(moments);
    auto const& values = results.doubles(name);
    for (std::size_t at = 0; at < null.size(); ++at) {
      if (moments.count[at] == 0) continue;
      null[at] = moments.mean[at];
      z[at] = z[at] > 0 ? (values[at] - null[at]) / z[at] : nan;
    }
    add(name + "_null", std::move(null),
        "chance level of " + name + ": its mean over random relabellings of the samples");
    add(name + "_z", std::move(z), name + " in standard deviations above chance");
  }
}

}  // namespace confer
