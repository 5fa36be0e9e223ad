export type { CounterOptions, Instruments, Labels } from './instruments';
export { RunMetrics } from './run-metrics';
export { WorkMetrics, type WorkCounts } from './work-metrics';
