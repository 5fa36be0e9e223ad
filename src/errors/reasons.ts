/**
 * Sub-codes (`details.reason`) of codes for several mistakes, with their rules. They never change their meaning;
 * `docs/errors.md` has an entry for each (tested).
 */
export const ERROR_REASONS = {
  InvalidConfig: {
    UnknownOption: 'There is no option, or no key of the first argument, of this name.',
    WrongValue: 'An option, or a part of the first argument, has a value that it cannot have.',
    MissingPart: 'A function, schema, knot or other part that is needed was not given.',
    NotAKnot: 'Something else was given where a knot is needed.',
    Conflict: 'Two things were given that exclude one another.',
    NotApplicable: 'The option has no effect on such a knot.',
    NeedsOutcomes: 'The error policy needs a definition that receives outcomes.',
  },
  InvalidName: {
    NotText: 'The name is no text.',
    Empty: 'The name is empty.',
    TooLong: 'The name is too long.',
    Reserved: 'The name, or its beginning, is kept for the framework or the language.',
    WrongCharacters: 'The name has characters that it cannot have.',
  },
  InvalidDefinition: {
    NotADefinition: 'Something else was given where a definition is needed.',
    MissingBody: 'There is no function, or no `process` method.',
    MissingName: 'A knot class does not state its own `knotName`.',
    KeepsState: 'Instances of a knot class have fields.',
    NotConstructible: 'The constructor of a knot class throws.',
    NotASchema: 'The value given as a schema is not one.',
    WrongValue: 'The options, the version or `receives` have a wrong value.',
  },
  NotEncodable: {
    Function: 'The part is a function or a class.',
    Symbol: 'The part, or its key, is a symbol.',
    Instance: 'The part is an instance of a class without a codec, such as a `Buffer`.',
    Cycle: 'The part contains itself.',
    TooDeep: 'The part lies too deep.',
    Hole: 'A list has a hole there.',
    InvalidDate: 'The part is an invalid date.',
    LoneSurrogate: 'A text, or a key, is not valid Unicode.',
    EqualParts: 'A map or a set has keys or members of equal content.',
    Unreadable: 'A getter, a proxy or a codec threw.',
    TooLarge: 'The inputs of a call are larger than a body host accepts at once.',
  },
  YamlNotAllowed: {
    ControlCharacter: 'An unprintable character is not escaped.',
    Version: 'The document names another version of YAML than 1.2.',
    Tag: 'A value has a tag.',
    Alias: 'An alias is inside the value that it refers to.',
    DuplicateKey: 'A key is there twice in one map.',
    MergeKey: 'There is a merge key, `<<`.',
    Key: 'A key is not a text, or is reserved.',
    Template: 'There is `{{ x }}` without quotes, as in a template.',
    Number: 'A whole number is too large to be exact.',
  },
  NotExtensible: {
    Closed: 'The tapestry of the run is not `extensible`.',
    Node: 'The function of a node, or the body of an element, cannot extend its run.',
    BodyEnded: 'The body has ended.',
  },
  UnknownTerminal: {
    NotFound: 'The tapestry has no terminal and no knot of this name.',
    NotAKnot: 'A returned terminal is not a knot.',
    Empty: 'No terminal was named.',
  },
  InvalidEvent: {
    NotRecordable:
      'Its key, or its link to where it came from, is empty, too long or has control characters.',
    MapFailed: 'The `map` of its trigger threw, or did not answer within 30 s.',
  },
} as const;

export type ReasonedCode = keyof typeof ERROR_REASONS;
export type ErrorReason<Code extends ReasonedCode = ReasonedCode> = {
  [C in Code]: keyof (typeof ERROR_REASONS)[C];
}[Code];

/** An item in `details.problems` of `InvalidParameters`. */
export interface ParameterProblem {
  /** Parameter and path, as `user.age`. Empty if it concerns all parameters. */
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
