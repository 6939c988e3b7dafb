export { createManualEnvironment } from './scripted/manual-environment.ts'
export type { ManualEnvironment } from './scripted/manual-environment.ts'
export { createScriptedTransport } from './scripted/scripted-transport.ts'
export type { ScriptedCall, ScriptedStream, ScriptedTransport, ScriptOptions } from './scripted/scripted-transport.ts'
