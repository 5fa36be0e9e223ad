import type { Benchmark } from '../benchmark';
import { againstPirn } from './against-pirn';
import { busy } from './busy';
import { bareCalls } from './bare-calls';
import { clusters } from './clusters';
import { trivial } from './trivial';

/** What it costs that something outside of the worker's JavaScript calls the bodies. */
export const dispatchers: readonly Benchmark[] = [...trivial, bareCalls, againstPirn, busy, ...clusters];
