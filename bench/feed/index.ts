import type { Benchmark } from '../benchmark';
import { brokenSinks } from './broken-sinks';
import { commits } from './commits';
import { delivered } from './delivered';
import { fileTail } from './file-tail';
import { openTelemetry } from './open-telemetry';
import { streams } from './stream';

/** Who hears of runs, and streams. Each is named `feed: …`, so that `npm run bench -- feed` is one table of all. */
export const feed: readonly Benchmark[] = [delivered, commits, brokenSinks, openTelemetry, fileTail, streams];
