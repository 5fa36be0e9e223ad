'use strict';
/**
 * Defects that the tests have to find: `npm run defects` plants each of them and runs `foundBy`, the cheapest test file that fails with it.
 * Each is one that could be made by mistake, and would be felt by users.
 *
 * @typedef {object} Defect
 * @property {string} file
 * @property {string} before occurs exactly once in the file
 * @property {string} after what takes its place
 * @property {string} what is wrong then
 * @property {string} foundBy
 */

/** @type {readonly Defect[]} */
const DEFECTS = [
  // The engine, and its hosts.
  {
    file: 'src/engine/scheduler.ts',
    before:
      'if (this.unsettledParents[child] !== 0 || this.states[child] !== WAITING || this.cancelled) continue;',
    after:
      'if (this.unsettledParents[child]! > 1 || this.states[child] !== WAITING || this.cancelled) continue;',
    what: 'A knot is decided while one of its parents is not settled.',
    foundBy: 'test/unit/engine/scheduler.test.ts',
  },
  {
    file: 'src/engine/scheduler.ts',
    before: '? PARENT_SKIPPED : MARKS[state];',
    after: '? PARENT_ERR : MARKS[state];',
    what: 'A parent that is optional and failed counts as failed, not as skipped.',
    foundBy: 'test/property/engine-scheduler.test.ts',
  },
  {
    file: 'src/engine/scheduler.ts',
    before: '=== tag ? OK : SKIPPED;',
    after: '=== tag ? SKIPPED : OK;',
    what: 'A branch skips the path that it has chosen, and takes the others.',
    foundBy: 'test/unit/engine/branches.test.ts',
  },
  {
    file: 'src/engine/scheduler.ts',
    before: 'this.unsettledChildren[knot]! > 0);',
    after: 'this.unsettledChildren[knot]! > 1);',
    what: 'A value is released while one more knot needs it.',
    foundBy: 'test/unit/engine/scheduler.test.ts',
  },
  {
    file: 'src/engine/scheduler.ts',
    before: 'while (!this.held && this.inFlight < this.window && this.ready.size > 0)',
    after: 'while (!this.held && this.inFlight <= this.window && this.ready.size > 0)',
    what: 'One activity more is in flight than the window has.',
    foundBy: 'test/unit/engine/scheduler.test.ts',
  },
  {
    file: 'src/engine/scheduler.ts',
    before: '    this.readyForSegment.clear();\n',
    after: '',
    what: 'A cancel leaves local knots in their queue, and they go out after it.',
    foundBy: 'test/property/segments.test.ts',
  },
  {
    file: 'src/engine/scheduler.ts',
    before: '    if (size > first) this.finished = false;\n',
    after: '',
    what: 'A run that had finished and is extended never finishes again.',
    foundBy: 'test/property/engine-scheduler.test.ts',
  },
  {
    file: 'src/engine/scheduler.ts',
    before: 'requireAllParents: ERR,',
    after: 'requireAllParents: SKIPPED,',
    what: 'A knot that requires all its parents is skipped where it has to fail.',
    foundBy: 'test/unit/engine/policies.test.ts',
  },
  {
    file: 'src/engine/scheduler.ts',
    before: 'if (count === this.unsettledParents[child]) found.add(child);',
    after: 'if (count === 1) found.add(child);',
    what: 'A segment takes a knot along that has an unsettled parent outside of it.',
    foundBy: 'test/unit/engine/segments.test.ts',
  },
  {
    file: 'src/engine/scheduler.ts',
    before: '    for (const knot of unpackRanges(saved.alone ?? [])) this.ways[knot] = ALONE;\n',
    after: '',
    what: 'A knot that may have killed its worker goes in a segment again after a continue-as-new.',
    foundBy: 'test/property/segments.test.ts',
  },
  {
    file: 'src/engine/compile.ts',
    before: 'constants: constantHashes(inputs),',
    after: 'constants: {},',
    what: 'Knots that differ in their constants have one config hash.',
    foundBy: 'test/unit/engine/compile.test.ts',
  },
  {
    file: 'src/engine/knot-order.ts',
    before:
      'const placed = [...parameters, ...[...tapestry.knots.values()].filter((knot) => knot.definition)];',
    after:
      'const placed = [...[...tapestry.knots.values()].filter((knot) => knot.definition), ...parameters];',
    what: 'Parameters are not the first knots of a plan.',
    foundBy: 'test/unit/engine/compile.test.ts',
  },
  {
    file: 'src/engine/budget.ts',
    before: 'single * (ACTIVITY_EVENTS + TASK_EVENTS) +',
    after: 'single * (ACTIVITY_EVENTS + 2 * TASK_EVENTS) +',
    what: 'The budget of a run counts each workflow task twice.',
    foundBy: 'test/unit/engine/budget.test.ts',
  },
  {
    file: 'src/engine/policy.ts',
    before: "dispatcher?.kind === 'local' && !maxConcurrent && !ratePerSecond;",
    after: "dispatcher?.kind === 'local';",
    what: 'A knot with a limit goes in a segment, which waits with it for its place.',
    foundBy: 'test/unit/engine/compile.test.ts',
  },
  {
    file: 'src/engine/failures.ts',
    before: "if (outcomeKind(knot) !== 'err' || policies[policy[knot]!]!.optional) continue;",
    after: "if (outcomeKind(knot) !== 'err') continue;",
    what: 'A failure of an optional knot fails the run.',
    foundBy: 'test/unit/engine/policies.test.ts',
  },
  {
    file: 'src/local/in-process-host.ts',
    before:
      "      this.settled.some((outcome) => outcome.kind === 'skipped' && outcome.reason === 'cancelled')\n",
    after: '      this.settled.length > 0\n',
    what: 'A run in process that a cancel came too late for counts as cancelled.',
    foundBy: 'test/unit/local/cancel.test.ts',
  },
  {
    file: 'src/workflows/temporal-host.ts',
    before: "    this.held = true;\n    this.scheduler.apply({ type: 'hold' });\n",
    after: '    this.held = true;\n',
    what: 'A run whose history is full goes on to dispatch, and never continues as new.',
    foundBy: 'test/integration/continue-as-new.test.ts',
  },
  {
    file: 'src/workflows/interpreter.ts',
    before: ": 'cancelled';\n",
    after: ": 'succeeded';\n",
    what: 'A cancelled run is on record as succeeded.',
    foundBy: 'test/integration/signals.test.ts',
  },
  {
    file: 'src/workflows/temporal-host.ts',
    before: '      ...(unread.length > 0 && { unread }),\n',
    after: '',
    what: 'A run that continues as new forgets the signals that no knot has taken.',
    foundBy: 'test/integration/many-signals.test.ts',
  },
  // Runner: what calls bodies and records what comes of them.
  {
    file: 'src/execution/cache-key.ts',
    before: '...(version !== undefined && { version }),',
    after: '',
    what: 'A new version of a definition takes the values of the old one.',
    foundBy: 'test/unit/local/reuse.test.ts',
  },
  {
    file: 'src/execution/retry.ts',
    before: 'if (throws >= (policy?.maximumAttempts ?? 1))',
    after: 'if (throws > (policy?.maximumAttempts ?? 1))',
    what: 'A body is called once more than its retry policy says.',
    foundBy: 'test/unit/execution/retry.test.ts',
  },
  {
    file: 'src/execution/node-outcome.ts',
    before: "alternatives.find((parent) => parents.kindOf(parent) === 'ok')",
    after: "alternatives.find((parent) => parents.kindOf(parent) !== 'err')",
    what: 'firstOk takes an alternative that was skipped.',
    foundBy: 'test/unit/local/run-locally.test.ts',
  },
  {
    file: 'src/execution/lease-keeper.ts',
    before: 'const RENEWALS = 3;',
    after: 'const RENEWALS = 0.5;',
    what: 'A lease is renewed only after it has run out.',
    foundBy: 'test/unit/execution/lease-keeper.test.ts',
  },
  {
    file: 'src/interceptors/activity/commit.ts',
    before: 'if (recorded) return await this.adopt(plan, knot, recorded);',
    after: '',
    what: 'An attempt runs the body again though an earlier one has recorded its outcome.',
    foundBy: 'test/unit/interceptors/commit.test.ts',
  },
  {
    file: 'src/interceptors/activity/commit.ts',
    before: "if (!inserted || outcome.kind !== 'ok' || this.attempt.task.element)",
    after: "if (outcome.kind !== 'ok' || this.attempt.task.element)",
    what: 'Of two attempts, the one that was second to record answers its own value.',
    foundBy: 'test/unit/interceptors/commit.test.ts',
  },
  {
    file: 'src/interceptors/activity/commit.ts',
    before: '    if (isBackendTrouble(error)) throw error;\n',
    after: '',
    what: 'A backend that is out of reach for a body is a failure of its knot.',
    foundBy: 'test/unit/interceptors/commit.test.ts',
  },
  {
    file: 'src/interceptors/activity/commit.ts',
    before: 'if (attempt.lost >= LOST_WORKERS)',
    after: 'if (attempt.lost > LOST_WORKERS)',
    what: 'A knot that kills its workers is given up after four of them, not after three.',
    foundBy: 'test/unit/interceptors/liveness.test.ts',
  },
  {
    file: 'src/activities/segment-run.ts',
    before: 'if (recorded) return await this.adoptWithPaths(index, recorded);',
    after: '',
    what: 'A segment that goes on after another attempt runs what is on record again.',
    foundBy: 'test/unit/activities/segment-run.test.ts',
  },
  // The workflow.
  {
    file: 'src/workflows/behaviours.ts',
    before: 'behaviour >= 1 && behaviour <= NEWEST_BEHAVIOUR) return;',
    after: 'behaviour >= 1) return;',
    what: 'A history of a newer version is replayed as if this version knew what it does.',
    foundBy: 'test/replay/replay-history.test.ts',
  },
  {
    file: 'src/workflows/knot-tasks.ts',
    before: 'if (!slot || bytes + slot.bytes > INLINE_BYTES_PER_ACTIVITY) {',
    after: 'if (!slot) {',
    what: 'An activity is sent all values of its parents, however large they are together.',
    foundBy: 'test/integration/limits.test.ts',
  },
  {
    file: 'src/workflows/system-calls.ts',
    before: "  'UnknownTapestry',\n",
    after: '',
    what: 'A tapestry that no worker knows yet fails the run, which should wait for a deploy.',
    foundBy: 'test/integration/waiting.test.ts',
  },
  {
    file: 'src/workflows/signals.ts',
    before: 'return await this.turns.take(() => this.check(name, payload));',
    after: 'return await this.check(name, payload);',
    what: 'Signals are taken in the order in which their checks end, not in that in which they came.',
    foundBy: 'test/integration/signals.test.ts',
  },
  // Adapters.
  {
    file: 'src/adapters/shared/sqlite/insert-rows.ts',
    before: "onConflict = 'on conflict do nothing'",
    after: "onConflict = 'on conflict do update set worker = excluded.worker'",
    what: 'SQLite lets a second record of a knot change the first.',
    foundBy: 'test/conformance/sqlite.test.ts',
  },
  {
    file: 'src/adapters/lease-tables/in-memory/index.ts',
    before: 'if (expiresAt <= now) places.delete(owner);',
    after: 'if (expiresAt <= 0) places.delete(owner);',
    what: 'In memory, the place of a lease that has run out is never free again.',
    foundBy: 'test/conformance/in-memory.test.ts',
  },
  {
    file: 'src/adapters/data-stores/local-disk/index.ts',
    before: 'if (bytes !== undefined) requireIntact(hash, bytes, file);',
    after: '',
    what: 'Damaged bytes on the disk are handed out as the value.',
    foundBy: 'test/conformance/local-disk.test.ts',
  },
  {
    file: 'src/adapters/data-stores/s3/deletion.ts',
    before: '  if (stays(facts)) {\n',
    after: '  if (seen === undefined) {\n',
    what: 'S3 deletes a value that was renewed after the deleter had looked at it.',
    foundBy: 'test/backends/s3-deletion.test.ts',
  },
  {
    file: 'src/adapters/data-stores/valkey/index.ts',
    before: '        requireIntact(hash, bytes, this.#place);\n',
    after: '',
    what: 'Valkey hands out damaged bytes as the value.',
    foundBy: 'test/backends/valkey.test.ts',
  },
  {
    file: 'src/adapters/lease-tables/postgres/statements.ts',
    before: 'count(held.owner) < $6::int',
    after: 'count(held.owner) <= $6::int',
    what: 'PostgreSQL grants one lease more than the limit.',
    foundBy: 'test/backends/postgres/conformance.test.ts',
  },
  {
    file: 'src/sealing/sealed-form.ts',
    before: "    return Buffer.from(typeof this.name === 'string' ? this.name : this.name());",
    after: '    return Buffer.alloc(0);',
    what: 'A sealed value opens in the place of another one.',
    foundBy: 'test/property/sealed-form.test.ts',
  },
  {
    file: 'src/adapters/run-histories/sqlite/lineage-index.ts',
    before: 'set through = min(through,',
    after: 'set through = max(through,',
    what: 'After the newest run was removed, SQLite does not know which values new records name.',
    foundBy: 'test/conformance/sqlite.test.ts',
  },
  {
    file: 'src/retention/prune.ts',
    before: "    return fateOfParent === 'goes' ? 'goes' : 'held';",
    after: "    return 'goes';",
    what: 'Old runs that a run which is not over has started are removed.',
    foundBy: 'test/unit/retention/prune.test.ts',
  },
];

module.exports = { DEFECTS };
