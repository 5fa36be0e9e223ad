export { createWebhookHandler, type WebhookHandler, type WebhookHandlerOptions } from './handler';
export type { RunView, WebhookHost } from './host';
export { StatusTokens, statusSecrets } from './status-token';
