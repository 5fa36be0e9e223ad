import type { Benchmark } from '../benchmark';
import { hashed } from './hashing';
import { preview } from './preview';
import { roundTrip } from './round-trip';
import { queries } from './sql';

/** Tables: their hash, queries over them, through Python, and how they are seen. */
export const tables: readonly Benchmark[] = [hashed, queries, roundTrip, preview];
