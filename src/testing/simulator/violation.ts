/** What a simulated run broke, each a promise of the framework or of a body. */
export type ViolationKind =
  | 'never ends'
  | 'left behind'
  | 'wrong command'
  | 'wrong outcome'
  | 'wrong value'
  | 'two records'
  | 'no record'
  | 'value missing'
  | 'ran again'
  | 'extension refused'
  | 'not deterministic'
  | 'not repeatable';

/** Ends the simulation of a schedule. */
export class Violation extends Error {
  constructor(
    readonly kind: ViolationKind,
    message: string,
    /** The id of the knot that shows it. */
    readonly knot?: string,
  ) {
    super(message);
  }
}
