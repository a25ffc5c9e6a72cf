// The page of a summary.

const STYLE = `
:root{color-scheme:light dark;--ok:#1a7f4b;--bad:#c0322b;--bar:#5b7fd6}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin:1rem 0}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8884}
th.number,td.number{text-align:right;font-variant-numeric:tabular-nums}
.PASS,.ok{color:var(--ok)}.FAIL,.bad{color:var(--bad)}
svg{width:100%;height:auto}text{font-size:13px;fill:currentColor}
`;
const BAR_PX = 22;
const LABEL_PX = 130;
const WIDTH_PX = 800;

/** The report as a page that needs nothing but itself. */
export function page(report) {
  const title = `${escaped(report.scenario)}: ${report.verdict}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head><body>
<h1>${escaped(report.scenario)}: <span class="${report.verdict}">${report.verdict}</span></h1>
<p>${report.seconds} s at ${escaped(report.target)}, ${report.notes.requests} requests,
${report.notes.droppedIterations} buyers found no virtual user free,
${report.notes.versionsWentBack} times an older version was shown.</p>
<h2>What must hold</h2>
<table><tr><th>what</th><th class="number">found</th><th class="number">held to</th><th></th></tr>
${report.facts.map(fact).join('\n')}
</table>
<h2>How long answers took</h2>
<p>Milliseconds. A goal that is missed fails nothing: it belongs to the machine.</p>
${report.latencies.map(bars).join('\n')}
</body></html>
`;
}

function fact({ what, found, wanted, holds }) {
  const word = holds ? '<td class="ok">holds</td>' : '<td class="bad">BROKEN</td>';
  return `<tr><td>${escaped(what)}</td><td class="number">${found}</td>
<td class="number">${escaped(wanted)}</td>${word}</tr>`;
}

/** A bar a percentile, and a line where the goal for p95 is. */
function bars({ name, count, p50, p95, p99, max, goalP95, met }) {
  const figures = [['p50', p50], ['p95', p95], ['p99', p99], ['most', max]];
  const most = Math.max(max, goalP95) || 1;
  const x = (ms) => Math.round(LABEL_PX + (ms / most) * (WIDTH_PX - LABEL_PX - 90));
  const rows = figures.map(([figure, ms], place) => {
    const y = place * BAR_PX;
    const width = Math.max(1, x(ms) - LABEL_PX);
    return `<text x="0" y="${y + 15}">${figure}</text>
<rect x="${LABEL_PX}" y="${y + 3}" width="${width}" height="${BAR_PX - 6}" fill="var(--bar)"/>
<text x="${x(ms) + 6}" y="${y + 15}">${ms}</text>`;
  });
  const height = figures.length * BAR_PX;
  const word = met ? '<span class="ok">met</span>' : '<span class="bad">ABOVE</span>';
  return `<h3>${escaped(name)}: ${count} answers, p95 below ${goalP95} ${word}</h3>
<svg viewBox="0 0 ${WIDTH_PX} ${height}" role="img" aria-label="${escaped(name)} in milliseconds">
${rows.join('\n')}
<line x1="${x(goalP95)}" x2="${x(goalP95)}" y1="0" y2="${height}" stroke="var(--bad)"
 stroke-dasharray="4 3"/></svg>`;
}

function escaped(text) {
  const names = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return String(text).replace(/[&<>"]/g, (sign) => names[sign]);
}
