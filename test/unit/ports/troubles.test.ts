import fc from 'fast-check';
import { SelvageError } from '../../../src/errors';
import { Troubles } from '../../../src/ports/parts/troubles';

const error = (code: 'BackendUnavailable' | 'BrokerRefused', brief: boolean): SelvageError =>
  new SelvageError(code, 'It is away.', { details: { brief } });

/** What the parts of some work have, and who hears of it. */
type Step =
  | { readonly part: number; readonly trouble: SelvageError | string | undefined }
  | { readonly note: string | undefined }
  | { readonly keep: number };

const part = fc.nat(3);
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    part,
    trouble: fc.oneof(
      fc.constant(undefined),
      fc.constantFrom('cannot read', 'cannot write'),
      fc
        .record({ code: fc.constantFrom('BackendUnavailable', 'BrokerRefused'), brief: fc.boolean() })
        .map(({ code, brief }) => error(code, brief)),
    ),
  }),
  fc.record({ note: fc.constantFrom('stands by', undefined) }),
  fc.record({ keep: part }),
);

const kind = (trouble: SelvageError | string): string =>
  typeof trouble === 'string' ? trouble : trouble.code;
const isBrief = (trouble: SelvageError | string): boolean =>
  typeof trouble !== 'string' && trouble.details['brief'] === true;

test('one trouble is told at a time: the oldest that does not pass by itself, else the oldest, and no news twice', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 30 }), (all) => {
      const heard: unknown[] = [];
      const troubles = new Troubles<SelvageError | string>((...told) => heard.push(told));
      const model: [number, SelvageError | string][] = [];
      let note: string | undefined;
      let told: SelvageError | string | undefined;
      for (const step of all) {
        heard.length = 0;
        const noted = note;
        if ('note' in step) troubles.note((note = step.note));
        else if ('keep' in step) {
          troubles.keepOnly((one) => one === step.keep);
          model.splice(0, model.length, ...model.filter(([one]) => one === step.keep));
        } else {
          troubles.set(step.part, step.trouble);
          const at = model.findIndex(([one]) => one === step.part);
          if (step.trouble === undefined) model.splice(at, at < 0 ? 0 : 1);
          else if (at < 0) model.push([step.part, step.trouble]);
          else if (kind(model[at]![1]) !== kind(step.trouble)) model[at] = [step.part, step.trouble];
        }
        const first = (model.find(([, trouble]) => !isBrief(trouble)) ?? model[0])?.[1];
        const isNews = first !== told || note !== noted;
        expect(heard).toEqual(isNews ? [[first, first === undefined ? note : undefined]] : []);
        expect(troubles.told).toBe((told = first));
      }
    }),
  );
});
