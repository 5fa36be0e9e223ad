export { createWebhookHandler, type WebhookHandler, type WebhookHandlerOptions } from './handler';
export type { WebhookRun, WebhookHost } from './host';
export { StatusTokens, statusSecrets } from './status-token';
