/// The browser bundles of Vega, Vega-Lite and vega-embed, put into the program when it is built.
#pragma once

#include <string_view>

namespace confer::report {

/// Views into the program; empty when the bundles were not there at build time.
struct VegaBundle {
  std::string_view vega, vega_lite, vega_embed, licences;

  bool complete() const { return !vega.empty() && !vega_lite.empty() && !vega_embed.empty(); }
};

VegaBundle vega_bundle();

}  // namespace confer::report
