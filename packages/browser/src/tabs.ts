export { tabsTransport } from './tabs/tabs-transport.ts'
export type { TabsTransportOptions } from './tabs/tabs-transport.ts'
