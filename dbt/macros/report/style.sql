{# The style of the page that `akeneo.report` makes: on phones, tables become lists; in the dark, dark; on paper, plain. #}
{% macro report_style() %}
:root { color-scheme: light dark; --text: #222; --quiet: #666; --back: #fff; --line: #ddd; --tile: #f4f5f7;
  --link: #0b5cad; --good: #bfe3c3; --bad: #f6c6bd; --mark: #b3261e; --draw: #2f6f3e; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e6e6; --quiet: #a3a3a3; --back: #16181b; --line: #3a3d42; --tile: #22252a;
    --link: #8ab8f0; --good: #265c33; --bad: #77312a; --mark: #ff8a80; --draw: #7cc48b; }
}
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1200px; margin: 0 auto; padding: 1rem;
  color: var(--text); background: var(--back); overflow-wrap: anywhere; }
h1 { margin: .5rem 0 0; font-size: 1.8rem; line-height: 1.2; }
h2 { margin: 2.5rem 0 .25rem; }
h3 { margin: 1.5rem 0 .25rem; font-size: 1rem; }
a { color: var(--link); }
nav a { display: inline-block; margin-right: .75rem; padding: .25rem 0; }
.note, small, figcaption { color: var(--quiet); }
.note { margin: .25rem 0; font-size: .9rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .5rem; margin: 1rem 0; }
.tiles div { display: flex; flex-direction: column-reverse; justify-content: flex-end; padding: .6rem .8rem;
  background: var(--tile); border-radius: .4rem; }
.tiles dt { color: var(--quiet); font-size: .85rem; line-height: 1.3; }
.tiles dd { margin: 0; font-size: 1.5rem; font-weight: 600; }
table { width: 100%; margin: .5rem 0; border-collapse: collapse; font-size: .9rem; }
th { color: var(--quiet); font-weight: 600; text-align: left; vertical-align: bottom; }
th, td { min-width: 6rem; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); }
td { vertical-align: top; font-variant-numeric: tabular-nums; }
.number { text-align: right; }
.bar { display: inline-block; width: 7rem; max-width: 100%; padding: 0 .4rem; border-radius: .2rem; text-align: right;
  background: linear-gradient(to right, var(--good) calc(var(--share) * 1%), var(--bad) 0); }
.matrix td { min-width: 3.5rem; text-align: center; border: 2px solid var(--back); border-radius: .3rem; padding: .25rem;
  background: color-mix(in srgb, var(--good) calc(var(--share) * 1%), var(--bad)); }
.matrix th { min-width: 3.5rem; text-align: center; }
.matrix th:first-child { min-width: 8rem; text-align: left; }
.matrix tbody th { color: inherit; }
.matrix .none { background: none; }
img { float: left; margin-right: .5rem; object-fit: contain; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1.5rem; }
figure { margin: .5rem 0; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg text { fill: var(--quiet); font-size: 12px; }
.axis { stroke: var(--line); }
.line { fill: none; stroke: var(--draw); stroke-width: 2; vector-effect: non-scaling-stroke; }
.deletions { stroke: var(--mark); stroke-width: 3; vector-effect: non-scaling-stroke; }
@media (max-width: 700px) {
  thead { position: absolute; clip-path: inset(50%); height: 1px; width: 1px; overflow: hidden; }
  table, tbody, tr, td, tbody th { display: block; }
  tr { padding: .5rem 0; border-bottom: 1px solid var(--line); }
  td, td.number, tbody th { min-width: 0; padding: .1rem 0; border: 0; text-align: left; }
  td[data-head]::before { content: attr(data-head) ": "; color: var(--quiet); }
  .matrix tr { display: flex; flex-wrap: wrap; gap: .25rem; }
  td.none { display: none; }
  .matrix tbody th { flex-basis: 100%; }
  .matrix td { padding: .1rem .5rem; border: 0; }
}
@media print {
  :root { color-scheme: light; --text: #000; --quiet: #444; --back: #fff; --line: #bbb; --tile: #f4f5f7;
    --link: #000; --good: #bfe3c3; --bad: #f6c6bd; --mark: #b3261e; --draw: #2f6f3e; }
  body { max-width: none; padding: 0; font-size: 11px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  nav { display: none; }
  h2, h3 { break-after: avoid; }
  tr, figure, .tiles { break-inside: avoid; }
}
{% endmacro %}
