import { BLOWS, UNDISTURBED, type Blow, type Schedule } from './schedule';

/** Finds a minimal failing schedule: every schedule that is simpler by a single change succeeds. */
export async function shrink(
  schedule: Schedule,
  stillFails: (candidate: Schedule) => Promise<boolean>,
): Promise<Schedule> {
  let smallest = schedule;
  for (let isSmaller = true; isSmaller;) {
    isSmaller = false;
    for (const candidate of simpler(smallest)) {
      if (!(await stillFails(candidate))) continue;
      smallest = candidate;
      isSmaller = true;
      break;
    }
  }
  return smallest;
}

/** Simpler schedules, the ones with the largest steps first. */
function* simpler(schedule: Schedule): Generator<Schedule> {
  const { segments, window, failing, takenOver, blows } = schedule;
  const half = blows.length >> 1;
  if (half > 1) {
    yield { ...schedule, blows: blows.slice(half) };
    yield { ...schedule, blows: blows.slice(0, half) };
  }
  for (let place = 0; place < blows.length; place++) yield { ...schedule, blows: without(blows, place) };
  for (let place = 0; place < failing.length; place++)
    yield { ...schedule, failing: without(failing, place) };
  for (let place = 0; place < takenOver.length; place++) {
    yield { ...schedule, takenOver: without(takenOver, place) };
  }
  if (window !== UNDISTURBED.window) yield { ...schedule, window: UNDISTURBED.window };
  if (segments) yield { ...schedule, segments: false };
  for (const [place, blow] of blows.entries()) {
    for (const other of simplerBlows(blow)) yield { ...schedule, blows: blows.with(place, other) };
  }
}

function* simplerBlows({ kind, at }: Blow): Generator<Blow> {
  if (at.time > 1) yield { kind, at: { ...at, time: at.time - 1 } };
  for (const simplerKind of BLOWS.slice(0, BLOWS.indexOf(kind))) yield { kind: simplerKind, at };
}

function without<T>(list: readonly T[], place: number): T[] {
  return list.filter((_, index) => index !== place);
}
