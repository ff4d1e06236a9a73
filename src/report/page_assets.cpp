#include "report/page.hpp"

namespace confer::report {

char const* const page_style = R"css(
:root { --ink: #1c2430; --soft: #5b6675; --line: #dfe3e8; --paper: #fff; --ground: #f5f6f8; --accent: #31688e; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); overflow-wrap: break-word;
       font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 24px 20px 60px; }
header h1 { font-size: 1.65rem; line-height: 1.2; margin: 0 0 4px; }
header p { color: var(--soft); margin: 0; }
h2 { font-size: 1.3rem; margin: 40px 0 4px; }
h3 { font-size: 1.02rem; margin: 0; padding-right: 36px; }
.about { color: var(--soft); margin: 0 0 12px; }
.answer { background: var(--paper); border: 1px solid var(--line); border-left: 4px solid var(--accent);
          border-radius: 6px; padding: 14px 20px; margin: 18px 0 14px; }
.answer p { margin: 6px 0; max-width: 110ch; }
.answer p:first-child { font-size: 1.08rem; }
.warnings { background: #fff8e6; border: 1px solid #ecd9a0; border-radius: 6px; padding: 10px 20px; margin: 0 0 14px; }
.warnings ul { margin: 6px 0; padding-left: 20px; }
.controls { position: sticky; top: 0; z-index: 5; display: flex; flex-wrap: wrap; gap: 6px 22px;
            padding: 8px 20px; margin: 0 -20px; background: rgba(245, 246, 248, .96);
            border-bottom: 1px solid var(--line); }
.controls label, .vega-bind, .vega-bind label { font-size: .86rem; color: var(--soft); }
select { font: inherit; font-size: .88rem; color: var(--ink); background: var(--paper); border: 1px solid #b9c1ca;
         border-radius: 5px; padding: 3px 6px; max-width: 100%; }
.controls select, .choices select { max-width: min(330px, 78vw); }
.chart-wrapper { overflow: hidden; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 500px), 1fr)); gap: 18px;
        align-items: start; }
figure { position: relative; margin: 0; background: var(--paper); border: 1px solid var(--line); border-radius: 6px;
         padding: 14px 16px; min-width: 0; }
figure.wide, figure.tall { grid-column: 1 / -1; }
@media (min-width: 1100px) { figure.half { grid-column: auto; } }
figcaption { color: var(--soft); font-size: .87rem; margin: 2px 0 8px; }
.wide .drawing { height: 400px; }
.square .drawing { aspect-ratio: 1 / 1.02; }
.tall .drawing { height: var(--tall, 420px); }
.drawing { width: 100%; padding-right: 0 !important; display: block; }
.chart .vega-embed { position: static; }
.chart .vega-embed summary { opacity: .6; top: 10px; right: 10px; }
.chart .vega-embed .vega-actions { top: 44px; right: 8px; }
figure:hover .vega-embed summary, .chart .vega-embed summary:focus { opacity: 1; }
.choices { min-height: 4px; }
.choices .vega-bind { display: inline-block; margin: 0 20px 6px 0; }
.failed { color: #a02020; }
table { border-collapse: collapse; font-size: .84rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 3px 12px 3px 0; border-bottom: 1px solid var(--line); vertical-align: top;
         max-width: 46ch; }
th { color: var(--soft); font-weight: 600; }
.scroll { overflow: auto; max-height: 480px; }
details { margin: 10px 0 0; } summary { cursor: pointer; color: var(--accent); font-size: .88rem; }
details.part { background: var(--paper); border: 1px solid var(--line); border-radius: 6px; padding: 10px 16px;
               margin: 12px 0; }
pre { white-space: pre-wrap; font-size: .75rem; }
nav a { margin-right: 16px; color: var(--accent); }
#vg-tooltip-element { max-width: min(440px, 92vw); overflow-wrap: anywhere; }
#vg-tooltip-element td.value { max-width: 340px; white-space: normal; overflow: visible; }
@media (max-width: 560px) {
  main { padding: 16px 12px 40px; }
  .controls { margin: 0 -12px; padding: 8px 12px; position: static; }
  figure { padding: 12px 10px; }
  .answer { padding: 10px 14px; } header h1 { font-size: 1.35rem; } .wide .drawing { height: 360px; }
}
@media print {
  body { background: none; font-size: 11pt; }
  main { max-width: none; padding: 0; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .drawing { height: auto !important; }
  .drawing svg, .drawing canvas { max-width: 100%; height: auto !important; } /* drawn for the window, not the paper */
  .controls, .choices, details:not([open]), .vega-embed summary { display: none !important; }
  figure, .answer, .warnings { break-inside: avoid; } .grid { display: block; } figure { margin-bottom: 14px; }
}
)css";

// Fonts and colours of all figures. The categories are those of Okabe and Ito (2008) and others of equal contrast.
char const* const figure_config = R"json({
  "font": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif",
  "view": {"stroke": null},
  "background": "white",
  "axis": {"labelColor": "#3c4654", "titleColor": "#3c4654", "titleFontWeight": "normal", "gridColor": "#e8ebef",
           "domainColor": "#9aa3ad", "tickColor": "#9aa3ad"},
  "legend": {"labelColor": "#3c4654", "titleColor": "#3c4654", "titleFontWeight": "normal"},
  "range": {"category": ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#6a3d9a", "#8c8c00",
                         "#000000", "#a0522d", "#17a2a2", "#999999"]}
})json";

