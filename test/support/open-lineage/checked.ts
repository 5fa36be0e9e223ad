import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';

const read = (file: string): { $id: string } =>
  JSON.parse(readFileSync(path.join(__dirname, file), 'utf8')) as { $id: string };

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv);
const core = read('OpenLineage.json');
ajv.addSchema(core);
for (const name of readdirSync(path.join(__dirname, 'facets'))) ajv.addSchema(read(`facets/${name}`));

/** The violations of OpenLineage's schemas by an event and its facets. */
export function faultsOf(event: unknown): string[] {
  const faults: string[] = [];
  const check = (schema: string, value: unknown, where: string): void => {
    const validate = ajv.getSchema(schema);
    if (!validate) faults.push(`${where}: nothing has the schema ${schema}`);
    else if (!validate(value)) faults.push(`${where}: ${ajv.errorsText(validate.errors)}`);
  };
  check(core.$id, event, 'event');
  const walk = (value: unknown, where: string): void => {
    if (typeof value !== 'object' || value === null) return;
    const { _schemaURL: schema } = value as { _schemaURL?: string };
    if (schema !== undefined) check(schema, value, where);
    for (const [key, part] of Object.entries(value)) walk(part, `${where}/${key}`);
  };
  walk(event, 'event');
  return faults;
}
