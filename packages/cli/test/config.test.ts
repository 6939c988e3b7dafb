import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { editJson, JsonTextError, parseJsonWithComments } from '../src/config/json-with-comments.ts'
import { pathsOf } from '../src/config/paths.ts'
import { runCli, type CliOptions } from './run-cli.ts'
import { tempHome } from './temp-home.ts'
import { answering, saying } from './upstream.ts'

const home = tempHome()

function configure(text: string) {
  return home.write('config/deltawire/config.json', text)
}

function run(argv: readonly string[], options: CliOptions = {}) {
  return runCli(argv, { ...options, env: { ...home.env, ...options.env } })
}

describe('JSON with comments', () => {
  test('is read as JSON where there are none', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJsonWithComments(text).value).toEqual(JSON.parse(text))
      }),
    )
  })

  test('may have comments and commas wherever a person puts them', () => {
    const { value, placeOf } = parseJsonWithComments(
      '\uFEFF// a\n{ /* b */ "x": [1, 2,], // c\n  "y": {"z": "//no",},\n}\n',
    )
    expect(value).toEqual({ x: [1, 2], y: { z: '//no' } })
    expect(placeOf(['y', 'z'])?.line).toBe(3)
  })

  test.each([
    ['{', 1, 'expected a text in double quotes, found the end of the file'],
    ['{\n"a" 1}', 2, 'expected a colon behind "a", found "1"'],
    ['{"a": 1\n "b": 2}', 2, 'expected a comma or }, found "\\""'],
    ["{'a': 1}", 1, 'expected a text in double quotes, found "\'"'],
    ['[1] 2', 1, 'expected the end of the file, found "2"'],
    ['{ /* a', 1, 'this comment has no end'],
    ['[nul]', 1, 'expected a value, found "n"'],
  ])('says what is wrong in %j, and where', (text, line, message) => {
    expect(() => parseJsonWithComments(text)).toThrow(new JsonTextError(message, line))
  })

  test('is changed in one place, and stays as it is in all others', () => {
    const key = fc.stringMatching(/^[a-z]{1,3}$/)
    const value = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.dictionary(key, fc.integer()))
    const object = fc.dictionary(key, fc.oneof(value, fc.dictionary(key, value)))
    fc.assert(
      fc.property(
        object,
        fc.array(key, { minLength: 1, maxLength: 3 }),
        value,
        fc.boolean(),
        (before, path, next, isCompact) => {
          const text = `// head\n${JSON.stringify(before, undefined, isCompact ? undefined : 2)}\n// tail\n`
          const expected = structuredClone(before) as Record<string, unknown>
          let at = expected
          for (const name of path.slice(0, -1)) {
            // What is no object cannot be gone into.
            fc.pre(!Object.hasOwn(at, name) || (typeof at[name] === 'object' && at[name] !== null))
            at = (at[name] ??= {}) as Record<string, unknown>
          }
          at[path.at(-1) ?? ''] = next
          const changed = editJson(parseJsonWithComments(text), path, next)
          expect(parseJsonWithComments(changed).value).toEqual(expected)
          expect(changed.startsWith('// head\n')).toBe(true)
          expect(changed.endsWith('// tail\n')).toBe(true)
          Reflect.deleteProperty(at, path.at(-1) ?? '')
          expect(parseJsonWithComments(editJson(parseJsonWithComments(changed), path, undefined)).value).toEqual(
            expected,
          )
        },
      ),
    )
  })

  test('keeps the comments around what is added', () => {
    const text = '{\n  "a": 1, // one\n  // "b": 2\n}\n'
    expect(editJson(parseJsonWithComments(text), ['c', 'd'], true)).toBe(
      '{\n  "a": 1, // one\n  // "b": 2\n  "c": {\n    "d": true\n  }\n}\n',
    )
  })
})

describe('config set', () => {
  test.each([
    ['{ "model": ', 'model', 'line 1: expected a value, found the end of the file'],
    ['["a"]', 'model', 'line 1: the file is no object'],
    ['{\n  "model": "x"\n}\n', 'model.y', 'line 2: model is no object'],
    ['{\n  "profiles": [1]\n}\n', 'profiles.a.b', 'line 2: profiles is no object'],
  ])('leaves %j alone, into which %s cannot be written', async (before, key, message) => {
    const path = configure(before)
    expect(await run(['config', 'set', key, 'z'])).toMatchObject({
      code: 3,
      stderr: `error: ${path}: ${message}\nhint: deltawire config edit opens the file\n`,
    })
    expect(readFileSync(path, 'utf8')).toBe(before)
  })
})

