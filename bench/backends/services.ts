import { prepareServices } from '../../test/support/services';
import type { Benchmark, BenchmarkOptions, Row } from '../benchmark';

/** Places for one part of a benchmark, which are removed after it. */
export interface Place {
  readonly url: string;
  drop(): Promise<void>;
}

/**
 * A benchmark of parts that need servers: those of `SELVAGE_TEST_*`, or ones that scripts/services starts once for all and `main.ts` ends. A
 * part whose server cannot be had is a row that says so.
 */
export function onServices(name: string, parts: readonly ServicePart[]): Benchmark {
  return {
    name: `backends: ${name}`,
    async run(options) {
      prepareServices();
      const rows: Row[] = [];
      for (const part of parts) rows.push(...(await onPlace(part, options)));
      return rows;
    },
  };
}

export interface ServicePart {
  /** Begins the names of its rows. */
  readonly name: string;
  /** Gets the server and makes a place of its own there. */
  place(): Promise<Place>;
  run(url: string, options: BenchmarkOptions): Promise<Row[]>;
}

async function onPlace(part: ServicePart, options: BenchmarkOptions): Promise<Row[]> {
  let place: Place;
  try {
    place = await part.place();
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0]!;
    process.stderr.write(`SKIPPED: ${part.name}: ${(error as Error).message}\n`);
    return [{ measure: part.name, measured: reason, isSkipped: true, numbers: {} }];
  }
  try {
    return await part.run(place.url, options);
  } finally {
    await place.drop();
  }
}
