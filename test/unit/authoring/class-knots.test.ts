import { z } from 'zod';
import { Knot, Tapestry, type KnotContext } from '../../../src';
import { recordOf } from '../../../src/authoring';

class Base extends Knot<{ user: string }, string> {
  static knotName = 'base';
  protected greeting(): string {
    return 'hello';
  }
  process({ user }: { user: string }, ctx: KnotContext): string {
    return `${this.greeting()} ${user} ${ctx.attempt}`;
  }
}

class Polite extends Base {
  static override knotName = 'polite';
  static version = '3';
  static input = z.object({ user: z.string() });
  static output = z.string();
  static options = { timeout: 50 };
  protected override greeting(): string {
    return 'good day';
  }
}

const context = { attempt: 2 } as KnotContext;

test('a class is a definition with all that its statics say', () => {
  const record = recordOf(Polite);
  expect(record).toMatchObject({ name: 'polite', version: '3', options: { timeout: 50 } });
  expect(record.input).toBe(Polite.input);
  expect(record.output).toBe(Polite.output);
  expect(record.body({ user: 'Ada' }, context)).toBe('good day Ada 2');
  expect(recordOf(Base).body({ user: 'Ada' }, context)).toBe('hello Ada 2');
});

test('all placements of a class share one definition', () => {
  const t = new Tapestry('t');
  const [a, b] = ['a', 'b'].map((id) => recordOf(Polite.place({ user: id }, { id, tapestry: t })));
  expect(a!.definition).toBe(recordOf(Polite));
  expect(b!.definition).toBe(a!.definition);
  expect(a!.options).toEqual({ timeout: 50 });
  expect(recordOf(Base)).not.toBe(recordOf(Polite));
});

test('the source of a class is that of all its bases, and not that of Knot', () => {
  const { source } = recordOf(Polite);
  expect(source).toContain('good day');
  expect(source).toContain('hello');
  expect(source).not.toContain('abstract');
  expect(source).not.toContain('static place');
});

test('state cannot creep in while a body runs', () => {
  class Sneaky extends Knot<object, number> {
    static knotName = 'sneaky';
    process(): number {
      return Object.assign(this, { count: 1 }).count;
    }
  }
  expect(() => recordOf(Sneaky).body({}, context)).toThrow(TypeError);
});
