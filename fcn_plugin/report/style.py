"""The page's style, light and dark, and the script that sorts its tables."""

STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --soft: #5c6675; --line: #dde2e9; --paper: #fff; --card: #f5f7fa;
  --good: #2563c9; --bad: #d0342c; --on: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #9aa5b5; --line: #333c49; --paper: #14181f;
  --card: #1d232c; --good: #6ea8fe; --bad: #ff7b72; --on: #10141a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 8px 0; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 48px 0 8px; padding-top: 16px; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 24px 0 8px; }
p { margin: 8px 0; max-width: 46rem; } .soft, figcaption, small { color: var(--soft); }
nav { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 16px 0; } a { color: var(--good); }
.scores { display: grid; grid-template-columns: repeat(auto-fit, minmax(132px, 1fr)); gap: 12px; margin: 16px 0; padding: 0; }
.scores div { display: flex; flex-direction: column; justify-content: space-between;
  background: var(--card); border-radius: 10px; padding: 12px 14px; }
.scores dt { color: var(--soft); font-size: .85rem; line-height: 1.3; }
.scores dd { margin: 4px 0 0; font-size: 1.6rem; font-weight: 600; }
.scores div.first dd { color: var(--good); }
.wide { overflow-x: auto; margin: 12px 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { padding: 5px 12px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: var(--paper); }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; white-space: normal; line-height: 1.25; }
th button { all: unset; cursor: pointer; } th button:hover { color: var(--ink); }
th button:focus-visible { outline: 2px solid var(--good); }
th[aria-sort=descending] button::after { content: " \\2193"; } th[aria-sort=ascending] button::after { content: " \\2191"; }
td.name { text-align: left; }
.swatch { display: inline-block; width: 14px; height: 14px; border-radius: 3px; margin-right: 8px;
  vertical-align: -2px; border: 1px solid #8888; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 12px 0; padding: 0; list-style: none; font-size: .9rem; }
.track { display: block; width: 100%; min-width: 90px; height: 7px; border-radius: 4px; background: var(--card); margin: 3px 0; }
.track i { display: block; height: 100%; border-radius: 4px; background: var(--soft); } .track i.guess { background: var(--good); }
td.bars { min-width: 160px; width: 40%; }
.example { margin: 20px 0 28px; } .example > figcaption { margin-bottom: 6px; color: var(--ink); overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 6px; }
.tiles figure { margin: 0; } .tiles img { display: block; width: 100%; border-radius: 4px; } .tiles figcaption { font-size: .8rem; }
.tiles img.small { image-rendering: pixelated; }
svg text { fill: var(--ink); } svg .grid { stroke: var(--line); } .chart { width: 100%; max-width: 520px; font-size: 12px; }
.pair { display: grid; align-items: start; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 16px; }
.side { display: flex; flex-wrap: wrap; gap: 0 40px; } .side > div { max-width: 100%; }
.side th:nth-child(2) { text-align: left; }
.bar { fill: var(--good); fill-opacity: .75; } .ghost { fill: var(--soft); fill-opacity: .3; }
.curve { fill: none; stroke: var(--good); stroke-width: 2; } .ideal { stroke: var(--soft); stroke-dasharray: 5 4; fill: none; }
.dot { fill: var(--good); } .hit { fill: var(--good); } .miss { fill: var(--bad); } .frame { fill: none; stroke: var(--line); }
svg .on { fill: var(--on); }
@media (max-width: 640px) { main { padding: 12px 12px 48px; } .tiles { grid-template-columns: repeat(2, 1fr); }
  th, td { padding: 5px 8px; } .scores { grid-template-columns: repeat(2, 1fr); } .scores dd { font-size: 1.35rem; } }
"""
# the first click sorts numbers descending, names ascending; rows without a value stay at the end
SCRIPT = """
for (const button of document.querySelectorAll("th button")) button.onclick = () => {
  const head = button.parentNode, body = head.closest("table").tBodies[0], column = head.cellIndex;
  const value = row => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
  const down = column > 0 ? head.ariaSort !== "descending" : head.ariaSort === "ascending";
  for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const order = (a, b) => column > 0 ? Number(a) - Number(b) : a.localeCompare(b);
  body.append(...[...body.rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    return x === "-" || y === "-" ? (x === "-") - (y === "-") : (down ? -1 : 1) * order(x, y);
  }));
};
"""
