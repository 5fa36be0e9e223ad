/**
 * Sub-codes (`details.reason`) of codes for several mistakes, with their rules. Sub-codes never change their meaning;
 * `docs/errors.md` has an entry for each (tested).
 */
export const ERROR_REASONS = {
  InvalidConfig: {
    UnknownOption: 'No option, or key of the first argument, has this name.',
    WrongValue: 'An option, or a part of the first argument, has an invalid value.',
    MissingPart: 'A required function, schema, knot or other part is missing.',
    NotAKnot: 'A knot was expected.',
    Conflict: 'Two given things exclude each other.',
    NotApplicable: 'The option does not apply to such a knot.',
    NeedsOutcomes: 'The error policy needs a definition that receives outcomes.',
  },
  InvalidName: {
    NotText: 'The name is no text.',
    Empty: 'The name is empty.',
    TooLong: 'The name is too long.',
    Reserved: 'The name, or its beginning, is reserved for the framework or the language.',
    WrongCharacters: 'The name has invalid characters.',
  },
  InvalidDefinition: {
    NotADefinition: 'A definition was expected.',
    MissingBody: 'There is no function, or no `process` method.',
    MissingName: 'A knot class does not state its own `knotName`.',
    KeepsState: 'Instances of a knot class have fields.',
    NotConstructible: 'The constructor of a knot class throws.',
    NotASchema: 'The given schema is not a schema.',
    WrongValue: 'The options, the version or `receives` have an invalid value.',
  },
  NotEncodable: {
    Function: 'The part is a function or a class.',
    Symbol: 'The part, or its key, is a symbol.',
    Instance: 'The part is an instance of a class without a codec, such as a `Buffer`.',
    Cycle: 'The part contains itself.',
    TooDeep: 'The part is nested too deeply.',
    Hole: 'A list has a hole there.',
    InvalidDate: 'The part is an invalid date.',
    LoneSurrogate: 'A text, or a key, is not valid Unicode.',
    EqualParts: 'A map or a set has keys or members of equal content.',
    Unreadable: 'A getter, a proxy or a codec threw.',
    TooLarge: 'The inputs of a call are too large for one message to a body host.',
  },
  YamlNotAllowed: {
    ControlCharacter: 'The document has an unescaped control character.',
    Version: 'The document declares another version of YAML than 1.2.',
    Tag: 'A value has a tag.',
    Alias: 'An alias is inside of its own target.',
    DuplicateKey: 'A map has a key twice.',
    MergeKey: 'A map has a merge key, `<<`.',
    Key: 'A key is not a text, or not allowed.',
    Template: 'The document has `{{ x }}` without quotes, as in a template.',
    Number: 'A whole number is too large to be exact.',
  },
  NotExtensible: {
    Closed: 'The tapestry of the run is not `extensible`.',
    Node: 'The function of a node, or the body of an element, cannot extend its run.',
    BodyEnded: 'The body has ended.',
  },
  UnknownTerminal: {
    NotFound: 'The tapestry has no terminal and no knot of this name.',
    NotAKnot: 'The returned terminal is not a knot.',
    Empty: 'No terminal was named.',
  },
  InvalidEvent: {
    NotRecordable: 'Its key, or the link to its origin, is empty, too long or has control characters.',
    MapFailed: 'The `map` of its trigger threw, or did not answer within 30 s.',
  },
} as const;

export type ReasonedCode = keyof typeof ERROR_REASONS;
export type ErrorReason<Code extends ReasonedCode = ReasonedCode> = {
  [C in Code]: keyof (typeof ERROR_REASONS)[C];
}[Code];

/** An item in `details.problems` of `InvalidParameters`. */
export interface ParameterProblem {
  /** Parameter and path, as `user.age`; empty if the problem concerns all parameters. */
  readonly path: string;
  readonly code: keyof typeof PARAMETER_PROBLEMS;
  readonly message: string;
}

export const PARAMETER_PROBLEMS = {
  UnknownParameter: 'The tapestry has no parameter of this name.',
  MissingParameter: 'A parameter without a default was not given.',
  WrongValue: 'The schema of the parameter refuses its value.',
  NotAnObject: 'The parameters are no object.',
  TooLarge: 'The parameters are larger than the server accepts.',
} as const;
