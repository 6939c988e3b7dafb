import { readdir, readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { extname, join } from 'node:path'

/** The files of the page. They are few and small, so they are held in memory. */
export interface PageFiles {
  serve(pathname: string, res: ServerResponse): void
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/**
 * Nothing but our own script and style, and no markup out of text. Connections go to this machine only: the model and the
 * nodes of the relay have ports of their own.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self' http://127.0.0.1:* ws://127.0.0.1:*",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const headers = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
}

/** Reads the page that the build has put there. */
export async function readPageFiles(folder: string): Promise<PageFiles> {
  const names = await readdir(folder)
  const files = new Map<string, Buffer>(
    await Promise.all(
      names
        .filter((name) => types[extname(name)] !== undefined)
        .map(async (name) => [`/${name}`, await readFile(join(folder, name))] as const),
    ),
  )
  return {
    serve(pathname, res) {
      const path = pathname === '/' ? '/index.html' : pathname
      const body = files.get(path)
      if (body === undefined) {
        res.writeHead(404, { ...headers, 'content-type': 'text/plain' }).end('not here\n')
        return
      }
      res.writeHead(200, { ...headers, 'content-type': types[extname(path)] ?? '', 'content-length': body.length })
      res.end(body)
    },
  }
}
