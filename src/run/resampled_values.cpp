#include "run/resampled_values.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <memory>

#include "confer/io/content_hash.hpp"
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

/// The standard deviation over draws at one place; NaN of fewer than two.
double deviation(double count, double squares) { return count > 1 ? std::sqrt(squares / (count - 1)) : nan; }

}  // namespace

ResampledValues::ResampledValues(Resampling kind, ResampledMeasures measures, PairTable const& observed)
    : kind_(kind), chosen_(std::move(measures)), observed_(&observed), moments_(chosen_.measures.size()) {
  clear();
}

void ResampledValues::clear() {
  auto const size = static_cast<std::size_t>(observed_->count * observed_->count);
  draws_ = 0;
  for (auto& moments : moments_) {
    for (auto* values : {&moments.count, &moments.mean, &moments.squares}) values->assign(size, 0.0);
    if (kind_ == Resampling::permutation) moments.reached.assign(size, 0.0);
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
      std::vector<double> const counts = sample_counts(draw, r.samples);
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
        if (kind_ == Resampling::jackknife && draw.number >= blocks_of(static_cast<std::size_t>(i))) continue;
        auto const &x = factors[static_cast<std::size_t>(i)], &y = factors[static_cast<std::size_t>(j)];
        if (kind_ != Resampling::permutation &&
            forced(*chosen_.measures[m], x, y, distinct[static_cast<std::size_t>(i)]))
          continue;
        add_value(moments_[m], *chosen_.measures[m], at, value, observed);
      }
}

template <class Self, class Visit>
void ResampledValues::visit(Self& self, Visit const& visit) {
  visit(&self.draws_, sizeof self.draws_);
  for (auto& m : self.moments_)
    for (auto* values : {&m.count, &m.mean, &m.squares, &m.reached})
      visit(values->data(), values->size() * sizeof(double));
}

void ResampledValues::save(std::string const& path, std::string const& fingerprint) const {
  ContentHash hash;
  hash.add(fingerprint);
  visit(*this, [&](void const* data, std::size_t bytes) { hash.add({static_cast<char const*>(data), bytes}); });
  write_text_file(path, [&](std::ostream& out) {
    out << hash.key() << fingerprint;
    visit(*this, [&](void const* data, std::size_t bytes) {
      out.write(static_cast<char const*>(data), static_cast<std::streamsize>(bytes));
    });
  });
}

void ResampledValues::restore(std::string const& path, std::string const& fingerprint) {
  std::ifstream file(path, std::ios::binary);
  std::string key(content_key("").size(), ' '), of(fingerprint.size(), ' ');
  file.read(key.data(), std::ssize(key)).read(of.data(), std::ssize(of));
  if (!file || of != fingerprint) return;
  ContentHash hash;
  hash.add(of);
  visit(*this, [&](void* data, std::size_t bytes) {
    file.read(static_cast<char*>(data), static_cast<std::streamsize>(bytes));
    hash.add({static_cast<char const*>(data), bytes});
  });
  if (!file || file.peek() != std::char_traits<char>::eof() || hash.key() != key) clear();
}

namespace {

/// A matrix that is made row by row when it is written.
void add_rows(ResultSet& results, std::string const& name, std::function<double(ResultSet const&, std::size_t)> value,
              Attributes attributes) {
  DerivedRows<double> rows{[value = std::move(value)](ResultSet const& written, Index first, std::span<double> out) {
    std::size_t const begin = static_cast<std::size_t>(first * written.dimension("b"));
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = value(written, begin + i);
  }};
  results.variables.push_back({name, {"a", "b"}, std::move(rows), std::move(attributes), false});
}

}  // namespace

void ResampledValues::write_errors(ResultSet& results, std::size_t measure,
                                   std::shared_ptr<Moments const> const& moments) const {
  std::string const name = chosen_.measures[measure]->name;
  if (kind_ == Resampling::bootstrap)
    return add_rows(
        results, name + "_se",
        [moments](ResultSet const&, std::size_t at) { return deviation(moments->count[at], moments->squares[at]); },
        {{"long_name", "standard error of " + name +
                           ": its standard deviation over bootstrap draws of the samples; none where so few different "
                           "samples force the value"},
         {"method", std::string("bootstrap")},
         {"draws", draws_}});
  auto const blocks = std::make_shared<std::vector<double>>();
  for (std::size_t i = 0; i < chosen_.samples.size(); ++i) blocks->push_back(static_cast<double>(blocks_of(i)));
  Attributes attributes = {
      {"long_name", "standard error of " + name +
                        ": root of (G - 1)/G times the sum of squared deviations of its values "
                        "without one block of samples; none where one of these is undefined"},
      {"method", std::string("delete-a-block jackknife")},
      {"blocks", chosen_.blocks},
      {"blocks_rule",
       std::string("samples dealt out at random, whole inputs; one block for each where they are fewer")}};
  if (chosen_.measures[measure]->statistics == StatisticsKind::neighbours)
    attributes["bias"] = std::string(
        "too large, up to twice: lists of neighbours are not smooth in the samples (Efron, "
        "Stein 1981)");
  if (chosen_.measures[measure]->kernel == Kernel::gaussian)
    attributes["fixed"] = std::string("the width of the kernels is that of all samples");
  if (chosen_.measures[measure]->kernel == Kernel::rank)
    attributes["fixed"] = std::string("ranks are those among all samples, correlated without a block");
  add_rows(
      results, name + "_se",
      [moments, blocks](ResultSet const&, std::size_t at) {
        double const count = moments->count[at];
        if (count < 2 || count < (*blocks)[at / blocks->size()]) return nan;
        return std::sqrt((count - 1) / count * moments->squares[at]);
      },
      std::move(attributes));
}

void ResampledValues::write(ResultSet& results) && {
  for (std::size_t m = 0; m < moments_.size(); ++m) {
    std::string const name = chosen_.measures[m]->name;
    auto const moments = std::make_shared<Moments const>(std::move(moments_[m]));
    if (kind_ != Resampling::permutation) {
      write_errors(results, m, moments);
      continue;
    }
    auto const add = [&](std::string const& variable, auto value, std::string const& meaning) {
      add_rows(results, variable, value, {{"long_name", meaning}, {"draws", draws_}});
    };
    add(
        name + "_p",
        [moments](ResultSet const&, std::size_t at) {
          return moments->count[at] > 0 ? (1 + moments->reached[at]) / (1 + moments->count[at]) : nan;
        },
        "share of random relabellings of the samples at least as close by " + name + ", the data counted among them");
    if (results.find(name + "_null") != nullptr) continue;
    add(
        name + "_null",
        [moments](ResultSet const&, std::size_t at) { return moments->count[at] > 0 ? moments->mean[at] : nan; },
        "chance level of " + name + ": its mean over random relabellings of the samples");
    add(
        name + "_z",
        [moments, name](ResultSet const& written, std::size_t at) {
          double const spread = deviation(moments->count[at], moments->squares[at]);
          return spread > 0 ? (written.doubles(name)[at] - moments->mean[at]) / spread : nan;
        },
        name + " in standard deviations above chance");
  }
}

}  // namespace confer
