/** An output that is meant for programs. */
export interface JsonOutput {
  /** The command and the flag that asks for it. */
  readonly call: string
  /** The name of its JSON Schema: `schemas/NAME.schema.json`. Several where lines are of several kinds. */
  readonly schemas: readonly string[]
  /** One value in all, or one in each line. */
  readonly each: 'line' | 'output'
}

/** All of them. The tests hold what the commands write against the schemas. */
export const jsonOutputs: readonly JsonOutput[] = [
  { call: 'ask --json', schemas: ['result', 'error'], each: 'line' },
  { call: 'ask --jsonl', schemas: ['chunk', 'result', 'error'], each: 'line' },
  { call: 'compare --json', schemas: ['result', 'error'], each: 'line' },
  { call: 'models --json', schemas: ['models'], each: 'output' },
  { call: 'history ls --json', schemas: ['thread'], each: 'line' },
  { call: 'history show --json', schemas: ['message'], each: 'line' },
  { call: 'history search --json', schemas: ['found'], each: 'line' },
  { call: 'history export --format json', schemas: ['conversation'], each: 'output' },
  { call: 'history export --all', schemas: ['history'], each: 'line' },
  { call: 'merge', schemas: ['completion'], each: 'output' },
  { call: 'merge --tool-calls', schemas: ['tool-calls'], each: 'output' },
  { call: 'merge --usage', schemas: ['usage'], each: 'output' },
  { call: 'merge --progressive', schemas: ['completion'], each: 'line' },
  { call: 'convert --to completion', schemas: ['completion'], each: 'output' },
  { call: 'convert --to jsonl', schemas: ['chunk'], each: 'line' },
  { call: 'convert --to recording', schemas: ['recording'], each: 'line' },
  { call: 'split --format jsonl', schemas: ['chunk'], each: 'line' },
  { call: 'replay --format jsonl', schemas: ['chunk'], each: 'line' },
  { call: 'tail --format jsonl', schemas: ['chunk'], each: 'line' },
  { call: 'record', schemas: ['recording'], each: 'line' },
  { call: 'lint --json', schemas: ['finding'], each: 'line' },
  { call: 'lint --rules --json', schemas: ['rule'], each: 'line' },
  { call: 'diff --json', schemas: ['difference'], each: 'line' },
  { call: 'view --json', schemas: ['event'], each: 'line' },
  { call: 'bench --json', schemas: ['bench'], each: 'output' },
  { call: 'doctor --json', schemas: ['check'], each: 'line' },
  { call: 'relay-check --json', schemas: ['relay-check'], each: 'line' },
  { call: 'config show --json', schemas: ['settings'], each: 'output' },
]
