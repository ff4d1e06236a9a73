#include "run/kernel_plan.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "confer/core/text.hpp"

namespace confer {

namespace {

/// A panel's results are held as R x R sums; more representations are cut into panels.
constexpr Index most_members = 1536;
/// Elements of a tile over all representations of a panel: large tiles multiply fast, but must stay in the cache, of
/// which every rank has its share.
constexpr Index tile_elements = Index{1} << 21;
/// The same of a batch, whose size is given: more panels make more kernels twice.
constexpr Index batch_elements = Index{1} << 25;
constexpr double flops_per_piece = 4e9;
/// Of the pairs with a block that is left out, which are few: ranks are to share them all the same.
constexpr double left_out_flops_per_piece = 2.5e8;
constexpr double most_pieces = 4096;

KernelChoice dissimilarity_choice(Dissimilarity dissimilarity) {
  switch (dissimilarity) {
    case Dissimilarity::euclidean:
      return {Kernel::distance, RowForm::centred, TileFunction::distance};
    case Dissimilarity::squared_euclidean:
      return {Kernel::dissimilarity, RowForm::centred, TileFunction::squared_distance};
    case Dissimilarity::cosine:
      return {Kernel::dissimilarity, RowForm::unit, TileFunction::complement};
    case Dissimilarity::correlation:
      return {Kernel::dissimilarity, RowForm::correlation, TileFunction::complement};
  }
  return {Kernel::distance, RowForm::centred, TileFunction::distance};
}

KernelChoice choice_for(Kernel kernel, CompareOptions const& options) {
  switch (kernel) {
    case Kernel::linear:
      return {kernel, RowForm::centred, TileFunction::inner_product};
    case Kernel::gaussian:
      return {kernel, RowForm::centred, TileFunction::gaussian};
    case Kernel::distance:
      return {kernel, RowForm::centred, TileFunction::distance};
    case Kernel::dissimilarity:
      return dissimilarity_choice(options.dissimilarity);
    case Kernel::rank:
      return {kernel, dissimilarity_choice(options.dissimilarity).form, TileFunction::rank};
    case Kernel::minibatch:
      return {kernel, RowForm::centred, TileFunction::u_centred};
  }
  return {kernel, RowForm::centred, TileFunction::inner_product};
}

/// Side of a tile: a multiple of 16 that cuts the samples into parts of nearly equal size.
Index tile_side(Index members, Index samples) {
  Index const fits = static_cast<Index>(std::sqrt(static_cast<double>(tile_elements / members)));
  Index const side = std::clamp<Index>(fits / 16 * 16, 64, 256);
  Index const parts = (samples + side - 1) / side;
  return ((samples + parts - 1) / parts + 15) / 16 * 16;
}

std::vector<KernelTile> tiles_of(Index samples, Index side) {
  std::vector<KernelTile> tiles;
  for (Index col = 0; col < samples; col += side)
    for (Index row = 0; row <= col; row += side)
      tiles.push_back({row, std::min(side, samples - row), col, std::min(side, samples - col)});
  return tiles;
}

/// Tiles of the samples left out by all samples; where few are left out, long ones.
std::vector<KernelTile> tiles_of_left_out(Index left_out, Index samples, Index members) {
  constexpr Index longest = 1024;
  Index const height = std::min(left_out, tile_side(members, left_out));
  Index const width = std::clamp<Index>(tile_elements / (members * height) / 16 * 16, 64, longest);
  std::vector<KernelTile> tiles;
  for (Index row = 0; row < left_out; row += height)
    for (Index col = 0; col < samples; col += width)
      tiles.push_back({row, std::min(height, left_out - row), col, std::min(width, samples - col)});
  return tiles;
}

/// Batches of fewer than four samples have no unbiased estimate and are left out.
std::vector<KernelTile> batches_of(Index samples, Index batch) {
  std::vector<KernelTile> tiles;
  for (Index begin = 0; begin < samples; begin += batch) {
    Index const count = std::min(batch, samples - begin);
    if (count >= 4) tiles.push_back({begin, count, begin, count});
  }
  return tiles;
}

/// Consecutive tiles of so many operations each.
void add_pieces(KernelPlan& plan, Index row, Index col, bool batches, std::vector<KernelTile> const& tiles,
                double flops_per_element, double least_flops = flops_per_piece) {
  double total = 0;
  for (auto const& tile : tiles) total += flops_per_element * static_cast<double>(tile.rows * tile.cols);
  double const target = std::max(least_flops, total / most_pieces);
  double held = 0;
  KernelPiece piece{row, col, batches, {}};
  for (auto const& tile : tiles) {
    piece.tiles.push_back(tile);
    held += flops_per_element * static_cast<double>(tile.rows * tile.cols);
    if (held < target) continue;
    plan.pieces.push_back(std::move(piece));
    piece = {row, col, batches, {}};
    held = 0;
  }
  if (!piece.tiles.empty()) plan.pieces.push_back(std::move(piece));
}

}  // namespace

std::vector<KernelChoice> kernel_choices(std::vector<Measure const*> const& measures, CompareOptions const& options) {
  std::vector<KernelChoice> choices;
  for (auto const* measure : measures) {
    KernelChoice const choice = choice_for(measure->kernel, options);
    bool const known = std::any_of(choices.begin(), choices.end(), [&](KernelChoice const& c) {
      return c.form == choice.form && c.function == choice.function;
    });
    if (!known) choices.push_back(choice);
  }
  return choices;
}

std::size_t choice_of(std::vector<KernelChoice> const& choices, Kernel kernel, CompareOptions const& options) {
  KernelChoice const wanted = choice_for(kernel, options);
  auto const found = std::find_if(choices.begin(), choices.end(), [&](KernelChoice const& c) {
    return c.form == wanted.form && c.function == wanted.function;
  });
  return static_cast<std::size_t>(found - choices.begin());
}

RowNeeds kernel_row_needs(std::vector<KernelChoice> const& choices) {
  RowNeeds needs;
  for (auto const& choice : choices) {
    if (choice.function == TileFunction::rank)
      needs.add_ranks(choice.form);
    else if (choice.function == TileFunction::inner_product || choice.function == TileFunction::u_centred)
      needs.add(choice.form);
    else
      needs.add_distances(choice.form);
    needs.roots = needs.roots || choice.function == TileFunction::distance;
  }
  return needs;
}

Attributes kernel_notes(Measure const& measure, CompareOptions const& options) {
  bool const distances = measure.kernel == Kernel::gaussian || measure.kernel == Kernel::distance ||
                         measure.kernel == Kernel::dissimilarity;
  Attributes notes = {{"precision", std::string(options.exact ? "double"
                                             : distances ? "single kernels of rows in 16 to 64 bits, double sums"
                                                         : "single kernels, double sums")},
                      {"computed_from", std::string("kernels of samples")}};
  switch (measure.kernel) {
    case Kernel::linear:
    case Kernel::distance:
      break;
    case Kernel::gaussian:
      notes["bandwidth"] = options.bandwidth;
      notes["bandwidth_rule"] = std::string(
          "sigma = bandwidth times the median distance of different samples, over 4,096 evenly spaced ones of more");
      break;
    case Kernel::dissimilarity:
    case Kernel::rank: {
      constexpr char const* names[] = {"euclidean", "squared euclidean", "cosine (rows as stored)",
                                       "correlation (rows as stored)"};
      notes["dissimilarity"] = std::string(names[static_cast<std::size_t>(options.dissimilarity)]);
      break;
    }
    case Kernel::minibatch:
      notes["batch"] = options.batch;
      break;
  }
  return notes;
}

namespace {

/// left_out: nullptr: all pairs of samples.
KernelPlan make_plan(std::vector<KernelItem> const& items, std::vector<KernelChoice> const& choices, Index batch,
                     LeftOut const* left_out) {
  KernelPlan plan;
  std::map<Index, std::vector<Index>> groups;
  for (std::size_t i = 0; i < items.size(); ++i)
    if (items[i].group >= 0) groups[items[i].group].push_back(static_cast<Index>(i));
  auto const in_batches = [](KernelChoice const& c) { return c.function == TileFunction::u_centred; };
  bool const any_batches = std::any_of(choices.begin(), choices.end(), in_batches);
  bool const any_whole = !std::all_of(choices.begin(), choices.end(), in_batches);
  for (auto const& [group, members] : groups) {
    Index const samples = items[static_cast<std::size_t>(members.front())].samples;
    Index const width = std::min(batch, samples);
    Index const most =
        any_batches ? std::clamp<Index>(batch_elements / (width * width), 1, most_members) : most_members;
    Index const first = static_cast<Index>(plan.panels.size());
    for (std::size_t begin = 0; begin < members.size(); begin += static_cast<std::size_t>(most)) {
      auto const end = std::min(members.size(), begin + static_cast<std::size_t>(most));
      plan.panels.push_back(
          {{members.begin() + static_cast<std::ptrdiff_t>(begin), members.begin() + static_cast<std::ptrdiff_t>(end)},
           samples,
           left_out != nullptr ? (*left_out)(members.front()) : std::vector<Index>()});
    }
    Index const last = static_cast<Index>(plan.panels.size());
    for (Index row = first; row < last; ++row)
      for (Index col = row; col < last; ++col) {
        double features = 0, count = 0;
        for (Index const panel : {row, col})
          for (Index const member : plan.panels[static_cast<std::size_t>(panel)].members) {
            features += static_cast<double>(items[static_cast<std::size_t>(member)].features);
            ++count;
          }
        double const flops = (2 * features + count * count / 2) / (row == col ? 2 : 1);
        Index const side_members = static_cast<Index>(count) / (row == col ? 2 : 1);
        if (left_out != nullptr) {
          auto const missing = static_cast<Index>(plan.panels[static_cast<std::size_t>(row)].left_out.size());
          if (any_whole && missing > 0)
            add_pieces(plan, row, col, false, tiles_of_left_out(missing, samples, side_members), flops,
                       left_out_flops_per_piece);
          continue;
        }
        Index const side = tile_side(side_members, samples);
        if (any_whole) add_pieces(plan, row, col, false, tiles_of(samples, side), flops);
        if (any_batches) add_pieces(plan, row, col, true, batches_of(samples, batch), flops);
      }
  }
  return plan;
}

}  // namespace

KernelPlan plan_kernels(std::vector<KernelItem> const& items, std::vector<KernelChoice> const& choices, Index batch) {
  return make_plan(items, choices, batch, nullptr);
}

KernelPlan plan_left_out(std::vector<KernelItem> const& items, std::vector<KernelChoice> const& choices, Index batch,
                         LeftOut const& left_out) {
  return make_plan(items, choices, batch, &left_out);
}

/// Products of features take 2 n p q a pair. Kernels take n^2 p a representation and n^2 a pair, in smaller products
/// that run at three quarters of the speed.
bool cheaper_by_samples(std::vector<KernelItem> const& items) {
  struct Group {
    double samples = 0, features = 0, count = 0;
  };
  std::map<Index, Group> groups;
  for (auto const& item : items) {
    if (item.group < 0) continue;
    Group& group = groups[item.group];
    group.samples = static_cast<double>(item.samples);
    group.features += static_cast<double>(std::min(item.samples, item.features));
    ++group.count;
  }
  double by_features = 0, by_samples = 0;
  for (auto const& [number, g] : groups) {
    by_features += g.samples * g.features * g.features;
    by_samples += g.samples * g.samples * (g.features + g.count * g.count / 2);
  }
  return by_samples / 0.75 < by_features;
}

}  // namespace confer
