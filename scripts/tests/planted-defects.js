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
 * @property {true} [isBundled] the test has the file bundled for a worker, so the defect must be on the disk
 */

/** @type {readonly Defect[]} */
const DEFECTS = [
  // The page.
  {
    file: 'src/explorer/page/run/run-model.ts',
    before: 'if (state && state.finishedAt !== before?.finishedAt) this.states[index] = state;',
    after: 'this.states[index] = state;',
    what: 'An older answer takes back what an event has told of a knot.',
    foundBy: 'test/unit/explorer/run-model.test.ts',
  },
  {
    file: 'src/visualisation/selection.ts',
    before: 'if (above) for (const index of relatives(context.kinship().parents, core)) chosen.add(index);',
    after: 'if (above) for (const index of relatives(context.kinship().children, core)) chosen.add(index);',
    what: 'A selection of what a knot is made of selects what is made of it.',
    foundBy: 'test/unit/visualisation/selection.test.ts',
  },
  {
    file: 'src/explorer/http/guard.ts',
    before: 'if (isLoopback(listening)) return isLoopback(name);',
    after: 'if (isLoopback(listening)) return true;',
    what: 'A site whose name leads to this machine can read the page (DNS rebinding).',
    foundBy: 'test/unit/explorer/security.test.ts',
  },
  {
    file: 'src/explorer/http/guard.ts',
    before: 'if (act && !caller.mayAct) throw',
    after: 'if (act && !caller.mayRead) throw',
    what: 'Whoever may read the page may act.',
    foundBy: 'test/unit/explorer/security.test.ts',
  },
  {
    file: 'src/explorer/value-view.ts',
    before: 'return SIGNATURES.find(([, matches]) => matches(bytes))?.[0];',
    after: 'return said || SIGNATURES.find(([, matches]) => matches(bytes))?.[0];',
    what: 'A value is shown as the image that its media type says, an SVG too.',
    foundBy: 'test/unit/explorer/answers.test.ts',
  },
  // Documents in YAML.
  {
    file: 'src/yaml/references.ts',
    before: 'ordered.push(top.node);',
    after: 'ordered.unshift(top.node);',
    what: 'The nodes of a document are placed before those that they name.',
    foundBy: 'test/unit/yaml/pirn-forms.test.ts',
  },
  {
    file: 'src/yaml/read-syntax.ts',
    before: 'if (depth > LIMITS.depth) {',
    after: 'if (depth > LIMITS.depth * 1_000_000) {',
    what: 'Lists that lie too deep in one another end the process that reads them.',
    foundBy: 'test/unit/yaml/refusals.test.ts',
  },
  {
    file: 'src/yaml/modules.ts',
    before: 'return isWithin(realpathSync(this.folder), realpathSync(file)) ? file : refuse(outside);',
    after: 'return file;',
    what: 'A document loads a module outside of its folder, through a link.',
    foundBy: 'test/unit/yaml/load-pipeline-file.test.ts',
  },
  // The engine, and its hosts.
  {
    file: 'src/scheduler/scheduler.ts',
    before: 'if (unsettledParents[child] !== 0 || states[child] !== WAITING || cancelled) continue;',
    after: 'if (unsettledParents[child]! > 1 || states[child] !== WAITING || cancelled) continue;',
    what: 'A knot is decided while one of its parents is not settled.',
    foundBy: 'test/unit/scheduler/scheduler.test.ts',
  },
  {
    file: 'src/scheduler/knot-table.ts',
    before: '? PARENT_SKIPPED : MARKS[state]!;',
    after: '? PARENT_ERR : MARKS[state]!;',
    what: 'A parent that is optional and failed counts as failed, not as skipped.',
    foundBy: 'test/property/engine-scheduler.test.ts',
  },
  {
    file: 'src/scheduler/knot-table.ts',
    before: '=== tag ? OK : SKIPPED;',
    after: '=== tag ? SKIPPED : OK;',
    what: 'A branch skips the path that it has chosen, and takes the others.',
    foundBy: 'test/unit/scheduler/branches.test.ts',
  },
  {
    file: 'src/scheduler/knot-table.ts',
    before: 'this.unsettledChildren[knot]! > 0);',
    after: 'this.unsettledChildren[knot]! > 1);',
    what: 'A value is released while one more knot needs it.',
    foundBy: 'test/unit/scheduler/scheduler.test.ts',
  },
  {
    file: 'src/scheduler/ready-knots.ts',
    before: 'while (this.inFlight < this.window && this.single.size > 0)',
    after: 'while (this.inFlight <= this.window && this.single.size > 0)',
    what: 'One activity more is in flight than the window has.',
    foundBy: 'test/unit/scheduler/scheduler.test.ts',
  },
  {
    file: 'src/scheduler/ready-knots.ts',
    before: '    this.local.clear();\n',
    after: '',
    what: 'A cancel leaves local knots in their queue, and they go out after it.',
    foundBy: 'test/property/segments.test.ts',
  },
  {
    file: 'src/scheduler/scheduler.ts',
    before: '    if (size > first) this.finished = false;\n',
    after: '',
    what: 'A run that had finished and is extended never finishes again.',
    foundBy: 'test/property/engine-scheduler.test.ts',
  },
  {
    file: 'src/scheduler/knot-table.ts',
    before: 'requireAllParents: ERR,',
    after: 'requireAllParents: SKIPPED,',
    what: 'A knot that requires all its parents is skipped where it has to fail.',
    foundBy: 'test/unit/scheduler/policies.test.ts',
  },
  {
    file: 'src/scheduler/segment-table.ts',
    before: 'if (count === unsettledParents[child]) found.add(child);',
    after: 'if (count === 1) found.add(child);',
    what: 'A segment takes a knot along that has an unsettled parent outside of it.',
    foundBy: 'test/unit/scheduler/segments.test.ts',
  },
  {
    file: 'src/scheduler/saved-scheduler.ts',
    before: '  segments.setAlone(unpackRanges(saved.retryAlone ?? []));\n',
    after: '',
    what: 'A knot that may have killed its worker goes in a segment again after a continue-as-new.',
    foundBy: 'test/property/segments.test.ts',
  },
  {
    file: 'src/plan/compile.ts',
    before: 'constants: constantHashes(inputs),',
    after: 'constants: {},',
    what: 'Knots that differ in their constants have one config hash.',
    foundBy: 'test/unit/plan/compile.test.ts',
  },
  {
    file: 'src/plan/knot-order.ts',
    before:
      'const placed = [...parameters, ...[...tapestry.knots.values()].filter((knot) => knot.definition)];',
    after:
      'const placed = [...[...tapestry.knots.values()].filter((knot) => knot.definition), ...parameters];',
    what: 'Parameters are not the first knots of a plan.',
    foundBy: 'test/unit/plan/compile.test.ts',
  },
  {
    file: 'src/plan/budget.ts',
    before: 'add(slow.has(knot) ? CHILD_RUN : ACTIVITY);',
    after: 'add(ACTIVITY), add(slow.has(knot) ? CHILD_RUN : ACTIVITY);',
    what: 'The budget of a run counts each activity twice.',
    foundBy: 'test/unit/plan/budget.test.ts',
  },
  {
    file: 'src/plan/policy.ts',
    before: "dispatcher?.kind === 'local' && !maxConcurrent && !ratePerSecond;",
    after: "dispatcher?.kind === 'local';",
    what: 'A knot with a limit goes in a segment, which waits with it for its place.',
    foundBy: 'test/unit/plan/compile.test.ts',
  },
  {
    file: 'src/scheduler/failures.ts',
    before: "if (outcomeKind(knot) !== 'err' || policies[policy[knot]!]!.optional) continue;",
    after: "if (outcomeKind(knot) !== 'err') continue;",
    what: 'A failure of an optional knot fails the run.',
    foundBy: 'test/unit/scheduler/policies.test.ts',
  },
  {
    file: 'src/runtime/in-process/in-process-host.ts',
    before:
      "      this.settled.some((outcome) => outcome.kind === 'skipped' && outcome.reason === 'cancelled')\n",
    after: '      this.settled.length > 0\n',
    what: 'A run in process that a cancel came too late for counts as cancelled.',
    foundBy: 'test/unit/runtime/in-process/cancel.test.ts',
  },
  {
    file: 'src/workflows/history-watch.ts',
    before: '    this.held = true;\n    this.host.held();\n',
    after: '    this.held = true;\n',
    what: 'A run whose history is full goes on to dispatch, and never continues as new.',
    foundBy: 'test/integration/continue-as-new.test.ts',
  },
  {
    file: 'src/workflows/conclude-run.ts',
    before: "? 'cancelled' : 'failed';\n",
    after: "? 'succeeded' : 'failed';\n",
    what: 'A cancelled run is on record as succeeded.',
    foundBy: 'test/integration/signals.test.ts',
  },
  {
    file: 'src/activities/finish-run.ts',
    before: 'endRun(environment, request.temporalRunId, end, required);',
    after: 'endRun(environment, request.temporalRunId, end);',
    what: 'A run ends though the history has lost records of it.',
    foundBy: 'test/integration/faults/lost-records.test.ts',
  },
  {
    file: 'src/workflows/carried-over.ts',
    before: '    ...(unread.length > 0 && { unread }),\n',
    after: '',
    what: 'A run that continues as new forgets the signals that no knot has taken.',
    foundBy: 'test/integration/many-signals.test.ts',
  },
  // Runner: what calls bodies and records what comes of them.
  {
    file: 'src/runtime/cache-key.ts',
    before: '...(version !== undefined && { version }),',
    after: '',
    what: 'A new version of a definition takes the values of the old one.',
    foundBy: 'test/unit/runtime/in-process/reuse.test.ts',
  },
  {
    file: 'src/runtime/cache-key.ts',
    before: '...(inline && { place: placeOf(plan, knot) }),',
    after: '',
    what: 'A function in place takes the values of one of the same source elsewhere.',
    foundBy: 'test/unit/runtime/in-process/reuse.test.ts',
  },
  {
    file: 'src/runtime/body-tags.ts',
    before: 'taken.has(name) ? crypto.randomUUID() : undefined',
    after: 'undefined',
    what: 'A function takes the values of another of the same source, which has captured something else.',
    foundBy: 'test/unit/runtime/in-process/reuse.test.ts',
  },
  {
    file: 'src/runtime/retry.ts',
    before: 'if (throws >= (policy?.maximumAttempts ?? 1))',
    after: 'if (throws > (policy?.maximumAttempts ?? 1))',
    what: 'A body is called once more than its retry policy says.',
    foundBy: 'test/unit/runtime/retry.test.ts',
  },
  {
    file: 'src/runtime/node-outcome.ts',
    before: "alternatives.find((parent) => parents.kindOf(parent) === 'ok')",
    after: "alternatives.find((parent) => parents.kindOf(parent) !== 'err')",
    what: 'firstOk takes an alternative that was skipped.',
    foundBy: 'test/unit/runtime/in-process/run-locally.test.ts',
  },
  {
    file: 'src/runtime/lease-keeper.ts',
    before: 'const RENEWALS = 3;',
    after: 'const RENEWALS = 0.5;',
    what: 'A lease is renewed only after it has run out.',
    foundBy: 'test/unit/runtime/lease-keeper.test.ts',
  },
  {
    file: 'src/activities/knot-call.ts',
    before: 'if (recorded) return await this.answerOf(plan, knot, recorded);',
    after: '',
    what: 'An attempt runs the body again though an earlier one has recorded its outcome.',
    foundBy: 'test/unit/activities/commit.test.ts',
  },
  {
    file: 'src/activities/segment-run.ts',
    before: 'if (recorded) return await this.adoptWithPaths(index, recorded);',
    after: '',
    what: 'An attempt at a segment runs what an earlier one has recorded again.',
    foundBy: 'test/unit/testing/simulate.test.ts',
  },
  {
    file: 'src/activities/segment-run.ts',
    before: 'if (attempt.lost > 0 || !definition) {',
    after: 'if (!definition) {',
    what: 'A segment that has lost a worker goes on, with what may have killed it among its knots.',
    foundBy: 'test/unit/testing/simulate.test.ts',
  },
  {
    file: 'src/workflows/knot-tasks.ts',
    before: 'if (members.some(mayBe)) return true;',
    after: '',
    what: 'A segment is not told that an earlier one, which gave some of its knots back, may have recorded them.',
    foundBy: 'test/unit/testing/simulate.test.ts',
  },
  {
    file: 'src/runtime/knot-runner.ts',
    before: 'outcome: inserted ? told : undefined,',
    after: 'outcome: told,',
    what: 'Of two attempts, the one that was second to record answers its own value.',
    foundBy: 'test/unit/activities/commit.test.ts',
  },
  {
    file: 'src/activities/single-host.ts',
    before: "if (isBackendTrouble(error) || isRecordsLost(error) || isHostTrouble(error)) return 'pass';",
    after: "if (isRecordsLost(error) || isHostTrouble(error)) return 'pass';",
    what: 'A backend that is out of reach for a body is a failure of its knot.',
    foundBy: 'test/unit/activities/commit.test.ts',
  },
  {
    file: 'src/activities/single-host.ts',
    before: '    attempt.countThrow(error);\n',
    after: '',
    what: 'A throw that is tried again counts as a lost worker.',
    foundBy: 'test/unit/testing/simulate.test.ts',
  },
  {
    file: 'src/activities/knot-attempt.ts',
    before: 'this.lost >= LOST_WORKERS &&',
    after: 'this.lost > LOST_WORKERS &&',
    what: 'A knot that kills its workers is given up after four of them, not after three.',
    foundBy: 'test/unit/activities/liveness.test.ts',
  },
  {
    file: 'src/activities/knot-attempt.ts',
    before: ' && this.before.among === 1)',
    after: ')',
    what: 'A knot that was lost beside others that may have killed the workers is given up for it.',
    foundBy: 'test/unit/activities/liveness.test.ts',
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
    isBundled: true,
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
    before: "ERROR_CODES[cause.type].class !== 'deploy'",
    after: "ERROR_CODES[cause.type].class !== 'turn'",
    what: 'A tapestry that no worker knows yet fails the run, which should wait for a deploy.',
    foundBy: 'test/integration/waiting.test.ts',
  },
  {
    file: 'src/workflows/signals.ts',
    before: 'this.calls.run(() => this.checkArrivals())',
    after: 'this.checkArrivals()',
    what: 'Signals are taken in the order in which their checks end, not in that in which they came.',
    foundBy: 'test/integration/signals.test.ts',
  },
  {
    file: 'src/scheduler/waits.ts',
    before: '    if (answer !== undefined) return answer;\n',
    after: '',
    what: 'A signal that comes again under its id is taken once more.',
    foundBy: 'test/property/waits.test.ts',
  },
  {
    file: 'src/workflows/carried-over.ts',
    before: '    ...(answered.length > 0 && { answered }),\n',
    after: '',
    what: 'A run that continues as new forgets which signals it has taken.',
    foundBy: 'test/integration/many-signals.test.ts',
  },
  {
    file: 'src/workflows/signals.ts',
    before: 'answer(this.firstAnswerTo(id) ?? refused)',
    after: 'answer(refused)',
    what: 'A signal that comes again comes too late for an execution that has only just begun.',
    foundBy: 'test/integration/signals-again.test.ts',
  },
  {
    file: 'src/client/answer-on-record.ts',
    before: ' || isUnseen(error)',
    after: '',
    what: 'An execution that has ended without having seen a signal hides the answer of an earlier one.',
    foundBy: 'test/integration/signals-again.test.ts',
  },
  // Adapters.
  {
    file: 'src/adapters/sqlite/insert-rows.ts',
    before: "onConflict = 'on conflict do nothing'",
    after: "onConflict = 'on conflict do update set worker = excluded.worker'",
    what: 'SQLite lets a second record of a knot change the first.',
    foundBy: 'test/conformance/sqlite.test.ts',
  },
  {
    file: 'src/adapters/memory/lease-table.ts',
    before: 'if (expiresAt <= now) places.delete(owner);',
    after: 'if (expiresAt <= 0) places.delete(owner);',
    what: 'In memory, the place of a lease that has run out is never free again.',
    foundBy: 'test/conformance/in-memory.test.ts',
  },
  {
    file: 'src/adapters/disk/data-store.ts',
    before: 'if (bytes !== undefined) requireIntact(hash, bytes, file);',
    after: '',
    what: 'Damaged bytes on the disk are handed out as the value.',
    foundBy: 'test/conformance/local-disk.test.ts',
  },
  {
    file: 'src/adapters/s3/deletion.ts',
    before: '  if (stays(facts)) {\n',
    after: '  if (seen === undefined) {\n',
    what: 'S3 deletes a value that was renewed after the deleter had looked at it.',
    foundBy: 'test/backends/s3-deletion.test.ts',
  },
  {
    file: 'src/adapters/valkey/data-store.ts',
    before: '      requireIntact(hash, bytes, this.#place);\n',
    after: '',
    what: 'Valkey hands out damaged bytes as the value.',
    foundBy: 'test/backends/valkey.test.ts',
  },
  {
    file: 'src/adapters/postgres/lease-statements.ts',
    before: 'count(held.owner) < $6::int',
    after: 'count(held.owner) <= $6::int',
    what: 'PostgreSQL grants one lease more than the limit.',
    foundBy: 'test/backends/postgres/conformance.test.ts',
  },
  {
    file: 'src/encryption/sealed-form.ts',
    before: "    return Buffer.from(typeof this.name === 'string' ? this.name : this.name());",
    after: '    return Buffer.alloc(0);',
    what: 'A sealed value opens in the place of another one.',
    foundBy: 'test/property/sealed-form.test.ts',
  },
  {
    file: 'src/records/retention/prune.ts',
    before: '    const { temporal_run_id: root } = await roots.of(run);',
    after: '    const { temporal_run_id: root } = run;',
    what: 'Old runs that have started a run which is not over are removed.',
    foundBy: 'test/unit/records/retention/prune.test.ts',
  },
  {
    file: 'src/backends/same-backends.ts',
    before: 'dataStore.identity().catch(unlessAway)',
    after: 'dataStore.identity()',
    what: 'No run is started while the server of large values is away.',
    foundBy: 'test/unit/backends/stores-away.test.ts',
  },
  {
    file: 'src/client/server-address.ts',
    before: '  requireSecrecy(connection, address);\n',
    after: '',
    what: 'An API key goes over the network as plain text.',
    foundBy: 'test/unit/client/server-address.test.ts',
  },
  {
    file: 'src/terminal.ts',
    before: 'this.stream.write(terminalText(text));',
    after: 'this.stream.write(text);',
    what: 'A terminal obeys control characters of texts from outside.',
    foundBy: 'test/unit/terminal.test.ts',
  },
  {
    file: 'src/private-files.ts',
    before: 'if (isOpen(state) && close(state)) closeAllIn(state);',
    after: '',
    what: 'Other users of the machine read the values of a project that was there before.',
    foundBy: 'test/integration/server/private-files.test.ts',
  },
  {
    file: 'src/server/server-process.ts',
    before: 'frontend.httpAllowedHosts=[]',
    after: 'frontend.httpAllowedHosts=["127.0.0.1:*"]',
    what: 'A web page starts runs on the embedded server.',
    foundBy: 'test/integration/server/embedded-server.test.ts',
  },
  {
    file: 'src/adapters/sqlite/salvage.ts',
    before: "  'selvage_lineage_indexed',\n",
    after: '',
    what: 'A listing of lineage answers nothing after a repair.',
    foundBy: 'test/unit/adapters/sqlite/repair.test.ts',
  },
  // Streams.
  {
    file: 'src/serve/streams/progress.ts',
    before: 'while (parts[partition.first]?.isFinished) {',
    after: 'while (parts[partition.first] && parts.some(({ isFinished }) => isFinished)) {',
    what: 'The checkpoint of a stream is past an element that is not finished, and a crash loses it.',
    foundBy: 'test/unit/serve/streams/pump.test.ts',
  },
  {
    file: 'src/serve/streams/pump.ts',
    before: '    if (!inserted && (count > 1 || unit.elements.length > 1)) {',
    after: '    if (false) {',
    what: 'Elements of a batch start a second run after a takeover that finds more or fewer of them.',
    foundBy: 'test/unit/serve/streams/pump.test.ts',
  },
  {
    file: 'src/serve/streams/pump.ts',
    before: "if (order === 'all' && !(await turn())) return false;",
    after: '',
    what: 'Results of a stream come in the order in which runs end.',
    foundBy: 'test/unit/serve/streams/pump.test.ts',
  },
  // What starts runs.
  {
    file: 'src/serve/starter.ts',
    before: "      if (startedAt !== null) return { status: 'duplicate', runId, event };\n",
    after: '',
    what: 'An event that comes again after the retention of the server starts a second run.',
    foundBy: 'test/integration/triggers/starter.test.ts',
  },
  {
    file: 'src/adapters/kafka/reading.ts',
    before: '    const read = await Promise.all(records.map((record) => this.#read(record)));',
    after:
      '    partition.done(records);\n    const read = await Promise.all(records.map((record) => this.#read(record)));',
    what: 'A message of Kafka is committed before its run is started, and a crash loses it.',
    foundBy: 'test/backends/kafka/delivers.test.ts',
  },
  {
    file: 'src/adapters/kafka/reading.ts',
    before: 'const end = partition.fixedEnd ?? records.at(-1)!.offset;',
    after: 'const end = records.at(-1)!.offset;',
    what: 'A batch whose last message was compacted away is asked about for ever.',
    foundBy: 'test/unit/adapters/kafka/batches.test.ts',
  },
  {
    file: 'src/adapters/webhook/verify.ts',
    before: '      if (!someEqual(expected, [signature]))',
    after: '      if (expected.length === 0)',
    what: 'A webhook of GitHub takes requests with any signature.',
    foundBy: 'test/unit/adapters/webhook/verification.test.ts',
  },
  {
    file: 'src/activities/knot-attempt.ts',
    before: '      trail: this.end ?? {',
    after: '      trail: {',
    what: 'An attempt that threw is on record as one whose worker was lost.',
    foundBy: 'test/unit/activities/trail.test.ts',
  },
  {
    file: 'src/adapters/sqlite/referred-values.ts',
    before: 'const LOG = "json_extract(extra, \'$.log.hash\')";',
    after: 'const LOG = "json_extract(extra, \'$.log.size\')";',
    what: 'The logs of bodies are collected as garbage while their records are there.',
    foundBy: 'test/conformance/sqlite.test.ts',
  },
  {
    file: 'src/cli/show/graph-lines.ts',
    before: 'canvas.wire([xOf(x), yOf(y)], [xOf(toX), yOf(toY)]);',
    after: 'canvas.wire([xOf(x), yOf(y)], [xOf(toX), yOf(y)]);',
    what: 'Lines of a small graph in the terminal do not lead to their ends.',
    foundBy: 'test/unit/cli/graph-lines.test.ts',
  },
  // What a page reads.
  {
    file: 'src/adapters/postgres/changes.ts',
    before: 'select pg_snapshot_xmin(snapshot)::text::bigint + xids_before as until',
    after: 'select pg_snapshot_xmax(snapshot)::text::bigint + xids_before as until',
    what: 'A change whose transaction commits late is passed by readers.',
    foundBy: 'test/backends/postgres/changes.test.ts',
  },
  {
    file: 'src/adapters/sqlite/changes.ts',
    before: '  return times.length > 0 && !times.includes(time);',
    after: '  return times.length > 1 && !times.includes(time);',
    what: 'A reader goes on in a file that was put back to an older state, and misses what has come since.',
    foundBy: 'test/unit/adapters/sqlite/changes.test.ts',
  },
  // What is looked at.
  {
    file: 'src/visualisation/layered.ts',
    before:
      '  const gap = laneOf[a] || laneOf[b] ? LANE_GAP : GAP;\n  return (width[a]! + width[b]!) / 2 + gap;',
    after:
      '  const gap = laneOf[a] || laneOf[b] ? LANE_GAP : GAP;\n  return laneOf[a] || laneOf[b] ? gap : (width[a]! + width[b]!) / 2 + gap;',
    what: 'Wires that pass a row run through the boxes beside them.',
    foundBy: 'test/property/picture.test.ts',
  },
  {
    file: 'src/visualisation/mermaid.ts',
    before: "(found) => `#${found.codePointAt(0)};${found === '\\\\' ? '#8288;' : ''}`,",
    after: '(found) => found,',
    what: 'A summary of a knot becomes markup of a Mermaid chart.',
    foundBy: 'test/integration/seeing/pictures.test.ts',
  },

  // The page.
  {
    file: 'src/explorer/page/run-list.ts',
    before: 'return { ...list, rows, fresh: [...fresh, ...kept].sort(byTime) };',
    after: 'return { ...list, rows: [...fresh, ...rows], fresh: [...kept].sort(byTime) };',
    what: 'New runs push those aside that are looked at.',
    foundBy: 'test/unit/explorer/run-list.test.ts',
  },
  {
    file: 'src/explorer/page/keymap.ts',
    before: 'if (stroke.inField && !binding.inFields) continue;',
    after: '',
    what: 'Letters that are typed into a field do what keys do.',
    foundBy: 'test/unit/explorer/keymap.test.ts',
  },
  {
    file: 'src/explorer/page/routes.ts',
    before: 'const marked = /^(\\.{1,2}$|~|$)/.test(value) ? `~${value}` : value;',
    after: 'const marked = value;',
    what: 'The link to a run that is called `..` leads elsewhere.',
    foundBy: 'test/unit/explorer/routes.test.ts',
  },

  // A run in one file.
  {
    file: 'src/capsule/hidden-texts.ts',
    before: 'return this.#records.has(record) || (error !== undefined && this.tells(error));',
    after: 'return this.#records.has(record);',
    what: 'What the error of a redacted element says can be read in the error of its map.',
    foundBy: 'test/unit/capsule/capsule.test.ts',
  },
  {
    file: 'src/capsule/value-collection.ts',
    before: 'if (this.#options.redactSubject && same.some((value) => subjectOf(value.run) !== undefined))',
    after: 'if (false)',
    what: 'Values of a subject that were to be kept back are in the file.',
    foundBy: 'test/unit/capsule/sealed.test.ts',
  },
  {
    file: 'src/capsule/data-store.ts',
    before: 'known.some(({ ofSha256 }) => ofSha256(sha256) === digits)',
    after: 'known.length > 0',
    what: 'A value that was put in the place of another passes for it, where hashes are made with a key.',
    foundBy: 'test/unit/capsule/sealed.test.ts',
  },
  {
    file: 'src/values/redact.ts',
    before: 'json.map((part) => redactMembers(part, isSample))',
    after: 'json',
    what: 'A model reads the secrets that are in lists.',
    foundBy: 'test/unit/redaction.test.ts',
  },
  {
    file: 'src/explorer/value-view.ts',
    before: 'const json = at(shownRoot, path);',
    after: 'const json = at(root, path);',
    what: 'A model reads a secret by the path that leads to it.',
    foundBy: 'test/unit/redaction.test.ts',
  },
  // Who hears of runs.
  {
    file: 'src/deliveries/emitter-runner.ts',
    before: 'delivery = events.length === 0 ? {} : await this.#receiver.deliver(events, attempt, lost);',
    after:
      'await this.#advance({ ...done, delivered: events.length }); delivery = await this.#receiver.deliver(events, attempt, lost);',
    what: 'The cursor of an emitter moves before its sink has answered.',
    foundBy: 'test/unit/deliveries/deliveries.test.ts',
  },
  {
    file: 'src/deliveries/emitter-runner.ts',
    before: 'if (answer.granted) return leases.keep(lease, onLost);',
    after: 'return leases.keep(lease, onLost);',
    what: 'Two processes deliver to one emitter.',
    foundBy: 'test/unit/deliveries/deliveries.test.ts',
  },
  {
    file: 'src/deliveries/emitter-runner.ts',
    before: 'const version = await this.#around.table.advance(this.name, state.version, advance);',
    after:
      'const { version: now } = await this.#around.table.begin(this.name, advance); const version = await this.#around.table.advance(this.name, now, advance);',
    what: 'A process that has lost the lease of an emitter moves its cursor back.',
    foundBy: 'test/unit/deliveries/deliveries.test.ts',
  },
  {
    file: 'src/deliveries/emitter-runner.ts',
    before: 'return await this.#note({ ...done, delivered, deadLetters });',
    after: 'return await this.#note({ ...done, delivered });',
    what: 'Events that a sink has refused are on no list.',
    foundBy: 'test/unit/deliveries/deliveries.test.ts',
  },
  {
    file: 'src/deliveries/run-events.ts',
    before: 'const run = runs.get(change.temporal_run_id);',
    after: 'const run = this.#runs.get(change.temporal_run_id);',
    what: 'An emitter does not hear of a run that another one has had forgotten meanwhile.',
    foundBy: 'test/unit/deliveries/emitter-runner.test.ts',
  },
  {
    file: 'src/streams/batch.ts',
    before: "run.replace(BATCH, '') === name.slice(0, NAMED)",
    after: "run.replace(BATCH, '') === name",
    what: 'An emitter of a tapestry with a long name hears nothing of batches of its streams.',
    foundBy: 'test/unit/deliveries/deliveries.test.ts',
  },
];

/** The text of a file with the defect in it. Throws if the text that the defect replaces is not there exactly once. */
function planted({ file, before, after }, text) {
  const times = text.split(before).length - 1;
  if (times !== 1) throw new Error(`${file} has this text ${times} times, and must have it once:\n${before}`);
  return text.replace(before, () => after);
}

module.exports = { DEFECTS, planted };
