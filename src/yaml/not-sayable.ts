/** A part of a tapestry that a document cannot express, and why. */
export class NotSayable extends Error {}
