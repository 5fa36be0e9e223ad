import { hold } from '../temporal/against-raw';
import { Stage } from '../temporal/stage';
import { CHAIN_100 } from '../temporal/workloads';
import { freshPostgres } from './places';
import { onServices } from './services';

const TIME_LIMIT = 1.3;
const NAME = 'Postgres plans, history and values';

/** A chain of 100 knots, one activity each, with everything on Postgres, against the chain written by hand on Temporal's SDK, which keeps nothing. */
export const chainOnPostgres = onServices('chain of 100 on Postgres', [
  {
    name: `chain of 100, ${NAME}`,
    place: freshPostgres,
    async run(url, options) {
      const stage = await Stage.open({ backends: url });
      try {
        const rows = await hold(stage, { workload: CHAIN_100, timeLimit: TIME_LIMIT }, options);
        return rows.map((row) => ({
          ...row,
          measure: row.measure.replace(CHAIN_100.name, `${CHAIN_100.name}, ${NAME}`),
        }));
      } finally {
        await stage.close();
      }
    },
  },
]);
