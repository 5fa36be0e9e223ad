export { selvageIdGenerator, type IdGenerator } from './ids';
