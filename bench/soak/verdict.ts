import { median } from '../statistics';

/** What was seen at one moment, by name (`worker: resident memory`). */
export interface Sample {
  /** Since the start of the load. */
  readonly minute: number;
  /** How many had ended by then. */
  readonly runs: number;
  /** Bytes in use after a garbage collection. */
  readonly memory: Readonly<Record<string, number>>;
  /** Bytes that the system has given to a process. */
  readonly resident: Readonly<Record<string, number>>;
  /** Open files, timers, … */
  readonly handles: Readonly<Record<string, number>>;
  /** With a stream: lines that it has done. */
  readonly lines?: number;
  /** Delivered to OpenTelemetry. */
  readonly spans?: number;
  /** Requests of the webhook emitter. */
  readonly requests?: number;
  /** How long the stream and the emitters took to be behind in nothing. */
  readonly catchUpMs?: number;
}

export interface Plan {
  readonly minutes: number;
  readonly warmUpMinutes: number;
  /** Length of the two stretches that are compared: the first after the warm-up, and the last. */
  readonly windowMinutes: number;
  readonly sampleSeconds: number;
}

export interface Finding {
  readonly measure: string;
  readonly before: number;
  readonly after: number;
  readonly unit: 'MiB' | '';
  readonly isFlat: boolean;
}

const FULL_MINUTES = 30;
const WARM_UP_MINUTES = 5;
const WINDOW_MINUTES = 5;
const SAMPLE_SECONDS = 10;
const MEMORY_GROWTH = 1.1;
/** V8 gives so much back to the system when it is idle, and takes it again: of a small process more than a tenth. */
const RESIDENT_SWING = 32 * 1024 * 1024;
/** A connection that was made anew, a timer of a library that comes and goes. */
const HANDLE_GROWTH = 2;
const MEGABYTE = 1024 * 1024;
/** By then, what is made once is there, and threads have their memory. */
const WARM_UP_RUNS = 500;
/** By so much a worker may grow outside of its heap over thousands of small runs, whose values are some kilobytes together. */
const OUTSIDE_GROWTH = 10 * MEGABYTE;
const LOOKS = 3;

/** Shorter soaks than the full one shrink everything alike, so that there are windows to compare. */
export function planOf(minutes: number): Plan {
  const scale = Math.min(1, minutes / FULL_MINUTES);
  return {
    minutes,
    warmUpMinutes: WARM_UP_MINUTES * scale,
    windowMinutes: WINDOW_MINUTES * scale,
    sampleSeconds: Math.max(1, SAMPLE_SECONDS * scale),
  };
}

/**
 * Compares the medians of the two windows. Memory may grow by a tenth, resident memory by 32 MiB where that is more;
 * handles not at all, but for a few that come and go.
 */
export function judge(samples: readonly Sample[], plan: Plan): Finding[] {
  const { minutes, warmUpMinutes, windowMinutes } = plan;
  const within = (from: number): Sample[] =>
    samples.filter(({ minute }) => minute >= from && minute <= from + windowMinutes);
  const windows = [within(warmUpMinutes), within(minutes - windowMinutes)] as const;
  if (windows.some(({ length }) => length === 0)) {
    throw new Error(
      `There are no samples to compare: the machine was too busy for a soak of ${minutes} minutes.`,
    );
  }
  const compared = (pick: (sample: Sample) => Readonly<Record<string, number>>): [string, number, number][] =>
    [...new Set(windows.flatMap((window) => window.flatMap((sample) => Object.keys(pick(sample)))))].map(
      (name) => {
        const [before, after] = windows.map((window) =>
          median(window.map((sample) => pick(sample)[name] ?? 0)),
        );
        return [name, before!, after!];
      },
    );
  const memory = (
    pick: (sample: Sample) => Readonly<Record<string, number>>,
    limit: (before: number) => number,
  ): Finding[] =>
    compared(pick).map(([measure, before, after]) => ({
      measure,
      before: before / MEGABYTE,
      after: after / MEGABYTE,
      unit: 'MiB',
      isFlat: after <= limit(before),
    }));
  return [
    ...memory(
      (sample) => sample.memory,
      (before) => before * MEMORY_GROWTH,
    ),
    ...memory(
      (sample) => sample.resident,
      (before) => Math.max(before * MEMORY_GROWTH, before + RESIDENT_SWING),
    ),
    ...compared(({ handles }) => handles).map(([measure, before, after]): Finding => ({
      measure,
      before,
      after,
      unit: '',
      isFlat: after <= before + HANDLE_GROWTH,
    })),
  ];
}

/**
 * How much the worker has grown outside of its heap, from the first three looks after 500 runs to the last three. Its resident memory has that of the
 * workflows' isolates in it, which collect their garbage when they like.
 */
export function judgeSmallRuns(samples: readonly Sample[]): Finding[] {
  const warm = samples.filter(({ runs }) => runs >= WARM_UP_RUNS);
  if (warm.length < 2 * LOOKS) {
    throw new Error(`There are no samples to compare: more runs are needed after the first ${WARM_UP_RUNS}.`);
  }
  const compared = (measure: string, growth: number, pick: (sample: Sample) => number): Finding => {
    const [before, after] = [warm.slice(0, LOOKS), warm.slice(-LOOKS)].map((looks) =>
      median(looks.map(pick)),
    );
    return {
      measure,
      before: before! / MEGABYTE,
      after: after! / MEGABYTE,
      unit: 'MiB',
      isFlat: after! <= before! + growth,
    };
  };
  return [
    compared('worker: buffers', OUTSIDE_GROWTH, ({ memory }) => memory['worker: buffers']!),
    compared(
      'worker: outside the heap',
      RESIDENT_SWING,
      ({ resident }) => resident['worker: outside the heap']!,
    ),
  ];
}
