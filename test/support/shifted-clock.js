'use strict';
/** Loaded by `--require`: shifts the clock of the process by CLOCK_SHIFT_MS, as if somebody had set it. */
const RealDate = Date;
const shift = Number(process.env.CLOCK_SHIFT_MS);

globalThis.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + shift);
    else super(...parts);
  }

  static now() {
    return RealDate.now() + shift;
  }
};
