// What came of a run, for people and programs: text, a page and JSON of the same. The page needs
// nothing but itself.

import { KINDS } from './answers.js';
import { BASE_URL, SUMMARY_DIR } from './settings.js';
import { page } from './page.js';

/** What every p95 is meant to stay below; goals are told, and fail nothing. */
const GOAL_MS = 800;
const LATENCIES = [
  ['attempt_ms', 'attempts'],
  ['status_ms', 'status'],
];

/** The files of the summary of `scenario`, and what is printed; `goals` are p95s in ms. */
export function summarise(scenario, goals, data) {
  const report = reportOf(scenario, goals, data);
  const file = `${SUMMARY_DIR}/${scenario}`;
  return {
    stdout: `${text(report)}\n`,
    [`${file}.json`]: `${JSON.stringify(report, null, 2)}\n`,
    [`${file}.html`]: page(report),
  };
}

function reportOf(scenario, goals, data) {
  const counted = KINDS.map((kind) => held(kind, data)).filter(Boolean);
  const facts = [...counted, books(data)];
  return {
    scenario,
    verdict: facts.every((fact) => fact.holds) ? 'PASS' : 'FAIL',
    target: BASE_URL,
    seconds: round(data.state.testRunDurationMs / 1000),
    facts,
    latencies: LATENCIES.map((named) => latency(named, goals, data)).filter(Boolean),
    // For orientation: they say something of the load generator and of the nodes' distance.
    notes: {
      requests: sum('http_reqs', data),
      droppedIterations: sum('dropped_iterations', data),
      versionsWentBack: sum('versions_went_back', data),
    },
  };
}

/** A kind of answer: how often it came, and what it is held to, if to anything. */
function held(kind, data) {
  const metric = data.metrics[kind];
  if (!metric) return { what: kind, found: 0, wanted: 'told', holds: false };
  const thresholds = Object.entries(metric.thresholds ?? {});
  const told = (rule) => rule.replace('count==', '').replace('count>=', 'at least ').replace('count>', 'above ');
  const wanted = thresholds.map(([rule]) => told(rule)).join(', ');
  const holds = thresholds.every(([, outcome]) => outcome.ok);
  const found = sum(kind, data);
  // What nobody expects and nobody saw is not worth a line.
  if (holds && found === 0 && wanted === '0' && !ALWAYS.includes(kind)) return undefined;
  return { what: kind, found, wanted: wanted || 'any', holds };
}

/** Kinds that are shown also where they are 0, since that is what the run is for. */
const ALWAYS = ['accepted', 'unavailable', 'server_errors', 'unanswered', 'invariants_broken'];

/** The ledger has as many units as buyers were told of. */
function books(data) {
  const [told, recorded] = [sum('units_told', data), sum('units_in_ledger', data)];
  const holds = told === recorded;
  return { what: 'units_in_ledger', found: recorded, wanted: String(told), holds };
}

function latency([metric, name], goals, data) {
  const values = data.metrics[metric]?.values;
  if (!values || !values.count) return undefined;
  const goal = goals[metric] ?? GOAL_MS;
  return {
    name,
    count: values.count,
    p50: round(values.med),
    p95: round(values['p(95)']),
    p99: round(values['p(99)']),
    max: round(values.max),
    goalP95: goal,
    met: values['p(95)'] < goal,
  };
}

function text(report) {
  const { scenario, verdict, seconds, target } = report;
  const lines = [`\n${scenario}: ${verdict} in ${seconds} s at ${target}`];
  for (const { what, found, wanted, holds } of report.facts) {
    lines.push(`  ${holds ? 'ok    ' : 'BROKEN'} ${what.padEnd(20)} ${found} (held to: ${wanted})`);
  }
  for (const { name, count, p50, p95, p99, max, goalP95, met } of report.latencies) {
    const word = met ? 'met' : 'ABOVE';
    lines.push(
      `  ${name.padEnd(9)} ${count} answers, ms: p50 ${p50}, p95 ${p95}, p99 ${p99}, most ${max};` +
        ` goal for p95 below ${goalP95}: ${word}`,
    );
  }
  const { requests, droppedIterations, versionsWentBack } = report.notes;
  lines.push(
    `  ${requests} requests, ${droppedIterations} buyers found no virtual user free,` +
      ` ${versionsWentBack} times an older version was shown`,
  );
  return lines.join('\n');
}

function sum(metric, data) {
  return data.metrics[metric]?.values.count ?? 0;
}

function round(value) {
  return Math.round(value * 10) / 10;
}
