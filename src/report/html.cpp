#include "confer/report/html.hpp"

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "report/page.hpp"
#include "report/sections.hpp"
#include "report/vega_bundle.hpp"

namespace confer {

namespace {

report::Section section_of(ReportInput const& input) {
  auto const command = input.results.text_attribute("command");
  if (command == "compare") return report::compare_section(input.results, input.path);
  if (command == "align") return report::align_section(input.results, input.path);
  if (command == "dynamics") return report::dynamics_section(input.results, input.path);
  throw InputError(input.path + " cannot be reported (its command is '" + command + "')",
                   "reports are made of results of compare, align and dynamics");
}

}  // namespace

void write_html_report(std::ostream& out, std::vector<ReportInput> const& inputs) {
  std::vector<report::Section> sections;
  for (auto const& input : inputs) sections.push_back(section_of(input));
  std::string title = "confer report";
  if (sections.size() == 1) title = sections.front().title;
  report::write_page(out, title, sections, report::vega_bundle());
}

bool report_has_figures() { return report::vega_bundle().complete(); }

}  // namespace confer
