import { pythonKnot } from 'selvage';

/* The bodies of `python/wines/model.py`, with the types of their hints. */

export const load = pythonKnot<object, Wines>('wines.model:load');

export const cross_validate = pythonKnot<{ settings: Settings; table: Table }, Trial>(
  'wines.model:cross_validate',
);

export const train = pythonKnot<{ settings: Settings; table: Table }, Uint8Array>('wines.model:train');

export const score = pythonKnot<{ model: Uint8Array; table: Table }, Score>('wines.model:score');

export interface Wines {
  measurements: string[];
  rows: number[][];
  growers: number[];
}

/** What a model learns from, or is asked about. */
export interface Table {
  columns: string[];
  rows: number[][];
  growers: number[];
}

export interface Settings {
  trees: number;
  depth: number;
}

export interface Trial {
  settings: Settings;
  accuracy: number;
}

export interface Score {
  accuracy: number;
  /** A row for each grower, a column for each that the model named. */
  confusion: number[][];
}
