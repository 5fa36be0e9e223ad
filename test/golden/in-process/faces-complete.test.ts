import { OPERATIONS } from '../../../src/operations';
import { toolsFor } from '../../../src/mcp/tools';
import { CLI_ACTS } from '../faces/cli-acts';
import { cliQuestions } from '../faces/cli-questions';
import { expectNames, refusedAlone } from '../faces/face-files';
import { HTTP_ACTS } from '../faces/http-acts';
import { httpQuestions } from '../faces/http-questions';
import { MCP_ACTS } from '../faces/mcp-acts';
import { mcpQuestions } from '../faces/mcp-questions';
import { verbs } from '../faces/verbs';

/** They work until they are told to stop: only their `--help` is recorded. */
const PROCESSES = ['dev', 'mcp', 'serve', 'ui', 'worker'];
const operations = (wanted: 'question' | 'act'): string[] =>
  OPERATIONS.flatMap(({ name, kind }: { name: string; kind: string }) => (kind === wanted ? [name] : []));
const noHash = (): string => '';

const cli = [...Object.keys(cliQuestions(noHash)), ...Object.keys(CLI_ACTS)];
const httpAsked = Object.keys(httpQuestions(noHash));
const httpActs = Object.keys(HTTP_ACTS);
/** A question and an act may have one name. */
const http = [...httpAsked, ...httpActs.map((name) => `act ${name}`)];
const mcp = [...Object.keys(mcpQuestions(noHash)), ...Object.keys(MCP_ACTS)];

test('each verb is asked, each route and each tool', async () => {
  const asked = new Set([...cli.map((name) => name.replace(/ --.*/, '')), ...PROCESSES]);
  expect([...asked].sort()).toEqual([...(await verbs()).keys()].sort());
  expect(httpAsked.sort()).toEqual(operations('question').sort());
  expect(httpActs.sort()).toEqual(operations('act').sort());
  expect([...mcp].sort()).toEqual([...toolsFor(true).keys()].sort());
});

test('each has a recorded file of its own, and there is no other', () => {
  for (const names of [cli, http, mcp]) expect(new Set(names).size).toBe(names.length);
  expectNames('cli', cli);
  expectNames('http', [...http, 'live', 'refusals']);
  expectNames('mcp', mcp);
});

test('each has an answer on record, not refusals alone', () => {
  expect(refusedAlone('cli', cli)).toEqual([]);
  expect(refusedAlone('http', http)).toEqual([]);
  expect(refusedAlone('mcp', mcp)).toEqual([]);
});
