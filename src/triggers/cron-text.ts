import type { CalendarRule } from './calendar';

/** A range of numbers, both ends inclusive. */
export interface NumberRange {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** Makes as few ranges as possible: three or more numbers at equal distances form one. */
export function rangesOf(numbers: readonly number[]): NumberRange[] {
  const ranges: NumberRange[] = [];
  for (let index = 0; index < numbers.length;) {
    const start = numbers[index]!;
    const step = (numbers[index + 1] ?? start) - start;
    let last = index;
    while (step > 0 && numbers[last + 1]! - numbers[last]! === step) last += 1;
    // Two distant numbers do not form a range.
    if (last - index < (step === 1 ? 1 : 2)) last = index;
    ranges.push({ start, end: numbers[last]!, step: last === index ? 1 : step });
    index = last + 1;
  }
  return ranges;
}

const SPANS: Readonly<Record<Exclude<keyof CalendarRule, 'year'>, readonly [number, number]>> = {
  second: [0, 59],
  minute: [0, 59],
  hour: [0, 23],
  dayOfMonth: [1, 31],
  month: [1, 12],
  dayOfWeek: [0, 6],
};

function fieldText(name: keyof typeof SPANS, numbers: readonly number[]): string {
  const [low, high] = SPANS[name];
  const ranges = rangesOf(numbers);
  const [only] = ranges;
  if (ranges.length === 1 && only!.start === low) {
    if (only!.step === 1 && only!.end === high) return '*';
    if (only!.step > 1 && only!.end + only!.step > high) return `*/${only!.step}`;
  }
  return ranges.map(rangeText).join(',');
}

function rangeText({ start, end, step }: NumberRange): string {
  if (start === end) return String(start);
  return `${start}-${end}${step === 1 ? '' : `/${step}`}`;
}

/** A cron expression of five fields, or of seven if the rule has seconds or years. */
export function cronText(rule: CalendarRule): string {
  const five = (['minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'] as const).map((name) =>
    fieldText(name, rule[name]),
  );
  const isPlain = rule.year.length === 0 && rule.second.length === 1 && rule.second[0] === 0;
  if (isPlain) return five.join(' ');
  const year = rule.year.length === 0 ? '*' : rangesOf(rule.year).map(rangeText).join(',');
  return [fieldText('second', rule.second), ...five, year].join(' ');
}
