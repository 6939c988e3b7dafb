import { expect, it } from 'vitest'
import { statusError } from '../src/status-error.ts'

it.for([
  ['{"error":{"message":"no such model","type":"invalid_request_error"}}', ': no such model'],
  ['\uFEFF{"error":"rate limited"}', ': rate limited'],
  ['[{"error":{"code":400,"message":"API key not valid."}}]', ': API key not valid.'],
  ['{"object":"error","message":"no model","code":404}', ': no model'],
  ['{"message":"bad"}', ': bad'],
  // The forms that are known from inside streams.
  ['data: {"error":{"message":"slow down","code":429}}\n\ndata: [DONE]\n\n', ': slow down'],
  ['event: error\ndata: {"message":"slow down"}\n\n', ': slow down'],
  ['error: {"code":500,"message":"context shift is disabled"}\n\n', ': context shift is disabled'],
  ['{"detail":"Not Found"}', ': Not Found'],
  [
    '{"detail":[{"loc":["body","model"],"msg":"field required"}]}',
    ': [{"loc":["body","model"],"msg":"field required"}]',
  ],
  ['{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}', ': Authentication error'],
  ['{"choices":null,"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}', ': insufficient balance'],
  [`{"error":{"message":"${'x'.repeat(600)}"}}`, `: ${'x'.repeat(500)}`],
  // These say nothing in words of their own.
  ['{"error":{}}', ''],
  ['{"error":', ''],
  ['null', ''],
  ['', ''],
  ['<html><body>502 Bad Gateway</body></html>', ''],
  ['{"choices":[{"index":0,"delta":{"content":"Hi"}}]}', ''],
] as const)('an error page %j tells: the server answered 400%s', async ([body, reason]) => {
  const error = await statusError(new Response(body, { status: 400 }))
  expect(error.message).toBe(`[http_status] the server answered 400${reason}`)
  expect(error.details).toMatchObject({ status: 400, body: body.replace('\uFEFF', '') })
})

it('the place of a redirect is kept without what may be a key', async () => {
  const location = 'https://ann:secret@example.com/v1/chat/completions?key=secret'
  const error = await statusError(new Response(null, { status: 307, headers: { location } }))
  expect(error.details.headers['location']).toBe('https://example.com/v1/chat/completions')
})
