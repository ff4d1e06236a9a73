#include "run/match_pairs.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"

namespace confer {

namespace {

constexpr std::size_t most_in_a_chain = 8;  // so that there is enough to hand out, and little to do again

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

struct Place {
  std::string network, layer;
  Index step = 0;
};

std::vector<Place> places_of(Catalog const& catalog, std::vector<Representation> const& representations) {
  std::vector<Place> places;
  for (auto const& r : representations) {
    auto const& checkpoint = catalog.checkpoints[at(r.checkpoint)];
    places.push_back({checkpoint.network, checkpoint.layers[at(r.layer)].name, checkpoint.step});
  }
  return places;
}

}  // namespace

std::vector<MatchChain> match_chains(Catalog const& catalog, std::vector<Representation> const& representations,
                                     MatchOptions const& options) {
  auto const places = places_of(catalog, representations);
  std::map<std::string, Index> last;
  for (auto const& place : places) {
    auto const [found, fresh] = last.emplace(place.network, place.step);
    if (!fresh) found->second = std::max(found->second, place.step);
  }
  auto const wanted = [&](std::size_t i, std::size_t j) {
    Place const &a = places[i], &b = places[j];
    switch (options.pairs) {
      case MatchPairs::networks:
        return a.network != b.network && a.layer == b.layer &&
               (a.step == b.step || (a.step == last[a.network] && b.step == last[b.network]));
      case MatchPairs::same_layer:
        return a.layer == b.layer;
      case MatchPairs::all:
        return true;
      case MatchPairs::to:
        return glob_match(options.pairs_glob, representations[i].label) ||
               glob_match(options.pairs_glob, representations[j].label);
    }
    return false;
  };
  using Key = std::tuple<std::string, std::string, std::string, std::string>;
  std::map<Key, std::size_t> open;
  std::vector<MatchChain> chains;
  for (std::size_t i = 0; i < places.size(); ++i)
    for (std::size_t j = i + 1; j < places.size(); ++j) {
      if (!wanted(i, j)) continue;
      auto const [found, fresh] =
          open.try_emplace(Key{places[i].network, places[j].network, places[i].layer, places[j].layer}, chains.size());
      if (!fresh && chains[found->second].pairs.size() == most_in_a_chain) found->second = chains.size();
      if (found->second == chains.size()) chains.emplace_back();
      chains[found->second].pairs.emplace_back(static_cast<Index>(i), static_cast<Index>(j));
    }
  if (chains.empty())
    throw UsageError("there is no pair to match",
                     options.pairs == MatchPairs::networks
                         ? "the data hold no layer of the same name in two networks at the same step or at their last"
                         : "--pairs leaves none",
                     "choose other networks, layers or steps, or --pairs same-layer or all");
  return chains;
}

}  // namespace confer
