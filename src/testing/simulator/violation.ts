/** Broken promises of the framework or of a body. */
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
    /** The id of a knot with the violation. */
    readonly knot?: string,
  ) {
    super(message);
  }
}
