import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { InstalledProgram } from './installed-program';

const promtool = new InstalledProgram(['program.js', 'promtool']);

export const describeWithPromtool = (): typeof describe | typeof describe.skip => promtool.describe();

/** Seconds between two samples, and between two evaluations of the rules. */
const STEP = 15;
const MINUTES = 120;

/** By the text of a series: its value at each of 120 minutes from 0 on; undefined for a missing scrape. */
export type SeriesOverTime = Readonly<Record<string, (minute: number) => number | undefined>>;

export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
}

function run(files: Readonly<Record<string, unknown>>, ...words: readonly string[]): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'selvage-promtool-'));
  try {
    // JSON is YAML.
    for (const [name, content] of Object.entries(files))
      writeFileSync(path.join(folder, name), JSON.stringify(content));
    const { status, stdout, stderr } = spawnSync(promtool.path, words, { cwd: folder, encoding: 'utf8' });
    return status === 0 ? '' : `${stdout}${stderr}` || `It ended with ${status}.`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const groupOf = (rules: readonly Rule[]) => ({ groups: [{ name: 'tested', rules }] });

/** The mistakes in the rules; empty if there are none. */
export function mistakesInRules(rules: readonly Rule[]): string {
  return run({ 'rules.yaml': groupOf(rules) }, 'check', 'rules', 'rules.yaml');
}

/** Tests that exactly these alerts fire at some time. Returns the complaints of `promtool test rules`. */
export function firesOtherwise(
  rules: readonly Rule[],
  series: SeriesOverTime,
  expected: readonly string[],
): string {
  const test = {
    interval: `${STEP}s`,
    input_series: Object.entries(series).map(([name, valueAt]) => ({
      series: name,
      values: valuesOf(valueAt),
    })),
    promql_expr_test: [
      {
        expr: `count by (alertname) (count_over_time(ALERTS{alertstate="firing"}[${MINUTES}m]))`,
        eval_time: `${MINUTES}m`,
        exp_samples: expected.map((name) => ({ labels: `{alertname="${name}"}`, value: 1 })),
      },
    ],
  };
  const tests = { rule_files: ['rules.yaml'], evaluation_interval: `${STEP}s`, tests: [test] };
  return run({ 'rules.yaml': groupOf(rules), 'tests.yaml': tests }, ...['test', 'rules', 'tests.yaml']);
}

function valuesOf(valueAt: (minute: number) => number | undefined): string {
  const samples = Array.from({ length: (MINUTES * 60) / STEP + 1 }, (_, index) =>
    valueAt((index * STEP) / 60),
  );
  return samples.map((value, index) => value ?? (samples[index - 1] === undefined ? '_' : 'stale')).join(' ');
}