// Data sets travel as columns and are turned into rows here; everything that is drawn is in the specifications.
char const* const page_script = R"js(
(function () {
  "use strict";
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const views = [];
  const config = JSON.parse(document.getElementById("config").textContent);
  function rows(columns) {
    const names = Object.keys(columns), out = [];
    const count = names.length ? columns[names[0]].length : 0;
    for (let k = 0; k < count; ++k) {
      const row = { k: k };
      for (const name of names) row[name] = columns[name][k];
      out.push(row);
    }
    return out;
  }
  async function draw(figure, place) {
    const spec = figure.spec;
    if (figure.columns) spec.datasets = { rows: rows(figure.columns) };
    const options = {
      renderer: figure.renderer, config: config, ast: false, mode: "vega-lite", downloadFileName: figure.file,
      actions: { export: true, source: false, compiled: false, editor: false }, tooltip: { theme: "light" },
      bind: place.previousElementSibling
    };
    try {
      const embedded = await vegaEmbed(place, spec, options);
      views.push(embedded.view);
      place.dataset.state = "drawn";
    } catch (error) {
      place.dataset.state = "failed";
      place.textContent = "This figure could not be drawn: " + error.message;
      place.classList.add("failed");
      console.error(error);
    }
  }
  async function drawAll() {
    const seen = new Map(figures.map((figure, i) => [figure, document.getElementById("chart-" + i)]));
    // Those in sight first; the page stays alive in between.
    const order = figures.slice().sort((a, b) => (seen.get(a).getBoundingClientRect().top < innerHeight ? 0 : 1) -
                                                 (seen.get(b).getBoundingClientRect().top < innerHeight ? 0 : 1));
    for (const figure of order) {
      await draw(figure, seen.get(figure));
      await new Promise(resolve => setTimeout(resolve, 0));
    }
    document.body.dataset.state = "drawn";
  }
  for (const control of document.querySelectorAll(".controls select"))
    control.addEventListener("change", function () {
      for (const view of views) {
        if (!control.closest("section").contains(view.container())) continue;
        const state = view.getState({ signals: name => name === control.name, data: () => false });
        if (control.name in state.signals) view.signal(control.name, control.value).runAsync();
      }
    });
  window.conferViews = views;
  drawAll();
})();
)js";

}  // namespace confer::report
