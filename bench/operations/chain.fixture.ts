import { LOCAL_CHAIN_1000 } from '../temporal/workloads';

/** What a worker of the command line works for. */
export const chain = LOCAL_CHAIN_1000.tapestry();
