import fc from 'fast-check';
import { TextLine } from '../../../src/explorer/page/timeline/text-line';

const LETTER = 6;
const line = (width = 1000): TextLine => new TextLine(width, (text) => text.length * LETTER);

describe('texts of bars', () => {
  test('are in the bar, else beside it, else without their middle, else left out', () => {
    expect(line().place([0, 100], 100, ['load.orders'])).toMatchObject({
      text: 'load.orders',
      isBeside: false,
    });
    expect(line().place([0, 50], 200, ['load.orders'])).toEqual({
      text: 'load.orders',
      left: 56,
      isBeside: true,
    });
    expect(line().place([0, 60], 80, ['load.orders'])).toMatchObject({ text: 'loa…ers', isBeside: false });
    expect(line().place([0, 20], 30, ['load.orders'])).toBeUndefined();
    expect(line().place([0, 60], 60, ['signal 2 h 10 m', 'signal'])).toMatchObject({ text: 'signal' });
    expect(line().place([-500, 100], 100, ['load'])).toMatchObject({ left: 6 });
    expect(line(100).place([90, 95], Infinity, ['load'])).toBeUndefined();
  });

  test('never overlap, whatever the bars', () => {
    const bar = fc.tuple(fc.integer({ min: -100, max: 1000 }), fc.nat(200), fc.nat(30));
    fc.assert(
      fc.property(fc.array(bar), (bars) => {
        const one = line();
        const placed = bars.flatMap(([from, length, letters]) => {
          const text = 'x'.repeat(letters + 1);
          const found = one.place([from, from + length], from + length + 80, [text]);
          return found ? [[found.left, found.left + found.text.length * LETTER] as const] : [];
        });
        placed.sort(([a], [b]) => a - b);
        for (const [index, [left, right]] of placed.entries()) {
          expect(left).toBeGreaterThanOrEqual(placed[index - 1]?.[1] ?? 0);
          expect(right).toBeLessThanOrEqual(1000);
        }
      }),
    );
  });
});
