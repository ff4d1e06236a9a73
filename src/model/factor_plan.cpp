#include "confer/model/factor_plan.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace confer {

namespace {

constexpr double mebibyte = 1 << 20;
constexpr double kept_whole = 192 * mebibyte;  // matrices up to this size are read once and held in double precision
constexpr double largest_window = 1024 * mebibyte;
constexpr Index values_in_memory = Index{1} << 26;  // basis and loadings of larger ones go to the store in pieces
constexpr Index values_of_one = Index{1} << 28;     // larger ones are shared by a group of ranks
constexpr Index side_of_one = 8192;                 // larger symmetric matrices are dealt out
constexpr Index band_target = 2048;
constexpr double block_values = 1 << 21;    // multiplied at once in a factor
constexpr double portion_bytes = 8 * mebibyte;  // of a Gram matrix on its way
constexpr double reader_values = 1 << 23;   // converted at once
constexpr double squares = 6.5;             // symmetric matrices at once: Gram matrix, eigenvectors, LAPACK's workspace
constexpr double dealt_squares = 9;         // the same of ScaLAPACK, by all ranks together
constexpr double product_rate = 4e10, eigen_rate = 2e-10, exchange_rate = 5e9;  // flop/s, s per cube, bytes/s

double as_double(Index value) { return static_cast<double>(value); }

double rows_at_once(Index features) { return std::clamp(block_values / as_double(features), 64.0, 8192.0); }

/// Bytes of the buffers that values of a file are converted in.
double reading_bytes(FactorShape const& s, double values) {
  return 10 * std::min(values, std::max(reader_values, s.values_per_sample));
}

/// Bytes besides the window and what was asked for: blocks, square matrices, a portion on its way.
double working_bytes(FactorShape const& s) {
  double const small = as_double(s.small()), block = rows_at_once(s.small()) * small * 8;
  return 2 * block + squares * small * small * 8 + portion_bytes;
}

/// Bytes of the basis and the loadings when they are held.
double held_bytes(FactorShape const& s) {
  double const n = as_double(s.rows), p = as_double(s.features), k = as_double(s.small());
  double const stored = s.exact ? 8 : 4;
  double bytes = 8 * n;
  if (s.basis) bytes += n * k * (s.tall() ? 8 + stored : stored);
  if (s.loadings) bytes += k * p * (8 + stored);
  return bytes;
}

/// Bytes of the pieces of them on their way to the store.
double piece_bytes(FactorShape const& s) {
  double const k = as_double(s.small());
  double const band = as_double(band_samples(s.rows_per_sample) * s.rows_per_sample);
  return (band + rows_at_once(s.small())) * k * 12;
}

double dealt_bytes(FactorShape const& s, Index ranks) {
  double const grid_rows = std::floor(std::sqrt(as_double(ranks)) + 1e-9);
  double const grid = grid_rows * std::floor(as_double(ranks) / grid_rows), small = as_double(s.small());
  return dealt_squares * small * small * 8 / grid + 6 * as_double(dealt_rows) * small * 8 + piece_bytes(s) + portion_bytes;
}

/// Bytes of the window over `count` samples or features, and of what reading it takes.
double window_bytes(FactorShape const& s, double count) {
  if (s.tall())
    return count * as_double(s.rows_per_sample * s.features) * 8 + reading_bytes(s, count * s.values_per_sample);
  double const values = count * as_double(s.rows);
  return values * as_double(s.window_value_bytes) +
         reading_bytes(s, values / as_double(s.features) * s.values_per_sample / as_double(s.rows_per_sample));
}

/// Decompressed chunks are held where there is room: a block may end inside of them.
double chunk_bytes(FactorShape const& s, double allowed) {
  return s.chunked ? std::clamp(allowed / 8, 16 * mebibyte, 256 * mebibyte) : 0;
}

FactorMethod windowed(FactorShape const& s, FactorRoute route, double others, double allowed) {
  FactorMethod method{route, 1, chunk_bytes(s, allowed), 0};
  others += method.chunk_bytes;
  if (s.tall()) {
    Index const rows = static_cast<Index>(rows_at_once(s.features));
    method.window = std::min(rows + s.rows_per_sample - 1, s.rows) / s.rows_per_sample;
  } else {
    // As wide as memory allows: every window touches all samples, and with them all chunks of the file.
    Index const unit = feature_unit(s.rows);
    double const room = std::min(largest_window, 0.9 * (allowed - others - 10 * reader_values));
    auto const units = static_cast<Index>(room / as_double(unit * s.rows * s.window_value_bytes));
    method.window = std::min(std::max<Index>(units, 1) * unit, s.features);
  }
  method.memory = others + window_bytes(s, as_double(method.window));
  return method;
}

FactorMethod of_route(FactorShape const& s, FactorRoute route, Index ranks, double allowed) {
  switch (route) {
    case FactorRoute::local: {
      double const others = working_bytes(s) + held_bytes(s), chunks = chunk_bytes(s, allowed);
      if (as_double(s.rows) * as_double(s.features) * 8 <= kept_whole) {
        Index const all = s.tall() ? s.rows / s.rows_per_sample : s.features;
        double const memory = others + chunks + window_bytes(s, as_double(all));
        if (memory <= allowed) return {route, all, chunks, memory};
      }
      return windowed(s, route, others, allowed);
    }
    case FactorRoute::pieces:
    case FactorRoute::shared:
      return windowed(s, route, working_bytes(s) + piece_bytes(s), allowed);
    case FactorRoute::scalapack:
      return windowed(s, route, dealt_bytes(s, ranks), allowed);
  }
  return {};
}

/// The routes that may be taken, the preferred one first.
std::vector<FactorRoute> routes(FactorShape const& s, SvdRoute svd) {
  if (svd == SvdRoute::scalapack) return {FactorRoute::scalapack};
  bool const local = svd == SvdRoute::local;
  if (!local && s.small() > side_of_one) return {FactorRoute::scalapack};
  double const values = as_double(s.rows) * as_double(s.features);
  std::vector<FactorRoute> list;
  if (values <= as_double(values_in_memory)) list.push_back(FactorRoute::local);
  list.push_back(values <= as_double(values_of_one) || local ? FactorRoute::pieces : FactorRoute::shared);
  if (!local) list.push_back(FactorRoute::scalapack);
  return list;
}

struct SharedCost {
  double parallel, serial;
};

SharedCost cost_of(FactorShape const& s) {
  double const n = as_double(s.rows), p = as_double(s.features), small = as_double(s.small());
  return {3 * n * p * small / product_rate, 1.5 * eigen_rate * small * small * small + 8 * small * small / exchange_rate};
}

}  // namespace

