import { prepareServices } from './services';

export default function setup(): void {
  prepareServices();
}
