#include "run/match_one.hpp"

#include <algorithm>
#include <cmath>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/io/target_reader.hpp"
#include "confer/linalg/dense.hpp"
#include "confer/theory/correspondence.hpp"
#include "run/activation_matrix.hpp"
#include "run/match_parts.hpp"

namespace confer {

namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Scores that partners are chosen by.
Matrix<double> scores_of(MatchOptions const& options, Matrix<double> correlations) {
  if (options.absolute)
    for (Index i = 0; i < correlations.size(); ++i) correlations.data()[i] = std::abs(correlations.data()[i]);
  return correlations;
}

/// Partners among live neurons as numbers of neurons.
std::vector<Index> numbered(std::vector<Index> const& partners, std::vector<Index> const& own,
                            std::vector<Index> const& other, Index features) {
  std::vector<Index> named;
  for (Index const partner : partners) named.push_back(partner < 0 ? -1 : other[at(partner)]);
  return over_all(named, own, features, Index{-1});
}

std::vector<Index> named_order(std::vector<Index> const& order, std::vector<Index> const& live) {
  std::vector<Index> named;
  for (Index const k : order) named.push_back(live[at(k)]);
  return named;
}

void add_partners(PairProducts const& pair, Matrix<double> const& scores, Matrix<double> const& shuffled,
                  Matrix<double> const& rotated, MatchedPair& result) {
  auto const &a = pair.a.live_neurons(), &b = pair.b.live_neurons();
  result.sides.resize(2);
  auto const add = [](MatchedNeurons& side, Partners const& best, Partners const& by_chance, Partners const& turned,
                      std::vector<Index> const& own, std::vector<Index> const& other, Index features) {
    side.partner = numbered(best.index, own, other, features);
    side.correlation = over_all(best.value, own, features, kNoValue);
    side.shuffled = over_all(by_chance.value, own, features, kNoValue);
    side.mean = best.mean();
    side.mean_shuffled = by_chance.mean();
    side.mean_rotated = turned.mean();
  };
  add(result.sides[0], best_of_rows(scores), best_of_rows(shuffled), best_of_rows(rotated), a, b, pair.features_a);
  add(result.sides[1], best_of_columns(scores), best_of_columns(shuffled), best_of_columns(rotated), b, a,
      pair.features_b);
}

void add_matching(PairProducts const& pair, Matrix<double> const& scores, Matrix<double> const& shuffled,
                  Matrix<double> const& rotated, AssignmentDuals& start, MatchedPair& result,
                  std::function<void()> const& poll) {
  auto const &a = pair.a.live_neurons(), &b = pair.b.live_neurons();
  OneToOne matched = match_one_to_one(scores, start);
  poll();
  start = std::move(matched.duals);
  result.matched = numbered(matched.partner.index, a, b, pair.features_a);
  result.correlation = over_all(matched.partner.value, a, pair.features_a, kNoValue);
  result.mean = matched.mean();
  result.agreement = agreement(best_of_rows(scores), matched.partner);
  MatchedOrder const order = matched_order(matched.partner.index, scores.cols());
  result.order_a = named_order(order.rows, a);
  result.order_b = named_order(order.columns, b);
  auto const control = [&](Matrix<double> const& of, std::vector<double>& values, double& mean) {
    OneToOne const chance = match_one_to_one(of);
    values = over_all(chance.partner.value, a, pair.features_a, kNoValue);
    mean = chance.mean();
    poll();
  };
  control(shuffled, result.shuffled, result.mean_shuffled);
  control(rotated, result.rotated, result.mean_rotated);
}

void keep_matrix(PairProducts const& pair, Matrix<double> const& correlations, MatchedPair& result) {
  auto const &a = pair.a.live_neurons(), &b = pair.b.live_neurons();
  result.matrix.assign(at(pair.features_a * pair.features_b), kNoValue);
  for (std::size_t j = 0; j < b.size(); ++j)
    for (std::size_t i = 0; i < a.size(); ++i)
      result.matrix[at(a[i] * pair.features_b + b[j])] = correlations(static_cast<Index>(i), static_cast<Index>(j));
}

MatchStatus status_of(Comparability comparability) {
  switch (comparability) {
    case Comparability::ok:
      return MatchStatus::ok;
    case Comparability::other_inputs:
      return MatchStatus::other_inputs;
    case Comparability::other_samples:
      return MatchStatus::other_samples;
    case Comparability::other_rows:
      return MatchStatus::other_rows;
  }
  return MatchStatus::ok;
}

/// Class labels of the samples of a representation; empty when its file holds none of that name.
std::vector<Index> labels_of(MatchContext const& context, Representation const& r) {
  auto const& targets = context.catalog.checkpoints[at(r.checkpoint)].targets;
  auto const found = std::ranges::find_if(
      targets, [&](TargetInfo const& target) { return target.name == context.options.labels && target.labels; });
  if (found == targets.end()) return {};
  try {
    return read_target(context.catalog, r.checkpoint, found->name, r.sample_begin, r.samples).labels;
  } catch (InputError const&) {
    return {};  // the maps are then judged without classes
  }
}

}  // namespace

SideCache::SideCache(Catalog const& catalog, std::vector<Representation> const& representations, double bytes)
    : catalog_(catalog), representations_(representations), budget_(bytes) {}

