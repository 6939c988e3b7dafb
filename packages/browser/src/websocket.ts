export { webSocketTransport } from './websocket-client/websocket-transport.ts'
export type { WebSocketTransportOptions } from './websocket-client/websocket-transport.ts'
