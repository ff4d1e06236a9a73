#include "report/vega_bundle.hpp"

// CONFER_VEGA is the directory with the bundles, set by CMake when all of them are there. The assembler includes the
// files as they are: 840 kB of text would be slow to compile as a literal.
#ifdef CONFER_VEGA

#define CONFER_INCLUDE_FILE(symbol, name)                                                                       \
  asm(".pushsection .rodata\n"                                                                                  \
      ".global " #symbol "_begin\n.global " #symbol "_end\n" #symbol "_begin:\n.incbin \"" CONFER_VEGA "/" name \
      "\"\n" #symbol "_end:\n.byte 0\n.popsection\n");                                                          \
  extern "C" char const symbol##_begin[], symbol##_end[]

CONFER_INCLUDE_FILE(confer_vega, "vega.min.js");
CONFER_INCLUDE_FILE(confer_vega_lite, "vega-lite.min.js");
CONFER_INCLUDE_FILE(confer_vega_embed, "vega-embed.min.js");
CONFER_INCLUDE_FILE(confer_vega_licences, "LICENCES");

namespace confer::report {

namespace {
std::string_view between(char const* begin, char const* end) { return {begin, static_cast<std::size_t>(end - begin)}; }
}  // namespace

VegaBundle vega_bundle() {
  return {between(confer_vega_begin, confer_vega_end), between(confer_vega_lite_begin, confer_vega_lite_end),
          between(confer_vega_embed_begin, confer_vega_embed_end),
          between(confer_vega_licences_begin, confer_vega_licences_end)};
}

}  // namespace confer::report

#else

namespace confer::report {

VegaBundle vega_bundle() { return {}; }

}  // namespace confer::report

#endif
