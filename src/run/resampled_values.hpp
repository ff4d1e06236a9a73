/// What many draws of the samples say about the values of a comparison: standard errors, and how often chance does as
/// well.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "confer/model/result_set.hpp"
#include "run/pair_table.hpp"
#include "run/resampling.hpp"

namespace confer {

/// The measures that are computed from draws, and their places in the table of all.
struct ResampledMeasures {
  std::vector<Measure const*> measures;
  std::vector<std::size_t> columns;
  Index blocks = 0;            ///< of the jackknife
  std::vector<Index> samples;  ///< of each representation; for the jackknife
};

/// All places among the measures.
inline std::vector<std::size_t> all_places(ResampledMeasures const& drawn) {
  std::vector<std::size_t> places;
  for (std::size_t m = 0; m < drawn.measures.size(); ++m) places.push_back(m);
  return places;
}

/// Collects the values of one draw after another, on rank 0. Memory: three R x R matrices a measure for standard
/// errors, four for permutations; none besides to keep them in a file or to write the results.
class ResampledValues {
 public:
  /// `observed`: the values of the data as they are; must outlive this.
  ResampledValues(Resampling kind, ResampledMeasures measures, PairTable const& observed);

  /// A draw's values, in the order of the measures, and the factors they come from.
  void add(Draw const& draw, PairTable const& values, std::vector<Representation> const& representations,
           std::vector<FactorSummary> const& factors);

  /// Draws that have been added.
  Index draws() const { return draws_; }

  /// Keeps the state in a file, whole or not at all, and takes it back where fingerprint and checksum hold. save throws
  /// EnvironmentError on a full disk.
  void save(std::string const& path, std::string const& fingerprint) const;
  void restore(std::string const& path, std::string const& fingerprint);

  /// Adds `<measure>_se` (bootstrap, jackknife), or `<measure>_p` and, where no closed form has put them there,
  /// `<measure>_null` and `<measure>_z` (permutation).
  void write(ResultSet& results) &&;

 private:
  struct Moments {
    std::vector<double> count, mean, squares;  ///< R x R; squares: of deviations from the mean
    std::vector<double> reached;               ///< draws that are at least as similar as the data
  };
  void add_value(Moments& moments, Measure const& measure, std::size_t at, double value, double observed) const;
  void clear();
  void write_errors(ResultSet& results, std::size_t measure, std::shared_ptr<Moments const> const& moments) const;
  /// Blocks that a representation's samples make; less than two: none.
  Index blocks_of(std::size_t representation) const {
    return std::min(chosen_.blocks, chosen_.samples[representation]);
  }
  /// All numbers of the state, stretch by stretch.
  template <class Self, class Visit>
  static void visit(Self& self, Visit const& visit);

  Resampling kind_;
  ResampledMeasures chosen_;
  PairTable const* observed_;
  std::vector<Moments> moments_;
  Index draws_ = 0;
};

}  // namespace confer