SideCache::Entry const& SideCache::get(Index representation) {
  auto const known = std::ranges::find(entries_, representation, &Entry::number);
  if (known != entries_.end()) {
    entries_.splice(entries_.begin(), entries_, known);
    return entries_.front();
  }
  Entry entry;
  entry.number = representation;
  auto const& r = representations_[at(representation)];
  auto const unusable = [&](RepresentationStatus status, std::string detail) {
    entry.side.reset();
    entry.status = static_cast<Index>(status);
    entry.detail = std::move(detail);
  };
  entry.mean.assign(at(r.features), kNoValue);
  try {
    entry.side = std::make_shared<NeuronSide>(catalog_, r);
    entry.mean = entry.side->means();
    Index const dead = r.features - entry.side->live();
    if (entry.side->live() == 0)
      unusable(RepresentationStatus::constant, r.rows() < 2 ? "a single sample" : "no neuron varies over the samples");
    else if (dead > 0)
      entry.detail = format_count(dead) + " of " + format_count(r.features) + " neurons do not vary and are left out";
  } catch (BadValues const& bad) {
    unusable(RepresentationStatus::nonfinite, format_count(bad.seen.non_finite) + " NaN or infinite of " +
                                                  format_count(bad.seen.count) + " values, the first at " +
                                                  bad.seen.first_non_finite);
  } catch (InputError const& error) {
    unusable(RepresentationStatus::unreadable, error.what());
  }
  entries_.push_front(std::move(entry));
  double total = 0;
  Index kept = 0;
  for (auto e = entries_.begin(); e != entries_.end();) {
    total += e->side ? e->side->bytes() : 0;
    e = kept++ >= 2 && total > budget_ ? entries_.erase(e) : std::next(e);  // a pair needs two
  }
  return entries_.front();
}

double match_bytes(MatchOptions const& options, Index features_a, Index features_b, Index rows) {
  auto const p = static_cast<double>(features_a), q = static_cast<double>(features_b), n = static_cast<double>(rows);
  auto const held = [&](double width) {
    return std::min(8 * n * width, static_cast<double>(NeuronSide::usually_kept));
  };
  double total = 2 * held(p) + 2 * held(q);          // as read and standardised
  total += 8 * (4 * p * p + 8 * q * q + 8 * p * q);  // moments of both halves, products, scores and controls
  if (!options.penalties.empty()) total += 8 * (2 * p * p + 2 * q * q + 2 * p * q);
  if (options.clustering) total += 8 * 3 * (p + q) * (p + q);
  if (options.mutual_information) total += (p + q) * n + 8 * p * q;
  return total;
}

MatchedRepresentation match_own(MatchContext const& context, SideCache& cache, Index representation) {
  MatchedRepresentation result;
  auto const& r = context.representations[at(representation)];
  auto const& entry = cache.get(representation);
  result.status = entry.status;
  result.detail = entry.detail;
  result.mean = entry.mean;
  result.cluster.assign(at(r.features), -1);
  if (!entry.side) return result;
  result.live = entry.side->live();
  if (!context.options.clustering) return result;
  if (match_bytes(context.options, r.features, 0, r.rows()) <= context.memory)
    add_own_clusters(context.options, *entry.side, result);
  else
    result.detail = "too many neurons for clusters in the memory allowed";
  return result;
}

MatchedPair match_pair(MatchContext const& context, SideCache& cache, Index a, Index b, AssignmentDuals& start,
                       std::function<void()> const& poll) {
  MatchedPair result;
  auto const &x = context.representations[at(a)], &y = context.representations[at(b)];
  MatchStatus const comparable = status_of(comparability(context.catalog, x, y));
  result.status = static_cast<Index>(comparable);
  if (comparable != MatchStatus::ok) return result;
  double const bytes = match_bytes(context.options, x.features, y.features, x.rows());
  if (bytes > context.memory) {
    result.status = static_cast<Index>(MatchStatus::too_large);
    result.detail = "it takes " + format_bytes(bytes) + " of memory, " + format_bytes(context.memory) + " are allowed";
    return result;
  }
  auto const side_a = cache.get(a).side;
  auto const side_b = cache.get(b).side;
  if (!side_a || !side_b) {
    result.status = static_cast<Index>(MatchStatus::representation_failed);
    result.detail = side_a ? y.label : x.label;
    return result;
  }
  auto const cross = cross_products(*side_a, *side_b, poll);
  PairProducts const pair{*side_a, *side_b, cross, x.features, y.features};
  Matrix<double> const correlations = cross_correlations(cross, x.rows());
  {
    std::vector<double> deviations;
    for (Index k = 0; k < side_b->live(); ++k) deviations.push_back(side_b->deviation(k));
    Matrix<double> const scores = scores_of(context.options, correlations);
    Matrix<double> const shuffled = scores_of(context.options, shuffled_correlations(*side_a, *side_b, poll));
    Matrix<double> const rotated = scores_of(
        context.options,
        rotated_correlations(correlations, side_b->correlations(), deviations, random_rotation(side_b->live(), 1)));
    poll();
    add_partners(pair, scores, shuffled, rotated, result);
    add_matching(pair, scores, shuffled, rotated, start, result, poll);
  }
  if (context.matrices) keep_matrix(pair, correlations, result);
  if (context.options.clustering) add_joint_clusters(context.options, pair, correlations, result);
  poll();
  if (!context.options.penalties.empty()) add_sparse_prediction(context.options, pair, result, poll);
  if (context.options.mutual_information) add_information(context.options, pair, result, poll);
  if (context.options.maps) add_maps(pair, labels_of(context, x), x.rows_per_sample, result, poll);
  return result;
}

}  // namespace confer
