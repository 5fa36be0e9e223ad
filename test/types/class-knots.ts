import { z } from 'zod';
import { Knot, tapestry, type KnotContext } from '../../src';
import { expectType, type Same } from './expect-type';

interface Prefs {
  theme: string;
}

class FetchPrefs extends Knot<{ user: string; fresh?: boolean }, Prefs> {
  static knotName = 'fetch-prefs';
  static version = '2';
  static input = z.object({ user: z.string(), fresh: z.boolean().optional() });
  static output = z.object({ theme: z.string() });
  static options = { timeout: '5s', retry: { initialInterval: '1s' } };

  async process({ user }: { user: string; fresh?: boolean }, ctx: KnotContext): Promise<Prefs> {
    return { theme: `${user}@${ctx.attempt}` };
  }
}

class Nameless extends Knot<{ a: number }, number> {
  process({ a }: { a: number }): number {
    return a;
  }
}

class WrongSchema extends Knot<{ a: number }, number> {
  static knotName = 'wrong-schema';
  static input = z.object({ a: z.string() });

  process({ a }: { a: number }): number {
    return a;
  }
}

// @ts-expect-error no body
class Bodyless extends Knot<{ a: number }, number> {
  static knotName = 'bodyless';
}

class WrongBody extends Knot<{ a: number }, number> {
  static knotName = 'wrong-body';

  // @ts-expect-error the body returns a text where the class says number
  process({ a }: { a: number }): string {
    return String(a);
  }
}

tapestry('classes', (t) => {
  const user = t.parameter('user', z.string());
  const prefs = FetchPrefs.place({ user }, { id: 'prefs' });
  expectType<Same<typeof prefs, Knot<Prefs, 'prefs'>>>(true);
  FetchPrefs.place({ user: 'ada', fresh: true }, { id: 'fresh', timeout: 1 });

  // @ts-expect-error a number where a text is expected
  FetchPrefs.place({ user: 1 }, { id: 'bad' });
  // @ts-expect-error a missing input
  FetchPrefs.place({}, { id: 'bad' });
  // @ts-expect-error no id
  FetchPrefs.place({ user }, {});
  // @ts-expect-error a class without a name
  Nameless.place({ a: 1 }, { id: 'bad' });
  // @ts-expect-error a schema that does not fit the inputs
  WrongSchema.place({ a: 1 }, { id: 'bad' });
  // @ts-expect-error the base itself is no definition
  Knot.place({}, { id: 'bad' });

  return { prefs, bodies: [Bodyless, WrongBody].length > 0 ? prefs : prefs };
});
