import { describe, expect, it } from 'vitest'
import { runCli } from './run-cli.ts'

describe('deltawire relay-check', () => {
  it('wants to know which relay', async () => {
    const { code, stderr } = await runCli(['relay-check'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('no relay is named')])
  })

  it('ends with 6 where nobody listens', async () => {
    const { code, stderr } = await runCli(['relay-check', 'ws://127.0.0.1:1'])
    expect([code, stderr]).toEqual([6, expect.stringContaining('cannot connect to ws://127.0.0.1:1/v1/socket')])
  })
})
