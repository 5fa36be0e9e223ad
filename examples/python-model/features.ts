import { knot } from 'selvage';
import type { Table, Wines } from './bodies';

/** A column that a model may get: a measurement, or how much there is of it for each part of another. */
export interface Feature {
  name: string;
  of: number;
  per?: number;
}

export interface Weighed {
  feature: Feature;
  /** Variance between the growers over variance within them. */
  separation: number;
  /** Share of shuffles that separate the growers as well. */
  chance: number;
}

/** Every fourth wine is kept from all that learns. */
export const split = knot('split', ({ wines }: { wines: Wines }) => {
  const part = (isTest: boolean): Wines => {
    const isIn = (_: unknown, index: number): boolean => (index % 4 === 3) === isTest;
    return { ...wines, rows: wines.rows.filter(isIn), growers: wines.growers.filter(isIn) };
  };
  return { training: part(false), test: part(true) };
});

/** The measurements, and the ratios of any two. */
export const propose = knot('propose', ({ wines }: { wines: Wines }) =>
  wines.measurements.flatMap((name, of): Feature[] => {
    const ratios = wines.measurements.flatMap((other, per) =>
      per > of ? [{ name: `${name} per ${other}`, of, per }] : [],
    );
    return [{ name, of }, ...ratios];
  }),
);

/** Shuffles the growers to learn whether chance separates them as well as the feature does. Keeps a core busy. */
export const weigh = knot(
  'weigh',
  ({ feature, wines, shuffles }: { feature: Feature; wines: Wines; shuffles: number }): Weighed => {
    const values = columnOf(wines, feature);
    const growers = [...wines.growers];
    const found = separation(values, growers);
    const random = seeded(1 + feature.of * 1_000 + (feature.per ?? 0));
    let asGood = 0;
    for (let turn = 0; turn < shuffles; turn += 1) {
      shuffle(growers, random);
      if (separation(values, growers) >= found) asGood += 1;
    }
    return { feature, separation: found, chance: (asGood + 1) / (shuffles + 1) };
  },
);

/** The features that separate best, of those that are no accident. Each measurement is in one of them at most. */
export const select = knot('select', ({ weighed, most }: { weighed: Weighed[]; most: number }) => {
  const taken = new Set<number>();
  const selected: Feature[] = [];
  for (const { feature, chance } of [...weighed].sort((a, b) => b.separation - a.separation)) {
    const { of, per = of } = feature;
    if (chance >= 0.01 || taken.has(of) || taken.has(per) || selected.length === most) continue;
    selected.push(feature);
    taken.add(of).add(per);
  }
  return selected;
});

export const tabulate = knot(
  'tabulate',
  ({ wines, features }: { wines: Wines; features: Feature[] }): Table => {
    const columns = features.map((feature) => columnOf(wines, feature));
    return {
      columns: features.map(({ name }) => name),
      rows: wines.growers.map((_, row) => columns.map((column) => column[row]!)),
      growers: wines.growers,
    };
  },
);

function columnOf({ rows }: Wines, { of, per }: Feature): number[] {
  return rows.map((row) => row[of]! / (per === undefined ? 1 : row[per]!));
}

function separation(values: readonly number[], growers: readonly number[]): number {
  const count = [0, 0, 0];
  const sum = [0, 0, 0];
  let squares = 0;
  for (let row = 0; row < values.length; row += 1) {
    const [value, grower] = [values[row]!, growers[row]!];
    count[grower]! += 1;
    sum[grower]! += value;
    squares += value * value;
  }
  const total = sum.reduce((all, one) => all + one);
  const between = sum.reduce((all, one, grower) => all + (one * one) / count[grower]!, 0);
  return (between - (total * total) / values.length) / (squares - between);
}

function shuffle(list: number[], random: () => number): void {
  for (let last = list.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [list[last], list[other]] = [list[other]!, list[last]!];
  }
}

/** Numbers from 0 to 1 (Park and Miller), the same in every run: a run that is repeated comes to the same. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