describe('the folders', () => {
  test('are those of the system', () => {
    expect(pathsOf({ HOME: '/h' }, 'linux')).toEqual({
      configFolder: '/h/.config/deltawire',
      configFile: '/h/.config/deltawire/config.json',
      dataFolder: '/h/.local/share/deltawire',
      stateFolder: '/h/.local/state/deltawire',
    })
    expect(pathsOf({ HOME: '/h' }, 'darwin')?.dataFolder).toBe('/h/Library/Application Support/deltawire')
    expect(pathsOf({ USERPROFILE: '/u', LOCALAPPDATA: '/l', APPDATA: '/r' }, 'win32')).toMatchObject({
      dataFolder: '/l/deltawire',
      configFolder: '/r/deltawire',
    })
    expect(pathsOf({ HOME: '/h', XDG_DATA_HOME: '/d', DELTAWIRE_CONFIG: '/c.json' }, 'linux')).toMatchObject({
      dataFolder: '/d/deltawire',
      configFile: '/c.json',
    })
    expect(pathsOf({ HOME: '/h', DELTAWIRE_DATA_DIR: '/own' }, 'linux')?.dataFolder).toBe('/own')
    expect(pathsOf({}, 'linux')).toBeUndefined()
    // A relative one would be another folder everywhere, and counts for nothing.
    expect(
      pathsOf({ HOME: '/h', XDG_DATA_HOME: 'd', XDG_CONFIG_HOME: './c', XDG_STATE_HOME: '../s' }, 'linux'),
    ).toEqual(pathsOf({ HOME: '/h' }, 'linux'))
  })
})

describe('config check', () => {
  test('names every wrong value with its line, what was expected and what was found', async () => {
    const path = configure(
      `{
  "profile": 3,
  "profils": {},
  "profiles": {
    "a": { "baseUrl": "localhost", "keyCmd": 1, "retries": -1, "idleTimeout": "soon", "bseUrl": "x" },
    "b": { "apiKey": "sk-0123456789-secret" }
  },
  "prices": { "m": { "in": "free" } },
  "render": "html",
  "store": "yes"
}`,
    )
    const { code, stdout } = await run(['config', 'check'])
    expect(code).toBe(3)
    expect(stdout.trimEnd().split('\n').sort()).toEqual(
      [
        'line 2: profile has to be a text, not 3',
        'line 3: profils is no setting; did you mean profile?',
        'line 5: profiles.a.baseUrl has to be an http URL, not "localhost"',
        'line 5: profiles.a.keyCmd has to be a command, as a text or a list of words, not 1',
        'line 5: profiles.a.retries has to be a number from 0, not -1',
        'line 5: profiles.a.idleTimeout has to be a time such as "500ms", "30s" or "2m", not "soon"',
        'line 5: profiles.a.bseUrl is no setting; did you mean baseUrl?',
        'line 6: profiles.b.apiKey is no setting: a key stands in no file of ours; name keyCmd, keyEnv or keyFile, or use deltawire keys set',
        'line 8: prices.m.in has to be a number, not "free"',
        'line 8: prices.m.out has to be a number, not missing',
        'line 9: render has to be "md" or "text", not "html"',
        'line 10: store has to be true or false, not "yes"',
      ]
        .map((problem) => `${path}: ${problem}`)
        .sort(),
    )
    expect(stdout).not.toContain('secret')
  })

  test('says where the file is no JSON, and every command stops there', async () => {
    const path = configure('{\n  "model": }')
    expect(await run(['config', 'check'])).toMatchObject({
      code: 3,
      stdout: `${path}: line 2: expected a value, found "}"\n`,
    })
    expect(await run(['-m', 'demo:text', 'hi'])).toMatchObject({
      code: 3,
      stderr: `error: ${path}: line 2: expected a value, found "}"\nhint: deltawire config check names everything that is wrong\n`,
    })
    expect((await run(['-m', 'demo:text', '--no-config', 'hi'])).code).toBe(0)
  })

  test('is content with nothing, and gives the schema to an editor', async () => {
    expect(await run(['config', 'check'])).toMatchObject({ code: 0, stdout: 'nothing is wrong\n' })
    const { stdout } = await run(['config', 'check', '--schema'])
    expect(JSON.parse(stdout)).toMatchObject({ type: 'object', properties: { profiles: {}, aliases: {} } })
  })
})

