/**
 * Every error code of Selvage by class, with its rule. A code never changes its meaning and is never reused;
 * `docs/errors.md` leads to a section for each (tested). The class says whether a retry can help: code that decides on
 * retries asks for the class.
 */
const CODES = {
  /** A mistake in code, a document, an option or a call. A retry fails in the same way. */
  mistake: {
    InvalidName: 'A name does not match the naming rule, is reserved or is too long.',
    MissingId: 'A knot was placed without an id.',
    DuplicateId: 'Two knots of one tapestry have the same id.',
    DuplicateParameter: 'Two parameters of one tapestry have the same name.',
    DuplicateDefinition: 'Two different definitions share one name and version.',
    DuplicateTapestry: 'Two different tapestries share one name.',
    UnknownInput: 'An input was given that the definition does not have.',
    MissingInput: 'An input that the definition requires was not given.',
    HiddenKnot: 'A knot is hidden inside a constant, where it cannot be a parent.',
    UnusedParameter: 'A parameter is used by no knot; a warning, which is never thrown.',
    KnotUsedAsValue: 'A knot was made into text, a number or JSON while wiring, when it has no value.',
    ForeignKnot: 'A knot of one tapestry was used in another.',
    InvalidConfig: 'A knot, tapestry or definition option has a wrong value.',
    InvalidDefault: 'The default of a parameter does not satisfy its schema.',
    CacheWithoutVersion:
      'The values of a definition are to be reused, and nothing tells when its body has changed.',
    NoTapestry: 'A knot was placed outside of any tapestry.',
    TapestryClosed: 'Something was added to a tapestry that is finished.',
    AsyncBuild: 'The build function of a tapestry is asynchronous.',
    InvalidDefinition: 'A definition is malformed (no body, no knotName, a knot class with state).',
    InvalidPipeline: 'A document in YAML has errors, each with its place.',
    YamlSyntax: 'A text is not YAML.',
    YamlNotAllowed: 'A document uses a feature of YAML that pipelines do not allow.',
    YamlTooLarge: 'A document is larger, deeper or has more aliases than documents may have.',
    UnknownKey: 'A document has an unknown key.',
    MissingKey: 'A document lacks a key.',
    InvalidValue: 'A document has a value of the wrong kind.',
    UnknownCallable: 'A document names an unknown callable.',
    CallableNotAllowed: 'A document names a part of a module that it may not use.',
    UnknownType: 'A document names an unknown type, or has a JSON Schema that cannot be used.',
    UnknownField: 'A value lacks a part that was named.',
    NotExportable: 'A tapestry has parts that a document in YAML cannot have.',
    TypeMismatch: 'A document gives a knot a value of a kind that it can never take.',
    Cycle: 'The knots of a tapestry depend on one another in a circle.',
    UnknownKnot: 'A knot id was named that the tapestry does not have.',
    UnknownTerminal:
      'A terminal was named that the tapestry does not have, or the list of terminals is empty.',
    EmptyTapestry: 'A tapestry has neither a knot nor a parameter.',
    PlanTooLarge: 'A plan does not fit the limits of one run.',
    NotExtensible:
      'A run cannot be extended: its tapestry is not extensible, or the function of a node, or a body that has ended, tried to.',
    InvalidFragment: 'A fragment is malformed, or has a node whose function is written in place.',
    UnknownDefinition: 'A fragment names a definition that the worker has not registered.',
    CodeDiffers: 'A fragment was made with other code of a definition than the worker has.',
    DuplicateTerminal: 'A fragment brings a terminal whose name is taken.',
    NotSubscribable: 'A run was to be offered more knots through a tapestry store that takes no offers.',
    WeakSecret: 'A secret of a webhook is missing, malformed or easy to guess.',
    AddressNotAllowed: 'Events were to be sent into a private network, or by a protocol that is not safe.',
    UiReadOnly: 'A read-only page was asked to change something.',
    InBodyThread: 'A client or a worker was to be opened in a thread that runs bodies.',
    SignalNotGiven: 'An in-process run was not given a signal that a knot waits for.',
    InvalidAddress: 'The address of a Temporal server is not of the form HOST:PORT.',
    UnknownNamespace: 'A Temporal server has no namespace of this name.',
    RunHistoryReadOnly: 'A read-only run history was to be written.',
    InvalidUrl: 'A backend address cannot be understood.',
    MissingPackage: 'An optional package that a feature needs is not installed.',
    BrokenPackage: 'A package that a feature needs is installed and cannot be loaded.',
    FileNotFound: 'A file does not exist.',
    FileNotLoadable: 'A file has an error and could not be loaded.',
    FileWithoutTapestry: 'A file exports no tapestry.',
    FileWithoutTrigger: 'A file that is to be served exports nothing that starts runs.',
    DuplicateTrigger: 'Two triggers of one kind have the same id.',
    FileWithoutStream: 'A file that is to be streamed exports no stream.',
    DuplicateStream: 'Two streams have the same id.',
    DuplicateEmitter: 'Two emitters have the same name.',
    NoChangeFeed: 'Emitters were declared for a run history that keeps no order of changes.',
    AmbiguousTapestry: 'A file exports several tapestries and none was chosen.',
    Usage: 'A command was called with wrong arguments or options.',
    WrongImport: 'Something was imported from another subpath of this package than the one that exports it.',
    DuplicateSdk: 'Several copies of a Temporal package are loaded.',
    InvalidWorkerOptions: 'Worker options contradict the plugin.',
  },
  /** Input of a run, a knot or a receiver is not acceptable. A retry with the same input fails in the same way. */
  input: {
    InvalidParameters: 'Parameters are missing, unknown or ill-typed.',
    InvalidPartition: 'The tapestry has no such partition, or a range of partitions is invalid.',
    InvalidInput: 'The inputs of a knot do not satisfy its input schema.',
    NotAList: 'A knot that works on a list got something else.',
    UnequalLists: 'The lists that a map goes over are not of one length.',
    InvalidWait: 'A knot that waits was given an invalid duration or time.',
    InvalidSignal: 'The payload of a signal does not satisfy the schema of any knot that waits for it.',
    UnknownSignal: 'A signal was sent that no knot of the run waits for.',
    NotResumable: 'A run cannot be resumed, because its parameters are missing.',
    NotEncodable: 'A value has a part that cannot be encoded.',
    UnsupportedTable: 'A table has a column whose name or type tables cannot have.',
    TableNotRead: 'A table is asked for rows before it can be read.',
    TableTooLarge: 'A table is too large to be sorted by its key in memory.',
    UnreadableFile: 'A file that a table is made of cannot be read.',
    InvalidSql: 'A query of a knot is refused by DuckDB, or may yield other rows in another run.',
    InvalidRows: 'Rows have a value that does not fit the type of its column.',
    NotStorable: 'A backend cannot hold a text, a number or a value that it is to keep, now or later.',
    NotDecodable: 'Stored text is not a canonical value.',
    UnknownValue: 'No record names the value.',
    AmbiguousHash: 'Several hashes begin like the one that was given.',
    InvalidRequest: 'A request to a webhook or to the page is malformed.',
    ScopeMissing: 'A token lacks the scope that a request needs.',
    Unauthenticated: 'A request to a webhook or to the page does not show that its sender may send it.',
    UnknownPath: 'There is nothing at the path of a request, or no run for the token in it.',
    MethodNotAllowed: 'A path was called with a method that it does not have.',
    RequestTimeout: 'The body of a request did not come in time.',
    EventConflict: 'Two different events have the same key.',
    EventReplayed: 'A signature came again under another delivery id within a day.',
    RequestTooLarge: 'The body of a request is longer than its webhook, or the page, takes.',
    UnsupportedMediaType: 'The body of a request is of a type that its webhook, or the page, does not take.',
    CrossSiteRequest: 'A request came to the page from another site, or under a name that is not its own.',
    InvalidEvent:
      'An event has a key, or a link to where it came from, that records cannot hold, or its `map` failed on it.',
    UnreadableEvent: 'An event is not in the format of its trigger, or lacks a required part.',
    UnreadableMessage: 'A message is not in the format of its trigger.',
    InvalidQuery: 'A listing was requested with an invalid limit or cursor.',
    InvalidCursor: 'Changes of a run history were requested from an unknown or expired position.',
    CapsuleTooLarge: 'A capsule is larger than one that can be read.',
  },
  /**
   * A run, schedule, project or clock is not in the state that the call needs. A retry helps once the state has
   * changed.
   */
  state: {
    UnknownRun: 'No run has this id.',
    RunIdInUse: 'A run id is in use by a run of other work.',
    RunNotOver: 'A run cannot be resumed while it works.',
    RunOver: 'A run that is over or ending was asked for something.',
    AlreadyResumed: 'A run was resumed before.',
    SignalTooLate: 'A signal came when all knots that wait for it had their outcome.',
    RunFailed: 'A run ended with failed knots.',
    RunTerminated: 'A run was terminated.',
    DeadlineExceeded: 'A run did not end before its deadline.',
    UnknownBulkAction: 'No bulk action has this id.',
    UnknownStream: 'The server has no stream of this id.',
    StreamStopped: 'A stream stopped at a failure, as its options say.',
    UnknownEmitter: 'No emitter of this name is on record.',
    EmitterInUse: 'An emitter cannot be removed while a process delivers to it.',
    UnknownSchedule: 'The server has no schedule of this id.',
    ScheduleInUse: 'Another owner has a schedule with this id.',
    UnknownSubject: 'A subject that is to be forgotten has no key.',
    SubjectInUse: 'A subject cannot be forgotten while its runs work.',
    RunHistoryNotEmpty: 'Runs cannot be copied to a run history that has other runs.',
    RunHistoryInUse: 'Another process uses a run history that only one process can use at a time.',
    ProjectInUse: 'Files that are to be repaired or replaced are in use by other processes.',
    BackupRefused: 'A backup cannot be made of this project or at this place, or cannot be restored there.',
    NonDeterminism: 'A history differs from the commands of this version.',
    ForeignHistory: 'A history belongs to a workflow of another program.',
    SimulationFailed: 'The simulated run ended differently from the undisturbed one.',
    RunNotReproduced: 'A recorded run ended differently when its bodies ran again.',
    BodyNotDeterministic: 'A body returned another result when it ran again on the same inputs.',
    Interrupted: 'A command was told to stop, by Ctrl-C or SIGTERM, before it had its result.',
    ProcessExited: 'A body ended the process of a command before the command had its result.',
    ClockSkew: 'The clocks of this machine and of the run history differ by more than a minute.',
    ClockWentBack: 'The clock of this machine is behind times that it has written.',
  },
  /** A body did not end as it must. The knot's `retry` decides on another attempt. */
  body: {
    BodyTimeout: 'A body ran longer than the timeout of its knot.',
    InvalidOutput: 'The result of a body does not satisfy its output schema.',
    SqlOutOfMemory: 'A query needs more memory or room on disk than it may take.',
    NotABoolean: 'The function of a gate or a loop returned neither true nor false.',
    UnknownBranch: 'A branch chose a path that it does not have.',
  },
  /** The final outcome of a knot: another attempt in this run gives the same. Fix the cause, then resume the run. */
  outcome: {
    SubRunFailed: 'The run that a knot started did not yield all its values.',
    LoopLimit: 'A loop reached its limit of iterations.',
    MapElements: 'Elements of a map have failed.',
    ElementLost:
      'The activity of an element of a map was ended from outside before it could record anything.',
    NoAlternative: 'None of the knots of a firstOk is Ok, and some have failed.',
    RequireAllParents: 'A knot that requires all its parents has one that failed or was skipped.',
    SignalTimeout: 'A signal did not come before the timeout of the knot that waited for it.',
    ChildRunLost: 'The child run of a knot was ended from outside before it could report the outcome.',
    WorkerLost: 'Three workers were lost while running one knot, the last time without another suspect.',
    PartitionsNotOk:
      'Partitions of a backfill have failed, were cancelled, or were held back by one that has.',
  },
  /** A knot waits for its turn, and continues by itself. */
  throttled: {
    LimitReached: 'A knot waits because its limit of running or starting bodies is reached.',
    ValueInProgress: 'A knot waits for a value that it can reuse and that another knot is making.',
    Quarantined: 'A knot with which two workers were lost waits while other such knots are tried.',
  },
  /** A server, a broker or this machine cannot do the work now. Try again later; running work continues by itself. */
  outage: {
    ServerUnreachable:
      'No Temporal server answers at the address, or none has confirmed the start of a body, which waits.',
    ServerRefused: 'A Temporal server does not let a client in, or does not let it do something.',
    ServerBinaryMissing: 'The Temporal command-line program could not be found or installed.',
    ServerStartFailed: 'The embedded server did not start.',
    PortInUse: 'A port is taken by another program.',
    NoWorker: 'Nothing polls the task queue.',
    WorkerShutdown: 'The worker is shutting down; the knot goes on elsewhere.',
    SignalUnanswered: 'A run has not answered a signal in time, though a worker polls its task queue.',
    ScheduleUnanswered: 'The server has not shown the result of a schedule request in time.',
    TooManySignals: 'A run has reached its limit of signals that no knot has taken.',
    BrokerUnavailable: 'A message broker could not be reached, or does not answer.',
    BrokerRefused: 'A message broker does not let a client in, or does not let it do something.',
    UnknownTopic: 'A topic that is to be read does not exist.',
    ConsumerRebalancing: 'A consumer waits for its group to share out the partitions.',
    ReceiverUnavailable:
      'A receiver of events cannot be reached, does not answer in time, or answers that it has not taken them.',
    DeliveryFailed: 'Messages could not be delivered, for a reason that nobody has foreseen.',
    TooManyRequests: 'A webhook got more requests than it accepts at once, or in a time.',
    ShuttingDown: 'A request came to a process that is about to end.',
    InternalError: 'Something failed for a reason that nobody has foreseen. The log has it.',
  },
  /** A backend cannot work now. Knots wait until the backend can, without spending `retry` attempts. */
  backend: {
    BackendUnavailable: 'A backend could not be reached or refused the call.',
    DiskFull: 'There is no space left to write.',
    FolderUnusable: 'The `.selvage` folder cannot be written or read.',
    DatabaseDamaged: 'A database file is damaged or is not a Selvage database.',
    SchemaTooNew: 'A database was written by a newer version of Selvage.',
    SchemaTooOld: 'A database lacks migrations of this version of Selvage, and was not to be migrated.',
    UnreleasedData:
      'A database or folder was made by an unreleased build of Selvage, which no release can use.',
  },
  /** This process lacks the right key. Knots wait for a process that has the key, without spending `retry` attempts. */
  key: {
    KeyMissing: 'Values are sealed, or hashed, with a key that this process does not have.',
    InvalidKey: 'A key for sealing or hashing values is malformed, or does not belong to its id.',
  },
  /** This process has other code, settings or another version than the work needs, which waits for one that fits. */
  deploy: {
    BodyMissing: 'No worker that polls the task queue has the definition that a knot needs.',
    HostMissing: 'The host that calls the body of a knot is not open in the worker.',
    HostNotUsable: 'A body host cannot be started, or does not speak the protocol.',
    HostMismatch: 'A body host lacks a body that a tapestry places, or describes it otherwise.',
    CodeChanged: 'The body of a knot that waits for its old code has changed since its run began.',
    UnknownTapestry: 'No worker has registered the tapestry.',
    InvalidPlan: 'A stored plan is damaged or was written by a newer version.',
    BackendsDiffer:
      'The client that started the run has other backends or digest keys than the worker, or another run history than the caller.',
    InlineLimitDiffers: 'A worker would put more into the history of a run than its starter has allowed.',
    HistoryTooNew: 'A run was begun by a newer version of Selvage.',
    CapsuleTooNew: 'A capsule was made by a newer version of Selvage.',
  },
  /** Something stored is damaged, lost or removed. Knots that need it wait until it is restored or made again. */
  damaged: {
    ValueDamaged: 'The bytes of a stored value do not match their hash.',
    ValueMissing: 'A referenced value is not in the data store.',
    SubjectForgotten: 'The subject of a run was forgotten, and its values cannot be read any more.',
    Redacted: 'A value is not shown, or is not in a capsule, because it was redacted.',
    NotKept: 'A value is not in a capsule because of the bounds that it was made with.',
    HistoryLost: 'A run history went back in time and lost something that cannot be made again.',
    CapsuleDamaged: 'A file is not a capsule, or is damaged.',
    BackupDamaged: 'A file or folder to restore is not a backup, or is damaged.',
    PackageIncomplete: 'Files of the package are missing.',
  },
} as const;

export type ErrorClass = keyof typeof CODES;
export type ErrorCode = { [Class in ErrorClass]: keyof (typeof CODES)[Class] }[ErrorClass];

/** The class and the rule of each code. */
export const ERROR_CODES = Object.fromEntries(
  Object.entries(CODES).flatMap(([errorClass, codes]) =>
    Object.entries(codes).map(([code, rule]) => [code, { class: errorClass, rule }]),
  ),
) as Readonly<Record<ErrorCode, { readonly class: ErrorClass; readonly rule: string }>>;

/** Former names of codes, in records and workers of earlier builds. */
const RENAMED: Readonly<Record<string, ErrorCode>> = {
  RunsAlone: 'Quarantined',
  ValueInMaking: 'ValueInProgress',
};

/** The present name of a code from a record or another process; other texts are returned unchanged. */
export function presentCode(code: string): string {
  return Object.hasOwn(RENAMED, code) ? RENAMED[code]! : code;
}

export function isErrorCode(type: string | null | undefined): type is ErrorCode {
  return typeof type === 'string' && Object.hasOwn(ERROR_CODES, type);
}
