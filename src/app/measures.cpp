#include "app/commands.hpp"
#include "app/options.hpp"
#include "confer/similarity/describe.hpp"
#include "confer/similarity/measure.hpp"

namespace confer::app {

Job prepare_measures(std::vector<std::string> const& arguments) {
  bool markdown = false;
  Syntax syntax;
  syntax.command = "measures";
  syntax.usage = "[--markdown]";
  syntax.description =
      "Lists the similarity measures: name, kind, range, symmetry, what leaves them unchanged, formula and reference. "
      "The names are what --measures of confer compare takes and what results files use.";
  syntax.groups = {{"Output", {switch_option("markdown", "as a Markdown table", markdown)}}};
  syntax.examples = {{"confer measures", "all measures; those of the set core are the default of confer compare"}};
  if (read_options(syntax, arguments).help) return printing(help_text(syntax));
  return printing(markdown ? measures_markdown() : measures_table(all_measures()));
}

}  // namespace confer::app
