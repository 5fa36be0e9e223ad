export type { CounterOptions, HistogramOptions, Instruments, Labels } from './instruments';
export { RunMetrics } from './run-metrics';
export { WorkMetrics, type WorkCounts } from './work-metrics';