describe('a setting', () => {
  const body = async (argv: readonly string[], options: CliOptions = {}) => {
    const upstream = answering(() => saying('ok'))
    const { stderr } = await run(['ask', '--no-store', ...argv, 'hi'], {
      ...options,
      fetch: upstream.fetch,
      env: { OPENAI_API_KEY: 'sk-env', ...options.env },
    })
    const [asked] = upstream.requests
    if (asked === undefined) throw new Error(stderr)
    return asked
  }

  test('comes from the flag, the environment, the project, the profile, the user, in this order', async () => {
    configure(
      '{"model": "users", "profile": "p", "profiles": {"p": {"baseUrl": "http://p.example/v1", "model": "profiles"}, "q": {"model": "qs"}}}',
    )
    home.write('project/.deltawire.json', '{"model": "projects"}')
    const project = { cwd: join(home.path, 'project', 'src') }
    const model = async (argv: readonly string[], options: CliOptions = {}) => (await body(argv, options)).body['model']
    expect(await model(['-m', 'flags'], { ...project, env: { DELTAWIRE_MODEL: 'envs' } })).toBe('flags')
    expect(await model([], { ...project, env: { DELTAWIRE_MODEL: 'envs' } })).toBe('envs')
    home.write('project/src/a', '')
    expect(await model([], project)).toBe('projects')
    expect(await model([])).toBe('profiles')
    expect(await model(['-p', 'q'])).toBe('qs')
    configure('{"model": "users"}')
    expect(await model([])).toBe('users')
  })

  test('tells where it comes from', async () => {
    const path = configure(
      '{\n  "model": "users",\n  "profile": "p",\n  "profiles": { "p": { "keyEnv": "MY_KEY" } }\n}',
    )
    const project = home.write('project/.deltawire.json', '{"system": "Be brief"}')
    const { stdout } = await run(['config', 'show', '--origin'], {
      cwd: join(home.path, 'project'),
      env: { MY_KEY: 'sk-0123456789' },
    })
    expect(stdout).toContain(`model       users  (${path}:2)`)
    expect(stdout).toContain(`system      Be brief  (${project}:1)`)
    expect(stdout).toContain(`profile     p  (${path}:3)`)
    expect(stdout).toContain('usage       false  (default)')
    expect(stdout).toContain(`key         from $MY_KEY  (${path}:4)`)
    expect(stdout).not.toContain('sk-0123456789')
    expect(JSON.parse((await run(['config', 'show', '--json'])).stdout)).toMatchObject({ model: 'users' })
  })

  test('of a project never leads a key elsewhere, and runs nothing', async () => {
    const mark = join(home.path, 'ran')
    home.write(
      'project/.deltawire.json',
      JSON.stringify({
        profiles: { evil: { baseUrl: 'http://evil.example', keyCmd: `touch ${mark}` } },
        profile: 'evil',
        baseUrl: 'http://evil.example',
        model: 'm',
        options: { top_p: 0.5 },
      }),
    )
    const upstream = answering(() => saying('ok'))
    const { stderr } = await run(['--no-store', 'hi'], {
      cwd: join(home.path, 'project'),
      fetch: upstream.fetch,
      env: { OPENAI_API_KEY: 'sk-env' },
    })
    expect(upstream.requests[0]).toMatchObject({
      url: 'https://api.openai.com/v1/chat/completions',
      body: { model: 'm', top_p: 0.5 },
    })
    expect(stderr).toContain('profiles may not be set by a project: it stands in your own file only')
    expect(() => statSync(mark)).toThrow('ENOENT')
  })

  test('names an alias, a profile with its model, and a profile that there is not', async () => {
    configure(
      '{"aliases": {"fast": "home/small", "f": "fast"}, "profiles": {"home": {"baseUrl": "http://home.example/v1"}}}',
    )
    for (const name of ['fast', 'f', 'home/small']) {
      expect(await body(['-m', name])).toMatchObject({
        url: 'http://home.example/v1/chat/completions',
        body: { model: 'small' },
      })
    }
    expect((await body(['-m', 'other/small'])).body['model']).toBe('other/small')
    expect(await run(['-p', 'hom', 'hi'])).toMatchObject({
      code: 3,
      stderr: 'error: there is no profile "hom"\nhint: did you mean home?\n',
    })
  })

  test('of a profile says how requests look', async () => {
    configure(
      '{"profile": "p", "options": {"top_p": 1, "seed": 1}, "profiles": {"p": {"baseUrl": "http://p.example/v1?api-version=1", "keyEnv": "MY_KEY", "keyHeader": "api-key", "model": "m", "organization": "org", "project": "proj", "headers": {"x-a": "b"}, "options": {"seed": 2}, "retries": 0}}}',
    )
    const { url, headers, body: sent } = await body([], { env: { MY_KEY: 'sk-mine' } })
    expect(url).toBe('http://p.example/v1/chat/completions?api-version=1')
    expect(Object.fromEntries(headers)).toMatchObject({
      'api-key': 'sk-mine',
      'openai-organization': 'org',
      'openai-project': 'proj',
      'x-a': 'b',
    })
    expect(headers.has('authorization')).toBe(false)
    expect(sent).toMatchObject({ top_p: 1, seed: 2 })
  })

  test('of the environment is never sent to the server of a profile that does not ask for it', async () => {
    configure('{"profiles": {"p": {"baseUrl": "http://p.example/v1", "model": "m"}}}')
    const { headers } = await body(['-p', 'p'], { env: { OPENAI_ORG_ID: 'org' } })
    expect(headers.has('authorization')).toBe(false)
    expect(headers.has('openai-organization')).toBe(false)
    // One that was named by hand is.
    const own = await body(['--base-url', 'http://own.example/v1', '-m', 'm'])
    expect(own.headers.get('authorization')).toBe('Bearer sk-env')
  })

  test('of the environment comes before the usual profile, and after one that was asked for', async () => {
    configure('{"profile": "p", "profiles": {"p": {"baseUrl": "http://p.example/v1", "model": "m"}}}')
    const env = { OPENAI_BASE_URL: 'http://env.example/v1' }
    expect((await body([], { env })).url).toBe('http://env.example/v1/chat/completions')
    expect((await body(['-p', 'p'], { env })).url).toBe('http://p.example/v1/chat/completions')
    expect((await body([], { env: { ...env, DELTAWIRE_PROFILE: 'p' } })).url).toBe(
      'http://p.example/v1/chat/completions',
    )
    expect((await body([], { env: { OPENAI_API_BASE: 'http://old.example/v1' } })).url).toBe(
      'http://old.example/v1/chat/completions',
    )
  })
})

