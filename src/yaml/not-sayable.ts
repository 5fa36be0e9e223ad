/** A part of a tapestry that a document cannot have, and why. */
export class NotSayable extends Error {}
