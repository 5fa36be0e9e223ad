/** One line of the table. */
export interface Row {
  readonly measure: string;
  readonly measured: string;
  /** What it must reach; a row without one is for information. */
  readonly target?: string;
  readonly isMet?: boolean;
  /** Nothing was measured; `measured` says why. */
  readonly isSkipped?: boolean;
  /** What the row was made of, for the JSON. */
  readonly numbers: Readonly<Record<string, number | readonly number[]>>;
}

export interface BenchmarkOptions {
  /** How often each thing is measured, after one run to warm up. */
  readonly repetitions: number;
  /** Lineage records of the histories that are asked questions. */
  readonly records: number;
}

/** Measurements that need one set-up. */
export interface Benchmark {
  /** What a filter is compared with. */
  readonly name: string;
  run(options: BenchmarkOptions): Promise<Row[]>;
}

/** A row whose number must not be greater than its target. */
export function limited(
  measure: string,
  value: number,
  limit: number,
  unit: string,
  numbers: Row['numbers'],
  remark = '',
): Row {
  return {
    measure,
    measured: shown(value, unit, remark),
    target: `<= ${limit} ${unit}`,
    isMet: value <= limit,
    numbers: { value, limit, ...numbers },
  };
}

/** A row whose number must be its target: of a count, where none at all would mean that nothing was counted. */
export function exactly(
  measure: string,
  value: number,
  target: number,
  unit: string,
  numbers: Row['numbers'],
  remark = '',
): Row {
  return {
    measure,
    measured: shown(value, unit, remark),
    target: `${target} ${unit}`,
    isMet: value === target,
    numbers: { value, target, ...numbers },
  };
}

/** A row whose number must not be less than its target. */
export function atLeast(
  measure: string,
  value: number,
  target: number,
  unit: string,
  numbers: Row['numbers'],
  remark = '',
): Row {
  return {
    measure,
    measured: shown(value, unit, remark),
    target: `>= ${target} ${unit}`,
    isMet: value >= target,
    numbers: { value, target, ...numbers },
  };
}

function shown(value: number, unit: string, remark = ''): string {
  return `${readable(value)} ${unit}${remark && ` (${remark})`}`;
}

export function readable(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
}