double local_factor_memory(FactorShape const& shape, bool whole) {
  double const per_unit = as_double(shape.rows_per_sample * shape.features);
  double const all = as_double(shape.rows) * as_double(shape.features);
  double const window = whole || !shape.tall()
                            ? all
                            : std::min(all, (rows_at_once(shape.features) + as_double(shape.rows_per_sample)) *
                                                as_double(shape.features));
  return working_bytes(shape) + held_bytes(shape) + 8 * window +
         reading_bytes(shape, window / per_unit * shape.values_per_sample);
}

Index band_samples(Index rows_per_sample) { return std::max<Index>(1, band_target / rows_per_sample); }

Index feature_unit(Index rows) { return static_cast<Index>(rows_at_once(std::max<Index>(rows, 1))); }

std::optional<FactorMethod> factor_method(FactorShape const& shape, SvdRoute svd, Index ranks, double allowed) {
  for (FactorRoute const route : routes(shape, svd)) {
    FactorMethod const method = of_route(shape, route, ranks, allowed);
    if (method.memory <= allowed) return method;
  }
  return std::nullopt;
}

double least_factor_memory(FactorShape const& shape, SvdRoute svd, Index ranks) {
  double least = std::numeric_limits<double>::infinity();
  for (FactorRoute const route : routes(shape, svd)) least = std::min(least, of_route(shape, route, ranks, 0).memory);
  return least;
}

UnitRange part_of(Index units, Index parts, Index number) {
  return {units * number / parts, units * (number + 1) / parts};
}

Index group_of(Index rank, Index ranks, Index groups) { return rank * groups / ranks; }

GroupPlan plan_groups(std::span<FactorShape const> shared, Index ranks, Index least_groups) {
  GroupPlan best;
  std::vector<Index> order(shared.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::vector<SharedCost> costs;
  for (auto const& shape : shared) costs.push_back(cost_of(shape));
  for (Index groups = least_groups; groups <= std::max(std::min(ranks, std::ssize(shared)), least_groups); groups *= 2) {
    GroupPlan plan{groups, std::vector<std::vector<Index>>(static_cast<std::size_t>(groups)), 0};
    double const each = as_double(ranks / groups);
    auto const seconds = [&](Index item) {
      auto const& cost = costs[static_cast<std::size_t>(item)];
      return cost.parallel / each + cost.serial;
    };
    std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return seconds(a) > seconds(b); });
    std::vector<double> load(static_cast<std::size_t>(groups), 0.0);
    for (Index const item : order) {
      auto const least = static_cast<std::size_t>(std::min_element(load.begin(), load.end()) - load.begin());
      load[least] += seconds(item);
      plan.items[least].push_back(item);
    }
    plan.seconds = *std::max_element(load.begin(), load.end());
    if (groups == least_groups || plan.seconds < best.seconds) best = std::move(plan);
  }
  return best;
}

double factor_words(FactorShape const& shape, Index ranks, Index levels) {
  if (ranks < 2) return 0;
  double const small = as_double(shape.small()), triangle = small * (small + 1) / 2;
  // Means and extremes of a tall matrix come with its Gram matrix; further levels have at most half the directions.
  double words = triangle + (shape.tall() ? 4 * small : 0);
  for (Index level = 1; level < levels; ++level) words += small / 2 * (small / 2 + 1) / 2;
  if (shape.tall() && (levels > 1 || shape.exact)) words += triangle;
  return 2 * words * (1 - 1 / as_double(ranks));
}

}  // namespace confer