describe('the file', () => {
  test('is set and read from the command line, with its comments', async () => {
    const path = configure('{\n  // mine\n  "model": "a"\n}\n')
    expect(await run(['config', 'set', 'profiles.local.baseUrl', 'http://127.0.0.1:1/v1'])).toMatchObject({
      code: 0,
      stderr: '',
    })
    expect(await run(['config', 'set', 'usage', 'true'])).toMatchObject({ code: 0, stderr: '' })
    expect(await run(['config', 'get', 'profiles.local.baseUrl'])).toMatchObject({
      code: 0,
      stdout: 'http://127.0.0.1:1/v1\n',
    })
    expect(await run(['config', 'get', 'usage'])).toMatchObject({ stdout: 'true\n' })
    expect(readFileSync(path, 'utf8')).toContain('// mine')
    await run(['config', 'set', 'model'])
    expect(await run(['config', 'get', 'model'])).toMatchObject({ code: 3 })
    expect(await run(['config', 'set', 'usage', 'perhaps'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('usage has to be true or false') as string,
    })
  })

  test('is made for its owner alone', async () => {
    await run(['config', 'set', 'model', 'm'])
    const { stdout } = await run(['config', 'path'])
    expect(readFileSync(stdout.trim(), 'utf8')).toBe('{\n  "model": "m"\n}\n')
    if (process.platform !== 'win32') expect(statSync(stdout.trim()).mode & 0o777).toBe(0o600)
  })

  test('is another one where a flag or a variable names one', async () => {
    const other = home.write('other.json', '{"model": "other"}')
    for (const options of [{ argv: ['--config', other] }, { argv: [], env: { DELTAWIRE_CONFIG: other } }]) {
      const { stdout } = await run(['config', 'get', 'model', ...options.argv], { env: options.env ?? {} })
      expect(stdout).toBe('other\n')
    }
    expect(await run(['config', '--config', '/no/such/file'])).toMatchObject({ code: 3 })
  })
})
