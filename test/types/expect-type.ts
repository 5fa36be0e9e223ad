/** True if the two types are the same, also in optionality and readonly. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** `expectType<Same<A, B>>(true)` compiles only if they are. */
export function expectType<_T extends true>(_same: true): void {}
