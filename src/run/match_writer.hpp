/// Fills the variables of a result of `match`, padded to their dimensions.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "run/match_results.hpp"

namespace confer {

/// Adds variables whose first dimension is the pair, or the representation.
class MatchWriter {
 public:
  MatchWriter(MatchData const& data, ResultSet& results) : data_(data), results_(results) {}

  using PairNumber = std::function<double(MatchedPair const&)>;
  void pair_number(std::string const& name, PairNumber const& get, Attributes attributes) {
    std::vector<double> values;
    for (auto const& pair : data_.matched) values.push_back(ok(pair) ? get(pair) : kNoValue);
    add(name, {"pair"}, std::move(values), std::move(attributes));
  }

  using PairCount = std::function<Index(MatchedPair const&)>;
  void pair_count(std::string const& name, PairCount const& get, Attributes attributes) {
    std::vector<Index> values;
    for (auto const& pair : data_.matched) values.push_back(get(pair));
    add(name, {"pair"}, std::move(values), std::move(attributes));
  }

  /// A vector of each pair, padded.
  template <class T>
  void pair_vector(std::string const& name, std::string const& dimension, std::vector<T> MatchedPair::*member,
                   Attributes attributes) {
    std::vector<T> values;
    for (auto const& pair : data_.matched) append(values, pair.*member, size(dimension));
    add(name, {"pair", dimension}, std::move(values), std::move(attributes));
  }

  void side_number(std::string const& name, double MatchedNeurons::*member, Attributes attributes) {
    std::vector<double> values;
    for (auto const& pair : data_.matched)
      for (std::size_t d = 0; d < 2; ++d) values.push_back(ok(pair) ? pair.sides[d].*member : kNoValue);
    add(name, {"pair", "direction"}, std::move(values), std::move(attributes));
  }

  template <class T>
  void side_vector(std::string const& name, std::string const& dimension, std::vector<T> MatchedNeurons::*member,
                   Attributes attributes) {
    std::vector<T> values;
    for (auto const& pair : data_.matched)
      for (std::size_t d = 0; d < 2; ++d)
        append(values, ok(pair) ? pair.sides[d].*member : std::vector<T>(), size(dimension));
    add(name, {"pair", "direction", dimension}, std::move(values), std::move(attributes));
  }

  /// penalty x neuron of each side.
  void side_table(std::string const& name, std::vector<double> MatchedNeurons::*member, Attributes attributes) {
    std::vector<double> values;
    std::size_t const penalties = size("penalty"), width = size("neuron");
    for (auto const& pair : data_.matched)
      for (std::size_t d = 0; d < 2; ++d) {
        auto const row = ok(pair) ? pair.sides[d].*member : std::vector<double>();
        std::size_t const own = row.size() / penalties;
        for (std::size_t k = 0; k < penalties; ++k) {
          auto const begin = row.begin() + static_cast<std::ptrdiff_t>(k * own);
          append(values, std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(own)), width);
        }
      }
    add(name, {"pair", "direction", "penalty", "neuron"}, std::move(values), std::move(attributes));
  }

  template <class T>
  void own_vector(std::string const& name, std::string const& dimension, std::vector<T> MatchedRepresentation::*member,
                  Attributes attributes) {
    std::vector<T> values;
    for (auto const& own : data_.own) append(values, own.*member, size(dimension));
    add(name, {"representation", dimension}, std::move(values), std::move(attributes));
  }

  void add(std::string const& name, std::vector<std::string> dimensions, VariableData values, Attributes attributes,
           bool coordinate = false) {
    results_.variables.push_back({name, std::move(dimensions), std::move(values), std::move(attributes), coordinate});
  }

  std::size_t size(std::string const& dimension) const {
    return static_cast<std::size_t>(results_.dimension(dimension));
  }
  static bool ok(MatchedPair const& pair) { return pair.status == static_cast<Index>(MatchStatus::ok); }

 private:
  static void append(std::vector<double>& values, std::vector<double> const& row, std::size_t length) {
    append(values, row, length, kNoValue);
  }
  static void append(std::vector<Index>& values, std::vector<Index> const& row, std::size_t length) {
    append(values, row, length, Index{-1});
  }
  template <class T>
  static void append(std::vector<T>& values, std::vector<T> const& row, std::size_t length, T missing) {
    std::size_t const count = std::min(row.size(), length);
    values.insert(values.end(), row.begin(), row.begin() + static_cast<std::ptrdiff_t>(count));
    values.insert(values.end(), length - count, missing);
  }

  MatchData const& data_;
  ResultSet& results_;
};

}  // namespace confer
