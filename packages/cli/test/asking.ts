const retries = ['--retries', '0']

/** How every command is called, with a line on its standard input, so that it asks an endpoint once and tries nothing again. */
export const asking: Readonly<Record<string, readonly string[]>> = {
  ask: ['ask', '--no-store', ...retries, 'Hi'],
  chat: ['chat', '--no-store', ...retries],
  compare: ['compare', '-m', 'a', '-m', 'b', ...retries, 'Hi'],
  record: ['record', 'Hi'],
  bench: ['bench', '-n', '1', '--warmup', '0'],
  models: ['models'],
  'keys test': ['keys', 'test'],
  doctor: ['doctor', '--checks', 'models'],
}
